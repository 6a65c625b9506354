/// What can happen to the policy of an edge.
public enum HistoryEvent: String, Sendable, CaseIterable {
  /// A version passed every check and is archived; the pointer comes next.
  case activating
  /// It is in force.
  case activated
  /// An earlier version is to be in force again; the pointer comes next.
  case rollingBack = "rolling-back"
  /// It is in force again.
  case rolledBack = "rolled-back"
  /// A version did not come into force; the words say why.
  case refused
  /// What a crash had interrupted goes on.
  case resumed

  /// Whether the pointer may or may not have been replaced after it, if nothing follows.
  var isOpen: Bool { self == .activating || self == .rollingBack || self == .resumed }

  /// Whether a version is in force since then.
  public var isInForce: Bool { self == .activated || self == .rolledBack }
}

/// One line of the history.
///
/// `chain number time event version content-hash words`: the chain is the SHA-256 of the chain of
/// the line before (64 zeros before the first), a space, and the rest of the line. No line can be
/// changed, added or removed without changing all that follow.
public struct HistoryEntry: Hashable, Sendable {
  /// From 1, without gaps.
  public let number: Int
  /// When, in RFC 3339.
  public let time: String
  /// What happened.
  public let event: HistoryEvent
  /// To which version.
  public let version: Int
  /// The version's file.
  public let hash: ContentHash
  /// More for people and programs: `key=value` words, or a reason.
  public let detail: String
  /// The chain up to this line.
  public let chain: String

  /// Makes the entry that follows `previous`.
  init(
    after previous: HistoryEntry?, at time: String, _ event: HistoryEvent, version: Int,
    hash: ContentHash, detail: String
  ) {
    number = (previous?.number ?? 0) + 1
    self.time = time
    self.event = event
    self.version = version
    self.hash = hash
    self.detail = Chain.clean(detail)
    chain = Chain.link(
      previous?.chain ?? Chain.start,
      Self.rest(number, time, event, version, hash, self.detail))
  }

  /// Reads the line that follows `previous`; nil when it is not one, or does not follow.
  init?(line: Substring, after previous: HistoryEntry?) {
    let words = line.split(separator: " ", maxSplits: 6, omittingEmptySubsequences: false)
    guard words.count == 7, let number = Int(words[1]), let version = Int(words[4]),
      let event = HistoryEvent(rawValue: String(words[3])), let hash = ContentHash(words[5])
    else { return nil }
    let entry = HistoryEntry(
      after: previous, at: String(words[2]), event, version: version, hash: hash,
      detail: String(words[6]))
    guard entry.line == line, entry.number == number else { return nil }
    self = entry
  }

  /// The line, without a line feed.
  public var line: String {
    "\(chain) \(Self.rest(number, time, event, version, hash, detail))"
  }

  /// The value of a `key=value` word; nil when there is none.
  public func word(_ key: String) -> String? {
    let start = key + "="
    return detail.split(separator: " ").first { $0.hasPrefix(start) }
      .map { String($0.dropFirst(start.count)) }
  }

  private static func rest(
    _ number: Int, _ time: String, _ event: HistoryEvent, _ version: Int, _ hash: ContentHash,
    _ detail: String
  ) -> String {
    "\(number) \(time) \(event.rawValue) \(version) \(hash) \(detail)"
  }
}
