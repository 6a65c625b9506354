import Base
import Clinical
import Testing

/// A server of R5 that knows its own name.
private let r5 = Classifier(release: .r5, serverURLs: ["https://ehr.example/fhir"])

@Test(arguments: r5Requests)
func requestIsClassifiedForR5(_ expectation: Expectation) {
  let (result, target) = classify(expectation.request, with: r5)
  #expect(describe(result, target) == expectation.verdict)
}

/// What R5 changed, and references below the server's own URL.
private let r5Requests: [Expectation] = [
  .init("GET /fhir/DeviceUsage/p1.d", "read DeviceUsage p1 notes unknown+ inferred replica"),
  .init(
    "GET /fhir/ImagingSelection?patient=p1",
    "search ImagingSelection p1 imaging normal exact replica"),
  .init("GET /fhir/Media/p1.m", "read unknown ? unknown unknown+ unknown"),
  .init("GET /fhir/RequestGroup?patient=p1", "search unknown ? bulk unknown+ unknown"),
  .init(
    "GET /fhir/RequestOrchestration?subject=Patient/p1",
    "search RequestOrchestration p1 orders unknown+ exact replica"),
  .init(
    "GET /fhir/Appointment?subject=Patient/p1",
    "search Appointment p1 scheduling normal exact replica"),
  .init("GET /fhir/Consent?subject=Patient/p1", "search Consent p1 consent normal exact replica"),
  .init("GET /fhir/Device?patient=p1", "search Device ? bulk unknown+ unknown"),
  .init(
    "GET /fhir/ResearchSubject?individual=Patient/p1",
    "search ResearchSubject ? bulk unknown+ unknown"),
  .init("GET /fhir/TestPlan/t", "read TestPlan - reference normal exact replica"),
  .init("GET /fhir/Permission/p1.x", "read Permission p1 consent normal inferred replica"),
  .init("POST /fhir/NutritionIntake", "create NutritionIntake ? notes unknown+ unknown"),
  .init(
    "GET /fhir/Observation?patient=https://ehr.example/fhir/Patient/p1",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?patient=https%3A%2F%2Fehr.example%2Ffhir%2FPatient%2Fp1",
    "search Observation p1 mixed unknown+ exact replica"),
  .init(
    "GET /fhir/Observation?subject=p1&performer=https://ehr.example/fhir/Patient/p2",
    "search Observation ** mixed unknown+ unknown !two-patients"),
  .init(
    "GET /fhir/Observation?patient=https://ehr.example/fhir2/Patient/p1",
    "search Observation ? mixed unknown+ unknown replica"),
  .init(
    "GET /fhir/Observation?patient=https://other.example/fhir/Patient/p1",
    "search Observation ? mixed unknown+ unknown replica"),
]

@Test(arguments: shapes)
func shapeIsClassified(_ expectation: Expectation) {
  let (result, target) = classify(expectation.request, with: classifier)
  #expect(describe(result, target) == expectation.verdict)
}

