internal import Admin
internal import Audit
internal import Base
internal import Control
internal import Edge
internal import Reactor
internal import Synchronization

/// One drill: clients on a thread of their own, a fault, a plan, and what came of it.
struct Drill {
  /// The edge's folder of records.
  let auditDirectory: String
  let file: PlanFile?
  let faults: [DrillFault]
  let aim: DrillAim
  let act: PlanActOptions
  let accept: PlanAcceptOptions
  let edge: any EdgeConnection
  let secondsMin: Int

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
    var run: DrillRun?
    var trouble: [String] = []
    Thread.pause(milliseconds: Self.quietMilliseconds)
    let before = try reaches()
    if !faults.isEmpty {
      times.fault = log.milliseconds()
      trouble += strike()
      times.detect = try detect(since: before, log)
      if times.detect == nil { trouble.append("the edge did not see the fault") }
    }
    if let file {
      do {
        run = DrillRun(
          try act.follow("/v1/plans", accept.body(file, act)) { run, words in
            if !act.edge.json { StandardStream.error.write("\(run)  \(words)\n") }
          })
      } catch { trouble.append("the plan was not run to its end; why is on standard error") }
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
        auditDirectory, from: wall, until: until),
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
  private func reaches() throws -> [String: String] {
    let servers = try edge.get("/v1/endpoints").json["endpoints"]?.items ?? []
    return Dictionary(
      servers.map { server in
        func text(_ name: String) -> String { server[name]?.text ?? "" }
        return (text("name"), "\(text("reach")) \(text("freshness"))")
      }, uniquingKeysWith: { first, _ in first })
  }

  /// Whether a server serves, or comes back to that.
  private static func isGood(_ reach: String) -> Bool {
    reach == "healthy fresh" || reach == "warming fresh"
  }

  /// When the edge told of a server that it sees otherwise than before, and no better.
  private func detect(since before: [String: String], _ log: DrillLog) throws -> Double? {
    let deadline = log.milliseconds() + Self.detectMilliseconds
    while log.milliseconds() < deadline {
      let isSeen = try reaches().contains { name, reach in
        before[name].map { $0 != reach && !Self.isGood(reach) } ?? false
      }
      if isSeen { return log.milliseconds() }
      Thread.pause(milliseconds: 10)
    }
    return nil
  }
}

/// A plan's run as the edge tells of it.
struct DrillRun {
  /// What became of a step.
  struct Mark {
    let index: Int
    let change: String
    let time: WallTime
    let words: String
  }

  let id: String
  let status: String
  let words: String
  let startedAt: WallTime
  let changedAt: WallTime
  let marks: [Mark]

  /// Reads what `GET /v1/plans/{id}` answers.
  init(_ json: JSONValue) {
    func text(_ name: String) -> String { json[name]?.text ?? "" }
    func time(_ value: JSONValue?) -> WallTime {
      value?.text.flatMap { WallTime(text: $0) } ?? WallTime(microseconds: 0)
    }
    id = text("id")
    status = text("status")
    words = text("words")
    startedAt = time(json["started"])
    changedAt = time(json["changed"])
    marks =
      json["marks"]?.items.map { mark in
        Mark(
          index: mark["step"]?.number ?? 0, change: mark["change"]?.text ?? "",
          time: time(mark["time"]), words: mark["words"]?.text ?? "")
      } ?? []
  }
}

extension DrillTimes {
  /// Takes the times of a run's steps.
  fileprivate mutating func take(_ run: DrillRun, _ plan: FailoverPlan?, since wall: WallTime) {
    func milliseconds(_ time: WallTime) -> Double {
      time > wall ? Double(time.microseconds - wall.microseconds) / 1_000 : 0
    }
    decide = milliseconds(run.startedAt)
    over = milliseconds(run.changedAt)
    for mark in run.marks where mark.change == "done" {
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
