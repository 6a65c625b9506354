/// A country or one of its subdivisions, as ISO 3166 writes it: `US`, `US-AZ`, `GB-ENG`.
///
/// Packed into one word so that facts compare without touching memory. Zero is `unknown`.
public struct Place: Hashable, Sendable {
  /// Up to eight ASCII characters, first character in the lowest byte.
  public let packed: UInt64

  /// No place is known; it never equals a named place.
  public static let unknown = Place(packed: 0)

  private init(packed: UInt64) { self.packed = packed }

  /// Reads `XX` or `XX-YYY` (two letters; a hyphen and one to three letters or digits).
  ///
  /// Returns nil for anything else, so that a typing error never becomes a place.
  public init?(_ text: some StringProtocol) {
    self.init(ascii: text.utf8)
  }

  /// Reads the same from bytes, without allocating.
  public init?(utf8 bytes: UnsafeRawBufferPointer) {
    unsafe self.init(ascii: bytes)
  }

  /// Takes back what `packed` gave; nil for any other bits.
  public init?(restoring packed: UInt64) {
    let byteCount = (UInt64.bitWidth - packed.leadingZeroBitCount + 7) / 8
    guard byteCount == 2 || (4...6).contains(byteCount) else { return nil }
    for index in 0..<byteCount {
      guard Self.mayStand(UInt8(truncatingIfNeeded: packed >> UInt64(8 * index)), at: index) else {
        return nil
      }
    }
    self.packed = packed
  }

  /// Whether a place may have `byte` at `index`.
  @inline(__always)
  private static func mayStand(_ byte: UInt8, at index: Int) -> Bool {
    switch (index, byte) {
    case (0...1, 0x41...0x5A), (2, 0x2D), (3..., 0x41...0x5A), (3..., 0x30...0x39): true
    default: false
    }
  }

  /// Reads `XX` or `XX-YYY` from any run of bytes.
  private init?(ascii bytes: some Collection<UInt8>) {
    let byteCount = bytes.count
    guard byteCount == 2 || (4...6).contains(byteCount) else { return nil }
    var packed: UInt64 = 0
    for (index, byte) in bytes.enumerated() {
      guard Self.mayStand(byte, at: index) else { return nil }
      packed |= UInt64(byte) << UInt64(8 * index)
    }
    self.packed = packed
  }

  /// The country of a subdivision, or the place itself when it is a country or unknown.
  public var country: Place { Place(packed: packed & 0xFFFF) }

  /// Whether this place is `other` or lies inside it.
  public func isWithin(_ other: Place) -> Bool {
    self == other || (other.packed != 0 && other.country == other && country == other)
  }
}

extension Place: CustomStringConvertible {
  /// The ISO 3166 code, or `unknown`.
  public var description: String {
    guard packed != 0 else { return "unknown" }
    var text = ""
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      let byte = UInt8(truncatingIfNeeded: packed >> shift)
      if byte != 0 { text.unicodeScalars.append(Unicode.Scalar(byte)) }
    }
    return text
  }
}
