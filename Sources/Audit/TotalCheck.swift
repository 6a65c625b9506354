public import Base

/// Holds the logs of one edge's retention classes against each other: where the first one states
/// the sums over all logs, the logs' own heartbeats of that instant must add up to them.
///
/// Counters only grow while a process lives, so its last instant that all logs share stands for all
/// before it: two instants a life and log are kept. Pure; logs in any order, each in its own.
public struct TotalCheck: Sendable {
  /// What one log's heartbeat says at one instant.
  private struct Beat {
    let time: WallTime
    let decided: UInt64
    /// The sum over all logs, and how many they are; 0 where it is not said.
    let total: UInt64
    let logCount: Int
  }

  /// By process (the instant of its start), then by log: the last two heartbeats.
  private var lives: [WallTime: [String: [Beat]]] = [:]
  /// Processes that said that they ended, by the instant of their start.
  private var ended: Set<WallTime> = []
  /// The process that writes the log under way.
  private var life = WallTime(microseconds: 0)
  private var origin = ""

  /// Processes that are kept; those beyond are not compared.
  private static let lifeCountMax = 65_536

  /// Starts without logs.
  public init() {}

  /// Goes on with another log; one that does not follow the log before it begins in a process that
  /// is not known.
  public mutating func begin(_ origin: String, follows: Bool) {
    self.origin = origin
    if !follows { life = WallTime(microseconds: 0) }
  }

  /// Takes one entry of the log under way.
  public mutating func take(_ entry: UnsafeRawBufferPointer) {
    guard let kind = unsafe AccountCheck.kind(of: entry),
      kind == .start || kind == .stop || kind == .heartbeat,
      case .event(let event)? = try? unsafe AuditRecord(decoding: entry)
    else { return }
    if kind == .start { life = event.time }
    guard lives.count < Self.lifeCountMax || lives[life] != nil else { return }
    if kind == .stop { ended.insert(life) }
    guard kind == .heartbeat else { return }
    let beat = Beat(
      time: event.time, decided: event.counters.decided, total: event.total.decided,
      logCount: Int(event.logCount))
    lives[life, default: [:]][origin, default: []].append(beat)
    if let count = lives[life]?[origin]?.count, count > 2 {
      lives[life]?[origin]?.removeFirst(count - 2)
    }
  }

  /// A process that ended without saying so.
  public struct Break: Equatable, Sendable {
    /// When it started.
    public var start: WallTime
    /// The time of its last heartbeat, up to which its account holds.
    public var last: WallTime
  }

  /// Processes that another one followed and that did not say that they ended: killed, cut short by
  /// the machine, or left with a log that failed. What they decided behind their last heartbeat
  /// nobody can recount, and what they carried out unrecorded then is not told. In order of time.
  public var breaks: [Break] {
    guard let newest = lives.keys.max() else { return [] }
    return lives.filter { $0.key != newest && !ended.contains($0.key) }
      .compactMap { start, logs in
        guard start.microseconds > 0, let last = logs.values.joined().map(\.time).max() else {
          return nil
        }
        return Break(start: start, last: last)
      }
      .sorted { $0.start < $1.start }
  }

  /// The first instant whose sums do not add up, and how many were compared.
  public func finish() -> (comparedCount: Int, finding: String?) {
    var compared = 0
    for logs in lives.sorted(by: { $0.key < $1.key }).map(\.value) {
      for beat in logs.values.joined() where beat.logCount > 0 {
        let parts = logs.values.compactMap { $0.first { $0.time == beat.time } }
        // A log of the period may have expired, or be looked at alone.
        guard parts.count == beat.logCount else { continue }
        compared += 1
        let sum = parts.reduce(UInt64(0)) { $0 &+ $1.decided }
        if sum != beat.total {
          return (
            compared,
            "the heartbeats of \(AuditText.timestamp(beat.time)) add up to \(sum) decisions in"
              + " \(parts.count) logs, but the edge states \(beat.total)"
          )
        }
      }
    }
    return (compared, nil)
  }
}
