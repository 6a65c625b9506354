/// Why a request target has no canonical form. The raw text is a reason for logs.
public enum CanonicalTargetRefusal: String, CaseIterable, Sendable {
  case empty = "empty target"
  case relative = "target does not begin with a slash"
  case control = "control byte in the target"
  case space = "space in the target"
  case nonASCII = "byte above 127 in the target"
  case backslash = "backslash in the path"
  case fragment = "fragment in the target"
  case byte = "byte in the path that RFC 3986 does not allow"
  case percent = "bad percent-encoding in the target"
  case encodedSlash = "encoded slash in the path"
  case encodedBackslash = "encoded backslash in the path"
  case encodedControl = "encoded control byte in the path"
  case dotSegmentParameters = "dot segment with parameters in the path"
}

/// What `CanonicalTarget.canonicalize` found.
public enum CanonicalTargetResult: Equatable, Sendable {
  /// The canonical form was written; the path is its first `pathCount` bytes.
  case ok(pathCount: Int)
  /// There is no canonical form, and nothing was written.
  case refused(CanonicalTargetRefusal)
}

/// The one form of a request target that policy, cache, audit and origin see.
///
/// It begins with one slash, has no empty and no dot segments, unreserved bytes are not encoded and
/// hexadecimal digits are upper case; what different origins read differently is refused. The query
/// is kept as it came, after a check. RFC 3986 section 6.2.2. The form of a canonical target is
/// itself.
public enum CanonicalTarget {
  /// Writes the canonical form of `raw` (origin-form: path and optional query) to `target`.
  ///
  /// `target` is emptied first and keeps its memory. One scan and one copy for a canonical `raw`.
  public static func canonicalize(
    _ raw: UnsafeRawBufferPointer, into target: inout [UInt8]
  ) -> CanonicalTargetResult {
    target.removeAll(keepingCapacity: true)
    guard raw.count > 0 else { return .refused(.empty) }
    let first = unsafe raw[0]
    guard first == 0x2F else { return .refused(reason(for: first) ?? .relative) }
    let (plainCount, isPlain) = unsafe scanPlainPath(raw)
    var queryStart = plainCount
    if !isPlain {
      while unsafe queryStart < raw.count && raw[queryStart] != 0x3F { queryStart &+= 1 }
    }
    // Checked before anything is written, so that a refusal leaves nothing behind.
    if let refusal = unsafe checkQuery(raw, from: queryStart) { return .refused(refusal) }
    if isPlain {
      unsafe target.append(contentsOf: raw)
      return .ok(pathCount: plainCount)
    }
    if let refusal = unsafe rewrite(ByteScan.slice(raw, 0..<queryStart), into: &target) {
      target.removeAll(keepingCapacity: true)
      return .refused(refusal)
    }
    let pathCount = target.count
    unsafe target.append(contentsOf: ByteScan.slice(raw, queryStart..<raw.count))
    return .ok(pathCount: pathCount)
  }

  /// Bytes of `raw` up to the query, and whether they are canonical as they stand. When they are
  /// not, the count is where the scan stopped, which is before the query.
  @inline(__always)
  private static func scanPlainPath(_ raw: UnsafeRawBufferPointer) -> (Int, Bool) {
    let plain = ByteSet.path
    var last: UInt8 = 0
    for index in 0..<raw.count {
      let byte = unsafe raw[index]
      guard plain.contains(byte) else { return (index, byte == 0x3F) }
      // An empty segment, or one that begins with a dot and may be a dot segment.
      if last == 0x2F && (byte == 0x2F || byte == 0x2E) { return (index, false) }
      last = byte
    }
    return (raw.count, true)
  }

