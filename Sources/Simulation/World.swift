internal import Base
internal import Control
internal import Native
internal import Origins
internal import Proxy

/// One simulated world: its clock, its chance, and everybody in it.
///
/// Confined to the thread that runs it. All chance comes from the seed; two streams are drawn from
/// it, so that a scenario which injects its faults by hand meets the same network.
final class World {
  /// When every world begins.
  static let start = Instant(nanoseconds: 1_000_000_000_000)
  /// The same moment on an unskewed wall clock: 2026-11-22T05:00:00Z.
  static let wallStart = WallTime(microseconds: 1_795_323_600_000_000)

  /// What the run is like.
  let options: Options
  /// What the edges obey.
  let law: Law
  /// The moment of the event that is happening.
  private(set) var now = World.start
  /// Chance of the network, the servers and the disks.
  var random: SplitMix64
  /// What happened.
  let trace: Trace
  /// The servers, by endpoint index.
  private(set) var servers: [Server] = []
  /// The edges.
  private(set) var edges: [SimulatedEdge] = []
  /// Who asks.
  private(set) var clients: Clients!
  /// Who judges.
  private(set) var checker: Checker!
  /// The way between each edge and each server: `links[edge][server]`.
  var links: [[Link]] = []
  /// Who holds which data, by domain: the region of that index.
  private(set) var databases: Databases!
  /// The operators' shared store.
  let storage: SimulatedStorage
  /// What each edge has on its own disk of the operators' books.
  var copies: [Int: StoredBooks] = [:]
  private var queue = EventQueue()
  private var wireCount = 0
  private var books: StoredBooks?
  private var booksVersion = -1
  /// Edges that ended: messages to them are still under way.
  private(set) var graveyard: [SimulatedEdge] = []

  /// Makes a world in which nothing has happened yet.
  init(_ options: Options) {
    self.options = options
    random = SplitMix64(seed: options.seed)
    law = options.isMovable ? (options.isHasty ? .hasty : .movable) : .fixed
    trace = Trace(keepsLines: options.keepsTrace)
    storage = SimulatedStorage()
    let topology = law.snapshot.topology
    checker = Checker(self)
    databases = Databases(self)
    servers = topology.endpoints.map { Server($0, world: self) }
    databases.begin()
    clients = Clients(self, seed: random.next())
    links = (0..<options.edgeCount).map { edge in
      servers.map { Link(edge: edge, region: Int($0.endpoint.region.index)) }
    }
    edges = (0..<options.edgeCount).map { SimulatedEdge($0, world: self) }
    for edge in edges { edge.begin() }
  }

  /// The topology of every edge.
  var topology: Topology { law.snapshot.topology }

  /// The server of this name; traps on a wrong one.
  func server(_ name: String) -> Server {
    guard let server = servers.first(where: { $0.endpoint.name == name }) else {
      preconditionFailure("no server `\(name)`")
    }
    return server
  }

  /// A number for a new wire.
  func nextWireNumber() -> Int {
    wireCount += 1
    return wireCount
  }

  /// A nonce that no token of this world has.
  func nextNonce() -> AEADNonce { AEADNonce(prefix: 0, counter: UInt64(nextWireNumber())) }

  // MARK: Time

  /// Plans `act` for `microseconds` from now.
  func after(microseconds: UInt64, _ act: @escaping () -> Void) {
    queue.plan(at: Instant(nanoseconds: now.nanoseconds + microseconds * 1000), act)
  }

  /// Plans `act` for `milliseconds` from now.
  func after(milliseconds: UInt64, _ act: @escaping () -> Void) {
    after(microseconds: milliseconds * 1000, act)
  }

  /// Plans `act` for so many milliseconds after the start.
  func at(milliseconds: UInt64, _ act: @escaping () -> Void) {
    queue.plan(at: max(now, Self.start.adding(milliseconds: milliseconds)), act)
  }

  /// Lets everything happen until so many milliseconds after the start, or until a rule is broken.
  func run(untilMilliseconds end: UInt64) {
    let end = Self.start.adding(milliseconds: end)
    while checker.violation == nil, let time = queue.nextTime, time <= end {
      guard let event = queue.next() else { break }
      now = event.time
      event.act()
    }
    if checker.violation == nil { now = end }
  }

  /// Milliseconds since the start.
  var elapsedMilliseconds: UInt64 { now.milliseconds(since: Self.start) }

  /// The wall clock of a machine that is `skewSeconds` ahead.
  func wallTime(skewSeconds: Int64) -> WallTime {
    let passed = Int64(now.microseconds(since: Self.start))
    let micros = Int64(Self.wallStart.microseconds) + passed + skewSeconds * 1_000_000
    return WallTime(microseconds: UInt64(micros))
  }

  /// Lets go of everybody: they know each other, and would stay for ever.
  func dismantle() {
    queue = EventQueue()
    for edge in edges + graveyard { edge.dismantle() }
    links = []
    edges = []
    graveyard = []
    servers = []
    clients = nil
    databases = nil
    checker = nil
  }

  // MARK: Edges

  /// What the store says, whoever can read it; parsed once for each state of its files.
  var stored: StoredBooks? {
    if storage.version != booksVersion,
      let read = try? SimulatedOrders.folder.read(SimulatedStorage.Truth(storage: storage))
    {
      books = read
      booksVersion = storage.version
    }
    return books
  }

  /// What the store says of a domain's write authority.
  func authorityInStore(_ domain: String) -> AuthorityRecord? {
    stored?.books.state.authority(domain)
  }

  /// An edge's process ends: what it had in memory is gone, and its clients' connections with it.
  func killEdge(_ index: Int) {
    guard !edges[index].isDead else { return }
    trace.note("kill edge", index, at: now)
    edges[index].die()
  }

  /// An edge begins again, with its configuration, its operators' store and nothing else.
  func restartEdge(_ index: Int) {
    killEdge(index)
    trace.note("start edge", index, at: now)
    graveyard.append(edges[index])
    let edge = SimulatedEdge(index, world: self, life: edges[index].life + 1)
    edge.skewSeconds = edges[index].skewSeconds
    edges[index] = edge
    edge.begin()
  }

  // MARK: Chance

  /// Whether something of this probability happens now.
  func happens(permille: UInt64) -> Bool {
    permille > 0 && UInt64.random(in: 0..<1000, using: &random) < permille
  }

  /// A number of the range.
  func draw(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &random) }
}

/// What a run is like.
struct Options {
  /// Where all chance comes from.
  var seed: UInt64
  /// How many edges share the servers.
  var edgeCount = 2
  /// Whether the trace's lines are kept.
  var keepsTrace = false
  /// What is wrong with the edges on purpose.
  var mutant: Mutant?
  /// Milliseconds during which clients ask.
  var loadMilliseconds: UInt64 = 8_000
  /// Mean milliseconds between two requests of all clients.
  var requestPauseMilliseconds: UInt64 = 40
  /// Whether each domain's writes have a record of who takes them, which may move.
  var isMovable = false
  /// Whether writes wait only a little for an authority that moves.
  var isHasty = false
  /// How many of a hundred writes have a key.
  var keyPercent = 0
  /// How many of a hundred requests belong to their patient's session.
  var sessionPercent = 0
  /// Whether a copy is slow now and then, which others serve in its stead.
  var isSlowed = false
  /// Whether authorities move by force to servers that lack the last writes.
  var losesTails = false
  /// Whether faults are drawn.
  var hasFaults = true

  /// A run of this seed.
  init(seed: UInt64) { self.seed = seed }
}
