import Base
import Testing

/// Reading and printing addresses, and blocks of addresses.
struct IPAddressTests {
  @Test(arguments: [
    ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
    ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"),
    ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0"),
    ("0:0:1:0:0:0:1:0", "0:0:1::1:0"), ("::ffff:192.0.2.1", "192.0.2.1"),
    ("::FFFF:c000:201", "192.0.2.1"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ("fe80::1:2", "fe80::1:2"), ("1::8", "1::8"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
    ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("::ffff:0:0:1", "::ffff:0:0:1"),
  ])
  func readsAndPrints(text: String, printed: String) throws {
    let address = try #require(IPAddress(text))
    #expect(address.description == printed)
    #expect(IPAddress(printed) == address)
  }

  @Test(arguments: [
    "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1..2.3", "1.2.3.4 ",
    " 1.2.3.4", "1.2.3.4:80", "a.b.c.d", ":", ":::", "1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
    "1::2::3", "12345::", "::g", "[::1]", "fe80::1%eth0", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3",
    ":1::", "1:2:3:4:5:6:7:8::", "1::2:", "-1.2.3.4", "0x1.2.3.4", "1.2.3.4/8",
    "1:2:3:4:5:6:7:8:", "::1.2.3.4:5",
  ])
  func refuses(text: String) { #expect(IPAddress(text) == nil) }

  @Test func everyAddressPrintsAndReadsBack() {
    var random = SplitMix64(seed: 0x1D)
    for _ in 0..<5000 {
      var bits = UInt128(random.next()) << 64 | UInt128(random.next())
      // Zero some groups, so that runs of every length and place occur.
      let zeros = random.next()
      for group in 0..<8 where zeros >> UInt64(group) & 1 == 1 {
        bits &= ~(UInt128(0xFFFF) << UInt128(16 * group))
      }
      let address = IPAddress(ipv6: bits)
      #expect(IPAddress(address.description) == address)
      let short = IPAddress(ipv4: UInt32(truncatingIfNeeded: random.next()))
      #expect(IPAddress(short.description) == short)
    }
  }

  @Test func readsNetworkBytes() {
    let v4: [UInt8] = [192, 0, 2, 1]
    let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1]
    let a = unsafe v4.withUnsafeBytes { unsafe IPAddress(networkBytes: $0) }
    let b = unsafe mapped.withUnsafeBytes { unsafe IPAddress(networkBytes: $0) }
    #expect(a == IPAddress("192.0.2.1"))
    #expect(a == b)
    let short = unsafe v4[..<3].withUnsafeBytes { unsafe IPAddress(networkBytes: $0) }
    #expect(short == nil)
  }

  @Test(arguments: [
    ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.0", false),
    ("10.0.0.0/8", "::ffff:10.1.1.1", true), ("0.0.0.0/0", "203.0.113.9", true),
    ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "2001:db8::1", true), ("::/0", "1.2.3.4", false),
    ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.6", false),
    ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false),
    ("fe80::/10", "febf::1", true), ("fe80::/10", "fec0::1", false), ("::1/128", "::1", true),
    ("::ffff:10.0.0.0/104", "10.9.9.9", true), ("192.0.2.128/25", "192.0.2.127", false),
  ])
  func blocksContain(block: String, address: String, isInside: Bool) throws {
    let block = try #require(CIDR(block))
    #expect(block.contains(try #require(IPAddress(address))) == isInside)
    #expect(CIDR(block.description) == block)
  }

  @Test(arguments: [
    "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "/8", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8 ",
    "2001:db8::/129", "2001:db8::1/32", "::ffff:10.0.0.0/64", "10.0.0.0/8/8", "10.0.0.0/+8",
  ])
  func refusesBlocks(text: String) { #expect(CIDR(text) == nil) }
}
