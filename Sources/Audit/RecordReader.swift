import Base

/// Why a record cannot be read.
public enum RecordFault: Error, Equatable, Sendable {
  /// The bytes end inside the record's head or a field.
  case truncated
  /// A later version of the format.
  case unsupportedVersion(UInt8)
  /// A kind that this version does not know.
  case unknownKind(UInt8)
  /// A field whose value has a wrong length or an unknown word.
  case malformedField(tag: UInt8)
}

/// One field of a record.
@safe
struct RecordField {
  /// What the value means.
  let tag: UInt8
  /// The value; valid while the record's bytes are.
  private let value: UnsafeRawBufferPointer

  /// Takes the parts.
  init(tag: UInt8, value: UnsafeRawBufferPointer) {
    self.tag = tag
    unsafe self.value = unsafe value
  }

  /// How many bytes the value has.
  var count: Int { unsafe value.count }

  /// The fault that names this field.
  var fault: RecordFault { .malformedField(tag: tag) }

  /// The value itself; valid while the record's bytes are.
  var raw: UnsafeRawBufferPointer { unsafe value }

  /// The value as a copy.
  var bytes: [UInt8] { unsafe [UInt8](value) }

  /// The value as a name.
  var name: Name { .bytes(bytes) }

  /// The value as an integer of at most eight bytes.
  func integer() throws(RecordFault) -> UInt64 {
    guard count <= 8 else { throw fault }
    return integer(0..<count)
  }

  /// The little-endian integer in a range of the value.
  func integer(_ range: Range<Int>) -> UInt64 {
    precondition(range.upperBound <= count && range.count <= 8, "outside the field")
    var result: UInt64 = 0
    for index in range.reversed() { result = unsafe result << 8 | UInt64(value[index]) }
    return result
  }

  /// An integer that must fit `type`.
  func integer<T: FixedWidthInteger>(as type: T.Type) throws(RecordFault) -> T {
    guard let result = T(exactly: try integer()) else { throw fault }
    return result
  }

  /// The value as a 128-bit identifier.
  func id() throws(RecordFault) -> AuditID {
    guard count == 16 else { throw fault }
    return AuditID(high: integer(0..<8).byteSwapped, low: integer(8..<16).byteSwapped)
  }

  /// The value as one of an enum's words.
  func word<T: RawRepresentable<String>>(as type: T.Type) throws(RecordFault) -> T {
    guard let result = T(rawValue: name.string) else { throw fault }
    return result
  }

  /// The value as a place.
  func place() throws(RecordFault) -> Place {
    guard count <= 8, let place = Place(name.string) else { throw fault }
    return place
  }

  /// The value as an address.
  func address() throws(RecordFault) -> ClientAddress {
    switch count {
    case 4: .v4(UInt32(truncatingIfNeeded: integer(0..<4)).byteSwapped)
    case 16: .v6(high: integer(0..<8).byteSwapped, low: integer(8..<16).byteSwapped)
    default: throw fault
    }
  }

  /// The value as two bytes, a 32-bit number and a name.
  func entry() throws(RecordFault) -> (UInt8, UInt8, UInt32, Name) {
    guard count >= 6 else { throw fault }
    let name = unsafe [UInt8](value[6...])
    return (
      unsafe value[0], unsafe value[1], UInt32(truncatingIfNeeded: integer(2..<6)), .bytes(name)
    )
  }
}

/// Reads the fields of one record, in order.
@safe
struct RecordReader {
  /// The record's bytes; they outlive the reader.
  private let bytes: UnsafeRawBufferPointer
  /// Where the next field starts.
  private(set) var offset = 2
  /// What the record tells.
  let kind: RecordKind

  /// The format that this program writes.
  static let version: UInt8 = 1

  /// Opens a record: a version byte, a kind byte, fields.
  init(_ bytes: UnsafeRawBufferPointer) throws(RecordFault) {
    guard bytes.count >= 2 else { throw .truncated }
    let version = unsafe bytes[0]
    guard version == Self.version else { throw .unsupportedVersion(version) }
    let number = unsafe bytes[1]
    guard let kind = RecordKind(rawValue: number) else { throw .unknownKind(number) }
    unsafe self.bytes = unsafe bytes
    self.kind = kind
  }

  /// Reads fields that stand without a head.
  init(fields: UnsafeRawBufferPointer, kind: RecordKind) {
    unsafe bytes = unsafe fields
    self.kind = kind
    offset = 0
  }

  /// The next field; nil at the record's end. Inlined: the search index walks every field there is.
  @inline(__always)
  mutating func next() throws(RecordFault) -> RecordField? {
    guard unsafe offset < bytes.count else { return nil }
    guard unsafe offset + 2 <= bytes.count else { throw .truncated }
    // In bounds by the guards here and below.
    let tag = unsafe bytes[offset]
    var length = Int(unsafe bytes[offset + 1])
    var start = offset + 2
    if length >= 0x80 {
      guard unsafe start < bytes.count else { throw .truncated }
      length = unsafe length & 0x7F | Int(bytes[start]) << 7
      start += 1
    }
    guard unsafe length <= bytes.count - start else { throw .truncated }
    offset = start + length
    return unsafe RecordField(
      tag: tag, value: UnsafeRawBufferPointer(rebasing: bytes[start..<offset]))
  }
}
