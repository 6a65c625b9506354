/// Reads a request head line by line and checks what only the whole head shows.
struct HTTP1RequestReader {
  /// The head so far.
  var head = RequestHead.unread
  /// What the framing and connection fields say.
  private(set) var framing = HTTP1Framing()
  /// Whether the client waits for `100 Continue`.
  private(set) var expectsContinue = false
  private var requestLine = HTTP1RequestLine()
  private var section = HTTP1Section()
  private var hasHost = false

  /// Whether the client speaks HTTP/1.0.
  var isHTTP10: Bool { requestLine.isHTTP10 }

  /// Begins a request with its first line.
  mutating func begin(
    _ line: UnsafeRawBufferPointer, isSecure: Bool, limits: borrowing HTTPLimits
  ) -> HTTP1Refusal? {
    head.removeAll()
    head.forgetMethod()
    head.isSecure = isSecure
    head.fields.reserveCapacity(byteCount: 512, lineCount: 16)
    framing = HTTP1Framing()
    expectsContinue = false
    requestLine = HTTP1RequestLine()
    section = HTTP1Section()
    hasHost = false
    return unsafe requestLine.read(line, into: &head, limits: limits)
  }

  /// Reads a field line.
  mutating func read(
    _ line: UnsafeRawBufferPointer, limits: borrowing HTTPLimits
  ) -> HTTP1Refusal? {
    switch unsafe section.read(line, into: &head.fields, limits: limits) {
    case .refused(let refusal): return refusal
    case .field(let known, let value):
      switch known {
      case .host: return unsafe readHost(value)
      case .expect:
        // An HTTP/1.0 client cannot wait; RFC 9110 section 10.1.1.
        guard !isHTTP10 else { return nil }
        guard unsafe ByteScan.equalsIgnoringCase(value, "100-continue") else {
          return .expectation
        }
        expectsContinue = true
        return nil
      default: return unsafe framing.note(known, value, in: &head.fields)
      }
    }
  }

  /// Takes the authority from `Host`, or compares it with the target's (RFC 9112 section 3.2).
  private mutating func readHost(_ value: UnsafeRawBufferPointer) -> HTTP1Refusal? {
    head.fields.removeLast()
    guard !hasHost else { return .hostDuplicate }
    hasHost = true
    if requestLine.hasAuthority {
      var authority: [UInt8] = []
      guard unsafe CanonicalAuthority.canonicalize(value, into: &authority) else {
        return .hostInvalid
      }
      return authority == head.authority ? nil : .hostMismatch
    }
    return unsafe CanonicalAuthority.canonicalize(value, into: &head.authority)
      ? nil : .hostInvalid
  }

  /// Checks the head as a whole.
  mutating func end() -> HTTP1Refusal? {
    if let refusal = framing.refusal(isHTTP10: isHTTP10) { return refusal }
    guard hasHost || isHTTP10 else { return .hostMissing }
    head.contentLength = framing.contentLength
    return nil
  }
}
