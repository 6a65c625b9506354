/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) is the IPv4 address, so
/// that one client has one value whatever socket it came through.
public struct IPAddress: Hashable, Sendable {
  /// The address as a number: 32 significant bits for IPv4, 128 for IPv6.
  public let bits: UInt128
  /// Whether the address is IPv4 (or was IPv4-mapped).
  public let isIPv4: Bool

  /// Bits in an address of this family.
  public var bitCount: Int { isIPv4 ? 32 : 128 }

  /// Makes the IPv4 address with these 32 bits, the first octet highest.
  public init(ipv4 bits: UInt32) {
    self.bits = UInt128(bits)
    isIPv4 = true
  }

  /// Makes the address with these 128 bits, folding the IPv4-mapped range.
  public init(ipv6 bits: UInt128) {
    if bits >> 32 == 0xFFFF {
      self.bits = bits & 0xFFFF_FFFF
      isIPv4 = true
    } else {
      self.bits = bits
      isIPv4 = false
    }
  }

  /// Makes the address from its network-order bytes: four or sixteen, else nil.
  public init?(networkBytes bytes: UnsafeRawBufferPointer) {
    var bits: UInt128 = 0
    for index in 0..<bytes.count { unsafe bits = (bits << 8) | UInt128(bytes[index]) }
    switch bytes.count {
    case 4: self.init(ipv4: UInt32(truncatingIfNeeded: bits))
    case 16: self.init(ipv6: bits)
    default: return nil
    }
  }

  /// Reads `192.0.2.1` or `2001:db8::1`; nil for anything else (no zone, no port, no brackets, no
  /// leading zeros in an octet).
  public init?(_ text: some StringProtocol) {
    var text = String(text)
    guard let read = text.withUTF8({ unsafe IPAddress(text: UnsafeRawBufferPointer($0)) })
    else { return nil }
    self = read
  }

  /// Reads the text form from ASCII bytes; see `init(_:)`.
  public init?(text: UnsafeRawBufferPointer) {
    guard text.count >= 2 && text.count <= 45 else { return nil }
    var hasColon = false
    for index in 0..<text.count where unsafe text[index] == 0x3A { hasColon = true }
    if hasColon {
      guard let bits = unsafe Self.readIPv6(text) else { return nil }
      self.init(ipv6: bits)
    } else {
      guard let bits = unsafe Self.readIPv4(text, from: 0) else { return nil }
      self.init(ipv4: bits)
    }
  }

  /// Four decimal octets up to the end of `text`.
  private static func readIPv4(_ text: UnsafeRawBufferPointer, from start: Int) -> UInt32? {
    var bits: UInt32 = 0
    var octet: UInt32 = 0
    var digitCount = 0
    var dotCount = 0
    for index in start..<text.count {
      let byte = unsafe text[index]
      if byte == 0x2E {
        guard digitCount > 0 && dotCount < 3 else { return nil }
        bits = (bits << 8) | octet
        octet = 0
        digitCount = 0
        dotCount += 1
      } else {
        guard byte >= 0x30 && byte <= 0x39 && !(digitCount > 0 && octet == 0) else { return nil }
        octet = octet * 10 + UInt32(byte - 0x30)
        digitCount += 1
        guard octet <= 255 else { return nil }
      }
    }
    return dotCount == 3 && digitCount > 0 ? (bits << 8) | octet : nil
  }

  /// Eight groups, one run of which may be `::`; the last two may be an IPv4 address.
  private static func readIPv6(_ text: UnsafeRawBufferPointer) -> UInt128? {
    var bits: UInt128 = 0
    var groupCount = 0
    var gapIndex = -1
    var index = 0
    if unsafe text[0] == 0x3A {
      guard unsafe text[1] == 0x3A else { return nil }
      gapIndex = 0
      index = 2
    }
    while index < text.count {
      let start = index
      var group: UInt32 = 0
      while index < text.count, let digit = unsafe hexDigit(text[index]) {
        group = (group << 4) | UInt32(digit)
        index += 1
        guard index - start <= 4 else { return nil }
      }
      if unsafe index < text.count && text[index] == 0x2E {
        guard groupCount <= 6, let tail = unsafe readIPv4(text, from: start) else { return nil }
        bits = (bits << 32) | UInt128(tail)
        groupCount += 2
        break
      }
      guard index > start && groupCount < 8 else { return nil }
      bits = (bits << 16) | UInt128(group)
      groupCount += 1
      guard index < text.count else { break }
      guard unsafe text[index] == 0x3A else { return nil }
      index += 1
      guard index < text.count else { return nil }
      if unsafe text[index] == 0x3A {
        guard gapIndex < 0 else { return nil }
        gapIndex = groupCount
        index += 1
      }
    }
    guard gapIndex >= 0 else { return groupCount == 8 ? bits : nil }
    guard groupCount < 8 else { return nil }
    let tailBits = (groupCount - gapIndex) * 16
    let tailMask: UInt128 = tailBits == 0 ? 0 : ~0 >> UInt128(128 - tailBits)
    return ((bits & ~tailMask) << UInt128((8 - groupCount) * 16)) | (bits & tailMask)
  }

