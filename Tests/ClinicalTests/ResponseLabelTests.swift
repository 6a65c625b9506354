import Base
import Testing

@testable import Clinical

/// Reads a body in pieces.
func labels(
  _ pieces: [ArraySlice<UInt8>], isLines: Bool = false, with classifier: Classifier = classifier
) -> (LabelSummary, JSONFault?) {
  var labels = ResponseLabels(classifier)
  labels.reset(isLines: isLines)
  for piece in pieces { unsafe piece.withUnsafeBytes { unsafe labels.feed($0) } }
  labels.finish()
  return (labels.summary, labels.fault)
}

/// The summary as words: class or `-`, sensitivity, then `label`, `code`, `odd`.
private func describe(_ text: String, isLines: Bool = false) -> String {
  let (summary, fault) = labels([ArraySlice(text.utf8)], isLines: isLines)
  var words = [summary.dataClass?.rawValue ?? "-", summary.sensitivity.rawValue]
  if summary.isLabelled { words.append("label") }
  if summary.isCoded { words.append("code") }
  if summary.hasUnknownLabel { words.append("odd") }
  if let fault { words.append("!\(fault)") }
  return words.joined(separator: " ")
}

private let actCode = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
private let confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

/// A resource with labels, each `system|code`.
private func resource(_ type: String, _ labels: [String], _ rest: String = "") -> String {
  let codings = labels.map { label in
    let parts = label.split(separator: "|", maxSplits: 1)
    return #"{"system":"\#(parts[0])","code":"\#(parts[1])","display":"x"}"#
  }
  return
    #"{"resourceType":"\#(type)","id":"a","meta":{"versionId":"1","security":["#
    + codings.joined(separator: ",") + "]}" + (rest.isEmpty ? "" : "," + rest) + "}"
}

