public import Base

/// When an edge registers anew, and under which name. The driver writes what `next` gives, and no
/// lease is renewed unless that is written. Pure; one thread.
public struct EdgePresence: Sendable {
  /// The file's name now.
  public private(set) var edge: String
  private let name: String
  private var nameCount = 1
  private var written: EdgeRegistration?
  private var writtenAt: Instant?

  /// Milliseconds between two registrations of which nothing is new.
  private static let intervalMilliseconds: UInt64 = 1_500

  /// For the edge's process of this name.
  public init(_ name: String) {
    self.name = name
    edge = name
  }

  /// What to write now; nil when what is there is true. Once it is time, other acts are known, or
  /// the writes of a domain whose authority moves have ended.
  ///
  /// Who was silent for so long that others may take his file away comes back under another name:
  /// INVARIANT (presence). So they never take away one that is in use.
  public mutating func next(
    seen: Int, writes: [String: Int], moving: [String], time: WallTime, at now: Instant
  ) -> EdgeRegistration? {
    if let written, let writtenAt {
      let age = now.milliseconds(since: writtenAt)
      if age < Self.intervalMilliseconds, written.seen == seen,
        moving.allSatisfy({ (written.writes[$0] ?? 0) == (writes[$0] ?? 0) })
      {
        return nil
      }
      if age >= Limits.fenceWaitMilliseconds, edge == written.edge {
        nameCount += 1
        edge = "\(name).\(nameCount)"
      }
    }
    return EdgeRegistration(
      edge: edge, seen: seen, writes: writes, time: time,
      bootMilliseconds: now.nanoseconds / 1_000_000)
  }

  /// A registration stands in the store; it was made at `now`. The name of the one before, when it
  /// was another: that file is to be taken away.
  public mutating func wrote(_ registration: EdgeRegistration, at now: Instant) -> String? {
    defer { (written, writtenAt) = (registration, now) }
    guard let former = written?.edge, former != registration.edge else { return nil }
    return former
  }
}

/// Which registrations nobody is behind any more: those of processes that were killed. They would
/// keep every later change of authority waiting until all leases are over.
///
/// Time is the watcher's own. Pure; one thread.
public struct SilentEdges: Sendable {
  private var last: [String: (registration: EdgeRegistration, since: Instant)] = [:]

  /// Nobody has been seen.
  public init() {}

  /// The names whose registrations did not change for twice as long as any lease lasts.
  public mutating func look(_ registrations: [EdgeRegistration], at now: Instant) -> [String] {
    let before = last
    last = [:]
    for registration in registrations {
      let known = before[registration.edge]
      let isSame = known?.registration == registration
      last[registration.edge] = (registration, isSame ? known?.since ?? now : now)
    }
    return last.filter {
      now.milliseconds(since: $0.value.since) >= 2 * Limits.fenceWaitMilliseconds
    }.map(\.key).sorted()
  }
}
