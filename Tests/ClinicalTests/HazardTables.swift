/// Requests by which other gateways were led astray.
let hazards: [Expectation] = [
  .init(
    "GET /fhir/Observation?subject=A&performer=Patient/B",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Observation?subject=A&performer=Patient%2FB&category=vital-signs",
    "search Observation ** vitals normal unknown !two-patients"),
  .init(
    "GET /fhir/Observation?subject=A&performer:Patient=B",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Observation?subject=A&performer=Patient/A",
    "search Observation A mixed unknown+ inferred replica"),
  .init(
    "GET /fhir/Observation?subject=A&performer=Practitioner/B",
    "search Observation A mixed unknown+ inferred replica"),
  .init(
    "GET /fhir/Observation?subject=A&wibble=Patient/B",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Observation?patient=A,B",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Observation?patient=A%2CB",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Observation?patient=A%2cPatient/B",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Observation?patient=A,A", "search Observation A mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=A&patient=B",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Observation?patient=A&patient=A",
    "search Observation A mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=A&subject=Patient/B",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Observation?p%61tient=A", "search Observation A mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=A&p%61tient=B",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Observation?patient=%41",
    "search Observation ? mixed unknown+ unknown !malformed-id"),
  .init(
    "GET /fhir/Observation?patient=A;patient=B",
    "search Observation ? mixed unknown+ unknown !malformed-id"),
  .init(
    "GET /fhir/Observation?patient=A%5C,B",
    "search Observation B mixed unknown+ unknown !malformed-id"),
  .init(
    "GET /fhir/Observation?patient=A+B",
    "search Observation ? mixed unknown+ unknown !malformed-id"),
  .init(
    "GET /fhir/Observation?patient=Patient/",
    "search Observation ? mixed unknown+ unknown !malformed-id"),
  .init(
    "GET /fhir/Observation?patient=Patient/A/_history/1",
    "search Observation ? mixed unknown+ unknown !malformed-id"),
  .init(
    "GET /fhir/Observation?patient=A|B",
    "search Observation ? mixed unknown+ unknown !malformed-id"),
  .init(
    "GET /fhir/Observation?patient=A,",
    "search Observation A mixed unknown+ unknown !malformed-id"),
  .init(
    "GET /fhir/Observation?patient=A%00",
    "search Observation ? bulk unknown+ unknown !malformed-query"),
  .init(
    "GET /fhir/Observation?patient=A%2",
    "search Observation ? bulk unknown+ unknown !malformed-query"),
  .init(
    "GET /fhir/Observation?patient=A%zz",
    "search Observation ? bulk unknown+ unknown !malformed-query"),
  .init("GET /fhir/Observation?patient=", "search Observation ? bulk unknown+ unknown replica"),
  .init("GET /fhir/Observation?patient", "search Observation ? bulk unknown+ unknown replica"),
  .init("GET /fhir/Observation?Patient=A", "search Observation ? bulk unknown+ unknown"),
  .init(
    "GET /fhir/Observation?patient:missing=true",
    "search Observation ? bulk unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?patient:identifier=urn:mrn|7",
    "search Observation ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?subject:Group=g1",
    "search Observation ? bulk unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?subject=Group/g1",
    "search Observation ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?subject=Patient/A,Group/g1",
    "search Observation ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?patient=https://elsewhere.example/fhir/Patient/A",
    "search Observation ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?subject=A&performer=https://here/fhir/Patient/B",
    "search Observation A mixed unknown+ inferred"),
  .init(
    "GET /fhir/Observation?patient.identifier=urn:mrn|7",
    "search Observation ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?patient.name=lee",
    "search Observation ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?subject:Patient.name=lee&category=vital-signs",
    "search Observation ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?patient=A&subject.name=lee&category=vital-signs",
    "search Observation A mixed unknown+ inferred replica"),
  .init(
    "GET /fhir/Observation?patient=A&encounter.subject=Patient/B",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Patient?identifier=urn:mrn|7",
    "search Patient ? demographics normal unknown replica"),
  .init(
    "GET /fhir/Patient?_id=A,B", "search Patient ** demographics normal unknown !two-patients"),
  .init(
    "GET /fhir/Patient?_id=A&_id=B", "search Patient ** demographics normal unknown !two-patients"),
  .init("GET /fhir/Patient?_id:not=A", "search Patient ? bulk unknown+ unknown replica"),
  .init(
    "GET /fhir/Patient?_id=A%2CB", "search Patient ** demographics normal unknown !two-patients"),
  .init("GET /fhir/Patient?_id=", "search Patient ? bulk unknown+ unknown replica"),
  .init(
    "GET /fhir/Patient?_has:Observation:patient:code=65750-2",
    "search Patient ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Patient?_id=A&_has:Condition:patient:code=F11.20",
    "search Patient A mixed unknown+ inferred replica"),
  .init(
    "GET /fhir/Patient?_id=A&_has:Group:member:_id=Patient/B",
    "search Patient ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Practitioner?_has:Observation:performer:patient=Patient/A",
    "search Practitioner ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Patient?_id=A&_revinclude=Observation:patient",
    "search Patient A mixed unknown+ inferred replica"),
  .init(
    "GET /fhir/Patient?_id=A&_revinclude:iterate=Observation:patient",
    "search Patient ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?patient=A&category=vital-signs&_include=Observation:subject",
    "search Observation A mixed unknown+ inferred replica"),
  .init(
    "GET /fhir/Observation?patient=A&category=vital-signs&_include:iterate=Patient:link",
    "search Observation A mixed unknown+ inferred replica"),
  .init(
    "GET /fhir/Observation?patient=A&category=vital-signs&_include=*",
    "search Observation A mixed unknown+ inferred replica"),
  .init(
    "GET /fhir/Observation?patient=A&category=vital-signs&_include=Observation:performer:"
      + "Practitioner", "search Observation A vitals normal exact replica"),
  .init(
    "GET /fhir/Observation?patient=A&category=vital-signs&_include=Observation:performer:Patient",
    "search Observation A mixed unknown+ inferred replica"),
  .init(
    "GET /fhir/MedicationRequest?patient=A&_include=MedicationRequest:medication",
    "search MedicationRequest A medications unknown+ exact replica"),
  .init(
    "GET /fhir/PractitionerRole?_include=PractitionerRole:practitioner",
    "search PractitionerRole - reference normal exact replica"),
  .init(
    "GET /fhir/PractitionerRole?practitioner.name=lee",
    "search PractitionerRole - reference normal exact replica"),
  .init(
    "GET /fhir/Practitioner?_revinclude=Observation:performer",
    "search Practitioner ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir?_getpages=0f3c", "search none ? mixed unknown+ unknown"),
  .init(
    "GET /fhir/Observation?patient=A&_getpages=0f3c",
    "search Observation ? mixed unknown+ unknown"),
  .init(
    "GET /fhir/Practitioner?_getpages=0f3c", "search Practitioner ? mixed unknown+ unknown"),
  .init(
    "GET /fhir/Observation?patient=A&_query=everything-near",
    "search Observation A mixed unknown+ inferred"),
  .init(
    "GET /fhir/Observation?patient=A&_filter=subject%20eq%20Patient/B",
    "search Observation A mixed unknown+ exact"),
  .init(
    "GET /fhir/Patient/A?patient=B", "read Patient ** demographics normal unknown !two-patients"),
  .init(
    "GET /fhir/Observation/p1.o1?subject=Patient/p2",
    "read Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Observation/p1.o1?patient=p1",
    "read Observation p1 mixed unknown+ inferred replica"),
  .init("GET /fhir/Patient/a,b", "read Patient ? demographics normal unknown !malformed-id"),
  .init("GET /fhir/Patient/a_b", "read Patient ? demographics normal unknown !malformed-id"),
  .init("GET /fhir/Patient/a%2Fb", "unknown none ? unknown unknown+ unknown !malformed-path"),
  .init("GET /fhir/Patient%2Fa", "unknown none ? unknown unknown+ unknown !malformed-path"),
  .init("GET /fhir/Patient/a%25b", "read Patient ? demographics normal unknown !malformed-id"),
  .init(
    "GET /fhir/Patient/" + String(repeating: "x", count: 65),
    "read Patient ? demographics normal unknown !malformed-id"),
  .init(
    "GET /fhir/Observation?" + (0..<129).map { "code=\($0)" }.joined(separator: "&"),
    "search Observation ? bulk unknown+ unknown !too-many-parameters"),
  .init(
    "GET /fhir/Observation?code=" + (0..<257).map { "\($0)" }.joined(separator: ","),
    "search Observation ? bulk unknown+ unknown !too-many-parameters"),
  .init(
    "GET /fhir/Observation?patient=A&" + String(repeating: "x", count: 300) + "=Patient/B",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Observation?patient=" + String(repeating: "x", count: 300),
    "search Observation ? mixed unknown+ unknown !malformed-id"),
]