/// A Bundle of resources.
private func bundle(_ resources: [String], meta: String = "") -> String {
  #"{"resourceType":"Bundle",\#(meta)"type":"searchset","entry":["#
    + resources.map { #"{"fullUrl":"urn:x","resource":\#($0),"search":{"mode":"match"}}"# }
    .joined(separator: ",") + "]}"
}

/// Answers and what they say.
private let answers: [(String, String)] = [
  ("{}", "- normal"),
  (#"{"resourceType":"Patient","id":"a"}"#, "- normal"),
  (resource("Observation", ["\(confidentiality)|N"]), "- normal"),
  (resource("Observation", ["\(confidentiality)|R"]), "- restricted label"),
  (resource("Observation", ["\(confidentiality)|V"]), "- very-restricted label"),
  (resource("Observation", ["\(confidentiality)|X"]), "- unknown odd"),
  (resource("Observation", ["\(actCode)|NODSCLCD"]), "- unknown odd"),
  (resource("Observation", ["http://example.org|x"]), "- normal"),
  (resource("Condition", ["\(actCode)|PSY"]), "behavioral-health restricted label"),
  (
    resource("Condition", ["\(confidentiality)|V", "\(actCode)|SUD"]),
    "substance-use very-restricted label"
  ),
  (resource("Condition", ["\(actCode)|SUD", "\(actCode)|PSY"]), "mixed restricted label"),
  (resource("Condition", ["\(actCode)|HIV"]), "mixed restricted label"),
  (resource("Condition", ["http://local|42CFRPart2"]), "substance-use restricted label"),
  (resource("Condition", ["\(actCode)|PROCESSINLINELABEL"]), "- restricted label"),
  (
    bundle([
      resource("Observation", ["\(confidentiality)|N"]), resource("Condition", ["\(actCode)|SEX"]),
    ]), "reproductive-health restricted label"
  ),
  (
    bundle(
      [#"{"resourceType":"Observation"}"#],
      meta: #""meta":{"security":[{"system":"\#(confidentiality)","code":"R"}]},"#),
    "- restricted label"
  ),
  (
    resource(
      "Observation", ["\(confidentiality)|N"],
      #""contained":["# + resource("Condition", ["\(actCode)|ETHUD"]) + "]"),
    "substance-use restricted label"
  ),
  (
    #"{"resourceType":"Parameters","parameter":[{"name":"x","resource":"#
      + resource("Condition", ["\(actCode)|BH"]) + "}]}", "behavioral-health restricted label"
  ),
  (#"{"security":[{"system":"\#(actCode)","code":"PSY"}]}"#, "behavioral-health restricted code"),
  (#"{"meta":{"tag":[{"system":"http://local","code":"PSY"}]}}"#, "- normal"),
  (#"{"meta":{"security":{"code":"PSY"}}}"#, "behavioral-health restricted label"),
  (#"{"meta":{"security":[[{"code":"PSY"}]]}}"#, "behavioral-health restricted label"),
  (
    #"{"m\u0065ta":{"securit\u0079":[{"c\u006fde":"\u0050SY"}]}}"#,
    "behavioral-health restricted label"
  ),
  (#"{"meta":{"security":[{"code":"PSY","code":"N"}]}}"#, "behavioral-health restricted label"),
  (#"{"meta":{"security":[{"code":"N","code":"PSY"}]}}"#, "behavioral-health restricted label"),
  (#"{"meta":{"security":[{"code":"R"}]},"meta":{}}"#, "- restricted label"),
  (
    #"{"resourceType":"Condition","code":{"coding":[{"#
      + #""system":"http://hl7.org/fhir/sid/icd-10-cm","#
      + #""code":"F11.20"}]}}"#, "substance-use restricted code"
  ),
  (
    #"{"code":{"coding":[{"code":"F17.210","system":"http://hl7.org/fhir/sid/icd-10-cm"}]}}"#,
    "- normal"
  ),
  (#"{"code":{"coding":[{"code":"65750-2"}]}}"#, "substance-use restricted code"),
  (#"{"code":{"coding":[{"system":"http://loinc.org","code":"2339-0"}]}}"#, "- normal"),
  (
    #"{"code":{"coding":[{"system":"http://snomed.info/sct","code":"65750-2"}]}}"#, "- normal"
  ),
  (
    #"{"address":[{"country":"BH"}],"x":{"system":"urn:iso:std:iso:3166","code":"BH"}}"#,
    "- "
      + "normal"
  ),
  (#"{"valueQuantity":{"system":"http://unitsofmeasure.org","code":"R"}}"#, "- normal"),
  (#"{"text":{"div":"<div>\"security\":[{\"code\":\"PSY\"}]</div>"}}"#, "- normal"),
  (#"{"meta":{"security":[{"code":"PSY""#, "- normal !incomplete"),
  (#"{"meta":{"security":[{"code":"PSY"}],}}"#, "behavioral-health restricted label !syntax"),
  ("<Bundle/>", "- normal !syntax"),
]

@Test(arguments: answers)
func answerIsJudged(body: String, verdict: String) {
  #expect(describe(body) == verdict)
}

/// Cut anywhere, an answer says the same.
@Test(arguments: answers)
func cutAnswersSayTheSame(body: String, verdict: String) {
  let bytes = ArraySlice(body.utf8)
  let (whole, fault) = labels([bytes])
  for cut in bytes.indices {
    let (summary, other) = labels([bytes[..<cut], bytes[cut...]])
    #expect(summary == whole && other == fault, "cut at \(cut)")
  }
  let (summary, other) = labels(bytes.indices.map { bytes[$0...$0] })
  #expect(summary == whole && other == fault)
}

/// Whatever happens to an answer, nothing traps, and a prefix never says more than the whole.
@Test(arguments: 0..<10 as Range<UInt64>)
func damagedAnswersNeverTrap(seed: UInt64) {
  var random = SplitMix64(seed: seed)
  var faults = 0
  for (body, _) in answers {
    var bytes = Array(body.utf8)
    damage(&bytes, using: &random)
    let cut = Int.random(in: 0...bytes.count, using: &random)
    let (part, _) = labels([bytes[..<cut]])
    let (whole, fault) = labels([bytes[..<cut], bytes[cut...]])
    #expect(part.sensitivity.rank <= whole.sensitivity.rank)
    #expect(part.labelCount <= whole.labelCount)
    if fault != nil { faults += 1 }
  }
  #expect(faults > 0)
}

@Test func linesAreReadOneByOne() {
  let lines =
    [
      resource("Observation", ["\(confidentiality)|N"]), resource("Condition", ["\(actCode)|PSY"]),
    ].joined(separator: "\n") + "\n"
  #expect(describe(lines, isLines: true) == "behavioral-health restricted label")
  #expect(describe(lines) == "- normal !trailing")
  #expect(labels([ArraySlice(lines.utf8)], isLines: true).0.resourceCount == 2)
}

@Test func labelsAreRaisedOverAssumptions() {
  func escalated(_ request: String, _ label: String) -> String {
    let assumed = classify(request, with: classifier).0
    let text = resource("Observation", [label])
    guard let next = labels([ArraySlice(text.utf8)]).0.escalation(over: assumed) else { return "-" }
    return "\(next.dataClass.rawValue) \(next.sensitivity.rawValue)"
  }
  let vitals = "GET /fhir/Observation?patient=p1&category=vital-signs"
  #expect(escalated(vitals, "\(confidentiality)|N") == "-")
  #expect(escalated(vitals, "\(confidentiality)|R") == "vitals restricted")
  #expect(escalated(vitals, "\(confidentiality)|Z") == "vitals unknown")
  #expect(escalated(vitals, "\(actCode)|PSY") == "behavioral-health restricted")
  #expect(escalated(vitals + "&_security=PSY", "\(actCode)|PSY") == "-")
  #expect(escalated(vitals + "&_security=PSY", "\(actCode)|SUD") == "mixed restricted")
  #expect(
    escalated(vitals + "&_security=PSY", "\(confidentiality)|V")
      == "behavioral-health very-restricted")
  #expect(escalated("GET /fhir/Condition/p1.c", "\(actCode)|SUD") == "substance-use restricted")
}

/// A long answer is judged in the memory of a short one: the machine has no place to put more.
@Test func longAnswersAreJudgedInPieces() {
  var machine = ResponseLabels(classifier)
  func feed(_ text: String) { unsafe Array(text.utf8).withUnsafeBytes { unsafe machine.feed($0) } }
  feed(#"{"resourceType":"Bundle","entry":["#)
  let entry = #"{"resource":\#(resource("Observation", ["\(confidentiality)|N"]))}"#
  for _ in 0..<2_000 { feed(entry + ",") }
  feed(#"{"resource":\#(resource("Condition", ["\(actCode)|PSY"]))}]}"#)
  machine.finish()
  #expect(machine.fault == nil)
  #expect(machine.summary.dataClass == .behavioralHealth)
  #expect(machine.summary.resourceCount == 2_002 && machine.summary.labelCount == 2_001)
}

/// Rows and version change together: a changed catalogue is another version.
@Test func theCatalogueHasItsVersion() {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  func add(_ text: String) {
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
  }
  for (code, row) in TokenCatalogue.rows {
    add("\(code) \(row.dataClass?.rawValue ?? "-") \(row.sensitivity) \(row.system)")
  }
  for type in ResourceType.allCases {
    add("\(type.name) \(type.row.dataClass.rawValue) \(type.row.canBeSensitive)")
  }
  #expect(TokenCatalogue.version == "2026.11.1")
  #expect(hash == 5_360_064_184_211_728_839)
}
