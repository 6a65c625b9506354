public import HTTP

/// A URI that an unsafe request may have changed.
public struct AffectedTarget: Hashable, Sendable {
  /// The canonical authority.
  public var authority: [UInt8]
  /// The canonical target: path and query.
  public var target: [UInt8]

  /// Names a target.
  public init(authority: [UInt8], target: [UInt8]) {
    self.authority = authority
    self.target = target
  }
}

/// Which stored answers an unsafe request ends: RFC 9111 section 4.4.
public enum UnsafeEffect {
  /// Whether a request with this method may change something; unknown methods may.
  public static func mayChange(_ method: Method) -> Bool { !method.isSafe }

  /// The targets whose entries end when an origin answered `request` with `response`: its own, and
  /// those of `Location` and `Content-Location` if they are of the same origin.
  ///
  /// Only an answer that is no error (2xx, 3xx) names others; the request's own target is affected
  /// by any answer, since an origin that failed may have written.
  public static func targets(
    of request: borrowing RequestHead, answered response: borrowing ResponseHead
  ) -> [AffectedTarget] {
    var found = [AffectedTarget(authority: request.authority, target: request.target)]
    guard (200...399).contains(response.status) else { return found }
    for index in 0..<response.fields.lines.count {
      let line = response.fields.lines[index]
      guard let field = CacheField(line, of: response.fields),
        field == .location || field == .contentLocation,
        let target = resolve(response.fields.bytes(line), against: request)
      else { continue }
      let affected = AffectedTarget(authority: request.authority, target: target)
      if !found.contains(affected) { found.append(affected) }
    }
    return found
  }

  /// The canonical target of a reference, if it is of the request's own origin.
  private static func resolve(
    _ reference: [UInt8], against request: borrowing RequestHead
  ) -> [UInt8]? {
    var text = Array(reference.prefix { $0 != 0x23 })
    if let colon = schemeEnd(text) {
      let scheme = Array(text[..<colon])
      guard scheme.spells(request.isSecure ? "https" : "http"),
        text[(colon + 1)...].starts(with: "//".utf8)
      else { return nil }
      text.removeFirst(colon + 1)
    }
    if text.starts(with: "//".utf8) {
      let rest = text.dropFirst(2)
      let end = rest.firstIndex { $0 == 0x2F || $0 == 0x3F } ?? rest.endIndex
      var authority: [UInt8] = []
      let isRead = unsafe Array(rest[..<end]).withUnsafeBytes {
        unsafe CanonicalAuthority.canonicalize($0, into: &authority)
      }
      guard isRead,
        withoutDefaultPort(authority, request) == withoutDefaultPort(request.authority, request)
      else { return nil }
      text = Array(rest[end...])
      if text.first != 0x2F { text.insert(0x2F, at: 0) }
    } else if text.first != 0x2F {
      text = merged(text, request)
    }
    var target: [UInt8] = []
    let result = unsafe text.withUnsafeBytes {
      unsafe CanonicalTarget.canonicalize($0, into: &target)
    }
    guard case .ok = result else { return nil }
    return target
  }

  /// Where the scheme's colon stands; nil for a relative reference.
  private static func schemeEnd(_ text: [UInt8]) -> Int? {
    for (index, byte) in text.enumerated() {
      switch byte {
      case 0x3A: return index > 0 ? index : nil
      case 0x41...0x5A, 0x61...0x7A: continue
      case 0x30...0x39, 0x2B, 0x2D, 0x2E: if index == 0 { return nil }
      default: return nil
      }
    }
    return nil
  }

  /// A relative reference behind the directory of the request's path (RFC 3986 section 5.2).
  private static func merged(_ text: [UInt8], _ request: borrowing RequestHead) -> [UInt8] {
    let path = request.target.prefix(request.pathCount)
    if text.isEmpty { return request.target }
    if text.first == 0x3F { return Array(path) + text }
    let directory = path.lastIndex(of: 0x2F).map { path[...$0] } ?? [0x2F]
    return Array(directory) + text
  }

  /// The authority without the port that its scheme implies.
  private static func withoutDefaultPort(
    _ authority: [UInt8], _ request: borrowing RequestHead
  ) -> [UInt8] {
    let port = Array((request.isSecure ? ":443" : ":80").utf8)
    return authority.count > port.count && authority.suffix(port.count).elementsEqual(port)
      ? Array(authority.dropLast(port.count)) : authority
  }
}
