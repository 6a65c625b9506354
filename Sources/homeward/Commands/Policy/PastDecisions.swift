internal import Audit
internal import Base
internal import Control
internal import Edge
internal import Policy
internal import Proxy

/// The decisions of an audit log, weighed against a comparison of two versions.
struct PastDecisions {
  /// Decisions that the old version could be asked about again.
  private(set) var weighedCount = 0
  /// Requests that were refused before a policy was asked: no version changes them.
  private(set) var notAskedCount = 0
  /// Records of homes that are no region of the old version.
  private(set) var otherRegionCount = 0
  /// Records that this program cannot read.
  private(set) var unreadableCount = 0
  /// When the first and the last of all decisions were taken.
  private(set) var first: WallTime?
  private(set) var last: WallTime?

  /// Reads all logs in `directory` and tells `weigh` the facts of each decision, as of its time, in
  /// the numbers of `old`.
  init(
    in directory: String, under old: Policy, _ weigh: (Facts) -> Void
  ) throws(AuditReadError) {
    var counts = Self()
    for folder in try AuditFolder.logs(in: directory) {
      var keys: LogKeys?
      try unsafe folder.forEachEntry { _, entry throws(AuditReadError) in
        unsafe counts.add(entry, &keys, under: old, weigh)
        return true
      }
    }
    self = counts
  }

  /// No decisions.
  init() {}

  /// Counts an entry of a log if it is a decision, or nobody knows what.
  mutating func add(
    _ entry: UnsafeRawBufferPointer, _ keys: inout LogKeys?, under old: Policy,
    _ weigh: (Facts) -> Void
  ) {
    let kind = unsafe AccountCheck.kind(of: entry)
    guard kind == .decision || kind == nil else { return }
    guard case .decision(let record)? = unsafe auditRecord(entry, &keys) else {
      unreadableCount += 1
      return
    }
    first = min(first ?? record.time, record.time)
    last = max(last ?? record.time, record.time)
    if !record.wasAsked {
      notAskedCount += 1
    } else if let facts = record.facts(under: old) {
      weighedCount += 1
      weigh(facts)
    } else {
      otherRegionCount += 1
    }
  }

  /// The counts for people; `changedCount` of the decisions would be others.
  func lines(changedCount: Int) -> String {
    let period =
      if let first, let last { " from \(first.text) to \(last.text)" } else { "" }
    var text =
      "audit log: \(changedCount) of \(plural(weighedCount, "decision"))\(period) would be others\n"
    if notAskedCount > 0 {
      text += "  \(notAskedCount) more were refused before a policy was asked\n"
    }
    if otherRegionCount > 0 {
      text += "  \(otherRegionCount) more are about homes that the old version does not name\n"
    }
    if unreadableCount > 0 {
      text += "  \(plural(unreadableCount, "record")) cannot be read by this program\n"
    }
    return text
  }

  /// The counts for programs.
  func json(changedCount: Int) -> JSONValue {
    .object([
      ("decisions", .number(weighedCount)), ("changed", .number(changedCount)),
      ("from", .optional(first?.text)), ("until", .optional(last?.text)),
      ("not_asked", .number(notAskedCount)), ("other_region", .number(otherRegionCount)),
      ("unreadable", .number(unreadableCount)),
    ])
  }
}
