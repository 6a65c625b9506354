import Clinical
import Testing

/// One request with its body, and what must be said about it.
///
/// The verdict is that of `Expectation`, then the ambiguity in parentheses unless there is none,
/// `home:` with what `home(of:)` says of its patients unless that is `none`, `reads` for batches
/// and searches that only read, and `entry:` with the entry at fault.
struct BodyCase: Sendable, CustomTestStringConvertible {
  var request: String
  var type: String
  var body: String
  var condition: String?
  var verdict: String
  var testDescription: String { "\(request) \(body.prefix(80))" }

  init(
    _ request: String, _ body: String, _ verdict: String,
    type: String = "application/fhir+json", condition: String? = nil
  ) {
    self.request = request
    self.type = type
    self.body = body
    self.condition = condition
    self.verdict = verdict
  }
}

/// Judges a request whose body comes in pieces.
func judge(
  _ expectation: BodyCase, pieces: [ArraySlice<UInt8>], with classifier: Classifier = classifier
) -> String {
  var scan = BodyScan(classifier)
  return judge(expectation, pieces: pieces, scan: &scan, with: classifier)
}

/// The same with a scan that was used before.
func judge(
  _ expectation: BodyCase, pieces: [ArraySlice<UInt8>], scan: inout BodyScan,
  with classifier: Classifier = classifier
) -> String {
  let (head, target) = classify(expectation.request, with: classifier)
  let type = Array(expectation.type.utf8)
  let byteCount = pieces.reduce(0) { $0 + $1.count }
  let need = unsafe type.withUnsafeBytes {
    unsafe head.bodyNeed(
      contentType: type.isEmpty ? nil : $0, isEncoded: false, byteCount: UInt64(byteCount))
  }
  let pathCount = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
  let condition = Array((expectation.condition ?? "").utf8)
  unsafe target.withUnsafeBytes { target in
    unsafe condition.withUnsafeBytes { query in
      unsafe scan.begin(
        need, head: head, target: target, pathCount: pathCount,
        ifNoneExist: expectation.condition == nil ? nil : query)
    }
  }
  for piece in pieces where !scan.isDecided {
    unsafe piece.withUnsafeBytes { unsafe scan.feed($0) }
  }
  let verdict = scan.finish()
  return unsafe describe(verdict, home: scan.home { unsafe home(of: $0) })
}

/// The homes of the tests' patients by the id's first byte; `x…` is not known.
func home(of id: UnsafeRawBufferPointer) -> String? {
  switch unsafe id.first {
  case UInt8(ascii: "p"): "west"
  case UInt8(ascii: "q"): "east"
  default: nil
  }
}

/// The verdict as words.
private func describe(_ verdict: BodyVerdict, home: JointHome<String>) -> String {
  let id = unsafe verdict.patientText?.withBytes { unsafe Array($0) } ?? []
  var text = describe(verdict.classification, id)
  if verdict.classification.ambiguity != .none {
    text += " (\(verdict.classification.ambiguity.word))"
  }
  switch home {
  case .none: break
  case .one(let name): text += " home:\(name)"
  case .several: text += " home:**"
  case .unknown: text += " home:?"
  }
  if verdict.isReadOnly { text += " reads" }
  if let index = verdict.refusedEntry { text += " entry:\(index)" }
  return text
}

/// A batch or transaction of `METHOD url` with a resource or none each.
func bundle(_ type: String, _ entries: [(String, String?)]) -> String {
  let texts = entries.map { request, resource in
    let parts = request.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
    let resource = resource.map { #""resource":\#($0),"# } ?? ""
    return #"{\#(resource)"request":{"method":"\#(parts[0])","url":"\#(parts[1])"}}"#
  }
  return #"{"resourceType":"Bundle","type":"\#(type)","entry":["# + texts.joined(separator: ",")
    + "]}"
}

/// An Observation of a patient.
func observation(_ patient: String, _ rest: String = "") -> String {
  #"{"resourceType":"Observation","subject":{"reference":"\#(patient)"}"#
    + (rest.isEmpty ? "" : "," + rest) + "}"
}

/// A category or a code.
func concept(_ key: String, _ system: String, _ codes: String...) -> String {
  let codings = codes.map { #"{"system":"\#(system)","code":"\#($0)"}"# }.joined(separator: ",")
  return key == "category"
    ? #""category":[{"coding":[\#(codings)]}]"# : #""\#(key)":{"coding":[\#(codings)]}"#
}

let categories = "http://terminology.hl7.org/CodeSystem/observation-category"
let loinc = "http://loinc.org"