  /// The value of a hexadecimal digit.
  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }

  /// Bytes in the longest text form.
  public static let textByteCountMax = 39

  /// Writes the text form (RFC 5952: lower case, the longest run of zeros as `::`).
  public func write(to text: inout ByteWriter) {
    if isIPv4 {
      let word = UInt32(truncatingIfNeeded: bits)
      for index in 0..<4 as Range<UInt32> {
        if index > 0 { text.append(0x2E) }
        text.append(decimal: UInt64(word >> (24 - 8 * index) & 0xFF))
      }
      return
    }
    let gap = longestZeroRun()
    var index = 0
    while index < 8 {
      if index == gap.lowerBound && !gap.isEmpty {
        text.append("::")
        index = gap.upperBound
        continue
      }
      if index > 0 && index != gap.upperBound { text.append(0x3A) }
      Self.write(group(index), to: &text)
      index += 1
    }
  }

  /// The sixteen-bit group at `index`, counted from the left.
  private func group(_ index: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: bits >> UInt128(112 - 16 * index)) & 0xFFFF
  }

  /// The first longest run of two or more zero groups; an empty range past the end when none.
  private func longestZeroRun() -> Range<Int> {
    var best = 9..<9
    var start = 0
    while start < 8 {
      var end = start
      while end < 8 && group(end) == 0 { end += 1 }
      if end - start >= 2 && end - start > best.count { best = start..<end }
      start = max(end, start + 1)
    }
    return best
  }

  /// Writes a group in hexadecimal digits without leading zeros.
  private static func write(_ group: UInt32, to text: inout ByteWriter) {
    if group >= 16 { write(group / 16, to: &text) }
    let digit = UInt8(truncatingIfNeeded: group % 16)
    text.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
  }
}

extension IPAddress: CustomStringConvertible {
  /// The text form of RFC 5952, or dotted decimals.
  public var description: String {
    var bytes: [UInt8] = []
    bytes.append(byteCountMax: Self.textByteCountMax) { write(to: &$0) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A block of addresses: `10.0.0.0/8`, `2001:db8::/32`. RFC 4632, RFC 4291 section 2.3.
public struct CIDR: Hashable, Sendable {
  /// The first address of the block.
  public let address: IPAddress
  /// Leading bits that all addresses of the block share.
  public let prefixBitCount: Int

  /// Makes the block; nil when the prefix is too long or `address` has bits behind it.
  public init?(_ address: IPAddress, prefixBitCount: Int) {
    guard prefixBitCount >= 0 && prefixBitCount <= address.bitCount else { return nil }
    self.address = address
    self.prefixBitCount = prefixBitCount
    guard address.bits & ~Self.mask(prefixBitCount, of: address.bitCount) == 0 else { return nil }
  }

  /// Reads `address/prefix`, or an address alone as a block of one.
  ///
  /// Nil for anything else, also when bits behind the prefix are set, so that a typing error never
  /// trusts the wrong network. A block inside the IPv4-mapped range is the IPv4 block.
  public init?(_ text: some StringProtocol) {
    guard let slash = text.firstIndex(of: "/") else {
      guard let address = IPAddress(text) else { return nil }
      self.init(address, prefixBitCount: address.bitCount)
      return
    }
    let prefixText = text[text.index(after: slash)...]
    guard let address = IPAddress(text[..<slash]), (1...3).contains(prefixText.utf8.count),
      prefixText.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), var prefix = Int(prefixText),
      prefixText.utf8.count == 1 || prefixText.utf8.first != 0x30
    else { return nil }
    if address.isIPv4 && text[..<slash].utf8.contains(0x3A) {
      guard prefix >= 96 else { return nil }
      prefix -= 96
    }
    self.init(address, prefixBitCount: prefix)
  }

  /// Whether `candidate` lies in the block. An address of the other family never does.
  public func contains(_ candidate: IPAddress) -> Bool {
    candidate.isIPv4 == address.isIPv4
      && candidate.bits & Self.mask(prefixBitCount, of: address.bitCount) == address.bits
  }

  /// The ones that cover the first `prefixBitCount` of `bitCount` bits.
  private static func mask(_ prefixBitCount: Int, of bitCount: Int) -> UInt128 {
    guard prefixBitCount > 0 else { return 0 }
    let ones: UInt128 = ~0 >> UInt128(128 - prefixBitCount)
    return ones << UInt128(bitCount - prefixBitCount)
  }
}

extension CIDR: CustomStringConvertible {
  /// `address/prefix`.
  public var description: String { "\(address)/\(prefixBitCount)" }
}
