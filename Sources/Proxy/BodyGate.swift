internal import Base
internal import Clinical
internal import HTTP
internal import Identity

/// Holds a request back until its body tells what it is about.
///
/// Sans I/O: the driver keeps the bytes and hands them on in order once the request is judged.
/// Bounded by the need's own bound: INVARIANT (held body): credit is given for bytes that were
/// scanned only, so a client can have sent at most that bound and one window. One owner.
public final class BodyGate {
  /// What the driver does next.
  public enum Step: Equatable, Sendable {
    /// The client may send as many bytes again.
    case more
    /// Nothing more can change the verdict: `judged`.
    case judge
  }

  private var scan: BodyScan
  /// What is assumed when the body never comes to its end.
  private let unread: Classification
  /// Bytes that came.
  public private(set) var byteCount = 0

  /// Begins with the request whose head gave `classification`.
  init(
    _ need: BodyNeed, _ classification: Classification, _ head: borrowing RequestHead,
    condition: Fields.Line?, _ classifier: Classifier
  ) {
    scan = BodyScan(classifier)
    unread = classification.withoutBody(.body)
    let pathCount = head.pathCount
    unsafe head.target.withUnsafeBytes { target in
      guard let condition else {
        return unsafe scan.begin(need, head: classification, target: target, pathCount: pathCount)
      }
      unsafe head.fields.withValue(condition) { value in
        unsafe scan.begin(
          need, head: classification, target: target, pathCount: pathCount, ifNoneExist: value)
      }
    }
  }

  /// The next piece of the body came.
  public func received(_ bytes: UnsafeRawBufferPointer) -> Step {
    byteCount += bytes.count
    unsafe scan.feed(bytes)
    return scan.isDecided ? .judge : .more
  }

  /// The verdict: the body is complete, or nothing more can change it.
  public func judged(_ snapshot: Snapshot) -> JudgedBody {
    let verdict = scan.finish()
    return JudgedBody(verdict, scan, snapshot)
  }

  /// What is known when the body did not come to its end: it is refused, and the record says why.
  public func refused(_ refusal: Refusal) -> JudgedBody { JudgedBody(unread, refusal: refusal) }
}

extension JudgedRequest {
  /// Whether the method is one whose body may decide; all others are decided at once.
  @inline(__always)
  public var mayNeedBody: Bool {
    switch head.method {
    case .post, .put, .patch: true
    default: false
    }
  }

  /// What holds the request back until its body was read; nil when it is decided at once, with
  /// what is to be assumed where the body cannot be judged. `isEnd`: there is no body.
  public mutating func holdBody(_ snapshot: Snapshot, isEnd: Bool) -> BodyGate? {
    // Who may not ask is not read.
    switch decision.identification {
    case .refused: return nil
    case .anonymous where snapshot.identity?.isRequired == true: return nil
    case .anonymous, .notConfigured, .proven: break
    }
    let classification = Decider.classify(head, snapshot)
    let condition = head.lines(named: "if-none-exist")
    let need = need(classification, isEnd: isEnd)
    if condition.count > 1, need != .none {
      // Servers differ in which of them they take.
      decision.body = JudgedBody(classification.withoutBody(.body), refusal: .invalid)
      return nil
    }
    switch need {
    case .none: return nil
    case .unjudged(let reason):
      decision.body = JudgedBody(classification.withoutBody(reason))
      return nil
    case .form, .json:
      return BodyGate(
        need, classification, head, condition: condition.first, snapshot.classifier)
    }
  }

  /// What the body is needed for. A repeated content type or coding is none that can be trusted.
  private func need(_ classification: Classification, isEnd: Bool) -> BodyNeed {
    guard classification.bodyUse != .none else { return .none }
    let byteCount = isEnd ? 0 : head.contentLength
    let isEncoded = head.lines(named: "content-encoding").contains { line in
      unsafe head.fields.withValue(line) { unsafe !$0.equalsFolded("identity") }
    }
    let types = head.lines(named: "content-type")
    guard types.count == 1 else {
      return unsafe classification.bodyNeed(
        contentType: nil, isEncoded: isEncoded, byteCount: byteCount)
    }
    return unsafe head.fields.withValue(types[0]) { type in
      unsafe classification.bodyNeed(
        contentType: type, isEncoded: isEncoded, byteCount: byteCount)
    }
  }
}

extension RequestHead {
  /// The field lines of this name; for requests with a body only.
  func lines(named name: StaticString) -> [Fields.Line] { fields.lines(named: name) }
}

extension Fields {
  /// The lines of this name, in order.
  func lines(named name: StaticString) -> [Fields.Line] {
    lines.filter { line in unsafe withName(line) { unsafe $0.equalsFolded(name) } }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether the bytes are `word`, which is in lower case, in any case.
  func equalsFolded(_ word: StaticString) -> Bool {
    guard count == word.utf8CodeUnitCount else { return false }
    for index in 0..<count {
      var byte = unsafe self[index]
      if byte >= 0x41, byte <= 0x5A { byte |= 0x20 }
      // In bounds: the word has `count` bytes.
      if unsafe byte != word.utf8Start[index] { return false }
    }
    return true
  }
}
