/// Writes text into memory that was reserved for its longest form: one check of room for a whole
/// value instead of one growth for each of its parts.
///
/// Writing past the reservation traps.
@safe
public struct ByteWriter: ~Copyable {
  /// The reserved memory, which outlives the writer.
  private let memory: UnsafeMutableRawBufferPointer
  /// Bytes written.
  public private(set) var count = 0

  /// Writes from the start of `memory` on.
  @inline(__always)
  public init(_ memory: UnsafeMutableRawBufferPointer) { unsafe self.memory = unsafe memory }

  /// The place of the next `byteCount` bytes, of which `keptCount` stay written.
  @inline(__always)
  private mutating func take(_ byteCount: Int, keptCount: Int) -> UnsafeMutableRawPointer {
    unsafe precondition(byteCount <= memory.count &- count, "past the reservation")
    defer { count &+= keptCount }
    // There is a base: a buffer without one has no room, and only empty parts come this far.
    return unsafe memory.baseAddress.unsafelyUnwrapped + count
  }

  /// Appends one byte.
  @inline(__always)
  public mutating func append(_ byte: UInt8) {
    unsafe take(1, keptCount: 1).storeBytes(of: byte, as: UInt8.self)
  }

  /// Appends a copy of `bytes`.
  @inline(__always)
  public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    unsafe take(bytes.count, keptCount: bytes.count)
      .copyMemory(from: source, byteCount: bytes.count)
  }

  /// Appends a copy of `bytes`.
  @inline(__always)
  public mutating func append(_ bytes: borrowing [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe append($0) }
  }

  /// Appends the UTF-8 of a literal.
  @inline(__always)
  public mutating func append(_ literal: StaticString) {
    unsafe append(
      UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }

  /// Appends `value` in decimal digits: up to 20.
  public mutating func append(decimal value: UInt64) {
    if value < 10 { return append(UInt8(truncatingIfNeeded: value) &+ 0x30) }
    var digits: InlineArray<20, UInt8> = .init(repeating: 0)
    var rest = value
    var start = 20
    repeat {
      start &-= 1
      digits[start] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
      rest /= 10
    } while rest > 0
    for index in start..<20 { append(digits[index]) }
  }

  /// Appends a number below 100 in two digits.
  @inline(__always)
  public mutating func append(twoDigits value: Int) {
    append(UInt8(truncatingIfNeeded: value / 10) &+ 0x30)
    append(UInt8(truncatingIfNeeded: value % 10) &+ 0x30)
  }

  /// Appends the last `digits` lower-case hexadecimal digits of `value`, at most 16; needs room
  /// for all 16.
  @inline(__always)
  public mutating func append(hexadecimal value: UInt64, digits: Int = 16) {
    precondition(digits > 0 && digits <= 16, "a word has up to 16 digits")
    let shifted = value << UInt64(4 * (16 - digits))
    let place = unsafe take(16, keptCount: digits)
    let (high, low) = (
      UInt32(truncatingIfNeeded: shifted >> 32), UInt32(truncatingIfNeeded: shifted)
    )
    unsafe place.storeBytes(of: Self.digits(high), as: UInt64.self)
    unsafe place.storeBytes(of: Self.digits(low), toByteOffset: 8, as: UInt64.self)
  }

  /// The eight hexadecimal digits of `value` in the order of memory.
  @inline(__always)
  private static func digits(_ value: UInt32) -> UInt64 {
    // Spreads the word's nibbles over eight bytes, halving the runs three times.
    var nibbles = UInt64(value)
    nibbles = (nibbles << 16 | nibbles) & 0x0000_FFFF_0000_FFFF
    nibbles = (nibbles << 8 | nibbles) & 0x00FF_00FF_00FF_00FF
    nibbles = (nibbles << 4 | nibbles) & 0x0F0F_0F0F_0F0F_0F0F
    // A nibble above nine carries into the next bit; letters lie 0x27 behind the digits.
    let letters = ((nibbles &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
    return (nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 0x27).bigEndian
  }
}

extension ByteQueue {
  /// Appends what `write` writes, at most `byteCountMax` bytes.
  @inline(__always)
  public mutating func append(
    byteCountMax: Int, writing write: (inout ByteWriter) -> Void
  ) {
    let room = unsafe reserve(byteCountMax)
    var writer = unsafe ByteWriter(UnsafeMutableRawBufferPointer(start: room, count: byteCountMax))
    write(&writer)
    advance(writer.count)
  }
}

extension [UInt8] {
  /// Appends what `write` writes, at most `byteCountMax` bytes.
  @inline(__always)
  public mutating func append(
    byteCountMax: Int, writing write: (inout ByteWriter) -> Void
  ) {
    append(addingCapacity: byteCountMax) { span in
      unsafe span.withUnsafeMutableBufferPointer { memory, count in
        let spare = UnsafeMutableRawBufferPointer(memory)
        var writer = unsafe ByteWriter(UnsafeMutableRawBufferPointer(rebasing: spare[count...]))
        write(&writer)
        // The writer is bounded by the span's memory and wrote all that it counts.
        count += writer.count
      }
    }
  }
}
