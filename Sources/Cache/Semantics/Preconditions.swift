public import Base
internal import HTTP

/// What a client that has an older answer is told about the stored one: RFC 9110 section 13.
public enum Preconditions {
  /// Whether the client's copy is still good, so that 304 is the answer.
  ///
  /// `If-None-Match` outranks `If-Modified-Since` and compares weakly; what cannot be read makes
  /// the whole answer be sent. Without a modification date, `date` stands in (RFC 9111 section
  /// 4.3.2).
  public static func isNotModified(
    _ request: borrowing RequestFacts, etag: EntityTag?, lastModifiedSeconds: UInt64?,
    dateSeconds: UInt64?, at wall: WallTime
  ) -> Bool {
    if let text = request.ifNoneMatch {
      switch EntityTagList(text) {
      case .any: return true
      case .tags(let tags):
        guard let etag else { return false }
        return tags.contains { $0.matchesWeakly(etag) }
      case nil: return false
      }
    }
    guard let text = request.ifModifiedSince, let since = HTTPDate.seconds(text, at: wall),
      let modified = lastModifiedSeconds ?? dateSeconds
    else { return false }
    return modified <= since
  }
}

/// Which bytes of a stored answer are asked for: RFC 9110 section 14.
public enum RangeAnswer: Sendable, Equatable {
  /// All: no range, one that cannot be read, several, or a condition that does not hold.
  case whole
  /// These bytes, with 206.
  case part(Range<UInt64>)
  /// None that there are: 416.
  case unsatisfiable

  /// Judges a GET for an answer with status 200 and `length` bytes.
  public init(
    _ request: borrowing RequestFacts, length: UInt64, etag: EntityTag?,
    lastModifiedSeconds: UInt64?, dateSeconds: UInt64?, at wall: WallTime
  ) {
    guard request.method == .get, let text = request.range else {
      self = .whole
      return
    }
    if let condition = request.ifRange,
      !Self.holds(condition, etag, lastModifiedSeconds, dateSeconds, at: wall)
    {
      self = .whole
      return
    }
    self = Self.read(text, length: length)
  }

  /// Whether `If-Range` holds: a strong tag, or exactly the date, if that is a strong validator.
  private static func holds(
    _ text: [UInt8], _ etag: EntityTag?, _ lastModified: UInt64?, _ date: UInt64?,
    at wall: WallTime
  ) -> Bool {
    if let tag = EntityTag(text) { return etag.map { tag.matchesStrongly($0) } ?? false }
    guard let since = HTTPDate.seconds(text, at: wall), let lastModified, let date else {
      return false
    }
    // A date is strong when the origin made the message a second or more after it (section
    // 8.8.2.2).
    return since == lastModified && date > lastModified
  }

  /// Reads `bytes=first-last` and its relatives.
  private static func read(_ text: [UInt8], length: UInt64) -> RangeAnswer {
    var scan = TextScan(text)
    guard scan.token().spells("bytes"), scan.skip(0x3D) else { return .whole }
    guard let member = scan.member() else { return .whole }
    if scan.member() != nil { return .whole }
    guard let dash = member.firstIndex(of: 0x2D) else { return .whole }
    let first = number(member[..<dash])
    let last = number(member[(dash + 1)...])
    switch (first, last) {
    case (.value(let first), .value(let last)):
      guard first <= last else { return .whole }
      guard first < length else { return .unsatisfiable }
      return .part(first..<min(last, length - 1) + 1)
    case (.value(let first), .none):
      return first < length ? .part(first..<length) : .unsatisfiable
    case (.none, .value(let count)):
      if count == 0 { return .unsatisfiable }
      return length == 0 ? .whole : .part(length - min(count, length)..<length)
    default: return .whole
    }
  }

  /// A position: nothing, a number, or something else.
  private enum Position {
    case none
    case value(UInt64)
    case invalid
  }

  /// Reads digits; more of them than any length has saturate.
  private static func number(_ text: ArraySlice<UInt8>) -> Position {
    if text.isEmpty { return .none }
    var value: UInt64 = 0
    for byte in text {
      guard byte >= 0x30 && byte <= 0x39 else { return .invalid }
      value = min(value * 10 + UInt64(byte - 0x30), 1 << 59)
    }
    return .value(value)
  }
}
