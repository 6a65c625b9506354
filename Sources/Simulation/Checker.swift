internal import Audit
internal import Base
internal import Control
internal import Origins
internal import Proxy

/// What a run broke.
struct Violation: Equatable, CustomStringConvertible {
  /// The rule's name.
  let rule: String
  /// What happened.
  let detail: String
  /// When, milliseconds since the start.
  let milliseconds: UInt64

  /// For people.
  var description: String { "\(rule), after \(milliseconds) ms: \(detail)" }
}

/// Judges everything that happens, from what it sees itself: the law as `Law.allowed` reads it, the
/// servers' own logs, and what clients were told. It never asks the machines that it judges.
final class Checker {
  private let world: World
  /// The first rule that was broken; the run ends there.
  private(set) var violation: Violation?
  /// Who accepted writes, by domain and epoch.
  private var writers: [WriterKey: Int] = [:]
  /// The newest epoch in which a write of a domain was accepted.
  private var newestEpochs: [Int: UInt64] = [:]
  /// How often each write took effect.
  private var effects: [Int: Int] = [:]
  /// Writes that clients were told are done, by domain.
  private(set) var acknowledgedWrites: [(domain: Int, number: Int)] = []
  /// Attempts that reached a server.
  private(set) var attemptCount = 0
  /// Reads that were sent twice.
  private(set) var hedgeCount = 0
  /// When each life of an edge got requests, and sent one of them twice.
  private var loads: [EdgeLife: EdgeLoad] = [:]

  private struct WriterKey: Hashable {
    let domain: Int
    let epoch: UInt64
  }

  private struct EdgeLife: Hashable {
    let index, life: Int

    init(_ edge: SimulatedEdge) { (index, life) = (edge.index, edge.life) }
  }

  private struct EdgeLoad {
    var requests: [Instant] = []
    var hedges: [Instant] = []
  }

  /// A checker of `world` that has seen nothing.
  init(_ world: World) { self.world = world }

  /// Notes that a rule was broken; the first one counts.
  func fail(_ rule: String, _ detail: String) {
    guard violation == nil else { return }
    violation = Violation(rule: rule, detail: detail, milliseconds: world.elapsedMilliseconds)
    world.trace.note("violation", 0, at: world.now, "\(rule): \(detail)")
  }

  // MARK: Requests

  /// A request came to an edge.
  func received(_ request: ClientRequest, at edge: SimulatedEdge) {
    loads[EdgeLife(edge), default: EdgeLoad()].requests.append(world.now)
    // A token of a clock that is five minutes ahead is not believed.
    if let seen = request.seen {
      request.isTokenCurrent = seen.skewSeconds - edge.skewSeconds < 299
    }
  }

  /// An edge decided: judges the choices, and notes in them what they may lawfully be used for.
  func decided(_ request: ClientRequest, _ choices: inout [Choice], at edge: SimulatedEdge) {
    for index in choices.indices {
      let choice = choices[index]
      let server = world.servers[Int(choice.endpoint.index)]
      let targets = targets(of: request, at: server, seenBy: edge)
      let lag = world.trueLagMicroseconds(request, at: server)
      // The report's milliseconds are whole.
      let fits = targets.contains { target in
        target.tier == .primary
          || (target.lagMillisecondsMax.map { lag <= ($0 + 1) * 1000 } ?? true)
            && (!target.isMarked || choice.isMarkedStale)
      }
      choices[index].isLawful = !targets.isEmpty
      choices[index].needsMark = targets.allSatisfy(\.isMarked)
      if targets.isEmpty {
        fail("lawful choice", "\(request) may go to \(server.endpoint.name)")
      } else if !fits {
        fail(
          "staleness",
          "\(request) may go to \(server.endpoint.name), \(lag / 1000) ms behind"
            + (choice.isMarkedStale ? ", marked" : ""))
      }
    }
  }

  /// An edge sends a request to a server, a write in `epoch`.
  func sent(
    _ request: ClientRequest, _ decision: DecisionID, epoch: UInt64?, to server: Server,
    from edge: SimulatedEdge
  ) {
    if request.kind == .update {
      if !edge.audit.onDisk.contains(decision) {
        fail("record first", "\(request) goes to \(server.endpoint.name) before its record")
      }
      judgeLease(request, epoch: epoch, from: edge)
    }
  }

