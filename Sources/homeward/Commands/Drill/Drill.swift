internal import Admin
internal import Audit
internal import Base
internal import Control
internal import Edge
internal import Reactor
internal import Synchronization

/// One drill: clients on a thread of their own, a fault, a plan, and what came of it.
struct Drill {
  let office: PlanOffice
  let file: PlanFile?
  let faults: [DrillFault]
  let aim: DrillAim
  let warrant: Warrant
  let accepts: [String]
  let secondsMin: Int
  let isQuiet: Bool

  /// Seconds before anything happens: what is usual has to be seen first.
  private static let quietMilliseconds = 3_000
  /// How long a fault may go unseen.
  private static let detectMilliseconds = 15_000.0
  /// Seconds after everything has happened.
  private static let calmMilliseconds = 3_000

  /// Drills, and reports. Ends when every client was answered.
  func run() throws -> DrillReport {
    let wall = Clock.wall()
    let log = DrillLog(
      began: Clock.monotonic(), mark: "drill-\(wall.microseconds)")
    let aim = aim
    let clients = try Thread(name: "drill-clients") { DrillClients.run(aim, log) }
    var times = DrillTimes()
    var run: PlanRun?
    var trouble: [String] = []
    Thread.pause(milliseconds: Self.quietMilliseconds)
    let before = reaches()
    if !faults.isEmpty {
      times.fault = log.milliseconds()
      trouble += strike()
      times.detect = detect(since: before, log)
      if times.detect == nil { trouble.append("the edge did not see the fault") }
    }
    if let file {
      do {
        run = try office.run(file, warrant, accepts: accepts) { run, words in
          if !isQuiet { StandardStream.error.write("\(run.id)  \(words)\n") }
        }
      } catch { trouble.append("the plan was not run: \(error)") }
    }
    if let run { times.take(run, file?.plan, since: wall) }
    let spent = Int(log.milliseconds())
    Thread.pause(milliseconds: max(Self.calmMilliseconds, secondsMin * 1_000 - spent))
    log.book.withLock { $0.isOver = true }
    clients.join()
    let (samples, present) = log.book.withLock { ($0.samples, $0.present) }
    let until = Clock.wall()
    return DrillReport(
      began: wall, plan: file?.plan, run: run, faults: faults.map(\.words), times: times,
      measures: DrillMeasures(samples, times, present: present),
      routes: LawfulRoutes(
        office.settings.configuration.audit.directory, from: wall, until: until),
      trouble: trouble)
  }

  /// Does what the faults say, all at once or nearly; what went wrong.
  private func strike() -> [String] {
    faults.compactMap { fault in
      guard let hook = fault.hook else { return nil }
      let error = PlanPlace.call(hook)
      return fault.mayKill ? nil : error.map { "\(fault.words): \($0)" }
    }
  }

  /// What the edge says of each server.
  private func reaches() -> [String: String] {
    guard let report = office.settings.report(at: Clock.wall()) else { return [:] }
    return Dictionary(
      uniqueKeysWithValues: report.servers.map { ($0.name, "\($0.reach) \($0.freshness)") })
  }

  /// Whether a server serves, or comes back to that.
  private static func isGood(_ reach: String) -> Bool {
    reach == "healthy fresh" || reach == "warming fresh"
  }

  /// When the edge told of a server that it sees otherwise than before, and no better.
  private func detect(since before: [String: String], _ log: DrillLog) -> Double? {
    let deadline = log.milliseconds() + Self.detectMilliseconds
    while log.milliseconds() < deadline {
      let isSeen = reaches().contains { name, reach in
        before[name].map { $0 != reach && !Self.isGood(reach) } ?? false
      }
      if isSeen { return log.milliseconds() }
      Thread.pause(milliseconds: 10)
    }
    return nil
  }
}

extension DrillTimes {
  /// Takes the times of a run's steps.
  fileprivate mutating func take(_ run: PlanRun, _ plan: FailoverPlan?, since wall: WallTime) {
    func milliseconds(_ time: WallTime) -> Double {
      time > wall ? Double(time.microseconds - wall.microseconds) / 1_000 : 0
    }
    decide = milliseconds(run.startedAt)
    over = milliseconds(run.changedAt)
    for mark in run.marks where mark.change == .done {
      switch plan?.steps[mark.index].work {
      case .close?: fenced = milliseconds(mark.time)
      case .promote?: promoted = milliseconds(mark.time)
      case .activate?: active = milliseconds(mark.time)
      default: break
      }
    }
  }
}

/// Whether every answer of a time came from where its decision allowed it: read from the records.
struct LawfulRoutes {
  /// Decisions that were looked at.
  private(set) var count = 0
  /// Outcomes whose region is none of the decision's candidates.
  private(set) var unlawful: [String] = []
  /// The checkpoint's root, or why nothing could be read.
  private(set) var fault: String?

  /// Reads an edge's log.
  init(_ directory: String, from: WallTime, until: WallTime) {
    var regions: [AuditID: Set<String>] = [:]
    var outcomes: [(AuditID, String)] = []
    do throws(AuditReadError) {
      for folder in try AuditFolder.logs(in: directory) {
        var keys: LogKeys?
        try unsafe folder.forEachEntry { _, entry throws(AuditReadError) in
          switch unsafe auditRecord(entry, &keys) {
          case .decision(let record)? where record.time >= from && record.time <= until:
            regions[record.id] = Set(record.candidates.map(\.region.string))
          case .outcome(let record)? where record.time >= from && record.region != .empty:
            outcomes.append((record.id, record.region.string))
          default: break
          }
          return true
        }
      }
    } catch { fault = "\(error)" }
    count = regions.count
    for (id, region) in outcomes {
      guard let lawful = regions[id], !lawful.contains(region) else { continue }
      unlawful.append("\(id): \(region)")
    }
  }
}
