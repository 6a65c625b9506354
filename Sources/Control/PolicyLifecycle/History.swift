/// What happened to the policy of an edge, oldest first: a file that is only appended to.
///
/// INVARIANT (chained): every entry's chain covers all entries before it, and the pointer names the
/// chain of the entry that put its version into force; so neither a changed nor a shortened history
/// goes unnoticed.
public struct History: Equatable, Sendable {
  /// The entries.
  public private(set) var entries: [HistoryEntry] = []
  /// Bytes of the entries' lines; what stands behind them is a line that a crash cut short.
  public private(set) var byteCount = 0
  /// Bytes of the line that a crash cut short, which the next append removes.
  public private(set) var tornByteCount = 0

  /// Makes an empty history.
  public init() {}

  /// Reads a file's bytes; `path` is for the fault's message.
  public init(_ bytes: [UInt8], path: String) throws(StateFault) {
    var rest = bytes[...]
    while let end = rest.firstIndex(of: 0x0A) {
      // The chain is over bytes: text that is not UTF-8 would not come back the same.
      guard let line = String(validating: rest[..<end], as: UTF8.self),
        let entry = HistoryEntry(line: line[...], after: entries.last)
      else { throw .historyDamaged(path: path, line: entries.count + 1) }
      entries.append(entry)
      rest = rest[(end + 1)...]
      byteCount = end + 1
    }
    tornByteCount = rest.count
  }

  /// Takes an entry that was appended to the file.
  mutating func append(_ entry: HistoryEntry) {
    entries.append(entry)
    byteCount += entry.line.utf8.count + 1
    tornByteCount = 0
  }

  /// The operation that a crash interrupted; nil when everything was brought to its end.
  public var pending: HistoryEntry? {
    guard let last = entries.last, last.event.isOpen else { return nil }
    return entries.last { $0.event == .activating || $0.event == .rollingBack }
  }

  /// The last entry since which a version is in force; nil before the first.
  public var inForce: HistoryEntry? { entries.last { $0.event.isInForce } }

  /// The version to which a rollback without a name returns: the one that was in force before the
  /// present one was activated. Going back twice goes back two versions, not forth again.
  public var previous: HistoryEntry? {
    guard let present = inForce,
      let start = entries.lastIndex(where: { $0.event == .activated && $0.hash == present.hash })
    else { return nil }
    return entries[..<start].last { $0.event.isInForce && $0.hash != present.hash }
  }

  /// The last entry by which a version of this hash came into force.
  public func inForce(_ hash: ContentHash) -> HistoryEntry? {
    entries.last { $0.event.isInForce && $0.hash == hash }
  }

  /// The last entry by which a version of this number came into force.
  public func inForce(version: Int) -> HistoryEntry? {
    entries.last { $0.event.isInForce && $0.version == version }
  }
}

/// The file `active`: which version is in force, and the entry of the history that says so.
public struct ActivePointer: Hashable, Sendable {
  /// The version's file.
  public let hash: ContentHash
  /// The number of the `activating` or `rolling-back` entry.
  public let entryNumber: Int
  /// That entry's chain.
  public let chain: String

  /// The pointer that the operation of `entry` writes.
  init(_ entry: HistoryEntry) {
    hash = entry.hash
    entryNumber = entry.number
    chain = entry.chain
  }

  /// Reads the file's bytes: `content-hash number chain` and a line feed; nil for anything else.
  public init?(_ bytes: [UInt8]) {
    let words = String(decoding: bytes, as: UTF8.self)
      .split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 3, let hash = ContentHash(words[0]), let number = Int(words[1]),
      words[2].hasSuffix("\n"), ContentHash(words[2].dropLast()) != nil
    else { return nil }
    self.hash = hash
    entryNumber = number
    chain = String(words[2].dropLast())
  }

  /// The file's bytes.
  public var bytes: [UInt8] { Array("\(hash) \(entryNumber) \(chain)\n".utf8) }
}
