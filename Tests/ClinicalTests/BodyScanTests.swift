import Base
import Clinical
import Testing

/// All requests with bodies.
let bodies = resourceBodies + codedBodies + writtenBodies + formBodies + bundleBodies

@Test(arguments: bodies)
func bodyIsJudged(_ expectation: BodyCase) {
  #expect(judge(expectation, pieces: [ArraySlice(expectation.body.utf8)]) == expectation.verdict)
}

@Test func theTablesAreLargeEnough() {
  #expect(bodies.count >= 180)
}

/// Cut anywhere, in two pieces or in single bytes, and with a scan that was used before, a body
/// says the same.
@Test(arguments: bodies)
func cutBodiesSayTheSame(_ expectation: BodyCase) {
  let bytes = ArraySlice(expectation.body.utf8)
  var scan = BodyScan(classifier)
  for cut in bytes.indices {
    let verdict = judge(expectation, pieces: [bytes[..<cut], bytes[cut...]], scan: &scan)
    #expect(verdict == expectation.verdict, "cut at \(cut)")
  }
  let single = judge(expectation, pieces: bytes.indices.map { bytes[$0...$0] }, scan: &scan)
  #expect(single == expectation.verdict)
}

/// Damaged bodies never trap; a verdict with one patient has that patient's text.
@Test(arguments: 0..<12 as Range<UInt64>)
func damagedBodiesNeverTrap(seed: UInt64) {
  var random = SplitMix64(seed: seed)
  var scan = BodyScan(classifier)
  var refused = 0
  for expectation in bodies {
    var bytes = Array(expectation.body.utf8)
    damage(&bytes, using: &random)
    let cut = Int.random(in: 0...bytes.count, using: &random)
    let pieces = [bytes[..<cut], bytes[cut...]]
    let verdict = judge(expectation, pieces: pieces, scan: &scan)
    if verdict.contains(" !") { refused += 1 }
    // The same bytes judged again say the same: nothing is left of the request before.
    #expect(judge(expectation, pieces: [ArraySlice(bytes)]) == verdict)
  }
  #expect(refused > 50)
}

/// Another patient's reference anywhere in a body is noticed.
@Test(arguments: [
  #""performer":[{"reference":"Patient/q7"}]"#,
  #""extension":[{"valueReference":{"#
    + #""reference":"Patient/q7"}}]"#,
  #""contained":[{"resourceType":"List","entry":[{"item":{"reference":"Patient/q7"}}]}]"#,
  #""focus":{"reference":"Patient\/q7"}"#,
  #""note":[{"authorReference":{"#
    + #""reference":"P\u0061tient/q7/_history/1"}}]"#,
])
func anotherPatientIsAlwaysNoticed(member: String) {
  let plain = BodyCase("POST /fhir/Observation", observation("Patient/p1", member), "")
  #expect(judge(plain, pieces: [ArraySlice(plain.body.utf8)]).hasSuffix("home:**"))
  let inside = bundle("transaction", [("POST Observation", plain.body)])
  let batch = BodyCase("POST /fhir", inside, "")
  #expect(judge(batch, pieces: [ArraySlice(inside.utf8)]).hasSuffix("home:**"))
}

/// One bad entry among many is found, wherever it stands.
@Test(arguments: [0, 1, 17, 39])
func onePoisonedEntryRefusesTheBatch(position: Int) {
  var entries = (0..<40).map { ("GET Observation/p1.o\($0)", String?.none) }
  entries[position].0 = "GET Observation?patient=p1&performer=Patient/q1"
  let batch = BodyCase("POST /fhir", bundle("batch", entries), "")
  let verdict = judge(batch, pieces: [ArraySlice(batch.body.utf8)])
  #expect(verdict.contains("!two-patients") && verdict.hasSuffix("entry:\(position)"))
}

