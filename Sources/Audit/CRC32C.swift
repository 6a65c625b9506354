internal import CProcessor

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4): by the processor's instruction, else by tables.
///
/// Finds torn writes and flipped bits; it is no protection against an attacker.
public enum CRC32C {
  /// The checksum of `bytes`.
  public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    guard hasInstruction else { return unsafe checksumByTables(bytes) }
    return unsafe ~homeward_crc32c(0xFFFF_FFFF, bytes.baseAddress, bytes.count)
  }

  /// Asked once: every x86-64 since 2008 and nearly every ARM server has it.
  private static let hasInstruction = homeward_has_crc32c() != 0

  /// The same by tables, eight bytes a step ("slicing by eight").
  static func checksumByTables(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let table = unsafe Table.shared.words
    var crc: UInt32 = 0xFFFF_FFFF
    var offset = 0
    let wholeCount = bytes.count & ~7
    while offset < wholeCount {
      // In bounds: eight bytes from `offset` end at most at `wholeCount`; each index into the
      // table is one of 8 x 256.
      let word =
        UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        ^ UInt64(crc)
      crc =
        unsafe table[0x700 + Int(word & 0xFF)] ^ table[0x600 + Int(word >> 8 & 0xFF)]
        ^ table[0x500 + Int(word >> 16 & 0xFF)] ^ table[0x400 + Int(word >> 24 & 0xFF)]
      crc ^=
        unsafe table[0x300 + Int(word >> 32 & 0xFF)] ^ table[0x200 + Int(word >> 40 & 0xFF)]
        ^ table[0x100 + Int(word >> 48 & 0xFF)] ^ table[Int(word >> 56)]
      offset += 8
    }
    while offset < bytes.count {
      crc = unsafe crc >> 8 ^ table[Int((crc ^ UInt32(bytes[offset])) & 0xFF)]
      offset += 1
    }
    return ~crc
  }

  /// The eight tables, made once and kept for the life of the program.
  @safe
  private struct Table: @unchecked Sendable {
    /// 8 x 256 words, never written after `init`.
    let words: UnsafePointer<UInt32>

    /// The only instance.
    static let shared = Table()

    /// Fills the tables from the reflected polynomial.
    private init() {
      let room = UnsafeMutablePointer<UInt32>.allocate(capacity: 8 * 256)
      for index in 0..<256 {
        var crc = UInt32(index)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
        unsafe room[index] = crc
      }
      for index in 256..<(8 * 256) {
        let previous = unsafe room[index - 256]
        unsafe room[index] = unsafe previous >> 8 ^ room[Int(previous & 0xFF)]
      }
      unsafe words = UnsafePointer(room)
    }
  }
}
