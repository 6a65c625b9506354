import Base
import Clinical
import Testing

/// The classifier of most tests: base `/fhir`, ids of the form `patient.rest`, a portal.
let classifier = Classifier(patterns: portal)

/// Paths of a portal, an imaging service and export files.
let portal: PathPatterns = {
  let patterns = try? PathPatterns([
    ("/", .asset), ("/portal/*", .asset), ("/favicon.ico", .asset), ("*.css", .asset),
    ("/dicom-web/*", .imaging), ("/hours", .reference), ("/bulk-files/*", .bulk),
    ("/fhir/_operations/export/*", .bulk),
  ])
  return patterns ?? .none
}()

@Test(
  arguments: interactions + compartments + searches + hazards + selections + ignoredParameters
    + writes + operations + paths)
func requestIsClassified(_ expectation: Expectation) {
  let (result, target) = classify(expectation.request, with: classifier)
  #expect(describe(result, target) == expectation.verdict)
}

@Test func theTableIsLargeEnough() {
  let all =
    interactions + compartments + searches + hazards + ignoredParameters + writes + operations
    + paths
  #expect(all.count >= 300)
  #expect(Set(all.map(\.request)).count == all.count)
}

/// Reads, versions, histories, capabilities.
let interactions: [Expectation] = [
  .init("GET /fhir/metadata", "capabilities none - reference normal exact replica"),
  .init("HEAD /fhir/metadata?mode=full", "capabilities none - reference normal exact replica"),
  .init(
    "GET /fhir/.well-known/smart-configuration",
    "capabilities none - reference normal exact replica"),
  .init(
    "GET /.well-known/smart-configuration", "capabilities none - reference normal exact replica"),
  .init("POST /fhir/metadata", "unknown none ? unknown unknown+ unknown"),
  .init("GET /fhir/metadata/x", "unknown none ? unknown unknown+ unknown"),
  .init("GET /fhir/Patient/p1001", "read Patient p1001 demographics normal exact replica"),
  .init("HEAD /fhir/Patient/p1001", "read Patient p1001 demographics normal exact replica"),
  .init("GET /fhir/Patient/p1001/", "read Patient p1001 demographics normal exact replica"),
  .init(
    "GET /fhir/Patient/p1001?_format=json",
    "read Patient p1001 demographics normal exact replica"),
  .init("GET /fhir/Patient/a.b-C9", "read Patient a.b-C9 demographics normal exact replica"),
  .init(
    "GET /fhir/Observation/p1001.o3", "read Observation p1001 mixed unknown+ inferred replica"),
  .init("GET /fhir/Observation/o3", "read Observation ? mixed unknown+ unknown replica"),
  .init("GET /fhir/Observation/.o3", "read Observation ? mixed unknown+ unknown replica"),
  .init("GET /fhir/Observation/p1001.", "read Observation ? mixed unknown+ unknown replica"),
  .init("GET /fhir/Condition/p1.c1", "read Condition p1 problems unknown+ inferred replica"),
  .init(
    "GET /fhir/DocumentReference/p1.d1",
    "read DocumentReference p1 notes unknown+ inferred replica"),
  .init(
    "GET /fhir/MedicationRequest/p1.m1",
    "read MedicationRequest p1 medications unknown+ inferred replica"),
  .init(
    "GET /fhir/AllergyIntolerance/p1.a1",
    "read AllergyIntolerance p1 allergies normal inferred replica"),
  .init("GET /fhir/Encounter/p1.e1", "read Encounter p1 encounters unknown+ inferred replica"),
  .init(
    "GET /fhir/Immunization/p1.i1", "read Immunization p1 immunizations normal inferred replica"),
  .init(
    "GET /fhir/ServiceRequest/p1.s1", "read ServiceRequest p1 orders unknown+ inferred replica"),
  .init("GET /fhir/Appointment/p1.x", "read Appointment p1 scheduling normal inferred replica"),
  .init("GET /fhir/Slot/s1", "read Slot - scheduling normal exact replica"),
  .init("GET /fhir/Practitioner/d1.x", "read Practitioner - reference normal exact replica"),
  .init("GET /fhir/Location/l1", "read Location - reference normal exact replica"),
  .init("GET /fhir/ValueSet/v1", "read ValueSet - reference normal exact replica"),
  .init("GET /fhir/Medication/m1", "read Medication - medications normal exact replica"),
  .init("GET /fhir/Coverage/p1.c", "read Coverage p1 demographics normal inferred replica"),
  .init("GET /fhir/Claim/p1.c", "read Claim p1 billing unknown+ inferred replica"),
  .init("GET /fhir/Consent/p1.c", "read Consent p1 consent normal inferred replica"),
  .init("GET /fhir/AuditEvent/p1.c", "read AuditEvent p1 audit unknown+ inferred replica"),
  .init("GET /fhir/ImagingStudy/p1.c", "read ImagingStudy p1 imaging normal inferred replica"),
  .init("GET /fhir/Binary/p1.b", "read Binary p1 notes unknown+ inferred replica"),
  .init(
    "GET /fhir/RelatedPerson/p1.r", "read RelatedPerson p1 demographics normal inferred replica"),
  .init("GET /fhir/Group/g1", "read Group ? mixed unknown+ unknown replica"),
  .init("GET /fhir/Frobnication/f1", "read unknown ? unknown unknown+ unknown"),
  .init("GET /fhir/patient/p1", "read unknown ? unknown unknown+ unknown"),
  .init("GET /fhir/PATIENT/p1", "read unknown ? unknown unknown+ unknown"),
  .init(
    "GET /fhir/Patient/p1/_history/3", "vread Patient p1 demographics normal exact replica"),
  .init(
    "GET /fhir/Observation/p1.o/_history/1",
    "vread Observation p1 mixed unknown+ inferred replica"),
  .init("GET /fhir/Patient/p1/_history", "history Patient p1 demographics normal exact"),
  .init("GET /fhir/Observation/p1.o/_history", "history Observation p1 mixed unknown+ inferred"),
  .init("GET /fhir/Observation/_history", "history Observation ? bulk unknown+ unknown"),
  .init("GET /fhir/Location/_history", "history Location - reference normal exact"),
  .init("GET /fhir/_history", "history none ? bulk unknown+ unknown"),
  .init("GET /fhir/_history?_since=2026-01-01", "history none ? bulk unknown+ unknown"),
  .init("POST /fhir/Patient/p1/_history", "unknown Patient p1 demographics unknown+ unknown"),
]

