import Base
import Policy
import Testing

@testable import Control

/// A small world for runs: servers that can be promoted and fenced, edges that follow at once, and
/// a process that can be killed between any two things it does. Time passes only by pauses.
final class PlanStage: PlanSurroundings {
  struct Server {
    var region = "west"
    var isUp = true
    var isPrimary = false
    var isReadOnly = false
    var epoch: UInt64 = 7
    var position: UInt64 = 100
    var lag: UInt64? = 5
    /// Positions that it gains with each pause, until it has what the primary has.
    var speed: UInt64 = 50
  }

  var servers: [String: Server] = [
    "west-1": Server(isPrimary: true, position: 120),
    "west-2": Server(), "west-3": Server(),
    "east-1": Server(region: "east", isPrimary: true),
  ]
  var milliseconds = 0
  /// Seconds by which the wall clock is ahead.
  var aheadSeconds = 0
  /// The process dies when this many more things were done; nil: it lives.
  var life: Int?
  /// Whether the last thing before its death had its effect.
  var isLastDone = true
  /// Hooks by what they do: `west-1 fence`; each counts its calls.
  var calls: [String: Int] = [:]
  /// Hooks that fail, by the same words.
  var failing: Set<String> = []
  /// Whether the edge is silent: then leases have to end.
  var isEdgeSilent = false
  var alarmFiles: Set<String> = []
  /// So many more looks miss the answers of every server.
  var missedLookCount = 0
  var told: [String] = []
  /// What must never be: two servers that take writes of one epoch; said once found.
  var harm: [String] = []
  let storage = MemoryStorage()
  var rows: [ServiceRow]

  init() throws {
    rows = Shift.rows.map { $0 }
    for home in 0..<3 as Range<UInt8> {
      rows.append(
        ServiceRow(
          home: RegionID(home), dataClass: .orders, operation: .create,
          targets: [TargetSet(primaries: 1 << UInt64(home))]))
    }
    let claim = OperatorAct(
      .authority("west", .claim(endpoint: "west-1", epoch: 7)),
      Warrant(author: "Ana", reason: "the first"))
    let line = try files.append(claim, at: now(), to: files.read())
    #expect(line != nil)
  }

  var files: FileControlStore<MemoryStorage> {
    FileControlStore(OperatorFolder("ops"), storage)
  }

  /// What the files say; parsed once for each state of them.
  private var parsed: (version: Int, stored: StoredBooks)?

  func stored() throws(StateFault) -> StoredBooks {
    if let parsed, parsed.version == storage.version { return parsed.stored }
    let stored = try files.read()
    parsed = (storage.version, stored)
    return stored
  }

  var state: OperatorState { get throws { try stored().books.state.settled(at: now()) } }

  /// One thing is about to be done: whether it still happens, and whether the process lives on.
  func lives() -> (isDone: Bool, isAlive: Bool) {
    guard let left = life else { return (true, true) }
    if left < 0 { return (false, false) }
    life = left - 1
    return left > 0 ? (true, true) : (isLastDone, false)
  }

  var isDead: Bool { life.map { $0 < 0 } ?? false }

  func world() -> ServingWorld {
    ServingWorld(
      ["west", "central", "east"].map { region in
        let own = servers.filter { $0.value.region == region }.sorted { $0.key < $1.key }
        return own.isEmpty
          ? ServingWorld.Region(region)
          : ServingWorld.Region(
            region,
            servers: own.map { name, server in
              ServingWorld.Server(
                name, server.isPrimary ? .primary : .replica, isFit: server.isUp,
                isPossible: server.isUp)
            })
      }, rows: rows)
  }

  func look(at state: OperatorState) -> PlanScene {
    var scene = PlanScene(now: now(), moment: bootTime(), serving: world())
    defer { missedLookCount = max(0, missedLookCount - 1) }
    scene.servers = servers.mapValues { server in
      let view = DomainView(
        isPrimary: server.isPrimary, epoch: server.epoch, position: server.position,
        lagMilliseconds: server.isPrimary ? 0 : server.lag)
      return SeenServer(
        region: server.region,
        domains: server.isUp && missedLookCount == 0 ? [server.region: view] : nil)
    }
    scene.isAuditWritable = true
    scene.edges = (try? registrations()) ?? []
    scene.alarmFiles = alarmFiles
    return scene
  }

  func call(_ hook: Hook) -> String? {
    guard lives().isDone else { return "killed" }
    guard case .http(_, let target, _, let body) = hook.call else { return nil }
    let parts = target.split(separator: "/").map(String.init)
    let (name, verb) = (parts[0], parts[1])
    calls["\(name) \(verb)", default: 0] += 1
    if failing.contains("\(name) \(verb)") { return "refused" }
    guard servers[name]?.isUp == true else { return "connection refused" }
    switch verb {
    case "fence": servers[name]?.isReadOnly = true
    case "unfence": servers[name]?.isReadOnly = false
    case "retire":
      servers[name]?.isPrimary = false
      servers[name]?.epoch = UInt64(body) ?? 0
    default:
      servers[name]?.isPrimary = true
      servers[name]?.epoch = UInt64(body) ?? 0
    }
    watch()
    return nil
  }

  private func watch() {
    let writers = servers.filter { $0.value.isPrimary && !$0.value.isReadOnly && $0.value.isUp }
    for (name, one) in writers {
      for (other, two) in writers
      where name < other && one.region == two.region { harm.append("\(name) and \(other) write") }
    }
  }

  func pause(milliseconds: Int) {
    self.milliseconds += milliseconds
    for name in servers.keys where servers[name]?.isPrimary == false {
      guard let server = servers[name], server.isUp,
        let primary = servers.values.first(where: {
          $0.region == server.region && $0.isPrimary && $0.isUp && $0.epoch >= server.epoch
        })
      else { continue }
      servers[name]?.position = min(primary.position, server.position + server.speed)
      servers[name]?.epoch = max(server.epoch, primary.epoch)
    }
  }

  func now() -> WallTime {
    WallTime(microseconds: Shift.at(aheadSeconds).microseconds + UInt64(milliseconds) * 1_000)
  }

  func bootTime() -> Instant { Instant(nanoseconds: UInt64(milliseconds) * 1_000_000) }

  func registrations() throws(StateFault) -> [EdgeRegistration] {
    let seen = isEdgeSilent ? 1 : try stored().books.state.actCount
    return [
      EdgeRegistration(
        edge: "edge-1", seen: seen, writes: [:], time: now(), bootMilliseconds: 0)
    ]
  }

  func tell(_ run: PlanRun, _ words: String) { told.append(words) }
}

/// The stage's store, as the process that may die has it.
struct StageStore: ControlStore {
  let stage: PlanStage

  func read() throws(StateFault) -> StoredBooks {
    if stage.isDead { throw .pointerDamaged(path: "killed") }
    return try stage.stored()
  }

  func append(
    _ act: OperatorAct, at time: WallTime, to books: StoredBooks
  ) throws(StateFault) -> OperatorLine? {
    let (isDone, isAlive) = stage.lives()
    let line = isDone ? try stage.files.append(act, at: time, to: books) : nil
    if !isAlive { throw .pointerDamaged(path: "killed") }
    return line
  }
}
