import Base
import Clinical
import Testing

/// All requests of the tables.
private let requests =
  (interactions + compartments + searches + hazards + ignoredParameters + writes + operations
  + paths).map(\.request)

@Test(arguments: 0..<20 as Range<UInt64>)
func randomBytesNeverTrap(seed: UInt64) {
  var random = SplitMix64(seed: seed)
  let alphabet = Array("/fhirPatientObs?&=,%2Fa.:|$_-*;+\\".utf8) + [0, 0x7F, 0xFF, 0x20]
  var refused = 0
  for _ in 0..<2_000 {
    let target = (0..<Int.random(in: 0..<80, using: &random)).map { _ in
      alphabet.randomElement(using: &random) ?? 0
    }
    let pathCount = Int.random(in: -1...(target.count + 1), using: &random)
    let result = unsafe target.withUnsafeBytes {
      unsafe classifier.classify(method: .get, target: $0, pathCount: pathCount)
    }
    if result.refusal != nil { refused += 1 }
    if case .one(let range) = result.patient { #expect(range.upperBound <= target.count) }
  }
  #expect(refused > 0)
}

@Test(arguments: 0..<20 as Range<UInt64>)
func mutatedRequestsNeverTrap(seed: UInt64) {
  var random = SplitMix64(seed: seed)
  for request in requests {
    var target = Array(request.drop { $0 != " " }.dropFirst().utf8)
    for _ in 0..<3 where !target.isEmpty {
      target[Int.random(in: 0..<target.count, using: &random)] = UInt8.random(
        in: 0...255, using: &random)
    }
    let pathCount = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
    for method in [ClinicalMethod.get, .post, .put, .delete, .other] {
      let result = unsafe target.withUnsafeBytes {
        unsafe classifier.classify(method: method, target: $0, pathCount: pathCount)
      }
      if case .one(let range) = result.patient {
        #expect(!range.isEmpty && range.count <= 64 && range.upperBound <= target.count)
      }
    }
  }
}

/// However it is spelled, a second patient is noticed wherever a first one was named.
@Test(arguments: [
  "patient=ZZ", "subject=Patient/ZZ", "performer=Patient%2FZZ", "wibble=Patient/ZZ",
  "author:Patient=ZZ", "recipient=Practitioner/q,Patient/ZZ",
])
func aSecondPatientIsAlwaysNoticed(parameter: String) {
  var checked = 0
  for request in requests {
    let (before, _) = classify(request, with: classifier)
    guard case .one = before.patient, before.refusal == nil else { continue }
    let longer = request + (request.contains("?") ? "&" : "?") + parameter
    let (after, _) = classify(longer, with: classifier)
    #expect(after.refusal == .twoPatients, "\(longer)")
    #expect(after.patient == .several)
    checked += 1
  }
  #expect(checked > 80)
}

/// A parameter that is not understood takes the replica away and never makes the class milder.
@Test func unknownParametersNeverHelp() {
  for request in requests where request.hasPrefix("GET /fhir/") && request.contains("?") {
    let (before, _) = classify(request, with: classifier)
    guard before.operation == .search, before.refusal == nil else { continue }
    let (after, _) = classify(request + "&x-unknown=vital-signs", with: classifier)
    #expect(!after.canUseReplica)
    #expect(after.dataClass == before.dataClass && after.sensitivity == before.sensitivity)
  }
}

@Test func idsTellNothingWithoutASeparator() {
  let plain = Classifier(patientIDSeparator: nil)
  let (read, target) = classify("GET /fhir/Observation/p1.o1", with: plain)
  #expect(describe(read, target) == "read Observation ? mixed unknown+ unknown replica")
  let (search, other) = classify("GET /fhir/Observation?_id=p1.o1", with: plain)
  #expect(describe(search, other) == "search Observation ? bulk unknown+ unknown replica")
}

@Test func theBaseMayBeTheRoot() {
  let root = Classifier(fhirBasePath: "")
  let (read, target) = classify("GET /Patient/p1", with: root)
  #expect(describe(read, target) == "read Patient p1 demographics normal exact replica")
  let (batch, other) = classify("POST /", with: root)
  #expect(describe(batch, other) == "batch none ? mixed unknown+ unknown")
}

@Test(arguments: [
  ("GET /fhir/Observation/p1.o1", Ambiguity.derivedFromID),
  ("GET /fhir/Observation?subject=p1", .untypedReference),
  ("GET /fhir/Observation?patient=p1&wibble=1", .unknownParameter),
  ("GET /fhir/Observation?patient=p1&category:not=x", .modifier),
  ("GET /fhir/Observation?patient=p1&_include=*", .joined),
  ("GET /fhir/Observation?patient.name=x", .chained),
  ("GET /fhir/Patient?identifier=1", .identifierSearch),
  ("GET /fhir/Observation?patient=http://x/Patient/1", .absoluteReference),
  ("GET /fhir/Observation", .noPatient), ("GET /fhir?_getpages=1", .pagingToken),
  ("POST /fhir/Observation/_search", .body), ("GET /fhir/Nonsense/1", .unknownType),
  ("POST /fhir/$graphql", .graphQL), ("GET /nowhere", .notFHIR),
  ("GET /fhir/Patient/p1", .none),
])
func theRecordLearnsWhy(request: String, reason: Ambiguity) {
  #expect(classify(request, with: classifier).0.ambiguity == reason)
}

@Test(arguments: FHIRRelease.allCases)
func everyTypeHasANameAndAClass(release: FHIRRelease) {
  let classifier = Classifier(release: release)
  var known = 0
  for type in ResourceType.allCases where type != .none && type != .unknown {
    let (result, _) = classify("GET /fhir/\(type.name)/x", with: classifier)
    if result.resourceType == .unknown { continue }
    #expect(result.resourceType == type)
    #expect(result.dataClass != .unknown)
    known += 1
  }
  // The concrete types of either; both together, with `none` and `unknown`, are 180.
  #expect(known == (release == .r4 ? 146 : 158))
  #expect(ResourceType.allCases.count == 180)
}

/// How protected the facts are: each part may only rise when parameters are added.
private struct Protection {
  var sensitivity: Int
  var mayContainRestricted: Bool
  var isSpecial: Bool
  var isUnsure: Int
  var isRefused: Bool

  init(_ facts: Classification) {
    let levels: [Sensitivity] = [.normal, .unknown, .restricted, .veryRestricted]
    sensitivity = levels.firstIndex(of: facts.sensitivity) ?? 0
    mayContainRestricted = facts.mayContainRestricted
    // Two protected classes at once are `mixed`, and stay restricted.
    isSpecial = facts.sensitivity == .restricted || facts.sensitivity == .veryRestricted
    isUnsure = facts.canUseReplica ? 0 : 1
    isRefused = facts.refusal != nil
  }

  func isAtLeast(_ other: Protection) -> Bool {
    // What is refused is not served at all, and need not be read to its end.
    if isRefused { return true }
    return sensitivity >= other.sensitivity && (mayContainRestricted || !other.mayContainRestricted)
      && (isSpecial || !other.isSpecial) && isUnsure >= other.isUnsure
      && (isRefused || !other.isRefused)
  }
}

/// Parameters that narrow nothing never make a search less protected, whatever else stands in it.
@Test(arguments: 0..<20 as Range<UInt64>)
func moreParametersNeverProtectLess(seed: UInt64) {
  var random = SplitMix64(seed: seed)
  let narrowing = ["category=vital-signs", "category=laboratory", "code=8867-4", "status=final"]
  let others = [
    "_security=PSY", "_security=R", "_security=V", "code=65750-2", "combo-code=44249-1",
    "_include=*", "_include:iterate=Observation:subject", "_revinclude=Provenance:target",
    "_has:Group:member:_id=1", "wibble=1", "category:not=laboratory", "subject.name=x",
    "_getpages=1", "performer=Patient/B", "patient=B", "_sort=date", "_query=q", "category=",
    "identifier=1", "_tag=http://terminology.hl7.org/CodeSystem/v3-ActCode|SUD", "x=%zz",
  ]
  var risen = 0
  for _ in 0..<200 {
    var parameters = ["patient=A"]
    for _ in 0..<Int.random(in: 0..<3, using: &random) {
      parameters.append(narrowing.randomElement(using: &random) ?? "")
    }
    var last = Protection(classified(parameters))
    for _ in 0..<4 {
      let index = Int.random(in: 0...parameters.count, using: &random)
      parameters.insert(others.randomElement(using: &random) ?? "", at: index)
      let next = Protection(classified(parameters))
      #expect(next.isAtLeast(last), "\(parameters)")
      if !last.isAtLeast(next) { risen += 1 }
      last = next
    }
  }
  #expect(risen > 200)
}

/// The facts of a search for Observations.
private func classified(_ parameters: [String]) -> Classification {
  let request = "GET /fhir/Observation?" + parameters.joined(separator: "&")
  return classify(request, with: classifier).0
}