/// Searches in a compartment.
let compartments: [Expectation] = [
  .init(
    "GET /fhir/Patient/p1/Observation?category=vital-signs",
    "search Observation p1 vitals normal exact replica"),
  .init("GET /fhir/Patient/p1/Observation", "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Patient/p1/AllergyIntolerance",
    "search AllergyIntolerance p1 allergies normal exact replica"),
  .init("GET /fhir/Patient/p1/*", "search none p1 mixed unknown+ exact replica"),
  .init("GET /fhir/Patient/p1/%2A", "search none p1 mixed unknown+ exact replica"),
  .init(
    "POST /fhir/Patient/p1/Observation/_search",
    "search Observation p1 mixed unknown+ unknown"),
  .init(
    "GET /fhir/Patient/p1/Observation?subject=p2",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Patient/p1/Observation?subject=Patient/p1",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Patient/p1/Observation?_id=p2.o1",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Encounter/p1.e1/Observation",
    "search Observation p1 mixed unknown+ inferred replica"),
  .init(
    "GET /fhir/Practitioner/d1/Observation", "search Observation ? bulk unknown+ unknown replica"),
  .init("GET /fhir/Location/l1/Observation", "unknown Location ? reference unknown+ unknown"),
  .init("GET /fhir/Patient/p1/Nonsense", "unknown Patient p1 demographics unknown+ unknown"),
  .init(
    "GET /fhir/Patient/p,1/Observation",
    "search Observation ? bulk unknown+ unknown !malformed-id"),
  .init("GET /fhir/Patient/p1/Observation/o1", "unknown Observation p1 mixed unknown+ unknown"),
]

