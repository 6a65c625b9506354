// Simulation: whole edges, servers, clients and operators in one simulated world.
//
// Problem: the worst faults of a proxy need several things to go wrong in one order: a connection
// that is lost between the write and its answer, an edge that stands still while another server is
// promoted, a store that crashes amid an order. No test by hand meets more than a few of these
// orders, and none that runs on real time meets the same one twice.
//
// Shape: `World` has the clock and the chance of a run, both from one seed, and an event queue.
// In it live `Server`s over `Databases`, `SimulatedEdge`s made of the real machines (`HealthBoard`,
// `Decider` with compiled policy and narrowing, `Pool`, `ExchangeMachine`, `RetryRules`,
// `GroupCommit`, the operators' store), `Clients`, `Operators` and `Faults`. `Checker` judges what
// happens by what it sees itself: INVARIANT (one seed, one history), and never by asking a machine.
// What stands between the machines is glue, kept as small as it can be; each piece says for which
// file of `Edge` it stands.
//
// Reads that are sent twice and session tokens are there with the edge's own budget, load history,
// sealer and keys.
//
// Limits: messages are whole; codecs, TLS, bodies of requests and backpressure are not simulated
// (`EdgeTests`, `HTTPTests` and the end-to-end tests have them). Each edge has one loop.
//
// In parts: `HOMEWARD_FIRST_SEED=50001` begins there.
//
// A run: `swift test --filter SimulationTests`. A hundred thousand of them, which needs a release
// build: `HOMEWARD_SIMULATIONS=100000 swift test -c release -Xswiftc -enable-testing --filter
// SimulationTests`. One seed with its trace: `HOMEWARD_SEED=17` before either.

internal import Proxy

/// What a run came to.
struct RunResult: Sendable {
  /// The seed that replays it.
  let seed: UInt64
  /// The first rule that was broken; nil for none.
  let violation: Violation?
  /// One number for everything that happened.
  let hash: UInt64
  /// How many events the trace has.
  let eventCount: Int
  /// The trace, if it was kept.
  let trace: [String]
  /// Requests in all, those answered well, and writes that were acknowledged.
  let requestCount: Int
  let goodCount: Int
  let writeCount: Int
  /// Reads that were sent twice, requests of sessions that went on, and sessions that lost a tail.
  let hedgeCount: Int
  let sessionCount: Int
  let lostTailCount: Int
}

extension Options {
  /// The options of a random run: in every second one write authority moves.
  static func random(_ seed: UInt64) -> Options {
    var options = Options(seed: seed)
    options.isMovable = seed % 2 == 0
    options.isHasty = true
    options.keyPercent = 50
    options.sessionPercent = 40
    // Enough requests for some of them to be sent twice, or for sessions that lose a tail.
    options.isSlowed = seed % 8 == 5
    options.losesTails = seed % 8 == 6
    if options.isSlowed { options.requestPauseMilliseconds = 8 }
    if options.losesTails { options.requestPauseMilliseconds = 15 }
    // A lease that has to run out takes 6.4 seconds.
    options.loadMilliseconds = options.isMovable ? 9_000 : 4_000
    if seed % 4 == 1 { options.edgeCount = 1 }
    return options
  }
}

/// Random runs.
enum Simulation {
  /// Runs one world from its seed to its end.
  static func run(_ options: Options) -> RunResult {
    let world = World(options)
    let faults = Faults(world)
    if options.hasFaults { faults.plan() }
    if options.isSlowed { faults.planSlowness() }
    if options.isMovable { faults.planMoves() }
    world.at(milliseconds: 600, world.clients.load)
    world.run(untilMilliseconds: options.loadMilliseconds)
    world.run(untilMilliseconds: options.loadMilliseconds + settleMilliseconds)
    return end(world)
  }

  /// What the longest chain of deadlines takes, after everything is well again.
  static let settleMilliseconds: UInt64 = 7_000

  /// Judges the world at its end.
  static func end(_ world: World) -> RunResult {
    if world.checker.violation == nil { world.checker.finish() }
    let requests = world.clients.requests
    defer { world.dismantle() }
    return RunResult(
      seed: world.options.seed, violation: world.checker.violation, hash: world.trace.hash,
      eventCount: world.trace.count, trace: world.trace.lines, requestCount: requests.count,
      goodCount: requests.filter(\.isGood).count,
      writeCount: world.checker.acknowledgedWrites.count,
      hedgeCount: world.checker.hedgeCount,
      sessionCount: requests.count { $0.seen != nil },
      lostTailCount: requests.count { $0.state == .refused(.lostTail) })
  }
}