@Test func bodiesAreBounded() {
  func verdict(
    _ request: String, _ body: String, type: String = "application/fhir+json"
  ) -> String {
    judge(BodyCase(request, body, "", type: type), pieces: [ArraySlice(body.utf8)])
  }
  let manyEntries = (0...ClinicalLimits.entriesMax).map { index in
    ("GET Patient/p\(index % 3)", String?.none)
  }
  #expect(verdict("POST /fhir", bundle("batch", manyEntries)).contains("!too-many-parameters"))
  let manyPatients = (0...ClinicalLimits.bodyPatientsMax).map { index in
    ("GET Patient/p\(index)", String?.none)
  }
  #expect(verdict("POST /fhir", bundle("batch", manyPatients)).contains("!too-many-parameters"))
  let longURL = "GET Observation?code=" + String(repeating: "x", count: 3_000)
  #expect(verdict("POST /fhir", bundle("batch", [(longURL, nil)])).contains("!malformed-path"))
  let longForm = "patient=p1&code=" + String(repeating: "x", count: ClinicalLimits.formBytesMax)
  #expect(
    verdict(
      "POST /fhir/Observation/_search", longForm, type: "application/x-www-form-urlencoded")
      == "search Observation ? mixed unknown+ unknown (large-body) home:?")
}

/// A body whose length nobody told is too long as soon as it is.
@Test func longBodiesAreNoticedOnTheWay() {
  let (head, target) = classify("POST /fhir/Observation", with: classifier)
  let type = Array("application/json".utf8)
  let need = unsafe type.withUnsafeBytes {
    unsafe head.bodyNeed(contentType: $0, isEncoded: false, byteCount: nil)
  }
  #expect(need == .json(byteCountMax: ClinicalLimits.resourceBytesMax))
  var scan = BodyScan(classifier)
  unsafe target.withUnsafeBytes {
    unsafe scan.begin(need, head: head, target: $0, pathCount: $0.count)
  }
  let space = [UInt8](repeating: 0x20, count: 1 << 16)
  var fed = 0
  while !scan.isDecided, fed < 1_000 {
    unsafe space.withUnsafeBytes { unsafe scan.feed($0) }
    fed += 1
  }
  #expect(fed == ClinicalLimits.resourceBytesMax / space.count + 1)
  #expect(scan.finish().classification.ambiguity == .largeBody)
}

@Test(
  arguments: [
    ("GET /fhir/Observation?patient=p1", "", false, nil, BodyNeed.none),
    ("DELETE /fhir/Patient/p1", "application/json", false, 2, .none),
    ("POST /fhir/ValueSet/$expand", "application/json", false, 2, .none),
    ("POST /fhir/$graphql", "application/json", false, 2, .none),
    ("POST /fhir/$export", "application/json", false, 2, .none),
    ("POST /portal/login", "application/json", false, 2, .none),
    ("POST /fhir/Patient/a,b/_search", "application/json", false, 2, .none),
    ("POST /fhir/Observation/_search", "", false, 0, .form(byteCountMax: 65_536)),
    ("POST /fhir/Observation/_search", "", false, 1, .unjudged(.unreadableBody)),
    ("POST /fhir/Observation", "application/json", true, 1, .unjudged(.unreadableBody)),
    ("POST /fhir/Observation", "text/json", false, 1, .unjudged(.unreadableBody)),
    ("POST /fhir/Observation", "application/jsonx", false, 1, .unjudged(.unreadableBody)),
    (
      "POST /fhir/Observation", "application/json;charset=\"utf-8\"", false, 1,
      .unjudged(.unreadableBody)
    ),
    (
      "POST /fhir/Observation", " application/json ; charset=Utf-8 ; x=y ", false, 1,
      .json(byteCountMax: 4 << 20)
    ),
    ("POST /fhir/Observation", "application/json", false, 4 << 20, .json(byteCountMax: 4 << 20)),
    ("POST /fhir/Observation", "application/json", false, 4 << 20 + 1, .unjudged(.largeBody)),
    ("POST /fhir/Observation", "application/json-patch+json", false, 1, .unjudged(.unreadableBody)),
    ("POST /fhir", "application/fhir+json", false, 1, .json(byteCountMax: 8 << 20)),
    ("POST /fhir", "application/fhir+xml", false, 1, .unjudged(.unreadableBody)),
  ] as [(String, String, Bool, UInt64?, BodyNeed)])
func theHeadTellsWhatIsNeeded(
  request: String, type: String, isEncoded: Bool, byteCount: UInt64?, need: BodyNeed
) {
  let head = classify(request, with: classifier).0
  let bytes = Array(type.utf8)
  let found = unsafe bytes.withUnsafeBytes {
    unsafe head.bodyNeed(
      contentType: type.isEmpty ? nil : $0, isEncoded: isEncoded, byteCount: byteCount)
  }
  #expect(found == need)
}
