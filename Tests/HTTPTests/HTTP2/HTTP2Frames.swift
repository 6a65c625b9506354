/// Builds HTTP/2 frames by hand, right or wrong. RFC 9113 section 4.
struct Frames {
  /// The bytes so far.
  var bytes: [UInt8] = []

  /// Starts with the client's preface and empty SETTINGS.
  static func client() -> Frames {
    var frames = Frames()
    frames.bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    frames.frame(4, 0, 0, [])
    return frames
  }

  /// Appends one frame.
  mutating func frame(_ type: UInt8, _ flags: UInt8, _ stream: Int32, _ payload: [UInt8]) {
    let count = payload.count
    bytes += [UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
    bytes += [type, flags] + Self.number(UInt32(bitPattern: stream)) + payload
  }

  /// Four bytes, most significant first.
  static func number(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
  }

  /// One field line as an HPACK literal without indexing.
  static func literal(_ name: String, _ value: String) -> [UInt8] {
    [0x00] + string(name) + string(value)
  }

  /// An HPACK string without Huffman coding.
  private static func string(_ text: String) -> [UInt8] {
    let count = text.utf8.count
    if count < 127 { return [UInt8(count)] + Array(text.utf8) }
    var bytes: [UInt8] = [127]
    var rest = count - 127
    while rest >= 128 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)] + Array(text.utf8)
  }

  /// The pseudo-header fields of a request.
  static func pseudo(
    method: String = "GET", scheme: String? = "https", authority: String? = "ehr.example",
    path: String? = "/a"
  ) -> [UInt8] {
    var block = literal(":method", method)
    if let scheme { block += literal(":scheme", scheme) }
    if let authority { block += literal(":authority", authority) }
    if let path { block += literal(":path", path) }
    return block
  }

  /// A HEADERS frame with END_HEADERS, and END_STREAM when `isEnd`.
  mutating func headers(_ stream: Int32, _ block: [UInt8] = pseudo(), isEnd: Bool = true) {
    frame(1, isEnd ? 5 : 4, stream, block)
  }

  /// A DATA frame.
  mutating func data(_ stream: Int32, _ payload: [UInt8], isEnd: Bool = false) {
    frame(0, isEnd ? 1 : 0, stream, payload)
  }

  /// RST_STREAM.
  mutating func reset(_ stream: Int32, code: UInt32 = 8) { frame(3, 0, stream, Self.number(code)) }

  /// WINDOW_UPDATE.
  mutating func window(_ stream: Int32, _ increment: UInt32) {
    frame(8, 0, stream, Self.number(increment))
  }
}

/// One frame taken apart.
struct ParsedFrame: Equatable {
  var type: UInt8
  var flags: UInt8
  var stream: Int32
  var payload: [UInt8]

  /// The four bytes at `offset` of the payload.
  func number(at offset: Int) -> UInt32 {
    payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Takes bytes apart; traps on a torn frame, which a codec must never produce.
  static func parse(_ bytes: [UInt8]) -> [ParsedFrame] {
    var frames: [ParsedFrame] = []
    var offset = 0
    while offset < bytes.count {
      let count = Int(bytes[offset]) << 16 | Int(bytes[offset + 1]) << 8 | Int(bytes[offset + 2])
      let payload = Array(bytes[offset + 9..<offset + 9 + count])
      let stream = bytes[offset + 5..<offset + 9].reduce(Int32(0)) { $0 << 8 | Int32($1) }
      frames.append(
        ParsedFrame(
          type: bytes[offset + 3], flags: bytes[offset + 4], stream: stream, payload: payload))
      offset += 9 + count
    }
    return frames
  }
}
