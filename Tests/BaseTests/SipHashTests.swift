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

/// The same for SipHash-2-4-128: two words.
@Test(arguments: [
  (0, 0xe6a8_25ba_047f_81a3 as UInt64, 0x9302_55c7_1472_f66d as UInt64),
  (1, 0x44af_996b_d8c1_87da, 0x45fc_229b_1159_7634),
  (7, 0x53c1_dbd8_beeb_f1a1, 0x3982_f01f_a64a_b8c0),
  (8, 0x61f5_5862_baa9_623b, 0xb497_14f3_64e2_830f),
  (15, 0x11a8_b033_99e9_9354, 0xd9c3_cf97_0fec_087e),
  (63, 0x4a83_502f_77d1_5051, 0x7cbd_3f97_9a06_3e50),
])
func sipHash128MeetsThePublishedVectors(count: Int, first: UInt64, second: UInt64) {
  let hash = SipHash24(key0: 0x0706_0504_0302_0100, key1: 0x0f0e_0d0c_0b0a_0908)
  let message = (0..<count).map { UInt8($0) }
  let result = unsafe message.withUnsafeBytes { unsafe hash.hash128($0) }
  #expect(result == (first, second))
}