/// Parameters that a lenient server ignores: they establish no patient and narrow nothing.
let ignoredParameters: [Expectation] = [
  .init("GET /fhir/Observation?wibble=Patient/A", "search Observation ? bulk unknown+ unknown"),
  .init(
    "GET /fhir/Observation?performer=Patient/A",
    "search Observation ? bulk unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?beneficiary=Patient/A", "search Observation ? bulk unknown+ unknown"),
  .init("GET /fhir/Observation?actor=Patient/A", "search Observation ? bulk unknown+ unknown"),
  .init(
    "GET /fhir/AllergyIntolerance?subject=Patient/A",
    "search AllergyIntolerance ? bulk unknown+ unknown"),
  .init("GET /fhir/Patient?patient=A", "search Patient ? bulk unknown+ unknown"),
  .init(
    "GET /fhir/Patient?patient=A&_id=B",
    "search Patient ** demographics normal unknown !two-patients"
  ),
  .init(
    "GET /fhir/AllergyIntolerance?patient=A&subject=B",
    "search AllergyIntolerance A allergies normal exact"),
  .init(
    "GET /fhir/AllergyIntolerance?patient=A&subject:Patient=B",
    "search AllergyIntolerance ** allergies normal unknown !two-patients"),
  .init(
    "GET /fhir/Observation?patient=A&type=vital-signs",
    "search Observation A mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=A&code=vital-signs",
    "search Observation A mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=A&category=8867-4",
    "search Observation A mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=A&combo-code=8867-4",
    "search Observation A mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=A&combo-code=44249-1",
    "search Observation A behavioral-health restricted+ exact replica"),
  .init("GET /fhir/Observation?_id=A.o1,o2", "search Observation ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?patient=A&_id=o2", "search Observation A mixed unknown+ exact replica"),
  .init("GET /fhir/Appointment?actor=A", "search Appointment ? scheduling normal unknown replica"),
  .init(
    "GET /fhir/Appointment?actor=Practitioner/d,Patient/A",
    "search Appointment ? scheduling normal unknown replica"),
  .init(
    "GET /fhir/Appointment?actor=Patient/A,Practitioner/d",
    "search Appointment ? scheduling normal unknown replica"),
]

