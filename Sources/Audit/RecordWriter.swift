import Base

/// Writes tagged fields into memory that was reserved for the longest form of the record.
///
/// A field is a tag byte, a length (one byte below 128, else two) and the value. Integers are
/// little-endian without leading zero bytes. Empty and zero values are left out.
@safe
struct RecordWriter {
  /// Where the record starts.
  private let base: UnsafeMutableRawPointer
  /// Bytes reserved at `base`.
  private let capacity: Int
  /// Bytes written.
  private(set) var count = 0
  /// Where the private fields start; 0 while there are none.
  private(set) var privateStart = 0
  /// Whether a value was cut to its bound.
  private(set) var isTruncated = false

  /// Bytes that a field needs around its value at most.
  static let overhead = 3

  /// Writes to `base`, which holds `capacity` bytes and outlives the writer.
  init(base: UnsafeMutableRawPointer, capacity: Int) {
    unsafe self.base = unsafe base
    self.capacity = capacity
  }

  /// Makes sure that `byteCount` more bytes fit; a record's bound was computed wrongly otherwise.
  @inline(__always)
  private func need(_ byteCount: Int) {
    precondition(count + byteCount <= capacity, "record longer than its bound")
  }

  /// What is written from here on identifies a person and is sealed before it is stored.
  @inline(__always)
  mutating func startPrivate() { privateStart = count }

  /// Appends one raw byte.
  @inline(__always)
  mutating func byte(_ value: UInt8) {
    need(1)
    unsafe base.storeBytes(of: value, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  /// Appends `byteCount` little-endian bytes of `value`.
  @inline(__always)
  mutating func raw(_ value: UInt64, byteCount: Int) {
    need(8)
    // All eight are stored and the first ones kept: `need` made sure of the room.
    unsafe base.storeBytes(of: value.littleEndian, toByteOffset: count, as: UInt64.self)
    count += byteCount
  }

  /// Appends a tag and a length below 16,384.
  @inline(__always)
  private mutating func head(_ tag: UInt8, _ length: Int) {
    byte(tag)
    if length < 0x80 { return byte(UInt8(truncatingIfNeeded: length)) }
    byte(UInt8(truncatingIfNeeded: length & 0x7F | 0x80))
    byte(UInt8(truncatingIfNeeded: length >> 7))
  }

  /// An integer that is left out when it is zero.
  @inline(__always)
  mutating func integer(_ tag: UInt8, _ value: UInt64) {
    if value != 0 { present(tag, value) }
  }

  /// An integer that is left out when it is nil.
  @inline(__always)
  mutating func integer(_ tag: UInt8, _ value: UInt64?) {
    if let value { present(tag, value) }
  }

  /// An integer, zero included.
  @inline(__always)
  private mutating func present(_ tag: UInt8, _ value: UInt64) {
    let length = (71 - value.leadingZeroBitCount) >> 3
    byte(tag)
    byte(UInt8(truncatingIfNeeded: length))
    raw(value, byteCount: length)
  }

  /// A mark that is left out when it is false.
  @inline(__always)
  mutating func flag(_ tag: UInt8, _ value: Bool) {
    if value { head(tag, 0) }
  }

  /// A 128-bit identifier.
  @inline(__always)
  mutating func id(_ tag: UInt8, _ value: AuditID) {
    head(tag, 16)
    raw(value.high.bigEndian.littleEndian, byteCount: 8)
    raw(value.low.bigEndian.littleEndian, byteCount: 8)
  }

  /// A name, cut to `byteCountMax` bytes and left out when empty.
  @inline(__always)
  mutating func name(
    _ tag: UInt8, _ value: Name, byteCountMax: Int = AuditLimits.nameBytesMax
  ) {
    unsafe value.withBytes { bytes in
      if bytes.count == 0 { return }
      let kept = min(bytes.count, byteCountMax)
      if kept < bytes.count { isTruncated = true }
      head(tag, kept)
      unsafe append(UnsafeRawBufferPointer(rebasing: bytes[0..<kept]))
    }
  }

  /// Bytes as they are, left out when there are none.
  @inline(__always)
  mutating func bytes(_ tag: UInt8, _ value: UnsafeRawBufferPointer) {
    if value.count == 0 { return }
    head(tag, value.count)
    unsafe append(value)
  }

  /// An enum's word.
  @inline(__always)
  mutating func word(_ tag: UInt8, _ value: some RawRepresentable<String>) {
    name(tag, .text(value.rawValue))
  }

  /// A place, as ISO 3166 writes it; left out when unknown.
  @inline(__always)
  mutating func place(_ tag: UInt8, _ value: Place) {
    integer(tag, value.packed)
  }

  /// A client address; left out when there is none.
  @inline(__always)
  mutating func address(_ tag: UInt8, _ value: ClientAddress) {
    switch value.family {
    case 4:
      head(tag, 4)
      raw(UInt64(UInt32(truncatingIfNeeded: value.low).bigEndian), byteCount: 4)
    case 6:
      head(tag, 16)
      raw(value.high.bigEndian, byteCount: 8)
      raw(value.low.bigEndian, byteCount: 8)
    default: break
    }
  }

  /// Up to three small numbers and a name in one field, which may be repeated.
  @inline(__always)
  mutating func entry(_ tag: UInt8, _ first: UInt8, _ second: UInt8, _ third: UInt32, _ name: Name)
  {
    unsafe name.withBytes { bytes in
      let kept = min(bytes.count, AuditLimits.nameBytesMax)
      if kept < bytes.count { isTruncated = true }
      head(tag, 6 + kept)
      byte(first)
      byte(second)
      raw(UInt64(third), byteCount: 4)
      unsafe append(UnsafeRawBufferPointer(rebasing: bytes[0..<kept]))
    }
  }

  /// Appends bytes as they are.
  @inline(__always)
  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    need(bytes.count)
    unsafe (base + count).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }
}