  /// Checks the query from its question mark on; an empty range passes.
  private static func checkQuery(
    _ raw: UnsafeRawBufferPointer, from start: Int
  ) -> CanonicalTargetRefusal? {
    let plain = ByteSet.query
    var index = start
    while index < raw.count {
      let byte = unsafe raw[index]
      if byte == 0x25 {
        guard index &+ 2 < raw.count, unsafe ByteScan.hexDigit(raw[index &+ 1]) != nil,
          unsafe ByteScan.hexDigit(raw[index &+ 2]) != nil
        else { return .percent }
        index &+= 3
        continue
      }
      guard plain.contains(byte) else { return reason(for: byte) ?? .byte }
      index &+= 1
    }
    return nil
  }

  /// Why `byte` is refused wherever it stands; nil when it depends on the place.
  private static func reason(for byte: UInt8) -> CanonicalTargetRefusal? {
    switch byte {
    case 0x23: .fragment
    case 0x20: .space
    case 0..<0x20, 0x7F: .control
    case 0x80...: .nonASCII
    case 0x5C: .backslash
    default: nil
    }
  }

  /// Decodes `path` into `target`, segment by segment.
  private static func rewrite(
    _ path: UnsafeRawBufferPointer, into target: inout [UInt8]
  ) -> CanonicalTargetRefusal? {
    target.reserveCapacity(path.count)
    var segmentStart = 1
    var index = 0
    while index < path.count {
      let byte = unsafe path[index]
      index &+= 1
      switch byte {
      case 0x2F:
        if target.isEmpty {
          target.append(0x2F)
        } else if let refusal = closeSegment(&target, from: segmentStart, isLast: false) {
          return refusal
        }
        segmentStart = target.count
      case 0x25:
        guard index &+ 1 < path.count, let high = unsafe ByteScan.hexDigit(path[index]),
          let low = unsafe ByteScan.hexDigit(path[index &+ 1])
        else { return .percent }
        index &+= 2
        if let refusal = append(decoded: high << 4 | low, to: &target) { return refusal }
      default:
        guard ByteSet.path.contains(byte) else { return reason(for: byte) ?? .byte }
        target.append(byte)
      }
    }
    return closeSegment(&target, from: segmentStart, isLast: true)
  }

  /// Appends a byte that was percent-encoded: plain when unreserved, else encoded in upper case.
  private static func append(
    decoded byte: UInt8, to target: inout [UInt8]
  ) -> CanonicalTargetRefusal? {
    if ByteSet.unreserved.contains(byte) {
      target.append(byte)
      return nil
    }
    switch byte {
    case 0x2F: return .encodedSlash
    case 0x5C: return .encodedBackslash
    case 0..<0x20, 0x7F: return .encodedControl
    default: break
    }
    target.append(0x25)
    target.append(upperHex(byte >> 4))
    target.append(upperHex(byte & 15))
    return nil
  }

  /// The upper-case hexadecimal digit for a value below 16.
  private static func upperHex(_ value: UInt8) -> UInt8 {
    value < 10 ? 0x30 &+ value : 0x37 &+ value
  }

  /// Ends the segment that begins at `start`: drops it when it is empty or `.`, drops it and its
  /// parent when it is `..`, and else keeps it with a slash behind unless it is the last.
  private static func closeSegment(
    _ target: inout [UInt8], from start: Int, isLast: Bool
  ) -> CanonicalTargetRefusal? {
    let count = target.count - start
    guard count > 0 else { return nil }
    if target[start] == 0x2E {
      let dotCount = count > 1 && target[start + 1] == 0x2E ? 2 : 1
      if count == dotCount {
        target.removeLast(count)
        if dotCount == 2 && target.count > 1 {
          repeat { target.removeLast() } while target[target.count - 1] != 0x2F
        }
        return nil
      }
      // Some origins cut `;…` and then see a dot segment.
      let next = target[start + dotCount]
      let isEncodedSemicolon =
        count >= dotCount + 3 && next == 0x25 && target[start + dotCount + 1] == 0x33
        && target[start + dotCount + 2] == 0x42
      if next == 0x3B || isEncodedSemicolon { return .dotSegmentParameters }
    }
    if !isLast { target.append(0x2F) }
    return nil
  }
}
