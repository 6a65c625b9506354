/// Builds a text that tells its parts apart: each begins with its length or is of fixed length, so
/// that two texts are equal only when all their parts are.
struct KeyText {
  /// What was appended.
  var bytes: [UInt8] = []

  /// Appends eight bytes.
  @inline(__always)
  mutating func append(number: UInt64) {
    unsafe withUnsafeBytes(of: number.bigEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends one byte.
  @inline(__always)
  mutating func append(byte: UInt8) { bytes.append(byte) }

  /// Appends four bytes of length and a run of bytes.
  @inline(__always)
  mutating func append(_ part: borrowing [UInt8]) {
    append(length: part.count)
    bytes.append(contentsOf: copy part)
  }

  /// Appends four bytes of length and a slice.
  @inline(__always)
  mutating func append(_ part: ArraySlice<UInt8>) {
    append(length: part.count)
    bytes.append(contentsOf: part)
  }

  /// Appends a text.
  mutating func append(_ text: String) { append(Array(text.utf8)) }

  /// Appends how many members follow, and each.
  mutating func appendList<Element>(
    _ list: [Element], _ member: (inout KeyText, Element) -> Void
  ) {
    append(length: list.count)
    for element in list { member(&self, element) }
  }

  /// Appends four bytes of length.
  @inline(__always)
  mutating func append(length: Int) {
    let length = UInt32(length)
    unsafe withUnsafeBytes(of: length.bigEndian) { unsafe bytes.append(contentsOf: $0) }
  }
}
