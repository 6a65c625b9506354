/// Searches by form.
let formBodies: [BodyCase] =
  [
    (
      "POST /fhir/Observation/_search", "patient=p1&category=vital-signs",
      "search Observation p1 vitals normal exact replica home:west reads"
    ),
    (
      "POST /fhir/Observation/_search", "patient=Patient%2Fp1&category=vital-signs",
      "search Observation p1 vitals normal exact replica home:west reads"
    ),
    (
      "POST /fhir/Observation/_search", "p%61tient=p1&category=vital%2Dsigns",
      "search Observation p1 vitals normal exact replica home:west reads"
    ),
    (
      "POST /fhir/Observation/_search", "patient=%701",
      "search Observation p1 mixed unknown+ exact replica home:west reads"
    ),
    (
      "POST /fhir/Observation/_search?patient=p1", "category=vital-signs",
      "search Observation p1 vitals normal exact replica home:west reads"
    ),
    (
      "POST /fhir/Observation/_search?patient=p1", "patient=p1",
      "search Observation p1 mixed unknown+ exact replica home:west reads"
    ),
    (
      "POST /fhir/Observation/_search?patient=p1", "patient=p2",
      "search Observation ** mixed unknown+ unknown !two-patients (no-patient) home:? reads"
    ),
    (
      "POST /fhir/Observation/_search?patient=p1", "subject=Patient/q1",
      "search Observation ** mixed unknown+ unknown !two-patients (no-patient) home:? reads"
    ),
    (
      "POST /fhir/Observation/_search", "subject=p1&performer=Patient/q1",
      "search Observation ** mixed unknown+ unknown !two-patients (untyped-reference) home:? "
        + "reads"
    ),
    (
      "POST /fhir/Observation/_search", "patient=p1&_include:iterate=*",
      "search Observation p1 mixed unknown+ inferred replica (joined) home:west reads"
    ),
    (
      "POST /fhir/Patient/_search", "_has:Observation:patient:code=65750-2",
      "search Patient ? mixed unknown+ unknown replica (joined) home:? reads"
    ),
    (
      "POST /fhir/Observation/_search", "",
      "search Observation ? bulk unknown+ unknown replica (no-patient) home:? reads"
    ),
    (
      "POST /fhir/Observation/_search?patient=p1&_security=PSY", "",
      "search Observation p1 behavioral-health restricted+ exact replica home:west reads"
    ),
    (
      "POST /fhir/Observation/_search", "patient=p1&x=%zz",
      "search Observation ? bulk unknown+ unknown !malformed-query (no-patient) home:? reads"
    ),
    (
      "POST /fhir/Observation/_search", "patient=p1&x=%%341",
      "search Observation ? bulk unknown+ unknown !malformed-query (no-patient) home:? reads"
    ),
    (
      "POST /fhir/Observation/_search", "patient=p1\r\n",
      "search Observation ? bulk unknown+ unknown !malformed-query (no-patient) home:? reads"
    ),
    (
      "POST /fhir/Observation/_search", "patient=p1&wibble=1",
      "search Observation p1 mixed unknown+ exact (unknown-parameter) home:west reads"
    ),
    (
      "POST /fhir/Patient/p1/Observation/_search", "code=8867-4",
      "search Observation p1 vitals normal exact replica home:west reads"
    ),
    (
      "POST /fhir/Patient/p1/Observation/_search", "subject=p2",
      "search Observation ** mixed unknown+ unknown !two-patients (untyped-reference) home:? "
        + "reads"
    ),
    (
      "POST /fhir/_search", "_type=Observation&patient=p1",
      "search none ? bulk unknown+ unknown (no-patient) home:? reads"
    ),
    (
      "POST /fhir/Practitioner/_search", "name=lee",
      "search Practitioner - reference normal exact replica reads"
    ),
    (
      "POST /fhir/Patient/_search", "identifier=urn:mrn|7",
      "search Patient ? demographics normal unknown replica (identifier-search) home:? reads"
    ),
    (
      "POST /fhir/Patient/_search", "_id=p1",
      "search Patient p1 demographics normal exact replica home:west reads"
    ),
    (
      "POST /fhir/Condition/_search", "patient=p1&code=F11.20",
      "search Condition p1 substance-use restricted+ exact replica home:west reads"
    ),
  ].map { BodyCase($0.0, $0.1, $0.2, type: "application/x-www-form-urlencoded") } + [
    .init(
      "POST /fhir/Observation/_search", #"{"resourceType":"Parameters"}"#,
      "search Observation ? mixed unknown+ unknown (unreadable-body) home:?"),
    .init(
      "POST /fhir/Observation/_search", "x",
      "search Observation ? mixed unknown+ unknown (unreadable-body) home:?",
      type: "multipart/form-data"),
  ]

