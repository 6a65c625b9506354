/// Requests that name a patient where the server does not select by him, or reach beyond him.
let selections: [Expectation] = [
  .init("GET /fhir/Observation/1?patient=A", "read Observation ? mixed unknown+ unknown replica"),
  .init("GET /fhir/Observation/1?_id=A.1", "read Observation ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation/1/_history?subject=Patient/A",
    "history Observation ? mixed unknown+ unknown"),
  .init(
    "GET /fhir/Observation/1/_history/2?patient=A",
    "vread Observation ? mixed unknown+ unknown replica"),
  .init("GET /fhir/Observation/_history?patient=A", "history Observation ? bulk unknown+ unknown"),
  .init(
    "GET /fhir/Encounter/1/$everything?patient=A",
    "operation Encounter ? mixed unknown+ unknown replica"),
  .init("DELETE /fhir/Observation/1?patient=A", "delete Observation ? mixed unknown+ unknown"),
  .init("DELETE /fhir/Observation?patient=A", "delete Observation A mixed unknown+ inferred"),
  .init(
    "GET /fhir/Observation?patient:missing=false&category=vital-signs",
    "search Observation ? bulk unknown+ unknown replica"),
  .init(
    "GET /fhir/Patient?identifier:missing=false",
    "search Patient ? bulk unknown+ unknown replica"),
  .init(
    "GET /fhir/Patient?_id=A&_include=Patient:organization"
      + "&_revinclude:iterate=Patient:organization",
    "search Patient ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Patient?_id=A&_revinclude=Observation:performer",
    "search Patient ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Encounter?patient=A&_include=Encounter:location"
      + "&_revinclude:recurse=Encounter:location",
    "search Encounter ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?patient=A&category=vital-signs&_include:iterate=Patient:organization",
    "search Observation A vitals normal exact replica"),
]
