/// A fixed set of names, each with a number: built once, looked up without allocation.
///
/// Open addressing. The names are the program's own, so the hash needs no key; a hostile name costs
/// one probe run of a half-empty table. A value; any thread.
struct NameTable: Sendable {
  /// One place of the table; `nameCount` zero marks it empty.
  private struct Slot: Sendable {
    var nameStart: UInt32 = 0
    var nameCount: UInt16 = 0
    var number: UInt16 = 0
  }

  private var slots: [Slot]
  private var names: [UInt8] = []
  private let mask: Int

  /// Makes the table; a name that occurs twice is a programmer's mistake and traps.
  init(_ rows: [(StaticString, UInt16)]) {
    var size = 16
    while size < rows.count * 2 { size *= 2 }
    mask = size - 1
    slots = Array(repeating: Slot(), count: size)
    for (name, number) in rows {
      // A StaticString's bytes live as long as the program.
      let bytes = unsafe ByteView(
        UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
      precondition(!bytes.isEmpty && self[bytes] == nil, "empty or repeated name in a table")
      var index = Self.hash(bytes) & mask
      while slots[index].nameCount != 0 { index = (index + 1) & mask }
      slots[index] = Slot(
        nameStart: UInt32(names.count), nameCount: UInt16(bytes.count), number: number)
      for position in 0..<bytes.count { names.append(bytes[position]) }
    }
  }

  /// The number of `name`; nil when the table does not hold it.
  subscript(name: ByteView) -> UInt16? {
    guard !name.isEmpty else { return nil }
    var index = Self.hash(name) & mask
    while true {
      let slot = slots[index]
      if slot.nameCount == 0 { return nil }
      if Int(slot.nameCount) == name.count, matches(slot, name) { return slot.number }
      index = (index + 1) & mask
    }
  }

  /// Whether the slot's name is `name`; their lengths are equal.
  @inline(__always)
  private func matches(_ slot: Slot, _ name: ByteView) -> Bool {
    unsafe names.withUnsafeBytes { bytes in
      let start = Int(slot.nameStart)
      return unsafe ByteView(bytes)[start..<(start + name.count)].equals(name)
    }
  }

  /// Multiplies and folds eight bytes at a time; a non-negative Int.
  @inline(__always)
  private static func hash(_ bytes: ByteView) -> Int {
    var hash = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: bytes.count)
    var index = 0
    while index + 8 <= bytes.count {
      hash = (hash ^ bytes.word(at: index)) &* 0xFF51_AFD7_ED55_8CCD
      hash ^= hash >> 32
      index += 8
    }
    var rest: UInt64 = 0
    while index < bytes.count {
      rest = rest << 8 | UInt64(bytes[index])
      index += 1
    }
    hash = (hash ^ rest) &* 0xFF51_AFD7_ED55_8CCD
    return Int(truncatingIfNeeded: (hash ^ (hash >> 32)) & 0x7FFF_FFFF)
  }
}