/// Searches by GET.
let searches: [Expectation] = [
  .init(
    "GET /fhir/Observation?patient=p1&category=vital-signs",
    "search Observation p1 vitals normal exact replica"),
  .init(
    "GET /fhir/Observation?patient=Patient/p1&category=vital-signs",
    "search Observation p1 vitals normal exact replica"),
  .init(
    "GET /fhir/Observation?patient=Patient%2Fp1&category=vital-signs",
    "search Observation p1 vitals normal exact replica"),
  .init(
    "GET /fhir/Observation?subject=Patient/p1&category=laboratory",
    "search Observation p1 laboratory normal+ exact replica"),
  .init(
    "GET /fhir/Observation?subject=p1&category=laboratory",
    "search Observation p1 laboratory normal+ inferred replica"),
  .init(
    "GET /fhir/Observation?subject:Patient=p1&category=laboratory",
    "search Observation p1 laboratory normal+ exact replica"),
  .init(
    "GET /fhir/Observation?subject%3APatient=p1",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=http://terminology.hl7.org/CodeSystem/"
      + "observation-category|vital-signs", "search Observation p1 vitals normal exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=http%3A%2F%2Fterminology.hl7.org%2FCodeSystem%2F"
      + "observation-category%7Cvital-signs", "search Observation p1 vitals normal exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=http://example.org|vital-signs",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=|vital-signs",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=vital-signs,laboratory",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=vital-signs%2Csocial-history",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=vital-signs&category=laboratory",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=vital-signs&code=8867-4",
    "search Observation p1 vitals normal exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=vital-signs&code=12345",
    "search Observation p1 vitals normal exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category:not=vital-signs",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category:text=vital-signs",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=VITAL-SIGNS",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&code=http://loinc.org|85354-9",
    "search Observation p1 vitals normal exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&code=http://loinc.org|2339-0",
    "search Observation p1 laboratory normal exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&code=8480-6,8462-4",
    "search Observation p1 vitals normal exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&code=65750-2",
    "search Observation p1 substance-use restricted+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&code=http://loinc.org|74013-4",
    "search Observation p1 substance-use restricted+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&code=8867-4,44249-1",
    "search Observation p1 behavioral-health restricted+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=vital-signs&_security=PSY",
    "search Observation p1 behavioral-health restricted+ exact replica"),
  .init(
    "GET /fhir/Observation?_security=PSY&patient=p1&category=vital-signs",
    "search Observation p1 behavioral-health restricted+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=vital-signs&_security=R",
    "search Observation p1 vitals restricted+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&_security=http://terminology.hl7.org/CodeSystem/"
      + "v3-Confidentiality|V", "search Observation p1 mixed very-restricted+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&_security=N",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=R",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Condition?patient=p1&_security=SUD,PSY",
    "search Condition p1 mixed restricted+ exact replica"),
  .init(
    "GET /fhir/Condition?patient=p1&_security:not=PSY",
    "search Condition p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Condition?patient=p1&_tag=http://terminology.hl7.org/CodeSystem/v3-ActCode|SEX",
    "search Condition p1 reproductive-health restricted+ exact replica"),
  .init(
    "GET /fhir/Condition?patient=p1&_security=HIV",
    "search Condition p1 mixed restricted+ exact replica"),
  .init(
    "GET /fhir/Condition?patient=p1&category=problem-list-item",
    "search Condition p1 problems normal+ exact replica"),
  .init(
    "GET /fhir/Condition?patient=p1&category=encounter-diagnosis",
    "search Condition p1 problems normal+ exact replica"),
  .init(
    "GET /fhir/Condition?patient=p1&category=vital-signs",
    "search Condition p1 mixed unknown+ exact replica"),
  .init("GET /fhir/Condition?patient=p1", "search Condition p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Condition?patient=p1&code=http://hl7.org/fhir/sid/icd-10-cm|F11.20",
    "search Condition p1 substance-use restricted+ exact replica"),
  .init(
    "GET /fhir/Condition?patient=p1&code=F11",
    "search Condition p1 substance-use restricted+ exact replica"),
  .init(
    "GET /fhir/Condition?patient=p1&code=F110",
    "search Condition p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Condition?patient=p1&code=F33.1",
    "search Condition p1 behavioral-health restricted+ exact replica"),
  .init(
    "GET /fhir/Condition?patient=p1&code=http://snomed.info/sct|72892002",
    "search Condition p1 reproductive-health restricted+ exact replica"),
  .init(
    "GET /fhir/Condition?patient=p1&code:below=55680006",
    "search Condition p1 substance-use restricted+ exact replica"),
  .init(
    "GET /fhir/DocumentReference?patient=p1&category=clinical-note",
    "search DocumentReference p1 notes normal+ exact replica"),
  .init(
    "GET /fhir/DocumentReference?patient=p1&type=http://loinc.org|34117-2",
    "search DocumentReference p1 notes normal+ exact replica"),
  .init(
    "GET /fhir/DocumentReference?patient=p1&category=PSYTHPN",
    "search DocumentReference p1 behavioral-health restricted+ exact replica"),
  .init(
    "GET /fhir/DocumentReference?patient=p1",
    "search DocumentReference p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/DiagnosticReport?patient=p1&category=LAB",
    "search DiagnosticReport p1 laboratory normal+ exact replica"),
  .init(
    "GET /fhir/DiagnosticReport?patient=p1&category=http://terminology.hl7.org/CodeSystem/"
      + "v2-0074|RAD", "search DiagnosticReport p1 imaging normal+ exact replica"),
  .init(
    "GET /fhir/MedicationRequest?patient=p1&status=active",
    "search MedicationRequest p1 medications unknown+ exact replica"),
  .init(
    "GET /fhir/MedicationRequest?patient=p1&_security=OPIOIDUD",
    "search MedicationRequest p1 substance-use restricted+ exact replica"),
  .init(
    "GET /fhir/MedicationRequest?patient=p1&category=vital-signs",
    "search MedicationRequest p1 medications unknown+ exact replica"),
  .init(
    "GET /fhir/AllergyIntolerance?patient=p1",
    "search AllergyIntolerance p1 allergies normal exact replica"),
  .init(
    "GET /fhir/Immunization?patient=p1", "search Immunization p1 immunizations normal exact replica"
  ),
  .init("GET /fhir/Encounter?patient=p1", "search Encounter p1 encounters unknown+ exact replica"),
  .init(
    "GET /fhir/QuestionnaireResponse?patient=p1",
    "search QuestionnaireResponse p1 mixed unknown+ exact replica"),
  .init("GET /fhir/Patient?_id=p1", "search Patient p1 demographics normal exact replica"),
  .init(
    "GET /fhir/Coverage?beneficiary=Patient/p1",
    "search Coverage p1 demographics normal exact replica"),
  .init(
    "GET /fhir/Coverage?beneficiary=p1", "search Coverage p1 demographics normal inferred replica"),
  .init(
    "GET /fhir/Appointment?actor=Patient/p1",
    "search Appointment p1 scheduling normal exact replica"),
  .init(
    "GET /fhir/Appointment?date=2026-11-22",
    "search Appointment ? scheduling normal unknown replica"),
  .init("GET /fhir/Slot?schedule=s1&status=free", "search Slot - scheduling normal exact replica"),
  .init("GET /fhir/Practitioner?name=lee", "search Practitioner - reference normal exact replica"),
  .init("GET /fhir/Location?near=1|2|3", "search Location - reference normal exact replica"),
  .init("GET /fhir/ValueSet?url=http://x/y", "search ValueSet - reference normal exact replica"),
  .init("GET /fhir/Observation", "search Observation ? bulk unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?code=8867-4", "search Observation ? bulk unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?code=65750-2",
    "search Observation ? substance-use restricted+ unknown replica"),
  .init("GET /fhir/Patient?name=smith", "search Patient ? bulk unknown+ unknown replica"),
  .init("GET /fhir/Patient?gender=female", "search Patient ? bulk unknown+ unknown replica"),
  .init("GET /fhir/Observation?_id=p1.o1", "search Observation p1 mixed unknown+ inferred replica"),
  .init("GET /fhir/Observation?_id=o1", "search Observation ? bulk unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?_id=p1.o1,p1.o2",
    "search Observation p1 mixed unknown+ inferred replica"),
  .init(
    "GET /fhir/Observation?_id=o2,p1.o1",
    "search Observation ? mixed unknown+ unknown replica"),
  .init("GET /fhir?_type=Observation&patient=p1", "search none ? bulk unknown+ unknown"),
  .init("GET /fhir?_type=Observation", "search none ? bulk unknown+ unknown replica"),
  .init("GET /fhir/Frobnication?patient=p1", "search unknown ? bulk unknown+ unknown"),
  .init(
    "GET /fhir/Observation?patient=p1&category=vital-signs&_count=50&_sort=-date&_offset=100",
    "search Observation p1 vitals normal exact replica"),
  .init(
    "GET /fhir/Observation?patient=p1&category=vital-signs&wibble=1",
    "search Observation p1 vitals normal exact"),
  .init(
    "GET /fhir/Observation?&&patient=p1&&category=vital-signs&",
    "search Observation p1 vitals normal exact replica"),
]
