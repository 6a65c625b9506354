import HTTP

/// Walks a field's value: tokens, quoted strings, list members. A value; reads nothing else.
struct TextScan {
  /// The value.
  let bytes: [UInt8]
  /// Where the next byte is read.
  var index = 0

  /// Starts at the first byte.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether everything was read.
  var isAtEnd: Bool { index >= bytes.count }

  /// The next byte; nil at the end.
  var next: UInt8? { index < bytes.count ? bytes[index] : nil }

  /// Reads past spaces and tabs.
  mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x09 { index += 1 }
  }

  /// Reads `byte` if it is the next one.
  mutating func skip(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    index += 1
    return true
  }

  /// Reads as many bytes of a token (RFC 9110 section 5.6.2) as there are.
  mutating func token() -> [UInt8] {
    let start = index
    while let byte = next, ByteSet.token.contains(byte) { index += 1 }
    return Array(bytes[start..<index])
  }

  /// Reads a quoted string (RFC 9110 section 5.6.4) without its quotes; nil when it does not end.
  mutating func quotedString() -> [UInt8]? {
    guard skip(0x22) else { return nil }
    var text: [UInt8] = []
    while let byte = next {
      index += 1
      if byte == 0x22 { return text }
      if byte == 0x5C {
        guard let escaped = next else { return nil }
        text.append(escaped)
        index += 1
      } else {
        text.append(byte)
      }
    }
    return nil
  }

  /// Reads up to the next comma outside of quotes, and past it. Empty members are skipped; nil at
  /// the end.
  mutating func member() -> [UInt8]? {
    while !isAtEnd {
      let start = index
      var isQuoted = false
      while let byte = next {
        if isQuoted && byte == 0x5C {
          index += 1
        } else if byte == 0x22 {
          isQuoted.toggle()
        } else if byte == 0x2C && !isQuoted {
          break
        }
        index += 1
      }
      let end = min(index, bytes.count)
      index = end + 1
      let text = bytes[start..<end].trimmed
      if !text.isEmpty { return Array(text) }
    }
    return nil
  }
}

extension ArraySlice<UInt8> {
  /// The same without spaces and tabs at both ends.
  var trimmed: ArraySlice<UInt8> {
    var slice = self
    while let first = slice.first, first == 0x20 || first == 0x09 { slice.removeFirst() }
    while let last = slice.last, last == 0x20 || last == 0x09 { slice.removeLast() }
    return slice
  }
}

extension [UInt8] {
  /// The ASCII letters in lower case.
  var lowercased: [UInt8] { map { ByteScan.lowercase($0) } }

  /// Whether this spells `literal`, which is lower case, in any case.
  func spells(_ literal: StaticString) -> Bool {
    unsafe withUnsafeBytes { unsafe ByteScan.equalsIgnoringCase($0, literal) }
  }
}
