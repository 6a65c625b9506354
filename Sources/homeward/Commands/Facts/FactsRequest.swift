internal import Base
internal import Clinical
internal import HTTP

/// A request that somebody describes, to be judged and not sent.
struct FactsRequest {
  /// The method as it was written.
  var method: String
  /// Path and query as they were written.
  var target: String
  /// Header fields, names in lower case.
  var fields: [(name: String, value: String)] = []
  /// The body; nil when none was given.
  var body: [UInt8]?
  /// Where the user is.
  var client: IPAddress?

  /// More than any body that is looked at.
  static let bodyByteCountMax = 64 << 20

  /// Describes a request without fields and body.
  init(method: String, target: String) {
    self.method = method
    self.target = target
  }

  /// The path and query of a URL; nil when there is none.
  static func target(of url: String) -> String? {
    if url.hasPrefix("/") { return url }
    let lower = url.lowercased()
    guard lower.hasPrefix("https://") || lower.hasPrefix("http://") else { return nil }
    let rest = url[url.index(url.startIndex, offsetBy: lower.hasPrefix("https") ? 8 : 7)...]
    guard let end = rest.firstIndex(where: { $0 == "/" || $0 == "?" || $0 == "#" }) else {
      return rest.isEmpty ? nil : "/"
    }
    return rest[end] == "/" ? String(rest[end...]) : "/" + rest[end...]
  }

  /// The value of a field; nil when it is missing or repeated, for then servers differ.
  func field(_ name: String) -> String? {
    let values = fields.filter { $0.name == name }
    return values.count == 1 ? values[0].value : nil
  }

  /// The method as the classifier sees it.
  var clinicalMethod: ClinicalMethod {
    switch method {
    case "GET": .get
    case "HEAD": .head
    case "POST": .post
    case "PUT": .put
    case "PATCH": .patch
    case "DELETE": .delete
    default: .other
    }
  }

  /// What the edge sees in the request.
  func judged(by classifier: Classifier) -> FactsJudgement {
    var canonical: [UInt8] = []
    let result = unsafe Array(target.utf8).withUnsafeBytes {
      unsafe CanonicalTarget.canonicalize($0, into: &canonical)
    }
    guard case .ok(let pathCount) = result else {
      if case .refused(let reason) = result { return FactsJudgement(targetRefusal: reason) }
      return FactsJudgement()
    }
    let head = unsafe canonical.withUnsafeBytes {
      unsafe classifier.classify(method: clinicalMethod, target: $0, pathCount: pathCount)
    }
    let type = field("content-type").map { Array($0.utf8) }
    let coding = field("content-encoding")?.lowercased() ?? "identity"
    let isEncoded =
      coding != "identity" || fields.filter { $0.name == "content-encoding" }.count > 1
    let byteCount = UInt64(body?.count ?? 0)
    let need = unsafe (type ?? []).withUnsafeBytes { bytes in
      unsafe head.bodyNeed(
        contentType: type == nil ? nil : bytes, isEncoded: isEncoded, byteCount: byteCount)
    }
    var judgement = FactsJudgement(target: canonical, head: head, need: need)
    if need != .none { judge(pathCount, with: classifier, &judgement) }
    return judgement
  }

  /// Adds what the body says.
  private func judge(
    _ pathCount: Int, with classifier: Classifier, _ judgement: inout FactsJudgement
  ) {
    var scan = BodyScan(classifier)
    let condition = field("if-none-exist").map { Array($0.utf8) }
    unsafe judgement.target.withUnsafeBytes { target in
      unsafe (condition ?? []).withUnsafeBytes { query in
        unsafe scan.begin(
          judgement.need, head: judgement.head, target: target, pathCount: pathCount,
          ifNoneExist: condition == nil ? nil : query)
      }
    }
    unsafe (body ?? []).withUnsafeBytes { unsafe scan.feed($0) }
    judgement.verdict = scan.finish()
    judgement.scan = scan
  }
}

/// What was found in a request.
struct FactsJudgement {
  /// Why the target has no canonical form.
  var targetRefusal: CanonicalTargetRefusal?
  /// The canonical target.
  var target: [UInt8] = []
  /// What method and target say.
  var head = Classification()
  /// What the body is needed for.
  var need = BodyNeed.none
  /// What the body adds; nil when it is not needed.
  var verdict: BodyVerdict?
  /// The scan of the body, for the homes of several patients.
  var scan: BodyScan?

  /// What is known in the end.
  var facts: Classification { verdict?.classification ?? head }

  /// The one patient's id; nil when there is not exactly one.
  var patientID: [UInt8]? {
    guard case .one(let range) = facts.patient else { return nil }
    guard let verdict else { return Array(target[range]) }
    return unsafe verdict.patientText?.withBytes { unsafe Array($0) }
  }
}
