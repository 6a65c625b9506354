import Base
import Testing

/// The published vectors: key 00..0f, message 00..(n-1), result as a little-endian word.
@Test(arguments: [
  (0, 0x726f_db47_dd0e_0e31 as UInt64), (1, 0x74f8_39c5_93dc_67fd), (7, 0xab02_00f5_8b01_d137),
  (8, 0x93f5_f579_9a93_2462), (15, 0xa129_ca61_49be_45e5), (63, 0x958a_324c_eb06_4572),
])
func sipHashMeetsThePublishedVectors(count: Int, expected: UInt64) {
  let hash = SipHash24(key0: 0x0706_0504_0302_0100, key1: 0x0f0e_0d0c_0b0a_0908)
  let message = (0..<count).map { UInt8($0) }
  let result = unsafe message.withUnsafeBytes { unsafe hash.hash($0) }
  #expect(result == expected)
}