/// Creates, updates, patches, deletes, batches, and searches by POST.
let writes: [Expectation] = [
  .init("POST /fhir/Observation", "create Observation ? mixed unknown+ unknown"),
  .init("POST /fhir/Observation/", "create Observation ? mixed unknown+ unknown"),
  .init("POST /fhir/Patient", "create Patient ? demographics normal unknown"),
  .init("POST /fhir/Condition", "create Condition ? problems unknown+ unknown"),
  .init("POST /fhir/MedicationRequest", "create MedicationRequest ? orders unknown+ unknown"),
  .init("POST /fhir/MedicationStatement", "create MedicationStatement ? orders unknown+ unknown"),
  .init("POST /fhir/ServiceRequest", "create ServiceRequest ? orders unknown+ unknown"),
  .init("POST /fhir/Location", "create Location - reference normal exact"),
  .init("POST /fhir/Frobnication", "create unknown ? unknown unknown+ unknown"),
  .init("PUT /fhir/Patient/p1", "update Patient p1 demographics normal exact"),
  .init("PUT /fhir/Condition/p1.c1", "update Condition p1 problems unknown+ inferred"),
  .init("PUT /fhir/Condition/c1", "update Condition ? problems unknown+ unknown"),
  .init(
    "PUT /fhir/MedicationRequest/p1.m1", "update MedicationRequest p1 orders unknown+ inferred"),
  .init("PUT /fhir/Location/l1", "update Location - reference normal exact"),
  .init(
    "PUT /fhir/Observation?patient=p1&code=8867-4",
    "update Observation p1 mixed unknown+ inferred"),
  .init("PUT /fhir/Patient?identifier=urn:mrn|7", "update Patient ? demographics normal unknown"),
  .init("PUT /fhir/Observation", "unknown Observation ? mixed unknown+ unknown"),
  .init("PATCH /fhir/Patient/p1", "patch Patient p1 demographics normal exact"),
  .init(
    "PATCH /fhir/Observation?patient=A,B",
    "patch Observation ** mixed unknown+ unknown !two-patients"),
  .init("PATCH /fhir/Observation/p1.o1", "patch Observation p1 mixed unknown+ inferred"),
  .init("DELETE /fhir/Observation/p1.o1", "delete Observation p1 mixed unknown+ inferred"),
  .init("DELETE /fhir/Observation?patient=p1", "delete Observation p1 mixed unknown+ inferred"),
  .init("DELETE /fhir/Observation", "unknown Observation ? mixed unknown+ unknown"),
  .init("DELETE /fhir/Patient/p1/_history", "unknown Patient p1 demographics unknown+ unknown"),
  .init("POST /fhir/Patient/p1", "unknown Patient p1 demographics unknown+ unknown"),
  .init("OPTIONS /fhir/Patient/p1", "unknown Patient p1 demographics unknown+ unknown"),
  .init("OPTIONS /fhir/Patient", "unknown Patient ? demographics unknown+ unknown"),
  .init("POST /fhir", "batch none ? mixed unknown+ unknown"),
  .init("POST /fhir/", "batch none ? mixed unknown+ unknown"),
  .init("PUT /fhir", "unknown none ? unknown unknown+ unknown"),
  .init("GET /fhir", "unknown none ? unknown unknown+ unknown"),
  .init("POST /fhir/Observation/_search", "search Observation ? mixed unknown+ unknown"),
  .init(
    "POST /fhir/Observation/_search?patient=p1", "search Observation p1 mixed unknown+ unknown"),
  .init(
    "POST /fhir/Observation/_search?_security=PSY",
    "search Observation ? behavioral-health restricted+ unknown"),
  .init(
    "POST /fhir/Observation/_search?patient=A&subject=Patient/B",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init("POST /fhir/Practitioner/_search", "search Practitioner - reference unknown+ inferred"),
  .init("POST /fhir/_search", "search none ? mixed unknown+ unknown"),
  .init(
    "GET /fhir/Observation/_search?patient=p1", "search Observation p1 mixed unknown+ exact replica"
  ),
  .init("PUT /fhir/Observation/_search", "unknown Observation ? mixed unknown+ unknown"),
]

/// Named operations.
let operations: [Expectation] = [
  .init("GET /fhir/Patient/p1/$everything", "operation Patient p1 mixed unknown+ exact replica"),
  .init("GET /fhir/Patient/p1/%24everything", "operation Patient p1 mixed unknown+ exact replica"),
  .init("POST /fhir/Patient/p1/$everything", "operation Patient p1 mixed unknown+ exact"),
  .init(
    "GET /fhir/Encounter/p1.e1/$everything",
    "operation Encounter p1 mixed unknown+ inferred replica"),
  .init("GET /fhir/Patient/$everything", "operation Patient ? mixed unknown+ unknown replica"),
  .init("GET /fhir/$export", "export none ? bulk unknown+ unknown"),
  .init("POST /fhir/$export", "export none ? bulk unknown+ unknown"),
  .init("GET /fhir/Patient/$export?_type=Observation", "export Patient ? bulk unknown+ unknown"),
  .init("GET /fhir/Group/g1/$export", "export Group ? bulk unknown+ unknown"),
  .init("GET /fhir/$export-poll-status?_jobId=1", "export none ? bulk unknown+ unknown"),
  .init(
    "GET /fhir/ValueSet/$expand?url=http://x", "read ValueSet - reference normal exact replica"),
  .init("GET /fhir/ValueSet/v1/$expand?filter=a", "read ValueSet - reference normal exact replica"),
  .init("POST /fhir/ValueSet/$expand", "read ValueSet - reference normal exact replica"),
  .init(
    "GET /fhir/CodeSystem/$lookup?system=http://loinc.org&code=65750-2",
    "read CodeSystem - reference normal exact replica"),
  .init("POST /fhir/CodeSystem/$validate-code", "read CodeSystem - reference normal exact replica"),
  .init(
    "GET /fhir/ConceptMap/$translate?code=a", "read ConceptMap - reference normal exact replica"),
  .init("GET /fhir/Patient/p1/$expand", "operation Patient p1 mixed unknown+ unknown"),
  .init("POST /fhir/Patient/$match", "operation Patient ? mixed unknown+ unknown"),
  .init(
    "GET /fhir/Observation/$lastn?patient=p1", "operation Observation p1 mixed unknown+ unknown"),
  .init("POST /fhir/Practitioner/$merge", "operation Practitioner ? mixed unknown+ unknown"),
  .init("POST /fhir/Observation/$validate", "operation Observation ? mixed unknown+ unknown"),
  .init("POST /fhir/$graphql", "operation none ? mixed unknown+ unknown"),
  .init("DELETE /fhir/Patient/p1/$everything", "unknown Patient p1 unknown unknown+ unknown"),
  .init("GET /fhir/Patient/p1/$everything/x", "unknown Patient p1 demographics unknown+ unknown"),
  .init(
    "GET /fhir/Patient/p1/$everything?patient=p2",
    "operation Patient ** mixed unknown+ unknown !two-patients"),
]

/// Paths that are not FHIR, and paths that two readers could take differently.
let paths: [Expectation] = [
  .init("GET /portal/app.js", "asset none - asset normal exact replica"),
  .init("GET /", "asset none - asset normal exact replica"),
  .init("GET /favicon.ico", "asset none - asset normal exact replica"),
  .init("POST /portal/login", "unknown none - asset normal inferred"),
  .init("GET /favicon.ico/x", "unknown none ? unknown unknown+ unknown"),
  .init("GET /elsewhere", "unknown none ? unknown unknown+ unknown"),
  .init("GET /fhirx/Patient/p1", "unknown none ? unknown unknown+ unknown"),
  .init("GET /FHIR/Patient/p1", "unknown none ? unknown unknown+ unknown"),
  .init(
    "GET /portal/../fhir/Patient/p1", "unknown none ? unknown unknown+ unknown !malformed-path"),
  .init(
    "GET /portal/%2E%2E/fhir/Patient/p1",
    "unknown none ? unknown unknown+ unknown !malformed-path"),
  .init("GET /portal/%2e./x", "unknown none ? unknown unknown+ unknown !malformed-path"),
  .init("GET //fhir/Patient/p1", "unknown none ? unknown unknown+ unknown !malformed-path"),
  .init("GET /fhir//Patient/p1", "unknown none ? unknown unknown+ unknown !malformed-path"),
  .init("GET /fhir/Patient/p1;v=1", "unknown none ? unknown unknown+ unknown !malformed-path"),
  .init("GET /fhir/Patient\\p1", "unknown none ? unknown unknown+ unknown !malformed-path"),
  .init("GET /fhir/Patient/p1%5Cx", "unknown none ? unknown unknown+ unknown !malformed-path"),
  .init("GET /fhir/Patient/p1%0A", "unknown none ? unknown unknown+ unknown !malformed-path"),
  .init("GET /fhir/Patient/p1%", "unknown none ? unknown unknown+ unknown !malformed-path"),
  .init("GET /fhir/a/b/c/d/e/f/g/h/i", "unknown none ? unknown unknown+ unknown !malformed-path"),
  .init("GET fhir/Patient/p1", "unknown none ? unknown unknown+ unknown !malformed-path"),
]
