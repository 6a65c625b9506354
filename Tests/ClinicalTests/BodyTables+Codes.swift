/// Creates that say more about the resource: codes, labels, other elements.
let codedBodies: [BodyCase] = [
  .init(
    "POST /fhir/Observation",
    observation("Patient/p1", concept("category", categories, "vital-signs")),
    "create Observation p1 vitals normal exact home:west"),
  .init(
    "POST /fhir/Observation",
    observation("Patient/p1", concept("category", categories, "laboratory")),
    "create Observation p1 laboratory normal+ exact home:west"),
  .init(
    "POST /fhir/Observation",
    observation("Patient/p1", concept("category", categories, "vital-signs", "survey")),
    "create Observation p1 mixed unknown+ exact home:west"),
  .init(
    "POST /fhir/Observation",
    observation("Patient/p1", concept("category", categories, "vital-signs", "laboratory")),
    "create Observation p1 mixed unknown+ exact home:west"),
  .init(
    "POST /fhir/Observation",
    observation("Patient/p1", concept("category", "http://local", "vital-signs")),
    "create Observation p1 mixed unknown+ exact home:west"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1", concept("code", loinc, "8867-4")),
    "create Observation p1 vitals normal exact home:west"),
  .init(
    "POST /fhir/Observation", observation("Patient/p1", concept("code", loinc, "65750-2")),
    "create Observation p1 substance-use restricted+ exact home:west"),
  .init(
    "POST /fhir/Observation",
    observation(
      "Patient/p1",
      concept("category", categories, "vital-signs") + "," + concept("code", loinc, "44249-1")),
    "create Observation p1 behavioral-health restricted+ exact home:west"),
  .init(
    "POST /fhir/Observation",
    observation(
      "Patient/p1",
      concept("category", categories, "vital-signs") + #","meta":{"security":[{"code":"PSY"}]}"#),
    "create Observation p1 behavioral-health restricted+ exact home:west"),
  .init(
    "POST /fhir/Observation",
    observation(
      "Patient/p1",
      concept("category", categories, "vital-signs") + #","meta":{"security":[{"code":"R"}]}"#),
    "create Observation p1 vitals restricted+ exact home:west"),
  .init(
    "POST /fhir/Observation",
    observation(
      "Patient/p1",
      concept("category", categories, "vital-signs")
        + #","meta":{"security":[{"#
        + #""system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"Q"}]}"#
    ), "create Observation p1 vitals unknown+ exact home:west"),
  .init(
    "POST /fhir/Observation",
    observation(
      "Patient/p1",
      #""component":[{"# + concept("code", loinc, "8480-6")
        + #"}],"valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","#
        + #""code":"72892002"}]}"#
    ), "create Observation p1 reproductive-health restricted+ exact home:west"),
  .init(
    "POST /fhir/Observation",
    observation("Patient/p1", #""contained":[{"resourceType":"Patient","id":"q9"}]"#),
    "create Observation p1 mixed unknown+ exact home:west"),
  .init(
    "POST /fhir/Condition",
    #"{"resourceType":"Condition","subject":{"reference":"Patient/p1"},"code":{"coding":[{"#
      + #""system":"http://hl7.org/fhir/sid/icd-10-cm","code":"F11.20"}]}}"#,
    "create Condition p1 substance-use restricted+ exact home:west"),
  .init(
    "POST /fhir/MedicationRequest",
    #"{"resourceType":"MedicationRequest","subject":{"reference":"Patient/p1"}}"#,
    "create MedicationRequest p1 orders unknown+ exact home:west"),
  .init(
    "POST /fhir/AllergyIntolerance",
    #"{"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/p1"}}"#,
    "create AllergyIntolerance p1 allergies normal exact home:west"),
  .init(
    "POST /fhir/Coverage",
    #"{"resourceType":"Coverage","beneficiary":{"reference":"Patient/p1"},"payor":[{"#
      + #""reference":"Patient/p1"}]}"#,
    "create Coverage p1 demographics normal exact home:west"),
  .init(
    "POST /fhir/Task", #"{"resourceType":"Task","for":{"reference":"Patient/p1"}}"#,
    "create Task p1 orders unknown+ exact home:west"),
  .init(
    "POST /fhir/Contract",
    #"{"resourceType":"Contract","subject":[{"reference":"Patient/p1"},{"#
      + #""reference":"Patient/p2"}]}"#,
    "create Contract ** consent normal exact (several-patients) home:west"),
  .init(
    "POST /fhir/Contract",
    #"{"resourceType":"Contract","subject":[{"reference":"Patient/p1"},{"#
      + #""reference":"Group/g"}]}"#,
    "create Contract ? consent normal unknown (no-patient) home:?"),
  .init(
    "POST /fhir/Appointment",
    #"{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/p1"}},{"#
      + #""actor":{"reference":"Practitioner/d"}}]}"#,
    "create Appointment p1 scheduling normal inferred (mentioned) home:west"),
  .init(
    "POST /fhir/Group",
    #"{"resourceType":"Group","member":[{"entity":{"reference":"Patient/p1"}},{"entity":{"#
      + #""reference":"Patient/q1"}}]}"#,
    "create Group ** mixed unknown+ inferred (several-patients) home:**"),
  .init(
    "POST /fhir/List",
    #"{"resourceType":"List","subject":{"reference":"Patient/p1"},"entry":[{"item":{"#
      + #""reference":"Patient/q1"}}]}"#,
    "create List ** mixed unknown+ exact (several-patients) home:**"),
  .init(
    "POST /fhir/Bundle",
    #"{"resourceType":"Bundle","type":"document","entry":[{"resource":{"#
      + #""resourceType":"Patient","id":"p1"}},{"resource":{"resourceType":"Condition","#
      + #""subject":{"reference":"Patient/p1"}}}]}"#,
    "create Bundle p1 mixed unknown+ inferred (mentioned) home:west"),
  .init(
    "POST /fhir/Bundle",
    #"{"resourceType":"Bundle","type":"document","entry":[{"resource":{"id":"p1","#
      + #""resourceType":"Patient"}},{"resource":{"resourceType":"Patient","id":"q1"}}]}"#,
    "create Bundle ** mixed unknown+ inferred (several-patients) home:**"),
]
