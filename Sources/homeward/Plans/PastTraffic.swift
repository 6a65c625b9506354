internal import Admin
internal import Audit
internal import Base
internal import Control
internal import Edge
internal import Policy
internal import Proxy
internal import Reactor

/// The past decisions of an audit log by home, data class and operation, and where they may be
/// served before a plan and after it.
struct PastTraffic {
  /// One kind of requests.
  struct Row {
    let home: String
    let dataClass: DataClass
    let operation: Operation
    /// How many there were.
    var count = 0
    /// Kinds of servers, such as `us-west/replica`.
    var before: [String] = []
    var after: [String] = []
  }

  /// The kinds whose servers change or vanish, most frequent first.
  private(set) var rows: [Row] = []
  /// All decisions that were weighed.
  private(set) var count = 0
  /// How many of them would be refused.
  private(set) var refusedCount = 0
  /// Requests a second at the peak.
  private(set) var peaks: [String: Int]?
  /// Why nothing was counted; nil when something was.
  private(set) var fault: String?

  private struct Kind: Hashable {
    let home: String
    let dataClass: DataClass
    let operation: Operation
  }

  /// Microseconds that count: a day.
  private static let periodMicroseconds: UInt64 = 86_400_000_000
  /// Requests a second at the peak of the last day, under one name for all regions; nil when the
  /// log cannot be read.
  static func peak(_ directory: String) -> [String: Int]? {
    var seconds: [UInt64: Int] = [:]
    guard each(directory, { seconds[$0.time.microseconds / 1_000_000, default: 0] += 1 }) == nil,
      let peak = seconds.values.max()
    else { return nil }
    return ["all": peak]
  }

  /// Counts the last day's decisions in the audit log of an edge.
  init(
    _ directory: String, _ outline: RegionOutline, _ plan: FailoverPlan, _ state: OperatorState
  ) {
    var counts: [Kind: Int] = [:]
    var seconds: [UInt64: Int] = [:]
    fault = Self.each(directory) { record in
      seconds[record.time.microseconds / 1_000_000, default: 0] += 1
      guard record.wasAsked else { return }
      let kind = Kind(
        home: record.home.string, dataClass: record.dataClass, operation: record.operation)
      counts[kind, default: 0] += 1
    }
    peaks = seconds.values.max().map { ["all": $0] }
    count = counts.values.reduce(0, +)
    let changes = PlanTargets(plan, outline.world(nil, state, outline.rows), state)
    var changed: [Row] = []
    for change in changes.rows {
      let home = change.home ?? ""
      let kind = Kind(home: home, dataClass: change.dataClass, operation: change.operation)
      let row = Row(
        home: home, dataClass: change.dataClass, operation: change.operation,
        count: counts[kind] ?? 0, before: change.before, after: change.after)
      if row.after.isEmpty { refusedCount += row.count }
      changed.append(row)
    }
    rows = changed.sorted {
      ($1.count, $0.home, $0.dataClass.rawValue) < ($0.count, $1.home, $1.dataClass.rawValue)
    }
  }

  /// Calls `body` with each decision of the last day; what went wrong, or nil.
  private static func each(_ directory: String, _ body: (DecisionRecord) -> Void) -> String? {
    let now = Clock.wall().microseconds
    do throws(AuditReadError) {
      for folder in try AuditFolder.logs(in: directory) {
        var keys: LogKeys?
        try unsafe folder.forEachEntry { _, entry throws(AuditReadError) in
          guard unsafe AccountCheck.kind(of: entry) == .decision,
            case .decision(let record)? = unsafe auditRecord(entry, &keys),
            now < record.time.microseconds + periodMicroseconds
          else { return true }
          body(record)
          return true
        }
      }
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// For programs.
  var json: JSONValue {
    .object([
      ("past", .number(count)), ("refused", .number(refusedCount)), ("fault", .optional(fault)),
      (
        "kinds",
        .list(
          rows.map { row in
            .object([
              ("home", .optional(row.home.isEmpty ? nil : row.home)),
              ("class", .text(row.dataClass.rawValue)),
              ("operation", .text(row.operation.rawValue)), ("past", .number(row.count)),
              ("before", .list(row.before.map { .text($0) })),
              ("after", .list(row.after.map { .text($0) })),
            ])
          })
      ),
    ])
  }
}
