/// Reads a response head line by line and checks what only the whole head shows.
struct HTTP1ResponseReader {
  /// The head so far.
  var head = ResponseHead()
  /// What the framing and connection fields say.
  private(set) var framing = HTTP1Framing()
  /// Whether the origin speaks HTTP/1.0.
  private(set) var isHTTP10 = false
  /// Seconds that the origin keeps an idle connection, as its last `Keep-Alive` said.
  private(set) var idleTimeoutSeconds: UInt32?
  private var section = HTTP1Section()

  /// Reads `HTTP/1.1 200 reason`; a missing reason, even without its space, is tolerated.
  mutating func begin(_ line: UnsafeRawBufferPointer) -> HTTP1Refusal? {
    head.removeAll()
    head.fields.reserveCapacity(byteCount: 512, lineCount: 16)
    framing = HTTP1Framing()
    section = HTTP1Section()
    guard unsafe isWellFormed(line),
      let status = unsafe ByteScan.decimal(ByteScan.slice(line, 9..<12)),
      unsafe ByteScan.firstControl(line, in: 12..<line.count) == nil
    else { return .statusLine }
    guard status >= 100 && status <= 599 else { return .statusInvalid }
    unsafe isHTTP10 = line[7] == 0x30
    head.status = UInt16(status)
    return nil
  }

  /// Whether the line has the version, and spaces where they belong.
  private func isWellFormed(_ line: UnsafeRawBufferPointer) -> Bool {
    unsafe line.count >= 12 && line[0] == 0x48 && line[1] == 0x54 && line[2] == 0x54
      && line[3] == 0x50 && line[4] == 0x2F && line[5] == 0x31 && line[6] == 0x2E
      && (line[7] == 0x30 || line[7] == 0x31) && line[8] == 0x20
      && (line.count == 12 || line[12] == 0x20)
  }

  /// Reads a field line.
  mutating func read(
    _ line: UnsafeRawBufferPointer, limits: borrowing HTTPLimits
  ) -> HTTP1Refusal? {
    switch unsafe section.read(line, into: &head.fields, limits: limits) {
    case .refused(let refusal): return refusal
    case .field(let known, let value):
      if known == .keepAlive { unsafe readKeepAlive(value) }
      return unsafe framing.note(known, value, in: &head.fields)
    }
  }

  /// Reads `timeout=5, max=100`; what does not read is ignored.
  private mutating func readKeepAlive(_ value: UnsafeRawBufferPointer) {
    var members = unsafe ListMembers(value)
    while let member = members.next() {
      let text = unsafe ByteScan.slice(value, member)
      guard unsafe ByteScan.startsIgnoringCase(text, "timeout=") else { continue }
      if let seconds = unsafe ByteScan.decimal(ByteScan.slice(text, 8..<text.count)) {
        idleTimeoutSeconds = UInt32(clamping: seconds)
      }
    }
  }

  /// Checks the head as a whole. A length beside 204 is dropped: that answer has no content.
  mutating func end() -> HTTP1Refusal? {
    if let refusal = framing.refusal(isHTTP10: isHTTP10) { return refusal }
    if head.status == 101 { return .switchingProtocols }
    if head.status < 200 {
      return framing.isChunked || framing.contentLength != nil ? .informationalBody : nil
    }
    head.contentLength = head.status == 204 ? nil : framing.contentLength
    return nil
  }
}
