/// Patients, conditional creates, updates, patches, operations.
let writtenBodies: [BodyCase] = [
  .init(
    "POST /fhir/Patient", #"{"resourceType":"Patient","name":[{"family":"x"}]}"#,
    "create Patient ? demographics normal unknown (new-patient) home:?"),
  .init(
    "POST /fhir/Patient", #"{"resourceType":"Patient","id":"p1"}"#,
    "create Patient ? demographics normal unknown (new-patient) home:?"),
  .init(
    "POST /fhir/Patient", #"{"resourceType":"Patient"}"#,
    "create Patient ? demographics normal unknown (new-patient) home:?",
    condition: "identifier=urn:mrn|7"),
  .init(
    "POST /fhir/Patient", #"{"resourceType":"Patient"}"#,
    "create Patient p1 demographics normal inferred home:west", condition: "_id=p1"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1"),
    "create Observation p1 mixed unknown+ exact home:west", condition: "patient=p1&code=8867-4"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1"),
    "create Observation q1 mixed unknown+ unknown !body-contradicts home:east",
    condition: "patient=q1&code=8867-4"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1"),
    "create Observation ? mixed unknown+ unknown !two-patients (body) home:?",
    condition: "patient=p1,q1"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1"),
    "create Observation p1 mixed unknown+ exact home:west", condition: "identifier=7"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1"),
    "create Observation ? mixed unknown+ unknown !malformed-query (body) home:?",
    condition: "patient=%zz"),
  .init(
    "POST /fhir/Location", #"{"resourceType":"Location"}"#,
    "create Location - reference normal exact"),
  .init(
    "POST /fhir/Location",
    #"{"resourceType":"Observation","subject":{"#
      + #""reference":"Patient/p1"}}"#,
    "create Location - reference normal unknown !body-contradicts"),
  .init(
    "POST /fhir/Frobnication",
    #"{"resourceType":"Frobnication","subject":{"reference":"Patient/p1"}}"#,
    "create unknown p1 unknown unknown+ unknown (unknown-type) home:west"),
  .init(
    "PUT /fhir/Patient/p1", #"{"resourceType":"Patient","id":"p1"}"#,
    "update Patient p1 demographics normal exact home:west"),
  .init(
    "PUT /fhir/Patient/p1", #"{"resourceType":"Patient","id":"p2"}"#,
    "update Patient p1 demographics normal unknown !body-contradicts home:west"),
  .init(
    "PUT /fhir/Patient/p1", #"{"resourceType":"Patient","id":"p 1"}"#,
    "update Patient p1 demographics normal unknown !malformed-id home:west"),
  .init(
    "PUT /fhir/Patient/p1", #"{"resourceType":"Patient"}"#,
    "update Patient p1 demographics normal exact home:west"),
  .init(
    "PUT /fhir/Patient/p1",
    #"{"resourceType":"Patient","id":"p1","link":[{"other":{"reference":"Patient/q1"}}]}"#,
    "update Patient ** demographics normal exact (several-patients) home:**"),
  .init(
    "PUT /fhir/Observation/p1.o", #"{"id":"p1.o",\#(observation("Patient/p1").dropFirst())"#,
    "update Observation p1 mixed unknown+ exact home:west"),
  .init(
    "PUT /fhir/Observation/p1.o", observation("Patient/p2"),
    "update Observation p1 mixed unknown+ unknown !body-contradicts (derived-from-id) home:west"),
  .init(
    "PUT /fhir/Observation/o", observation("Patient/p1"),
    "update Observation p1 mixed unknown+ inferred (no-patient) home:west"),
  .init(
    "PUT /fhir/Observation/p1.o", #"{"resourceType":"Observation","id":"p1.o"}"#,
    "update Observation p1 mixed unknown+ inferred (derived-from-id) home:west"),
  .init(
    "PUT /fhir/Observation?patient=p1&code=1", observation("Patient/p1"),
    "update Observation p1 mixed unknown+ exact home:west"),
  .init(
    "PUT /fhir/Observation?patient=p1&code=1", observation("Patient/q1"),
    "update Observation p1 mixed unknown+ unknown !body-contradicts home:west"),
  .init(
    "PUT /fhir/Observation?identifier=7", observation("Patient/p1"),
    "update Observation p1 mixed unknown+ inferred (no-patient) home:west"),
  .init(
    "PATCH /fhir/Patient/p1", #"[{"op":"replace","path":"/active","value":false}]"#,
    "patch Patient p1 demographics normal exact home:west", type: "application/json-patch+json"),
  .init(
    "PATCH /fhir/Observation/p1.o",
    #"[{"op":"replace","path":"/subject/reference","value":"Patient/q1"}]"#,
    "patch Observation ** mixed unknown+ inferred (several-patients) home:**",
    type: "application/json-patch+json"),
  .init(
    "PATCH /fhir/Observation/p1.o",
    #"[{"op":"add","path":"/subject","value":{"reference":"Patient/p2"}}]"#,
    "patch Observation ** mixed unknown+ inferred (several-patients) home:west",
    type: "application/json-patch+json"),
  .init(
    "PATCH /fhir/Observation/o",
    #"[{"op":"add","path":"/subject","value":{"reference":"Patient/p2"}}]"#,
    "patch Observation ? mixed unknown+ unknown (no-patient) home:?",
    type: "application/json-patch+json"),
  .init(
    "PATCH /fhir/Observation/p1.o",
    #"[{"op":"add","path":"/meta/security/-","value":{"#
      + #""system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}}]"#,
    "patch Observation p1 behavioral-health restricted+ inferred (derived-from-id) home:west",
    type: "application/json-patch+json"),
  .init(
    "PATCH /fhir/Observation/p1.o", #"[{"op":"add","path":"/a","path":"/subject","value":1}]"#,
    "patch Observation ? mixed unknown+ unknown !duplicate-key (derived-from-id) home:?",
    type: "application/json-patch+json"),
  .init(
    "PATCH /fhir/Observation/p1.o",
    #"{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"#
      + #""name":"type","valueCode":"replace"},{"name":"path","#
      + #""valueString":"Observation.subject"},{"name":"value","valueReference":{"#
      + #""reference":"Patient/q1"}}]}]}"#,
    "patch Observation ** mixed unknown+ inferred (several-patients) home:**"),
  .init(
    "PATCH /fhir/Patient/p1", #"{"active":false}"#,
    "patch Patient p1 demographics normal exact home:west", type: "application/merge-patch+json"),
  .init(
    "PATCH /fhir/Observation/p1.o", #"{"subject":{"reference":"Patient/p2"}}"#,
    "patch Observation ** mixed unknown+ inferred (several-patients) home:west",
    type: "application/merge-patch+json"),
  .init(
    "PATCH /fhir/Patient/p1", "<Parameters/>",
    "patch Patient p1 demographics unknown+ unknown (unreadable-body) home:west",
    type: "application/fhir+xml"),
  .init(
    "POST /fhir/Observation/$validate", observation("Patient/p1"),
    "operation Observation p1 mixed unknown+ inferred (mentioned) home:west"),
  .init(
    "POST /fhir/Observation/$validate",
    #"{"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"#
      + #""resourceType":"Patient","id":"p1"}}]}"#,
    "operation Observation p1 mixed unknown+ inferred (mentioned) home:west"),
  .init(
    "POST /fhir/Patient/$match",
    #"{"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"#
      + #""resourceType":"Patient","name":[]}}]}"#,
    "operation Patient ? mixed unknown+ unknown (unknown-operation) home:?"),
  .init(
    "POST /fhir/Patient/$merge",
    #"{"resourceType":"Parameters","parameter":[{"name":"source-patient","#
      + #""valueReference":{"reference":"Patient/p1"}},{"name":"target-patient","#
      + #""valueReference":{"reference":"Patient/q1"}}]}"#,
    "operation Patient ** mixed unknown+ unknown (unknown-operation) home:**"),
  .init(
    "POST /fhir/Patient/p1/$everything", "",
    "operation Patient p1 mixed unknown+ exact "
      + "home:west",
    type: "application/fhir+json"),
  .init(
    "POST /fhir/Patient/p1/$everything", #"{"resourceType":"Parameters"}"#,
    "operation Patient p1 mixed unknown+ exact home:west"),
  .init(
    "POST /fhir/Patient/p1/$x",
    #"{"resourceType":"Parameters","parameter":[{"name":"p","valueReference":{"#
      + #""reference":"Patient/p2"}}]}"#,
    "operation Patient ** mixed unknown+ unknown (unknown-operation) home:west"),
]
