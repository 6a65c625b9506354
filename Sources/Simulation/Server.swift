internal import Base
internal import HTTP
internal import Origins

/// What a server does wrong.
struct ServerFaults {
  /// Its certificate is not to be trusted.
  var isCertificateBad = false
  /// It accepts connections and never answers their handshake.
  var stallsHandshake = false
  /// Time that it takes for a request.
  var serviceMicroseconds: UInt64 = 1_500
  /// How often of a thousand it does something wrong with a request, and what.
  var misdeeds: [(permille: UInt64, what: Misdeed)] = []
  /// What it does wrong with the next requests, first things first.
  var next: [Misdeed] = []
  /// Whether it cannot tell its lag.
  var isLagUnmeasured = false
  /// Whether it says that it is another server.
  var isNameWrong = false
  /// Whether probes of it fail though requests do not.
  var isUnready = false
}

/// What a server does wrong with one request.
enum Misdeed: Equatable {
  /// It answers with this status and does nothing else.
  case status(UInt16)
  /// It says 503 and to come back in so many seconds.
  case overloaded(seconds: UInt64)
  /// It resets before it does anything, after it did it, or amid its answer.
  case resetBefore, resetAfter, resetMid
  /// It stalls amid its answer.
  case stall
  /// It refuses the stream, or says GOAWAY, before it does anything.
  case refuse, goAway
}

/// One origin server: answers probes and requests, holds copies of every domain.
final class Server {
  /// What its process does.
  enum Process { case running, frozen, dead }

  let world: World
  let endpoint: Endpoint
  /// Its endpoint's index.
  let index: Int
  private(set) var process = Process.running
  /// Counts starts.
  private(set) var incarnation = 0
  var faults = ServerFaults()
  /// Writes with a key that it took itself, and the epoch of each.
  var keys: [Int: UInt64] = [:]
  private var inbox: [() -> Void] = []
  private var wires: [Wire] = []

  private var stoppedAt = World.start

  /// Until when its process ran.
  var lastRunning: Instant { process == .running ? world.now : stoppedAt }

  /// A running server.
  init(_ endpoint: Endpoint, world: World) {
    self.endpoint = endpoint
    self.world = world
    index = Int(endpoint.id.index)
  }

  /// Its region's index.
  var region: Int { Int(endpoint.region.index) }

  // MARK: Life

  /// The process ends; its kernel resets what was open.
  func kill() {
    guard process != .dead else { return }
    world.databases.settle()
    world.trace.note("kill", index, at: world.now)
    if process == .running { stoppedAt = world.now }
    process = .dead
    inbox = []
    for wire in wires { wire.reset() }
    wires = []
  }

  /// The process begins again with what is on its disk.
  func start() {
    guard process == .dead else { return }
    world.databases.settle()
    world.trace.note("start", index, at: world.now)
    process = .running
    incarnation += 1
  }

  /// The process stands still, or goes on.
  func setFrozen(_ isFrozen: Bool) {
    guard process != .dead, (process == .frozen) != isFrozen else { return }
    world.databases.settle()
    world.trace.note(isFrozen ? "freeze" : "thaw", index, at: world.now)
    if isFrozen { stoppedAt = world.now }
    process = isFrozen ? .frozen : .running
    guard !isFrozen else { return }
    let waiting = inbox
    inbox = []
    for act in waiting { world.after(microseconds: 1, { [self] in run(act) }) }
  }

  /// Does something in the process, now or when it goes on.
  func run(_ act: @escaping () -> Void) {
    switch process {
    case .running: act()
    case .frozen: inbox.append(act)
    case .dead: break
    }
  }

  // MARK: Probes