  /// Once the store says that an epoch is fenced, no edge begins a write in it.
  private func judgeLease(_ request: ClientRequest, epoch: UInt64?, from edge: SimulatedEdge) {
    let name = Law.regionNames[request.patient.home]
    guard let record = world.authorityInStore(name) else { return }
    guard let epoch else {
      return fail("lease", "\(request) leaves edge \(edge.index) without an epoch")
    }
    let isOver = record.state != .active && record.state != .fencing
    if epoch < record.epoch || (isOver && epoch <= record.epoch) {
      fail(
        "lease",
        "\(request) leaves edge \(edge.index) in epoch \(epoch), the store says"
          + " \(record.state.rawValue) in \(record.epoch)")
    }
  }

  /// A request arrives at a server.
  func reached(_ server: Server, _ arrival: Arrival) {
    attemptCount += 1
    world.trace.note("arrive", server.index, UInt64(arrival.request.number), at: world.now)
    let isInRegion = arrival.request.allowed.contains { $0.region == server.region }
    if !arrival.isLawful || !isInRegion {
      fail("lawful route", "\(arrival.request) reached \(server.endpoint.name)")
    }
  }

  /// An edge sends a read to a second server, too.
  func hedged(
    _ request: ClientRequest, _ first: Choice, _ second: Choice, at edge: SimulatedEdge
  ) {
    hedgeCount += 1
    let (one, other) = (
      world.servers[Int(first.endpoint.index)], world.servers[Int(second.endpoint.index)]
    )
    world.trace.note("hedge", other.index, UInt64(request.number), at: world.now)
    if request.kind == .update { return fail("hedged write", "\(request) is sent twice") }
    let copies = targets(of: request, at: other, seenBy: edge).filter { $0.tier == .replica }
    if one === other || one.region != other.region || copies.isEmpty {
      fail(
        "unlawful hedge",
        "\(request) goes to \(other.endpoint.name), too, not only to \(one.endpoint.name)")
    }
    loads[EdgeLife(edge), default: EdgeLoad()].hedges.append(world.now)
    let load = loads[EdgeLife(edge), default: EdgeLoad()]
    // The edge counts whole seconds: of its last ten, nine are over for certain.
    let hedges = load.hedges.count { world.now.milliseconds(since: $0) < 9_000 }
    let requests = load.requests.count { world.now.milliseconds(since: $0) <= 10_000 }
    if hedges * 100 > requests * 2 {
      fail("hedge cap", "edge \(edge.index) sent \(hedges) of \(requests) requests twice")
    }
  }

  /// A client is told that what its session has seen is lost.
  func lostTail(_ request: ClientRequest) {
    let domain = request.patient.home
    let source = world.databases.copy(of: domain, at: world.databases.sources[domain])
    // The record counts: it says of a later epoch what that kept at least, or nothing.
    let isBehindFork = (world.authorityInStore(Law.regionNames[domain])?.forks ?? []).contains {
      guard let seen = request.seen, $0.epoch > seen.epoch else { return false }
      return $0.position ?? 0 < UInt64(seen.position)
    }
    if request.seen == nil || source.holds(request.seen) && !isBehindFork {
      fail("lost tail", "\(request) is told of a loss that there is not")
    }
  }

  /// An edge tells a client what a server said.
  func disclosed(
    _ request: ClientRequest, _ decision: DecisionID, _ choice: Choice, _ answer: Answer,
    at edge: SimulatedEdge
  ) {
    let isDurable = Law.isDurable(request.kind)
    if isDurable, !edge.audit.onDisk.contains(decision) {
      fail("record first", "\(request) is answered before its record is on disk")
    } else if request.kind != .valueSet, !edge.audit.taken.contains(decision) {
      fail("record first", "\(request) is answered without a record")
    }
    let server = world.servers[answer.server]
    if choice.needsMark, !choice.isMarkedStale {
      fail("marked stale", "\(request) is answered by \(server.endpoint.name) without the mark")
    }
    if request.isTokenCurrent, request.kind != .update, answer.isBehindSession,
      answer.status < 300, !choice.isMarkedStale
    {
      fail(
        "session", "\(request) is answered by \(server.endpoint.name), which lacks what was seen")
    }
  }

