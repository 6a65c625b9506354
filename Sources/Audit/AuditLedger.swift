public import Base

/// Which logs a hold or a lengthened duration concerns: a retention class, or all, and months.
/// Never a patient: what is held is a whole log, and nobody learns whose record it was.
public struct LogScope: Equatable, Sendable {
  /// The class; nil for all.
  public var retention: String?
  /// The first month, `202601`; nil from the beginning.
  public var first: String?
  /// The last month; nil without end.
  public var last: String?

  /// Makes a scope; months have six digits.
  public init(retention: String? = nil, first: String? = nil, last: String? = nil) {
    self.retention = retention
    self.first = first
    self.last = last
  }

  /// Reads what `description` gives; nil for anything else.
  public init?(parsing text: String) {
    self.init()
    for part in text.split(separator: " ") {
      let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2 else { return nil }
      switch pair[0] {
      case "class": retention = pair[1] == "all" ? nil : pair[1]
      case "from": first = pair[1]
      case "to": last = pair[1]
      default: return nil
      }
    }
  }

  /// Reads a month, `2026-01`; nil for anything else.
  public static func month(_ text: String) -> String? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].utf8.count == 4, parts[1].utf8.count == 2,
      let year = Int(parts[0]), let month = Int(parts[1]), year > 1_969, (1...12).contains(month)
    else { return nil }
    return String(parts[0] + parts[1])
  }

  /// Whether a log lies in it. A log holds its month and no other.
  public func covers(_ name: LogName) -> Bool {
    let month = String(name.begin.prefix(6))
    return retention.map { $0 == name.retention } ?? true
      && first.map { $0 <= month } ?? true && last.map { month <= $0 } ?? true
  }
}

extension LogScope: CustomStringConvertible {
  /// The stored form.
  public var description: String {
    "class=\(retention ?? "all")" + (first.map { " from=\($0)" } ?? "")
      + (last.map { " to=\($0)" } ?? "")
  }
}

/// What operators did to the logs of a folder, as the control log tells it. Pure: a fold over its
/// events, and the only truth about holds, expiries and shreddings.
public struct AuditLedger: Sendable {
  /// A legal hold.
  public struct Hold: Equatable, Sendable {
    /// By which it is lifted: `H-1`.
    public var id: String
    /// What it covers.
    public var scope: LogScope
    /// Who placed it.
    public var author: String
    /// Why.
    public var reason: String
    /// When.
    public var time: WallTime
    /// When and by whom it was lifted; nil while it holds.
    public var lifted: Deed?
  }

  /// Who did something, why and when.
  public struct Deed: Equatable, Sendable {
    /// Who.
    public var author: String
    /// Why.
    public var reason: String
    /// When it was begun.
    public var time: WallTime
    /// The log's signed checkpoint at that time.
    public var note: String
    /// Whether it was brought to its end.
    public var isDone: Bool
  }

  /// All holds, in order.
  public private(set) var holds: [Hold] = []
  /// Expiries by the log's origin.
  public private(set) var expiries: [String: Deed] = [:]
  /// Shreddings by the log's origin.
  public private(set) var shreddings: [String: Deed] = [:]

  /// Nothing was done.
  public init() {}

  /// The holds in force on a log.
  public func holds(on name: LogName) -> [Hold] {
    holds.filter { $0.lifted == nil && $0.scope.covers(name) }
  }

  /// The name of the next hold.
  public var nextHoldID: String { "H-\(holds.count + 1)" }

  /// Takes the control log's next event.
  public mutating func take(_ event: EventRecord) {
    let deed = Deed(
      author: event.author.string, reason: event.detail.string, time: event.time,
      note: event.predecessor.string, isDone: event.isDone)
    let subject = event.subject.string
    switch event.kind {
    case .hold:
      guard let scope = LogScope(parsing: event.scope.string) else { return }
      holds.append(
        Hold(
          id: subject, scope: scope, author: deed.author, reason: deed.reason, time: deed.time))
    case .holdLift:
      guard let place = holds.firstIndex(where: { $0.id == subject }) else { return }
      holds[place].lifted = deed
    case .expiry: take(deed, subject, &expiries)
    case .shredding: take(deed, subject, &shreddings)
    default: break
    }
  }

  /// A deed is told when it is begun and when it is done.
  private func take(_ deed: Deed, _ origin: String, _ deeds: inout [String: Deed]) {
    if deed.isDone { deeds[origin]?.isDone = true } else { deeds[origin] = deed }
  }
}
