internal import Admin
internal import Base
internal import Control
internal import Edge
internal import Logging
internal import Origins
internal import Reactor
internal import Synchronization

/// Follows the operators' folder of an edge, lets their orders end in time, and writes there what
/// the edge sees.
///
/// `next` runs on the watch's thread, `sees` on the control loop; they share `latest` under a lock,
/// which is never held while a file is read or written.
final class ActiveOrderFeed: OperatorFeed {
  /// What is remembered from one look to the next.
  private struct Memory {
    /// The history and the snapshot, as they looked when they were read last.
    var stamps: [FileStamp?] = []
    /// The books as they were read last.
    var stored: StoredBooks?
    /// The orders that were told last; nil before the first time.
    var told: OperatorState?
    /// What was logged last, so that it is not repeated.
    var lastWarning: String?
    /// The health that was written last, and when.
    var written: UInt64?
    var writtenAt = WallTime(microseconds: 0)
    var summary: [String] = []
  }

  /// What the control loop told last.
  private struct Sight {
    var health: HealthSnapshot?
    var traffic = TrafficBoard()
  }

  private let folder: OperatorFolder
  private let logger: Logger
  private let memory = Mutex(Memory())
  private let latest = Mutex(Sight())

  /// Milliseconds between two reports while only lags change, and while more does.
  private static let reportMilliseconds: UInt64 = 2_000
  private static let changeMilliseconds: UInt64 = 200

  init(_ folder: OperatorFolder, logger: Logger) {
    self.folder = folder
    self.logger = logger
  }

  func sees(_ health: HealthSnapshot) { latest.withLock { $0.health = health } }

  func sees(_ traffic: [EndpointTraffic], loop: Int) {
    let now = Clock.monotonic()
    latest.withLock { $0.traffic.take(traffic, loop: loop, at: now) }
  }

  func next() -> OperatorNews? {
    let now = Clock.wall()
    let sight = latest.withLock { $0 }
    return memory.withLock { memory in
      read(&memory)
      if let health = sight.health { report(health, sight.traffic, now, &memory) }
      guard let stored = memory.stored else { return nil }
      let state = stored.books.state.settled(at: now)
      let before = memory.told
      guard state.overrides != before?.overrides else { return nil }
      memory.told = state
      return OperatorNews(
        orders: RegionOrders(state), records: records(state, before, stored.lines))
    }
  }

  /// Reads the books again when the files changed. While they cannot be read, the last ones stay.
  private func read(_ memory: inout Memory) {
    // The history is an act's commit; the snapshot counts when the history is damaged.
    let stamps = [folder.historyPath, folder.snapshotPath].map { try? FileSystem.stamp(of: $0) }
    if stamps == memory.stamps { return }
    do throws(StateFault) {
      let stored = try folder.read(SystemStorage())
      memory.stored = stored
      // The clock of files is coarse: what changed just now is read again.
      let isSettled = stamps.allSatisfy { $0?.isSettled(at: Clock.wall()) ?? true }
      memory.stamps = isSettled ? stamps : []
      note(stored.warning.map { "\($0)" }, &memory)
    } catch {
      note("\(error)", &memory)
    }
  }

  private func note(_ warning: String?, _ memory: inout Memory) {
    defer { memory.lastWarning = warning }
    guard let warning, warning != memory.lastWarning else { return }
    logger.error("operators' orders", metadata: ["reason": "\(warning)"])
  }

  /// What is new since `before`: orders that begin, and orders that end.
  private func records(
    _ state: OperatorState, _ before: OperatorState?, _ lines: [OperatorLine]
  ) -> [OperatorNews.Record] {
    var records: [OperatorNews.Record] = []
    for order in before?.overrides ?? [] where !state.overrides.contains(order) {
      let release = lines.last { $0.act.deed == .release(order.number) }
      let why =
        release.map { "released: \($0.act.warrant.reason)" } ?? "its time is over"
      records.append(
        OperatorNews.Record(
          subject: "end of \(order.kind.rawValue) \(order.scope)",
          author: (release?.act.warrant ?? order.warrant).author, scope: "\(order.scope)",
          detail: "\(order.id), \(why)", isDone: true))
    }
    for order in state.overrides where before?.overrides.contains(order) != true {
      let until = order.until.map { "until \($0.text)" } ?? "until it is released"
      let ticket = order.warrant.ticket.isEmpty ? "" : "ticket \(order.warrant.ticket), "
      records.append(
        OperatorNews.Record(
          subject: "\(order.kind.rawValue) \(order.scope)", author: order.warrant.author,
          scope: "\(order.scope)",
          detail: "\(order.id), \(before == nil ? "in force at the start, " : "")\(until),"
            + " \(ticket)\(order.warrant.reason)", isDone: false))
    }
    return records
  }

  /// Writes what the edge sees: soon when something changed, else now and then. It is for people
  /// and for the safety rules: when the disk does not take it, the next one may.
  private func report(
    _ health: HealthSnapshot, _ traffic: TrafficBoard, _ now: WallTime, _ memory: inout Memory
  ) {
    let report = RegionReport(
      health, traffic, process: processIdentifier(), at: Clock.monotonic(), now)
    let summary = report.summary
    let passed = (max(now, memory.writtenAt).microseconds - memory.writtenAt.microseconds) / 1_000
    guard
      passed >= Self.reportMilliseconds
        || (passed >= Self.changeMilliseconds && summary != memory.summary)
    else { return }
    memory.writtenAt = now
    memory.summary = summary
    try? FileSystem.makeDirectory(folder.directory)
    try? replace(folder.reportPath, report.bytes)
  }

  /// Replaces a file without a sync, which would keep an order waiting: a report that a crash of
  /// the machine damages is too old anyway.
  private func replace(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
    let temporary = path + ".new"
    if FileSystem.exists(temporary) { try FileSystem.remove(temporary) }
    let file = try AppendFile(path: temporary, isNew: true)
    try file.write(bytes)
    try FileSystem.rename(temporary, to: path)
  }
}

extension RegionOrders {
  /// The orders of a state as loops follow them.
  init(_ state: OperatorState) {
    self.init()
    for region in Set(state.overrides.map(\.scope.region)) {
      regions[region] = Region(
        replica: ServerOrder(state.effect(region, .replica)),
        primary: ServerOrder(state.effect(region, .primary)))
    }
  }
}

extension ServerOrder {
  /// What orders come to, in the words of narrowing.
  fileprivate init(_ effect: OverrideEffect) {
    self = []
    switch effect.out?.kind {
    case .drain: insert(.drained)
    case .evacuate: insert(.evacuated)
    case .holdOut: insert(.heldOut)
    case .forceIn, .freeze, .prefer, nil: break
    }
    if effect.isForcedIn { insert(.forcedIn) }
    if effect.isFrozen { insert(.frozen) }
    if effect.isPreferred { insert(.preferred) }
  }
}
