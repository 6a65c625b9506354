internal import Base
internal import StrictYAML

extension Configuration {
  /// Whose word is taken.
  struct Trust: Sendable, Equatable {
    /// The proxies in front of this edge: `Forwarded` and `X-Forwarded-For` are believed from these
    /// addresses and from nobody else. None by default: an address decides where data may go.
    var proxies: [CIDR] = []
  }
}

extension Configuration.Trust {
  /// Blocks of proxies: each is compared with every client that connects.
  static let proxyCountMax = 256
  /// Shorter prefixes would trust whole parts of the internet, IPv4 and IPv6.
  static let prefixBitCountMin = (ipv4: 8, ipv6: 16)

  /// Reads `trust`.
  init(_ reader: MappingReader) {
    var seen = Uniqueness()
    let items = reader.list("proxies", isRequired: false)
    if items.count > Self.proxyCountMax {
      reader.requireItems("proxies", items.count, max: Self.proxyCountMax)
    }
    for item in items {
      guard case .scalar(let scalar) = item else {
        reader.diagnostics.error(
          Code.shape.rawValue, at: item.mark,
          "an item of `proxies` must be a single value, not \(item.shape)")
        continue
      }
      guard let block = Self.block(scalar, reader.diagnostics) else { continue }
      seen.note("\(block)", at: scalar.mark, "network", reader.diagnostics)
      proxies.append(block)
    }
    reader.finish()
  }

  /// The block that `scalar` writes; nil after a complaint.
  private static func block(_ scalar: Node.Scalar, _ diagnostics: Diagnostics) -> CIDR? {
    let text = scalar.text
    if let block = CIDR(text), text.contains("/") {
      let isIPv4 = block.address.isIPv4
      let least = isIPv4 ? prefixBitCountMin.ipv4 : prefixBitCountMin.ipv6
      if block.prefixBitCount >= least { return block }
      diagnostics.error(
        .network, at: scalar.mark,
        "`\(text)` would believe too many; the shortest prefix for IPv\(isIPv4 ? 4 : 6)"
          + " is /\(least)")
      return nil
    }
    diagnostics.error(
      .network, at: scalar.mark,
      "a trusted proxy must be a network such as `10.1.0.0/16` or `2001:db8::/48`, not `\(text)`",
      suggestion: meant(by: text))
    return nil
  }

  /// The network of a lone address, or the one whose host bits were left in.
  private static func meant(by text: String) -> String? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard let first = parts.first, parts.count <= 2, let address = IPAddress(first) else {
      return nil
    }
    let length = parts.count == 2 ? Int(parts[1]) : address.bitCount
    guard let length, (1...address.bitCount).contains(length) else { return nil }
    let kept =
      (address.bits >> UInt128(address.bitCount - length))
      << UInt128(address.bitCount - length)
    let network =
      address.isIPv4 ? IPAddress(ipv4: UInt32(kept)) : IPAddress(ipv6: kept)
    return "\(network)/\(length)"
  }
}
