/// Creates: references, duplicates, content types.
let resourceBodies: [BodyCase] = [
  .init(
    "POST /fhir/Observation", observation("Patient/p1"),
    "create Observation p1 mixed unknown+ exact home:west"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1/_history/2"),
    "create Observation p1 mixed unknown+ exact home:west"),
  .init(
    "POST /fhir/Observation", observation("https://elsewhere.example/Patient/p1"),
    "create Observation ? mixed unknown+ unknown (absolute-reference) home:?"),
  .init(
    "POST /fhir/Observation", observation("p1"),
    "create Observation ? mixed unknown+ unknown (no-patient) home:?"),
  .init(
    "POST /fhir/Observation", observation("Group/g1"),
    "create Observation ? mixed unknown+ unknown (no-patient) home:?"),
  .init(
    "POST /fhir/Observation", observation("#p"),
    "create Observation ? mixed unknown+ unknown (no-patient) home:?"),
  .init(
    "POST /fhir/Observation", observation("urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"),
    "create Observation ? mixed unknown+ unknown (absolute-reference) home:?"),
  .init(
    "POST /fhir/Observation", observation("Patient?identifier=urn:mrn|7"),
    "create Observation ? mixed unknown+ unknown (identifier-search) home:?"),
  .init(
    "POST /fhir/Observation", observation("Patient/p,1"),
    "create Observation ? mixed unknown+ unknown !malformed-id (body) home:?"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1/x"),
    "create Observation ? mixed unknown+ unknown !malformed-id (body) home:?"),
  .init(
    "POST /fhir/Observation", observation("Patient/x1"),
    "create Observation x1 mixed unknown+ exact home:?"),
  .init(
    "POST /fhir/Observation", #"{"resourceType":"Observation"}"#,
    "create Observation ? mixed unknown+ unknown (no-patient) home:?"),
  .init(
    "POST /fhir/Observation", #"{"resourceType":"Observation","subject":{"display":"A"}}"#,
    "create Observation ? mixed unknown+ unknown (identifier-search) home:?"),
  .init(
    "POST /fhir/Observation", #"{"resourceType":"Observation","subject":"Patient/p1"}"#,
    "create Observation ? mixed unknown+ unknown (identifier-search) home:?"),
  .init(
    "POST /fhir/Observation", #"{"resourceType":"Observation","subject":null}"#,
    "create Observation ? mixed unknown+ unknown (identifier-search) home:?"),
  .init(
    "POST /fhir/Observation",
    #"{"resourceType":"Observation","subject":{"identifier":{"value":"7"}}}"#,
    "create Observation ? mixed unknown+ unknown (identifier-search) home:?"),
  .init(
    "POST /fhir/Observation",
    #"{"subject":{"reference":"Patient/p1"},"status":"final","resourceType":"Observation"}"#,
    "create Observation p1 mixed unknown+ exact home:west"),
  .init(
    "POST /fhir/Observation",
    observation("Patient/p1", #""performer":[{"reference":"Patient/p1"}]"#),
    "create Observation p1 mixed unknown+ exact home:west"),
  .init(
    "POST /fhir/Observation",
    observation("Patient/p1", #""performer":[{"reference":"Patient/p2"}]"#),
    "create Observation ** mixed unknown+ exact (several-patients) home:west"),
  .init(
    "POST /fhir/Observation",
    observation("Patient/p1", #""performer":[{"reference":"Patient/q2"}]"#),
    "create Observation ** mixed unknown+ exact (several-patients) home:**"),
  .init(
    "POST /fhir/Observation",
    observation("Patient/p1", #""performer":[{"reference":"https://e.example/Patient/q2"}]"#),
    "create Observation ? mixed unknown+ unknown (absolute-reference) home:?"),
  .init(
    "POST /fhir/Observation",
    observation("Patient/p1", #""performer":[{"reference":"Patient?identifier=9"}]"#),
    "create Observation ? mixed unknown+ unknown (identifier-search) home:?"),
  .init(
    "POST /fhir/Observation",
    observation("Patient/p1", #""valueString":"Patient/q2""#),
    "create Observation p1 mixed unknown+ exact home:west"),
  .init(
    "POST /fhir/Observation",
    #"{"resourceType":"Observation","performer":[{"reference":"Patient/p2"}]}"#,
    "create Observation p2 mixed unknown+ inferred (mentioned) home:west"),
  .init(
    "POST /fhir/Observation",
    #"{"resourceType":"Observation","subject":{"reference":"Patient/p1"},"subject":{"reference":"#
      + #""Patient/q1"}}"#,
    "create Observation ? mixed unknown+ unknown !duplicate-key (body) home:?"),
  .init(
    "POST /fhir/Observation",
    #"{"resourceType":"Observation","subject":{"reference":"Patient/p1","#
      + #""reference":"Patient/q1"}}"#,
    "create Observation ? mixed unknown+ unknown !duplicate-key (body) home:?"),
  .init(
    "POST /fhir/Observation",
    #"{"resourceType":"Observation","Subject":{"reference":"Patient/p1"}}"#,
    "create Observation ? mixed unknown+ unknown !duplicate-key (body) home:?"),
  .init(
    "POST /fhir/Observation",
    #"{"resourceType":"Observation","resourceType":"Location","subject":{"#
      + #""reference":"Patient/p1"}}"#,
    "create Observation ? mixed unknown+ unknown !duplicate-key (body) home:?"),
  .init(
    "POST /fhir/Observation",
    #"{"resourceType":"Observation","s\u0075bject":{"referenc\u0065":"P\u0061tient/p1"}}"#,
    "create Observation p1 mixed unknown+ exact home:west"),
  .init(
    "POST /fhir/Observation",
    #"{"resourceType":"Condition","subject":{"#
      + #""reference":"Patient/p1"}}"#,
    "create Observation ? mixed unknown+ unknown !body-contradicts (body) home:?"),
  .init(
    "POST /fhir/Observation",
    #"{"resourceType":"observation","subject":{"reference":"Patient/p1"}}"#,
    "create Observation ? mixed unknown+ unknown !body-contradicts (body) home:?"),
  .init(
    "POST /fhir/Observation", #"{"subject":{"reference":"Patient/p1"}}"#,
    "create Observation ? mixed unknown+ unknown !malformed-body (body) home:?"),
  .init(
    "POST /fhir/Observation", "",
    "create Observation ? mixed unknown+ unknown !malformed-body (body) home:?"),
  .init(
    "POST /fhir/Observation", "[]",
    "create Observation ? mixed unknown+ unknown !malformed-body (body) home:?"),
  .init(
    "POST /fhir/Observation", #""Observation""#,
    "create Observation ? mixed unknown+ unknown !malformed-body (body) home:?"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1") + ",",
    "create Observation ? mixed unknown+ unknown !malformed-body (body) home:?"),
  .init(
    "POST /fhir/Observation", "\u{FEFF}" + observation("Patient/p1"),
    "create Observation ? mixed unknown+ unknown !malformed-body (body) home:?"),
  .init(
    "POST /fhir/Observation", #"{"resourceType":"Observation","x":"\u{1}"}"#,
    "create Observation ? mixed unknown+ unknown !malformed-body (body) home:?"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1"),
    "create Observation p1 mixed unknown+ exact home:west", type: "application/json"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1"),
    "create Observation p1 mixed unknown+ exact home:west",
    type: "Application/FHIR+json; charset=UTF-8"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1"),
    "create Observation p1 mixed unknown+ exact home:west",
    type: "application/fhir+json;fhirVersion=4.0"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1"),
    "create Observation ? mixed unknown+ unknown (unreadable-body) home:?",
    type: "application/json; charset=utf-16"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1"),
    "create Observation ? mixed unknown+ unknown (unreadable-body) home:?", type: ""),
  .init(
    "POST /fhir/Observation", "<Observation/>",
    "create Observation ? mixed unknown+ unknown (unreadable-body) home:?",
    type: "application/fhir+xml"),
  .init(
    "POST /fhir/Location", "<Location/>",
    "create Location - reference normal unknown (unreadable-body)", type: "application/fhir+xml"),
  .init(
    "POST /fhir/Observation", "a=b",
    "create Observation ? mixed unknown+ unknown (unreadable-body) home:?",
    type: "application/x-www-form-urlencoded"),
  .init(
    "POST /fhir/Binary", "x", "create Binary ? notes unknown+ unknown (unreadable-body) home:?",
    type: "multipart/form-data; boundary=x"),
]