private let uuid = "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"

/// Batches and transactions.
let bundleBodies: [BodyCase] = [
  (
    bundle("batch", [("GET Observation?patient=p1&category=vital-signs", nil)]),
    "batch none p1 vitals normal exact home:west reads"
  ),
  (
    bundle(
      "batch",
      [
        ("GET Observation?patient=p1&category=vital-signs", nil),
        ("GET Observation?patient=p1&category=laboratory", nil), ("GET Practitioner/d", nil),
      ]),
    "batch none p1 mixed unknown+ exact home:west reads"
  ),
  (
    bundle("batch", [("GET Patient/p1", nil), ("GET Patient/p2", nil)]),
    "batch none ** demographics normal exact (several-patients) home:west reads"
  ),
  (
    bundle("batch", [("GET Patient/p1", nil), ("GET Patient/q1", nil)]),
    "batch none ** demographics normal exact (several-patients) home:** reads"
  ),
  (
    bundle("batch", [("GET Patient/p1", nil), ("GET Patient/x1", nil)]),
    "batch none ** demographics normal exact (several-patients) home:? reads"
  ),
  (
    bundle(
      "batch",
      [
        ("GET Patient/p1", nil),
        (
          "GET "
            + "Observation?subject=p1&performer=Patient/q1", nil
        ),
      ]),
    "batch none ? mixed unknown+ unknown !two-patients (untyped-reference) home:? entry:1"
  ),
  (
    bundle("batch", [("GET Patient/p1", nil), ("GET Observation", nil)]),
    "batch none ? bulk unknown+ unknown (no-patient) home:? reads"
  ),
  (
    bundle("batch", [("GET Patient/p1", nil), ("GET Condition?patient=p1&code=F11.20", nil)]),
    "batch none p1 substance-use restricted+ exact home:west reads"
  ),
  (
    bundle("batch", [("GET Patient/p1", nil), ("DELETE Observation/p1.o", nil)]),
    "batch none p1 mixed unknown+ inferred (derived-from-id) home:west"
  ),
  (
    bundle("batch", [("GET Practitioner/d", nil), ("GET Location/l", nil)]),
    "batch none - reference normal exact reads"
  ),
  (
    bundle("batch", [("GET Patient/p1", nil), ("GET ../admin", nil)]),
    "batch none ? unknown unknown+ unknown !malformed-path home:? entry:1"
  ),
  (
    bundle("batch", [("GET Patient/p1", nil), ("GET Patient/p1%2Fx", nil)]),
    "batch none ? unknown unknown+ unknown !malformed-path home:? entry:1"
  ),
  (
    bundle("batch", [("GET Patient/p1", nil), ("GET %50atient/q1", nil)]),
    "batch none ** demographics normal exact (several-patients) home:** reads"
  ),
  (
    bundle("batch", [("GET Patient/p1", nil), ("GET https://e.example/fhir/Patient/p1", nil)]),
    "batch none ? demographics normal unknown !malformed-body home:? entry:1"
  ),
  (
    bundle("batch", [("GET /Patient/p1", nil)]),
    "batch none p1 demographics normal exact home:west reads"
  ),
  (
    bundle("batch", [("GET ?_type=Observation", nil)]),
    "batch none ? bulk unknown+ unknown (no-patient) home:? reads"
  ),
  (
    bundle("batch", [("GET Patient/p1 x", nil)]),
    "batch none ? unknown unknown+ unknown !malformed-path home:? entry:0"
  ),
  (
    bundle("batch", [("get Patient/p1", nil)]),
    "batch none ? mixed unknown+ unknown !malformed-body (body) home:? entry:0"
  ),
  (
    bundle("batch", [("POST Observation/_search?patient=p1", nil)]),
    "batch none ? mixed unknown+ unknown (body) home:? reads"
  ),
  (
    bundle("batch", [("POST ", nil)]),
    "batch none ? mixed unknown+ unknown (body) home:?"
  ),
  (
    bundle("batch", []),
    "batch none ? mixed unknown+ unknown (body) home:?"
  ),
  (
    bundle(
      "transaction",
      [
        ("POST Observation", observation("Patient/p1")),
        (
          "PUT Condition/p1.c",
          #"{"resourceType":"Condition","id":"p1.c","subject":{"reference":"Patient/p1"}}"#
        ),
      ]),
    "transaction none p1 mixed unknown+ exact home:west"
  ),
  (
    bundle(
      "transaction",
      [
        ("POST Observation", observation("Patient/p1")),
        ("POST Observation", observation("Patient/q1")),
      ]),
    "transaction none ** mixed unknown+ exact (several-patients) home:**"
  ),
  (
    bundle(
      "transaction",
      [
        ("POST Observation", observation("Patient/p1")),
        ("POST Observation", observation("Patient/p2")),
      ]),
    "transaction none ** mixed unknown+ exact (several-patients) home:west"
  ),
  (
    bundle(
      "transaction",
      [
        ("POST Observation", observation("Patient/p1")),
        ("POST Condition", observation("Patient/p1")),
      ]),
    "transaction none ? mixed unknown+ unknown !body-contradicts (body) home:? entry:1"
  ),
  (
    bundle(
      "transaction",
      [
        ("POST Observation", observation("Patient/p1")),
        ("PUT Patient/p1", #"{"resourceType":"Patient","id":"p2"}"#),
      ]),
    "transaction none p1 mixed unknown+ unknown !body-contradicts home:west entry:1"
  ),
  (
    bundle(
      "transaction",
      [
        ("POST Observation", observation("Patient/p1", concept("code", loinc, "65750-2"))),
        ("POST Observation", observation("Patient/p1", concept("code", loinc, "8867-4"))),
      ]),
    "transaction none p1 substance-use restricted+ exact home:west"
  ),
  (
    bundle(
      "transaction",
      [
        (
          "POST MedicationRequest",
          #"{"resourceType":"MedicationRequest","subject":{"reference":"Patient/p1"}}"#
        )
      ]),
    "transaction none p1 orders unknown+ exact home:west"
  ),
  (
    #"{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"\#(uuid)","#
      + #""resource":{"resourceType":"Patient"},"request":{"method":"POST","#
      + #""url":"Patient"}},{"resource":\#(observation(uuid)),"request":{"method":"POST","#
      + #""url":"Observation"}}]}"#,
    "transaction none ? mixed unknown+ unknown (new-patient) home:?"
  ),
  (
    #"{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"PUT","#
      + #""url":"Patient/p1"},"resource":{"resourceType":"Patient","id":"p1"},"#
      + #""fullUrl":"\#(uuid)"},{"resource":\#(observation(uuid)),"request":{"#
      + #""method":"POST","url":"Observation"}}]}"#,
    "transaction none ? mixed unknown+ unknown (new-patient) home:?"
  ),
  (
    bundle("transaction", [("POST Observation", observation(uuid))]),
    "transaction none ? mixed unknown+ unknown (new-patient) home:?"
  ),
  (
    #"{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"#
      + #""resourceType":"Patient"},"request":{"method":"POST","url":"Patient","#
      + #""ifNoneExist":"_id=p1"}}]}"#,
    "transaction none p1 demographics normal inferred home:west"
  ),
  (
    #"{"resourceType":"Bundle","type":"transaction","entry":[{"#
      + #""resource":\#(observation("Patient/p1")),"request":{"method":"POST","#
      + #""url":"Observation","ifNoneExist":"patient=q1"}}]}"#,
    "transaction none q1 mixed unknown+ unknown !body-contradicts home:east entry:0"
  ),
  (
    #"{"entry":[{"request":{"url":"Patient/p1","method":"GET"}}],"type":"batch","#
      + #""resourceType":"Bundle"}"#,
    "batch none p1 demographics normal exact home:west reads"
  ),
  (
    #"{"resourceType":"Bundle","entry":[{"request":{"url":"Patient/p1","method":"GET"}}]}"#,
    "batch none p1 demographics normal unknown !malformed-body home:west"
  ),
  (
    #"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"url":"Patient/p1","#
      + #""method":"GET","url":"Patient/q1"}}]}"#,
    "batch none ? mixed unknown+ unknown !duplicate-key (body) home:? entry:0"
  ),
  (
    #"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"url":"Patient/p1","#
      + #""method":"GET"}}],"entry":[]}"#,
    "batch none p1 demographics normal unknown !duplicate-key home:west"
  ),
  (
    #"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"url":"Patient/p1","#
      + #""Method":"GET"}}]}"#,
    "batch none ? mixed unknown+ unknown !duplicate-key (body) home:? entry:0"
  ),
  (
    #"{"resourceType":"Bundle","type":"batch","entry":[{"#
      + #""resource":\#(observation("Patient/p1"))}]}"#,
    "batch none ? mixed unknown+ unknown !malformed-body (body) home:? entry:0"
  ),
  (
    #"{"resourceType":"Bundle","type":"document","entry":[{"#
      + #""resource":\#(observation("Patient/p1"))}]}"#,
    "unknown none ? mixed unknown+ unknown (unknown-operation) home:?"
  ),
  (
    #"{"resourceType":"Bundle","type":"batch","meta":{"security":[{"code":"PSY"}]},"#
      + #""entry":[{"request":{"url":"Observation?patient=p1&category=vital-signs","#
      + #""method":"GET"}}]}"#,
    "batch none p1 behavioral-health restricted+ exact home:west reads"
  ),
  (
    #"{"resourceType":"Observation","type":"batch","entry":[]}"#,
    "batch none ? mixed unknown+ unknown !body-contradicts (body) home:?"
  ),
  (
    #"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"POST","#
      + #""url":"Bundle"},"resource":{"resourceType":"Bundle","type":"batch","entry":[{"#
      + #""resource":{"resourceType":"Patient","id":"q1"},"request":{"method":"PUT","#
      + #""url":"Patient/q1"}}]}}]}"#,
    "batch none q1 mixed unknown+ inferred (mentioned) home:east"
  ),
  (
    #"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","#
      + #""url":"Patient/p1"}},{"request":{"method":"PATCH","url":"Observation/p1.o"},"#
      + #""resource":{"resourceType":"Parameters","parameter":[{"part":[{"#
      + #""valueReference":{"reference":"Patient/p2"}}]}]}}]}"#,
    "batch none ** mixed unknown+ inferred (several-patients) home:west"
  ),
  (
    "[]",
    "batch none ? mixed unknown+ unknown !malformed-body (body) home:?"
  ),
  (
    "{}",
    "batch none ? mixed unknown+ unknown !body-contradicts (body) home:?"
  ),
  (
    "",
    "batch none ? mixed unknown+ unknown !malformed-body (body) home:?"
  ),
  (
    "<Bundle/>",
    "batch none ? mixed unknown+ unknown !malformed-body (body) home:?"
  ),
].map { BodyCase("POST /fhir", $0.0, $0.1) }
