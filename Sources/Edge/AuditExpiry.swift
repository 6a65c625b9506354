public import Audit
public import Base

/// A log and whether its time is over.
public struct AuditExpiry: Equatable, Sendable {
  /// How a log stands.
  public enum Standing: Equatable, Sendable {
    /// Its time is over; it may be removed.
    case due
    /// A removal of it was begun and is to be brought to its end.
    case begun
    /// It was removed.
    case expired
    /// Its time ends then.
    case kept(until: WallTime)
    /// Nothing was said about how long it is kept.
    case endless
    /// It is the newest of its class, which an edge writes.
    case open
    /// A hold covers it.
    case held(by: String)
  }

  /// The log.
  public let name: LogName
  /// How it stands.
  public let standing: Standing

  /// Whether there is something to do.
  public var isDue: Bool { standing == .due || standing == .begun }

  /// How the logs in a folder stand at `time`.
  ///
  /// The duration is the one that the log's own first entry states, signed: who changes the
  /// configuration does not change what was promised. `keepDays` lengthens it by class, and says it
  /// for logs that say nothing.
  public static func plan(
    _ folders: [AuditFolder], _ ledger: AuditLedger, keepDays: [String: UInt32], at time: WallTime
  ) throws(AuditReadError) -> [AuditExpiry] {
    var items: [AuditExpiry] = []
    for chain in try AuditFolder.chains(folders) where chain[0].name.retention != LogName.control {
      for (place, log) in chain.enumerated() {
        let standing = try standing(
          log.name, log.folder, ledger, keepDays[log.name.retention] ?? 0,
          isNewest: place == chain.count - 1, time)
        items.append(AuditExpiry(name: log.name, standing: standing))
      }
    }
    return items
  }

  private static func standing(
    _ name: LogName, _ folder: AuditFolder, _ ledger: AuditLedger, _ keepDaysMin: UInt32,
    isNewest: Bool, _ time: WallTime
  ) throws(AuditReadError) -> Standing {
    if let deed = ledger.expiries[name.origin] { return deed.isDone ? .expired : .begun }
    if isNewest { return .open }
    if let hold = ledger.holds(on: name).first { return .held(by: hold.id) }
    let keepDays = max(try folder.opening()?.keepDays ?? 0, keepDaysMin)
    if keepDays == 0 { return .endless }
    let end = name.retentionEnd(keepDays: keepDays)
    return time < end ? .kept(until: end) : .due
  }
}

extension AuditExpiry.Standing: CustomStringConvertible {
  /// For people.
  public var description: String {
    switch self {
    case .due: "its time is over"
    case .begun: "its removal was begun and not finished"
    case .expired: "it expired"
    case .kept(let end): "it is kept until \(AuditText.timestamp(end).prefix(10))"
    case .endless: "nothing says how long it is kept; --keep does"
    case .open: "it is the newest of its class"
    case .held(let id): "it is under the hold \(id)"
    }
  }
}
