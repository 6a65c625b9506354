/// A set of ASCII bytes as two words of bits: membership is a shift, without a table in memory.
public struct ByteSet: Sendable {
  /// Bits for the bytes 0 to 63.
  let low: UInt64
  /// Bits for the bytes 64 to 127.
  let high: UInt64

  /// Whether `byte` belongs to the set; bytes above 127 never do.
  @inline(__always)
  public func contains(_ byte: UInt8) -> Bool {
    let word = byte < 64 ? low : byte < 128 ? high : 0
    return (word >> UInt64(byte & 63)) & 1 == 1
  }

  /// `tchar` of RFC 9110 section 5.6.2.
  @inline(__always)
  public static var token: ByteSet {
    ByteSet(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
  }

  /// `tchar` without the underscore, which some origins take for a hyphen.
  @inline(__always)
  static var fieldName: ByteSet { ByteSet(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_47FF_FFFE) }

  /// `unreserved` of RFC 3986 section 2.3.
  @inline(__always)
  static var unreserved: ByteSet {
    ByteSet(low: 0x03FF_6000_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
  }

  /// `pchar` of RFC 3986 section 3.3 without percent-encoding, and the slash.
  @inline(__always)
  static var path: ByteSet { ByteSet(low: 0x2FFF_FFD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFF) }

  /// Visible ASCII without `%` and `#`.
  @inline(__always)
  static var query: ByteSet { ByteSet(low: 0xFFFF_FFD6_0000_0000, high: 0x7FFF_FFFF_FFFF_FFFF) }

  /// Letters, digits, hyphen, dot and underscore: host names, and request identifiers.
  @inline(__always)
  static var hostName: ByteSet { ByteSet(low: 0x03FF_6000_0000_0000, high: 0x07FF_FFFE_87FF_FFFE) }
}

/// Searches and comparisons over raw bytes, eight at a time where that pays.
public enum ByteScan {
  private static var ones: UInt64 { 0x0101_0101_0101_0101 }
  private static var tops: UInt64 { 0x8080_8080_8080_8080 }

  /// The offset of the first LF at or after `start`; nil when there is none.
  @inline(__always)
  static func firstLineFeed(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var index = start
    while index &+ 8 <= bytes.count {
      // In bounds by the loop's condition. The lowest set bit marks a true zero byte of `word`.
      let word =
        unsafe UInt64(
          littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        ^ (ones &* 0x0A)
      let hits = (word &- ones) & ~word & tops
      if hits != 0 { return index &+ hits.trailingZeroBitCount >> 3 }
      index &+= 8
    }
    while index < bytes.count {
      if unsafe bytes[index] == 0x0A { return index }
      index &+= 1
    }
    return nil
  }

  /// The offset of the first control byte but HTAB in `range`; nil when there is none.
  @inline(__always)
  static func firstControl(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>) -> Int? {
    var index = range.lowerBound
    while index &+ 8 <= range.upperBound {
      let word = unsafe UInt64(
        littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      let delete = word ^ (ones &* 0x7F)
      // Each term's lowest set bit is exact, so the lowest of both is.
      let hits =
        ((word &- ones &* 0x20) & ~word & tops) | ((delete &- ones) & ~delete & tops)
      if hits == 0 {
        index &+= 8
        continue
      }
      index &+= hits.trailingZeroBitCount >> 3
      if unsafe bytes[index] != 0x09 { return index }
      index &+= 1
    }
    while index < range.upperBound {
      let byte = unsafe bytes[index]
      if (byte < 0x20 && byte != 0x09) || byte == 0x7F { return index }
      index &+= 1
    }
    return nil
  }

  /// Whether `bytes` spell `literal`, which is lower case, in any case.
  public static func equalsIgnoringCase(
    _ bytes: UnsafeRawBufferPointer, _ literal: StaticString
  ) -> Bool {
    guard bytes.count == literal.utf8CodeUnitCount else { return false }
    for index in 0..<bytes.count
    where unsafe lowercase(bytes[index]) != literal.utf8Start[index] { return false }
    return true
  }

  /// Whether both spell the same in any case.
  public static func equalsIgnoringCase(
    _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
  ) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count
    where unsafe lowercase(left[index]) != lowercase(right[index]) { return false }
    return true
  }

  /// Whether `bytes` begin with `literal`, which is lower case, in any case.
  static func startsIgnoringCase(
    _ bytes: UnsafeRawBufferPointer, _ literal: StaticString
  ) -> Bool {
    guard bytes.count >= literal.utf8CodeUnitCount else { return false }
    return unsafe equalsIgnoringCase(slice(bytes, 0..<literal.utf8CodeUnitCount), literal)
  }

  /// `byte` in lower case.
  @inline(__always)
  public static func lowercase(_ byte: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
  }

  /// The value of a hexadecimal digit; nil for other bytes.
  @inline(__always)
  static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte &- 0x30
    case 0x41...0x46: byte &- 0x37
    case 0x61...0x66: byte &- 0x57
    default: nil
    }
  }

  /// The bytes of `range`; traps when it is out of bounds.
  @inline(__always)
  public static func slice(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>
  ) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: bytes[range])
  }

  /// `bytes` without spaces and tabs at both ends.
  @inline(__always)
  public static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    unsafe slice(bytes, trim(bytes, 0..<bytes.count))
  }

  /// `range` without the spaces and tabs at its ends.
  @inline(__always)
  public static func trim(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Range<Int> {
    var start = range.lowerBound
    var end = range.upperBound
    while unsafe start < end && (bytes[start] == 0x20 || bytes[start] == 0x09) { start &+= 1 }
    while unsafe end > start && (bytes[end &- 1] == 0x20 || bytes[end &- 1] == 0x09) { end &-= 1 }
    return start..<end
  }

  /// Reads decimal digits up to `Int64.max`; nil for nothing, for other bytes and for overflow.
  public static func decimal(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
    guard bytes.count > 0 && bytes.count <= 19 else { return nil }
    var value: UInt64 = 0
    for index in 0..<bytes.count {
      let byte = unsafe bytes[index]
      guard byte >= 0x30 && byte <= 0x39 else { return nil }
      value = value &* 10 &+ UInt64(byte &- 0x30)
    }
    return value <= UInt64(Int64.max) ? value : nil
  }
}

/// Walks the members of a comma-separated list (RFC 9110 section 5.6.1), without quoted strings.
@safe
struct ListMembers {
  /// The list, valid as long as the walk.
  private let bytes: UnsafeRawBufferPointer
  /// Where the next member starts.
  private var index = 0

  /// Starts at the first member.
  init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }

  /// The range of the next member that is not empty, trimmed.
  mutating func next() -> Range<Int>? {
    while unsafe index < bytes.count {
      let start = index
      while unsafe index < bytes.count && bytes[index] != 0x2C { index &+= 1 }
      let member = unsafe ByteScan.trim(bytes, start..<index)
      index &+= 1
      if !member.isEmpty { return member }
    }
    return nil
  }
}
