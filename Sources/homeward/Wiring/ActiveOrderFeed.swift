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
    /// Says that this edge is here.
    var registrar: EdgeRegistrar
    /// Keeps who waits for an operator.
    var holdOuts: HoldOutKeeper
    /// Keeps what was read signed; and what an earlier life kept so, until something is read.
    var seals: SealedBooks
    var known: StoredBooks?
    /// The orders that were told last; nil before the first time.
    var told: OperatorState?
    /// What was logged last, so that it is not repeated.
    var lastWarning: String?
    /// The health that was written last, and when.
    var written: UInt64?
    var writtenAt: Instant?
    var summary: [String] = []
  }

  /// What the control loop told last.
  private struct Sight {
    var health: HealthSnapshot?
    var traffic = TrafficBoard()
  }

  private let folder: OperatorFolder
  private let logger: Logger
  private let memory: Mutex<Memory>
  let gate = WriteGate()
  private let latest = Mutex(Sight())

  /// Milliseconds between two reports while only lags change, and while more does.
  private static let reportMilliseconds: UInt64 = 2_000
  private static let changeMilliseconds: UInt64 = 200

  /// Follows `folder` for the edge of this `instance`; `life` tells its processes apart.
  init(
    _ folder: OperatorFolder, instance: String, life: UInt64, seals: sending SealedBooks,
    logger: Logger
  ) {
    self.folder = folder
    var seals = seals
    let known = seals.read()
    self.logger = logger
    memory = Mutex(
      Memory(
        registrar: EdgeRegistrar(folder, edge: "\(instance).\(life)"),
        holdOuts: HoldOutKeeper(folder, instance: instance, logger: logger), seals: seals,
        known: known))
  }

  func heldOut() -> HoldOuts { memory.withLock { $0.holdOuts.read() } }

  func ended() {
    memory.withLock { memory in
      memory.registrar.remove()
      EdgeReports(folder).remove(memory.registrar.edge)
    }
  }

  func sees(_ health: HealthSnapshot) { latest.withLock { $0.health = health } }

  func sees(_ traffic: [EndpointTraffic], loop: Int) {
    let now = Clock.monotonic()
    latest.withLock { $0.traffic.take(traffic, loop: loop, at: now) }
  }

  func next() -> OperatorNews? {
    let now = Clock.wall()
    let begin = Clock.boot()
    let sight = latest.withLock { $0 }
    return memory.withLock { memory in
      let isGood = read(&memory)
      // A folder that is gone is not made anew: it may come back.
      if let health = sight.health, isGood || memory.stored == nil {
        memory.holdOuts.keep(health)
        report(health, sight.traffic, now, begin, &memory)
      }
      guard let stored = memory.stored else { return nil }
      let state = stored.books.state.settled(at: now)
      hold(state, isGood: isGood, begin, &memory)
      let before = memory.told
      guard
        state.overrides != before?.overrides || state.shares != before?.shares
          || state.authorities != before?.authorities || state.waivers != before?.waivers
          || state.plans != before?.plans
      else {
        // After what it says is in force: a signature must not keep it waiting.
        if isGood { memory.seals.keep(stored) }
        return nil
      }
      memory.told = state
      return OperatorNews(
        orders: RegionOrders(state), records: records(state, before, stored.lines))
    }
  }

  /// Lets loops start writes for another while, if the store was read and this edge stands there.
  ///
  /// The order is the argument: loops stop before what they have under way is told.
  private func hold(
    _ state: OperatorState, isGood: Bool, _ begin: Instant, _ memory: inout Memory
  ) {
    let revision = state.authorityRevision
    let writes = gate.sees(revision)
    let moving = state.authorities.filter { $0.state.isMoving }.map(\.domain)
    guard isGood,
      memory.registrar.keep(seen: state.actCount, writes: writes, moving: moving, at: begin)
    else { return }
    gate.renew(readAt: begin, revision: revision)
  }

  /// Reads the books again when the files changed. While they cannot be read, the last ones stay.
  /// Whether what is known is what the store says.
  private func read(_ memory: inout Memory) -> Bool {
    // The history is an act's commit; the snapshot counts when the history is damaged.
    var stamps: [FileStamp?] = []
    for path in [folder.historyPath, folder.snapshotPath] {
      do throws(SystemError) {
        stamps.append(try FileSystem.stamp(of: path))
      } catch {
        guard error.isNotFound else {
          restore(&memory, "`\(path)`: \(error)")
          return false
        }
        stamps.append(nil)
      }
    }
    // Acts do not vanish: a folder without them is another one, or is not there.
    if stamps[0] == nil, let known = memory.stored ?? memory.known,
      known.books.state.actCount > 0
    {
      restore(&memory, "`\(folder.historyPath)` is gone")
      return false
    }
    if stamps == memory.stamps { return memory.stored?.isComplete == true }
    do throws(StateFault) {
      let stored = try folder.read(SystemStorage())
      if let doubt = stored.doubt(knowing: memory.stored ?? memory.known) {
        return try refuse(doubt, &memory)
      }
      memory.stored = stored
      // The clock of files is coarse: what changed just now is read again.
      let isSettled = stamps.allSatisfy { $0?.isSettled(at: Clock.wall()) ?? true }
      memory.stamps = isSettled ? stamps : []
      note(stored.warning.map { "\($0)" }, &memory)
      return stored.isComplete
    } catch {
      restore(&memory, "\(error)")
      return false
    }
  }

  // MARK: What is known without the folder

  /// Goes on with what is known; at the start that is what an earlier life signed.
  private func restore(_ memory: inout Memory, _ reason: String) {
    memory.stamps = []
    if memory.stored == nil { memory.stored = memory.known }
    note("\(reason); what was read last stays in force", &memory)
  }

  /// Goes on with what is known, or, where nothing is, with the acts before the damage: false, so
  /// that writes whose authority is recorded stop.
  private func refuse(
    _ doubt: OperatorDoubt, _ memory: inout Memory
  ) throws(StateFault) -> Bool {
    restore(&memory, "`\(folder.directory)`: \(doubt)")
    if memory.stored == nil {
      memory.stored = try folder.read(SystemStorage(), believesSnapshot: false)
    }
    return false
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
    records += authorityRecords(state, before, lines)
    if let before { records += lines.filter { $0.number > before.actCount }.compactMap(\.record) }
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

  /// Each change of a write authority since `before`, or what is in force at the start.
  private func authorityRecords(
    _ state: OperatorState, _ before: OperatorState?, _ lines: [OperatorLine]
  ) -> [OperatorNews.Record] {
    let changed: [(String, String, Warrant, Int)] =
      if let before {
        lines.compactMap { line in
          guard line.number > before.actCount,
            case .authority(let domain, let change) = line.act.deed
          else { return nil }
          return (domain, change.word, line.act.warrant, line.number)
        }
      } else {
        state.authorities.map { ($0.domain, $0.state.rawValue, $0.warrant, $0.number) }
      }
    return changed.map { domain, word, warrant, number in
      let record = state.authority(domain)
      let now = record.map { "`\($0.endpoint)`, epoch \($0.epoch), \($0.state.rawValue)" } ?? "gone"
      let ticket = warrant.ticket.isEmpty ? "" : "ticket \(warrant.ticket), "
      return OperatorNews.Record(
        subject: "authority \(domain): \(word)", author: warrant.author, scope: domain,
        detail: "act \(number), \(before == nil ? "in force at the start, " : "")now \(now),"
          + " \(ticket)\(warrant.reason)", isDone: false)
    }
  }

  /// Writes what the edge sees: soon when something changed, else now and then. It is for people
  /// and for the safety rules: when the disk does not take it, the next one may.
  private func report(
    _ health: HealthSnapshot, _ traffic: TrafficBoard, _ now: WallTime, _ begin: Instant,
    _ memory: inout Memory
  ) {
    let report = RegionReport(
      health, traffic, process: processIdentifier(), at: Clock.monotonic(), now)
    let summary = report.summary
    // Not by the wall clock: one that is set back would stop reports until it has caught up.
    let passed = memory.writtenAt.map { begin.milliseconds(since: $0) } ?? .max
    guard
      passed >= Self.reportMilliseconds
        || (passed >= Self.changeMilliseconds && summary != memory.summary)
    else { return }
    memory.writtenAt = begin
    memory.summary = summary
    EdgeReports(folder).write(report, of: memory.registrar.edge)
    for gone in memory.registrar.tidy(at: begin) {
      EdgeReports(folder).remove(gone)
      logger.warning("an edge is gone without its leave", metadata: ["edge": "\(gone)"])
    }
  }
}