  /// The terms on which a server may serve a request. Where a record says who takes the writes of a
  /// domain, that server is its primary, whatever it was configured as, and nobody else is.
  private func targets(
    of request: ClientRequest, at server: Server, seenBy edge: SimulatedEdge
  ) -> [Law.Target] {
    request.allowed.filter { target in
      guard target.region == server.region else { return false }
      let domain = request.kind == .valueSet ? target.region : request.patient.home
      switch target.tier {
      case .primary:
        guard let holder = edge.holders[Law.regionNames[domain]] else {
          return server.endpoint.tier == .primary
        }
        return holder == server.endpoint.name
      default:
        guard let holder = edge.holders[server.endpoint.regionName] else {
          return server.endpoint.tier == target.tier
        }
        return holder != server.endpoint.name
      }
    }
  }

  // MARK: Writes

  /// A server made a write part of its log.
  func accepted(_ request: ClientRequest, domain: Int, epoch: UInt64, at server: Server) {
    world.trace.note("write", server.index, UInt64(request.number), at: world.now)
    let key = WriterKey(domain: domain, epoch: epoch)
    if let other = writers[key], other != server.index {
      fail(
        "one writer",
        "\(server.endpoint.name) and \(world.servers[other].endpoint.name) accept"
          + " writes of \(Law.regionNames[domain]) in epoch \(epoch)")
    }
    writers[key] = server.index
    if epoch < newestEpochs[domain, default: 0] {
      fail(
        "one epoch",
        "\(server.endpoint.name) accepts \(request) in epoch \(epoch), after one of"
          + " epoch \(newestEpochs[domain, default: 0])")
    }
    newestEpochs[domain] = max(epoch, newestEpochs[domain, default: 0])
    effects[request.number, default: 0] += 1
    if effects[request.number] == 2 { fail("one effect", "\(request) took effect twice") }
  }

  /// A client was told that its write is done.
  func acknowledged(_ request: ClientRequest) {
    acknowledgedWrites.append((request.patient.home, request.number))
  }

  /// An edge published what it knows.
  func published(_ health: HealthSnapshot, by edge: SimulatedEdge) {}

  // MARK: The end

  /// Judges a world in which nothing is under way any more.
  func finish() {
    for request in world.clients.requests where !request.isOver {
      fail("one answer", "\(request) was never answered: \(request.state)")
    }
    for edge in world.edges {
      if !edge.exchanges.isEmpty { fail("no leak", "edge \(edge.index) has exchanges left") }
      if !edge.heldWrites.isEmpty { fail("no leak", "edge \(edge.index) holds writes") }
      if !edge.gate.writes.isEmpty { fail("no leak", "edge \(edge.index) counts writes") }
      for pool in edge.pools {
        if let leak = pool.leak { fail("no leak", "edge \(edge.index), \(leak)") }
      }
      for endpoint in world.topology.endpoints where edge.loads.inFlightCount(endpoint.id) != 0 {
        fail("no leak", "edge \(edge.index) counts requests at \(endpoint.name)")
      }
      let counters = edge.audit.counters
      if counters.decided
        != counters.committed + counters.refused + counters.lost + counters.pending
      {
        fail("whole account", "edge \(edge.index): \(counters)")
      }
    }
    for (domain, number) in acknowledgedWrites {
      let source = world.databases.sources[domain]
      let log = world.databases.copy(of: domain, at: source).log
      if !log.contains(where: { $0.number == number }),
        !world.databases.lost[domain].contains(number)
      {
        fail("no lost write", "write #\(number) of \(Law.regionNames[domain]) is gone")
      }
    }
  }
}

extension World {
  /// How far behind a server is in what a request asks for.
  func trueLagMicroseconds(_ request: ClientRequest, at server: Server) -> UInt64 {
    let domain = request.kind == .valueSet ? server.region : request.patient.home
    return databases.lagMicroseconds(of: domain, at: server.index)
  }
}
