internal import Base
internal import Reactor
internal import StrictYAML

extension MappingReader {
  /// The section under an optional key; when it is absent, a reader that gives every default.
  func section(_ key: String) -> MappingReader {
    optionalMapping(key, "`\(key)`") ?? MappingReader(nil, "`\(key)`", diagnostics)
  }

  /// Complains when a list that is there is empty or too long.
  func requireItems(_ key: String, _ count: Int, max: Int) {
    guard contains(key) else { return }
    if count > max {
      diagnostics.error(
        Code.range.rawValue, at: mark(of: key),
        "`\(key)` may have \(max) entries at most, not \(count)")
    } else if count == 0, isEmptyCollection(key) {
      diagnostics.error(.nothingThere, at: mark(of: key), "`\(key)` needs at least one entry")
    }
  }

  /// Whether an empty list or mapping stands under `key`, not something else already reported.
  private func isEmptyCollection(_ key: String) -> Bool {
    switch node(key, isRequired: false) {
    case .sequence(let items, _): items.isEmpty
    case .mapping(let entries, _): entries.isEmpty
    case .scalar, nil: false
    }
  }

  /// A name: up to 64 letters, digits, `-`, `_` and `.`, as headers and records can carry.
  func name(_ key: String) -> String {
    guard let scalar = scalar(key), let name = diagnostics.string(scalar, key) else { return "" }
    if !isName(name) {
      diagnostics.error(
        .name, at: scalar.mark,
        "`\(key)` must be 1 to 64 letters, digits, `-`, `_` or `.`, starting with a letter"
          + " or digit")
    }
    return name
  }

  /// A name as certificates carry it: a host name such as `east.ehr.example`, or an IP address.
  func serverName(_ key: String) -> String {
    guard let scalar = scalar(key), let name = diagnostics.string(scalar, key) else { return "" }
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    let isHostName = name.utf8.count <= 253 && labels.allSatisfy(isLabel)
    if !isHostName, IPAddress(name) == nil {
      diagnostics.error(
        .name, at: scalar.mark,
        "`\(key)` must be a host name such as `east.ehr.example` or an IP address, as the"
          + " certificate bears it, not `\(name)`")
    }
    return name
  }

  /// An address and port; nil after a complaint.
  ///
  /// Names are not looked up: where patient data goes must not depend on a resolver.
  func address(_ key: String) -> SocketAddress? {
    guard let scalar = scalar(key) else { return nil }
    if let address = SocketAddress(text: scalar.text) { return address }
    diagnostics.error(
      .address, at: scalar.mark,
      "`\(key)` must be an IP address and a port such as `127.0.0.1:8443` or `[::1]:8443`,"
        + " not `\(scalar.text)`",
      suggestion: addressMeant(by: scalar.text))
    return nil
  }
}

extension SocketAddress {
  /// Reads `192.0.2.1:443` or `[2001:db8::1]:443`; nil for anything else.
  init?(text: String) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    var host = text[..<colon]
    let digits = text[text.index(after: colon)...]
    guard let port = UInt16(digits), String(port) == digits else { return nil }
    if host.hasPrefix("[") {
      guard host.hasSuffix("]") else { return nil }
      host = host.dropFirst().dropLast()
      guard host.contains(":") else { return nil }
    } else if host.contains(":") {
      return nil
    }
    guard let address = IPAddress(host) else { return nil }
    self.init(address, port: port)
  }
}

extension IPAddress {
  /// Whether only this machine can reach it: `127.0.0.0/8` or `::1`.
  var isLoopback: Bool { isIPv4 ? bits >> 24 == 127 : bits == 1 }
}

/// The address that someone who wrote `text` had in mind, when that is plain.
private func addressMeant(by text: String) -> String? {
  guard let colon = text.lastIndex(of: ":") else { return nil }
  let port = text[text.index(after: colon)...]
  guard UInt16(port) != nil else { return nil }
  switch text[..<colon] {
  case "localhost": return "127.0.0.1:\(port)"
  case "", "*": return "0.0.0.0:\(port)"
  case let host where host.contains(":") && IPAddress(host) != nil: return "[\(host)]:\(port)"
  default: return nil
  }
}

/// Whether `text` can be a name in headers and records.
private func isName(_ text: String) -> Bool {
  guard (1...64).contains(text.utf8.count), let first = text.utf8.first, isAlphanumeric(first)
  else { return false }
  return text.utf8.allSatisfy { isAlphanumeric($0) || [0x2D, 0x2E, 0x5F].contains($0) }
}

/// Whether `text` is one label of a host name (RFC 1123 section 2.1).
private func isLabel(_ text: Substring) -> Bool {
  (1...63).contains(text.utf8.count) && text.first != "-" && text.last != "-"
    && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D }
}

/// Whether `byte` is an ASCII letter or digit.
private func isAlphanumeric(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
  default: false
  }
}