extension OperatorLine {
  /// What the audit log says of an act that is neither an order nor a change of authority; nil for
  /// those, and for the steps of runs.
  fileprivate var record: OperatorNews.Record? {
    let (subject, scope): (String, String)
    switch act.deed {
    case .waive(let rules, let until):
      let words = rules.map(\.rawValue).joined(separator: "+")
      (subject, scope) = ("break-glass \(words) until \(until.text)", "B-\(number)")
    case .agree(let number): (subject, scope) = ("agreement to break-glass", "B-\(number)")
    case .plan(let deed):
      switch deed {
      case .approve(let plan, _): (subject, scope) = ("approval of plan \(plan.id)", plan.hash)
      case .begin(let plan, _): (subject, scope) = ("run of plan \(plan.id)", "R-\(number)")
      case .pause(let run): (subject, scope) = ("pause of a run", "R-\(run)")
      case .resume(let run): (subject, scope) = ("resumption of a run", "R-\(run)")
      case .abort(let run): (subject, scope) = ("abort of a run", "R-\(run)")
      case .abandon(let run): (subject, scope) = ("abandonment of a run", "R-\(run)")
      case .end(let run, let status, _):
        (subject, scope) = ("end of a run: \(status.rawValue)", "R-\(run)")
      case .step: return nil
      }
    case .order, .release, .share, .authority: return nil
    }
    let ticket = act.warrant.ticket.isEmpty ? "" : "ticket \(act.warrant.ticket), "
    return OperatorNews.Record(
      subject: subject, author: act.warrant.author, scope: scope,
      detail: "act \(number), \(ticket)\(act.warrant.reason)", isDone: false)
  }
}
