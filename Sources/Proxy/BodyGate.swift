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
  /// What a long body's beginning said.
  private var preview: BodyVerdict?
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
    if let early = scan.preview() {
      preview = early
      return JudgedBody(early, scan, snapshot)
    }
    let verdict = scan.finish()
    return JudgedBody(verdict, scan, snapshot)
  }

  // MARK: Long resources

  /// Whether the verdict is that of a long body's beginning, which the rest must confirm: INVARIANT
  /// (last byte): the origin gets the last byte of such a body only after `confirmed` agreed, so it
  /// never has a whole request that contradicts what was decided.
  public var isProvisional: Bool { preview != nil }

  /// The next piece of the rest; false when it contradicts itself.
  public func rest(_ bytes: UnsafeRawBufferPointer) -> Bool {
    byteCount += bytes.count
    unsafe scan.feed(bytes)
    return !scan.isBroken
  }

  /// What the complete body says; nil when it names another patient than its beginning, or must be
  /// refused.
  func confirmed() -> Classification? {
    let verdict = scan.finish()
    guard let preview, verdict.classification.refusal == nil,
      verdict.patientText == preview.patientText
    else { return nil }
    return verdict.classification
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

  /// Whether the rest of a long body agrees with what was decided by its beginning: the same
  /// patient, and nothing that the policy would send elsewhere than to the choice at `index`.
  public func isConfirmed(by gate: BodyGate, choice index: Int, _ snapshot: Snapshot) -> Bool {
    guard let whole = gate.confirmed() else { return false }
    let known = decision.classification
    if whole.dataClass == known.dataClass, whole.sensitivity == known.sensitivity { return true }
    let finding = LabelFinding(
      dataClass: whole.dataClass, sensitivity: whole.sensitivity, isReadable: true)
    return decision.permits(finding, choice: index, snapshot)
  }

  /// What the body is needed for. A repeated content type or coding is none that can be trusted.
  private func need(_ classification: Classification, isEnd: Bool) -> BodyNeed {
    guard classification.bodyUse != .none else { return .none }
    // A resource that is too long may be judged by its beginning.
    let byteCount =
      isEnd ? 0 : classification.bodyUse == .resource ? nil : head.contentLength
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