/// Paging tokens in paths, GraphQL, validation, bulk jobs, and what patterns name.
private let shapes: [Expectation] = [
  .init("GET /fhir/__page/0f3c", "search none ? mixed unknown+ unknown"),
  .init("GET /fhir/Observation/__page/0f3c", "search Observation ? mixed unknown+ unknown"),
  .init(
    "GET /fhir/Observation/__page?patient=p1&__t=1&__page-offset=50",
    "search Observation ? mixed unknown+ unknown"),
  .init("POST /fhir/Observation/__page", "search Observation ? mixed unknown+ unknown"),
  .init("GET /fhir/__history-page/1", "search none ? mixed unknown+ unknown"),
  .init("GET /fhir/Practitioner/__page/1", "search Practitioner ? mixed unknown+ unknown"),
  .init("DELETE /fhir/__page/1", "delete unknown ? unknown unknown+ unknown"),
  .init("GET /fhir/__page/a/b/c", "unknown unknown ? unknown unknown+ unknown"),
  .init(
    "GET /fhir/Patient/$includes?includesCt=1&patient=p1",
    "search Patient ? mixed unknown+ unknown"),
  .init("GET /fhir/$graphql?query=%7BPatient%7D", "operation none ? mixed unknown+ unknown"),
  .init("POST /fhir/Patient/p1/$graphql", "operation Patient p1 mixed unknown+ unknown"),
  .init("POST /fhir/Observation/$validate", "operation Observation ? mixed unknown+ unknown"),
  .init("GET /fhir/Observation/p1.o/$validate", "operation Observation p1 mixed unknown+ inferred"),
  .init("POST /fhir/ConceptMap/$closure", "read ConceptMap - reference normal exact replica"),
  .init("POST /fhir/$closure", "operation none ? mixed unknown+ unknown"),
  .init("GET /bulk-files/j1/Patient.ndjson", "export none ? bulk unknown+ unknown"),
  .init("DELETE /bulk-files/j1", "operation none ? bulk unknown+ unknown"),
  .init("POST /bulk-files/j1", "unknown none ? bulk unknown+ unknown"),
  .init("GET /fhir/_operations/export/j1", "export none ? bulk unknown+ unknown"),
  .init("DELETE /fhir/_operations/export/j1", "operation none ? bulk unknown+ unknown"),
  .init(
    "GET /fhir/_operations/import/j1", "unknown unknown ? unknown unknown+ unknown"),
  .init("GET /dicom-web/studies/1.2.3", "asset none ? imaging unknown+ unknown replica"),
  .init("POST /dicom-web/studies", "unknown none ? imaging unknown+ unknown"),
  .init("GET /dicom-web", "unknown none ? unknown unknown+ unknown"),
  .init("GET /dicom-web/", "unknown none ? unknown unknown+ unknown"),
  .init("GET /dicom-web/site.css", "asset none ? imaging unknown+ unknown replica"),
  .init("GET /hours", "asset none - reference normal exact replica"),
  .init("GET /theme/site.css", "asset none - asset normal exact replica"),
  .init("GET /theme/.css", "unknown none ? unknown unknown+ unknown"),
  .init("GET /theme/site.CSS", "unknown none ? unknown unknown+ unknown"),
  .init("GET /fhir/Patient/site.css", "read Patient site.css demographics normal exact replica"),
  .init("GET /FHIR/site.css", "unknown none ? unknown unknown+ unknown"),
  .init("GET /portal/%61pp.js", "asset none - asset normal exact replica"),
  .init("GET /port%61l/app", "unknown none ? unknown unknown+ unknown"),
]

@Test(
  arguments: [
    ("portal", .notAPattern), ("", .notAPattern), ("*", .notAPattern), ("*.", .notAPattern),
    ("*js", .notAPattern), ("*.j*", .notAPattern), ("*.js/", .notAPattern), ("/a/", .notAPattern),
    ("/a//b", .notAPattern), ("/a/../b", .notAPattern), ("/a/./*", .notAPattern),
    ("/a*", .notAPattern), ("/*/a", .notAPattern), ("/a%20b", .notAPattern), ("/a b", .notAPattern),
    ("/a?b", .notAPattern), ("/ä", .notAPattern), ("//*", .notAPattern),
    ("/" + String(repeating: "x", count: 256), .tooLong), ("/known", .repeated),
  ] as [(String, PathPatternFault.Reason)])
func wrongPatternsAreRefused(text: String, reason: PathPatternFault.Reason) {
  #expect(throws: PathPatternFault(index: 1, reason: reason)) {
    try PathPatterns([("/known", .asset), (text, .asset)])
  }
}

@Test func patternsAreBoundedAndHaveAClass() {
  #expect(throws: PathPatternFault(index: 0, reason: .unknownClass)) {
    try PathPatterns([("/x", .unknown)])
  }
  let many = (0...ClinicalLimits.pathPatternsMax).map { ("/p\($0)", DataClass.asset) }
  #expect(throws: PathPatternFault.self) { try PathPatterns(many) }
}

/// Every pattern form at once: the more particular one decides, in whatever order they stand.
@Test func theMoreParticularPatternDecides() throws {
  var rows: [(String, DataClass)] = [
    ("*.js", .asset), ("*.min.js", .reference), ("/a/*", .imaging), ("/a/b/*", .billing),
    ("/a/b/c.js", .notes),
  ]
  for _ in rows {
    rows.append(rows.removeFirst())
    let classifier = Classifier(patterns: try PathPatterns(rows))
    let classes = ["/x.js", "/x.min.js", "/a/x.js", "/a/b/x.js", "/a/b/c.js", "/a/b/c.js/d"].map {
      classify("GET \($0)", with: classifier).0.dataClass
    }
    #expect(classes == [.asset, .reference, .imaging, .billing, .notes, .billing])
  }
}
