/// Percent-encoding of queries (RFC 3986 section 2.1, with `+` for space as forms write it).
enum Percent {
  /// The value of a hexadecimal digit; nil for any other byte.
  @inline(__always)
  static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }

  /// Whether every escape is complete, none means NUL, and no byte is one that a URI cannot hold.
  static func isClean(_ text: ByteView) -> Bool {
    var index = 0
    while index < text.count {
      let byte = text[index]
      if byte <= 0x20 || byte >= 0x7F || byte == 0x23 { return false }
      if byte == 0x25 {
        guard index + 2 < text.count, let high = digit(text[index + 1]),
          let low = digit(text[index + 2]), high | low != 0
        else { return false }
        index += 2
      }
      index += 1
    }
    return true
  }

  /// Decodes clean `text` into `room`; the count of bytes, or nil when they do not fit.
  static func decode(_ text: ByteView, into room: UnsafeMutableRawBufferPointer) -> Int? {
    var count = 0
    var index = 0
    while index < text.count {
      var byte = text[index]
      if byte == 0x2B { byte = 0x20 }
      if byte == 0x25 {
        guard index + 2 < text.count, let high = digit(text[index + 1]),
          let low = digit(text[index + 2])
        else { return nil }
        byte = high << 4 | low
        index += 2
      }
      guard count < room.count else { return nil }
      // In bounds by the line above.
      unsafe room.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
      count += 1
      index += 1
    }
    return count
  }

  /// Appends `text` to `room` with the escapes of unreserved bytes decoded (RFC 3986 section
  /// 6.2.2.2), as a canonical target has them. What is not clean is appended as it is: a decoded
  /// byte might mend a broken escape, and the classifier shall refuse it.
  static func normalize(_ text: ByteView, into room: inout [UInt8]) {
    guard isClean(text) else { return unsafe room.append(contentsOf: text.raw) }
    var index = 0
    while index < text.count {
      let byte = text[index]
      if byte == 0x25, index + 2 < text.count, let high = digit(text[index + 1]),
        let low = digit(text[index + 2]), isUnreserved(high << 4 | low)
      {
        room.append(high << 4 | low)
        index += 3
      } else {
        room.append(byte)
        index += 1
      }
    }
  }

  /// Whether RFC 3986 calls the byte unreserved.
  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
    default: false
    }
  }
}