  /// Its health report.
  func report() -> ProbeReport {
    let databases: Databases = world.databases
    let own = databases.copy(of: region, at: index)
    var lags: [String: UInt64] = [:]
    for domain in Law.regionNames.indices where domain != region {
      lags[Law.regionNames[domain]] = databases.lagMilliseconds(of: domain, at: index)
    }
    let isPrimary = own.claim != nil
    var report = ProbeReport(
      region: endpoint.regionName, name: faults.isNameWrong ? "impostor" : endpoint.name,
      role: isPrimary ? .primary : .replica, epoch: own.claim ?? own.epoch,
      position: UInt64(own.log.count),
      lagMilliseconds: faults.isLagUnmeasured
        ? nil : databases.lagMilliseconds(of: region, at: index),
      homeLagsMilliseconds: faults.isLagUnmeasured ? [:] : lags,
      status: faults.isUnready ? .unready : .ok)
    for domain in Law.regionNames.indices where domain != region {
      let copy = databases.copy(of: domain, at: index)
      report.homePositions[Law.regionNames[domain]] = UInt64(copy.log.count)
      report.homeClaims[Law.regionNames[domain]] =
        copy.claim.map { .primary(epoch: $0) } ?? .replica(epoch: copy.epoch)
    }
    return report
  }

  // MARK: Requests

  /// A request arrives on `wire`.
  func receive(_ arrival: Arrival, on wire: Wire) {
    world.checker.reached(self, arrival)
    if !wires.contains(where: { $0 === wire }) {
      wires.removeAll { !$0.isOpen }
      wires.append(wire)
    }
    let misdeed = nextMisdeed()
    switch misdeed {
    case .goAway: return wire.reply { wire.edge.goAway(wire, arrival.stream) }
    case .refuse:
      return wire.reply { wire.edge.streamFailed(wire, arrival.stream, .refused) }
    case .resetBefore: return wire.reset()
    default: break
    }
    let incarnation = incarnation
    let service = faults.serviceMicroseconds
    world.after(microseconds: service + world.draw(0...service / 2)) { [self] in
      guard incarnation == self.incarnation else { return }
      run { [self] in serve(arrival, misdeed, on: wire) }
    }
  }

  private func nextMisdeed() -> Misdeed? {
    if !faults.next.isEmpty { return faults.next.removeFirst() }
    return faults.misdeeds.first { world.happens(permille: $0.permille) }?.what
  }

  private func serve(_ arrival: Arrival, _ misdeed: Misdeed?, on wire: Wire) {
    var answer = Answer(server: index, attempt: arrival.attempt)
    if case .status(let status) = misdeed {
      answer.status = status
    } else if case .overloaded(let seconds) = misdeed {
      answer.status = 503
      answer.retryAfterSeconds = seconds
    } else {
      world.databases.perform(arrival, at: self, into: &answer)
    }
    world.trace.note("served", index, UInt64(answer.status), at: world.now)
    if misdeed == .resetAfter { return wire.reset() }
    let stream = arrival.stream
    let parts = answer.status < 300 ? Answer.partCount : 0
    wire.reply { wire.edge.originAnswered(wire, stream, answer, isEnd: parts == 0) }
    for part in 0..<parts {
      if part > 0, misdeed == .resetMid { return wire.reset() }
      if part > 0, misdeed == .stall { return }
      wire.reply { wire.edge.originSent(wire, stream, answer, part) }
    }
    if parts > 0 { wire.reply { wire.edge.originEnded(wire, stream) } }
  }
}

/// A request as it reaches a server.
struct Arrival {
  let request: ClientRequest
  let edge: Int
  /// Which of the request's attempts this is, unique in the world.
  let attempt: Int
  /// The stream on its wire.
  let stream: Int
  /// The epoch in which the edge decided a write; nil without a record.
  let epoch: UInt64?
  /// Whether the server may serve it lawfully, as the checker saw it when it left.
  let isLawful: Bool
}

/// What a server answers.
struct Answer {
  /// How many pieces a whole body has.
  static let partCount = 3

  let server: Int
  let attempt: Int
  var status: UInt16 = 200
  /// The seconds of `Retry-After`; nil for none.
  var retryAfterSeconds: UInt64?
  /// The server's position in the domain's log, and the epoch of it.
  var position = 0
  var epoch: UInt64 = 0
  /// The last write in that log; nil for none.
  var lastNumber: Int?
  /// Whether that log lacks what the request's session has seen.
  var isBehindSession = false

  /// The answer of a server to one attempt.
  init(server: Int, attempt: Int) {
    self.server = server
    self.attempt = attempt
  }
}
