public import HTTP

/// A URI that an unsafe request may have changed.
public struct AffectedTarget: Hashable, Sendable {
  /// The canonical authority, as `OriginName` has it.
  public var authority: [UInt8]
  /// The canonical target: path and query.
  public var target: [UInt8]

  /// Names a target of the origin that a request names: its own, unless another one is given.
  public init(_ request: borrowing RequestHead, target: [UInt8]? = nil) {
    authority = Array(OriginName.ofRequest(request))
    self.target = target ?? request.target
  }
}

/// How keys and tags name an origin: its authority without the port that the scheme implies (RFC
/// 9110 section 4.2.3), so that `ehr.example:443` is not another one than `ehr.example`.
enum OriginName {
  /// The name of a request's origin.
  @inline(__always)
  static func ofRequest(_ request: borrowing RequestHead) -> ArraySlice<UInt8> {
    withoutDefaultPort(request.authority, isSecure: request.isSecure)
  }

  /// A canonical authority without the port that its scheme implies.
  @inline(__always)
  static func withoutDefaultPort(
    _ authority: [UInt8], isSecure: Bool
  ) -> ArraySlice<UInt8> {
    let count = authority.count
    // `3` or `0`: few authorities end so.
    guard count > 4, authority[count - 1] == (isSecure ? 0x33 : 0x30) else { return authority[...] }
    let isDefault = authority[...].ends(with: isSecure ? ":443" : ":80")
    return isDefault ? authority[..<(count - (isSecure ? 4 : 3))] : authority[...]
  }
}

extension ArraySlice<UInt8> {
  /// Whether the last bytes are these.
  fileprivate func ends(with text: StaticString) -> Bool {
    let end = suffix(text.utf8CodeUnitCount)
    return text.withUTF8Buffer { unsafe end.elementsEqual($0) }
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
    var found = [AffectedTarget(request)]
    guard (200...399).contains(response.status) else { return found }
    for index in 0..<response.fields.lines.count {
      let line = response.fields.lines[index]
      guard let field = CacheField(line, of: response.fields),
        field == .location || field == .contentLocation,
        let target = resolve(response.fields.bytes(line), against: request)
      else { continue }
      let affected = AffectedTarget(request, target: target)
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
        OriginName.withoutDefaultPort(authority, isSecure: request.isSecure)
          == OriginName.ofRequest(request)
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
}
