import Base
import Clinical
import Testing

/// One request and what the classifier must say about it.
///
/// The verdict reads `operation Type patient class sensitivity[+] confidence [replica] [!refusal]`.
/// Patient: its id, `-` none, `?` unknown, `**` several. `+`: may contain restricted data.
struct Expectation: Sendable, CustomTestStringConvertible {
  var request: String
  var verdict: String
  var testDescription: String { request }

  init(_ request: String, _ verdict: String) {
    self.request = request
    self.verdict = verdict
  }
}

/// Classifies `METHOD target`.
func classify(_ request: String, with classifier: Classifier) -> (Classification, [UInt8]) {
  let parts = request.split(separator: " ", maxSplits: 1)
  let methods: [Substring: ClinicalMethod] = [
    "GET": .get, "HEAD": .head, "POST": .post, "PUT": .put, "PATCH": .patch, "DELETE": .delete,
  ]
  let target = Array(parts[1].utf8)
  let pathCount = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
  let result = unsafe target.withUnsafeBytes {
    unsafe classifier.classify(
      method: methods[parts[0]] ?? .other, target: $0, pathCount: pathCount)
  }
  return (result, target)
}

/// The verdict in the form of `Expectation.verdict`.
func describe(_ result: Classification, _ target: [UInt8]) -> String {
  var words = [result.operation.rawValue, "\(result.resourceType.name)"]
  switch result.patient {
  case .none: words.append("-")
  case .one(let range): words.append(String(decoding: target[range], as: UTF8.self))
  case .several: words.append("**")
  case .unknown: words.append("?")
  }
  words.append(result.dataClass.rawValue)
  words.append(result.sensitivity.rawValue + (result.mayContainRestricted ? "+" : ""))
  words.append(result.confidence.rawValue)
  if result.canUseReplica { words.append("replica") }
  if let refusal = result.refusal { words.append("!" + refusal.rawValue) }
  return words.joined(separator: " ")
}
