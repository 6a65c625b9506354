/// What the request line fixes beside the head; RFC 9112 section 3.
struct HTTP1RequestLine {
  /// Whether the client speaks HTTP/1.0.
  var isHTTP10 = false
  /// Whether the target was in absolute form and so brought an authority.
  var hasAuthority = false

  /// Bytes in the longest request line that can be accepted.
  static func byteCountMax(_ limits: borrowing HTTPLimits) -> Int {
    limits.methodBytesMax + 1 + limits.targetBytesMax + 1 + 8
  }

  /// Reads `method SP target SP version` into `head`.
  mutating func read(
    _ line: UnsafeRawBufferPointer, into head: inout RequestHead, limits: borrowing HTTPLimits
  ) -> HTTP1Refusal? {
    var methodEnd = 0
    while unsafe methodEnd < line.count && ByteSet.token.contains(line[methodEnd]) {
      methodEnd += 1
    }
    guard unsafe methodEnd < line.count && line[methodEnd] == 0x20 else {
      return unsafe ByteScan.firstControl(line, in: 0..<line.count) == nil
        ? .methodInvalid : .controlByte
    }
    guard methodEnd > 0 else { return .methodInvalid }
    let targetStart = methodEnd + 1
    var targetEnd = targetStart
    while unsafe targetEnd < line.count && line[targetEnd] != 0x20 { targetEnd += 1 }
    guard targetEnd < line.count else {
      return unsafe ByteScan.firstControl(line, in: 0..<line.count) == nil
        ? .http09 : .controlByte
    }
    let version = unsafe ByteScan.slice(line, (targetEnd + 1)..<line.count)
    if let refusal = unsafe readVersion(version) {
      let isPreface = unsafe ByteScan.equalsIgnoringCase(line, "pri * http/2.0")
      return isPreface ? .http2Preface : refusal
    }
    guard methodEnd <= limits.methodBytesMax else { return .methodTooLong }
    let target = unsafe ByteScan.slice(line, targetStart..<targetEnd)
    guard target.count <= limits.targetBytesMax else { return .targetTooLong }
    unsafe readMethod(ByteScan.slice(line, 0..<methodEnd), into: &head)
    if head.method == .connect { return .connect }
    return unsafe readTarget(target, into: &head)
  }

  /// Reads `HTTP/1.0` or `HTTP/1.1`.
  private mutating func readVersion(_ version: UnsafeRawBufferPointer) -> HTTP1Refusal? {
    let isWellFormed = unsafe version.count == 8 && version[0] == 0x48 && version[1] == 0x54
      && version[2] == 0x54 && version[3] == 0x50 && version[4] == 0x2F
      && (0x30...0x39).contains(version[5]) && version[6] == 0x2E
      && (0x30...0x39).contains(version[7])
    guard isWellFormed else { return .version }
    guard unsafe version[5] == 0x31 && version[7] <= 0x31 else { return .versionUnsupported }
    unsafe isHTTP10 = version[7] == 0x30
    return nil
  }

  /// Classifies the method, which is a token.
  private func readMethod(_ name: UnsafeRawBufferPointer, into head: inout RequestHead) {
    func matches(_ literal: StaticString) -> Bool {
      guard literal.utf8CodeUnitCount == name.count else { return false }
      for index in 0..<name.count
      where unsafe literal.utf8Start[index] != name[index] { return false }
      return true
    }
    let method: Method =
      switch name.count {
      case 3: matches("GET") ? .get : matches("PUT") ? .put : .other
      case 4: matches("POST") ? .post : matches("HEAD") ? .head : .other
      case 5: matches("PATCH") ? .patch : matches("TRACE") ? .trace : .other
      case 6: matches("DELETE") ? .delete : .other
      case 7: matches("OPTIONS") ? .options : matches("CONNECT") ? .connect : .other
      default: .other
      }
    head.method = method
    // The literal's raw value costs nothing; other tokens are short, so mostly inline.
    head.methodName =
      method == .other ? unsafe String(decoding: name, as: UTF8.self) : method.rawValue
  }

  /// Reads the target in origin, absolute or asterisk form.
  private mutating func readTarget(
    _ target: UnsafeRawBufferPointer, into head: inout RequestHead
  ) -> HTTP1Refusal? {
    if unsafe target.count == 1 && target[0] == 0x2A {
      guard head.method == .options else { return .targetAsterisk }
      head.target.append(0x2A)
      head.pathCount = 1
      return nil
    }
    var pathStart = 0
    if unsafe target.count > 0 && target[0] != 0x2F {
      let isHTTP = unsafe ByteScan.startsIgnoringCase(target, "http://")
      let isHTTPS = unsafe ByteScan.startsIgnoringCase(target, "https://")
      guard isHTTP || isHTTPS else { return .targetInvalid }
      let authorityStart = isHTTP ? 7 : 8
      pathStart = authorityStart
      while unsafe pathStart < target.count && target[pathStart] != 0x2F
        && target[pathStart] != 0x3F
      { pathStart += 1 }
      let authority = unsafe ByteScan.slice(target, authorityStart..<pathStart)
      guard unsafe CanonicalAuthority.canonicalize(authority, into: &head.authority) else {
        return .targetAuthority
      }
      hasAuthority = true
      if unsafe pathStart == target.count || target[pathStart] == 0x3F {
        return unsafe readTargetWithoutPath(
          ByteScan.slice(target, pathStart..<target.count), into: &head)
      }
    }
    let path = unsafe ByteScan.slice(target, pathStart..<target.count)
    return unsafe canonicalize(path, into: &head)
  }

  /// Gives an absolute target without a path the path `/`; RFC 9112 section 3.2.2.
  private func readTargetWithoutPath(
    _ query: UnsafeRawBufferPointer, into head: inout RequestHead
  ) -> HTTP1Refusal? {
    var target: [UInt8] = [0x2F]
    unsafe target.append(contentsOf: query)
    return unsafe target.withUnsafeBytes { unsafe canonicalize($0, into: &head) }
  }

  /// Fills in the canonical target.
  private func canonicalize(
    _ path: UnsafeRawBufferPointer, into head: inout RequestHead
  ) -> HTTP1Refusal? {
    switch unsafe CanonicalTarget.canonicalize(path, into: &head.target) {
    case .refused: return .targetInvalid
    case .ok(let pathCount):
      head.pathCount = pathCount
      return nil
    }
  }
}
