internal import Base
internal import Origins

/// One write, as a log holds it.
struct LogEntry: Equatable {
  /// The write's own number, unique in the world.
  let number: Int
  /// The epoch in which it was accepted.
  let epoch: UInt64
  /// When.
  let at: Instant
}

/// What one server has of one domain.
struct Copy {
  /// The writes, oldest first.
  var log: [LogEntry] = []
  /// Everything up to then is in the log.
  var asOf = World.start
  /// The timeline that it follows.
  var epoch: UInt64 = 1
  /// The epoch in which the server takes writes; nil while it follows.
  var claim: UInt64?
  /// The highest epoch that the server has heard of: it refuses requests of lower ones.
  var fence: UInt64 = 1
  /// When it forgot what its new source had not.
  var rewoundAt = Instant(nanoseconds: 0)
  /// How far it follows behind.
  var lagMicroseconds: UInt64 = 5_000
  /// Whether nothing comes from the source.
  var isCut = false

  /// Whether what a session has seen is part of it.
  func holds(_ seen: Seen?) -> Bool {
    guard let seen, let number = seen.number else { return true }
    return seen.position <= log.count && log[seen.position - 1].number == number
  }
}

/// The databases behind the servers: one log for each domain, its source, and the others' copies.
///
/// Replication is not simulated message by message: a copy has everything up to an instant, and
/// `follow` moves that instant on before anything changes or is looked at.
final class Databases {
  private let world: World
  private let domainCount = Law.regionNames.count
  /// `copies[domain][server]`.
  private(set) var copies: [[Copy]] = []
  /// Whose log the others follow, by domain.
  private(set) var sources: [Int] = []
  /// Writes that a failover left behind, by domain: what the operators' report lists as lost.
  private(set) var lost: [Set<Int>] = []

  /// Empty databases; `begin` fills them.
  init(_ world: World) { self.world = world }

  /// Makes each region's primary the source of its own domain.
  func begin() {
    let servers = world.servers
    lost = Array(repeating: [], count: domainCount)
    sources = (0..<domainCount).map { domain in
      servers.firstIndex { $0.region == domain && $0.endpoint.tier == .primary } ?? 0
    }
    copies = (0..<domainCount).map { domain in
      servers.map { server in
        var copy = Copy()
        copy.lagMicroseconds = server.region == domain ? 5_000 : 40_000
        return copy
      }
    }
    for domain in 0..<domainCount { copies[domain][sources[domain]].claim = 1 }
  }

  /// What a server has of a domain.
  func copy(of domain: Int, at server: Int) -> Copy {
    follow(domain, server)
    return copies[domain][server]
  }

  /// Changes how a server follows a domain.
  func change(_ domain: Int, at server: Int, _ change: (inout Copy) -> Void) {
    settle()
    change(&copies[domain][server])
  }

  /// How far a server is behind in a domain, as it would tell.
  func lagMilliseconds(of domain: Int, at server: Int) -> UInt64 {
    lagMicroseconds(of: domain, at: server) / 1000
  }

  /// How far a server is behind in truth.
  func lagMicroseconds(of domain: Int, at server: Int) -> UInt64 {
    follow(domain, server)
    if copies[domain][server].claim != nil { return 0 }
    return world.now.microseconds(since: copies[domain][server].asOf)
  }

  /// Lets all replication have happened until now; before anything about it changes.
  func settle() {
    for domain in 0..<domainCount {
      for server in world.servers.indices { follow(domain, server) }
    }
  }

  /// Lets a server's replication of a domain have happened until now.
  private func follow(_ domain: Int, _ server: Int) {
    let source = sources[domain]
    guard server != source, world.servers[server].process == .running,
      !copies[domain][server].isCut, copies[domain][server].claim == nil
    else { return }
    if copies[domain][server].epoch < copies[domain][source].epoch { rewind(domain, server) }
    guard copies[domain][server].epoch == copies[domain][source].epoch else { return }
    let reach = world.servers[source].lastRunning
    let lag = copies[domain][server].lagMicroseconds * 1000
    guard reach.nanoseconds > lag else { return }
    let asOf = Instant(nanoseconds: reach.nanoseconds - lag)
    guard asOf > copies[domain][server].asOf else { return }
    copies[domain][server].asOf = asOf
    var count = copies[domain][server].log.count
    while count < copies[domain][source].log.count, copies[domain][source].log[count].at <= asOf {
      copies[domain][server].log.append(copies[domain][source].log[count])
      count += 1
    }
  }

  // MARK: Promotion

  /// A server of an older epoch joins the source's: what it has and the source has not, it forgets.
  private func rewind(_ domain: Int, _ server: Int) {
    let source = sources[domain]
    let count = commonCount(domain, server, source)
    copies[domain][server].log.removeLast(copies[domain][server].log.count - count)
    copies[domain][server].epoch = copies[domain][source].epoch
    copies[domain][server].rewoundAt = world.now
  }

  /// How many writes two servers have in common from the beginning.
  private func commonCount(_ domain: Int, _ one: Int, _ other: Int) -> Int {
    zip(copies[domain][one].log, copies[domain][other].log).prefix { $0 == $1 }.count
  }

  /// A server takes no writes of a domain any more; its last position.
  @discardableResult
  func demote(_ domain: Int, _ server: Int) -> Int {
    settle()
    if copies[domain][server].claim != nil { copies[domain][server].asOf = world.now }
    copies[domain][server].claim = nil
    world.trace.note("demote", server, UInt64(domain), at: world.now)
    return copies[domain][server].log.count
  }

  /// A server that was demoted and had no successor takes writes in its epoch again.
  func restore(_ domain: Int, _ server: Int) {
    settle()
    guard sources[domain] == server, copies[domain][server].claim == nil else { return }
    copies[domain][server].claim = copies[domain][server].epoch
    world.trace.note("restore", server, UInt64(domain), at: world.now)
  }

  /// A server takes the writes of a domain in a new epoch. What the old source has beyond it is
  /// lost, and listed. Doing it twice does nothing.
  func promote(_ domain: Int, _ server: Int, epoch: UInt64) {
    settle()
    guard copies[domain][server].epoch < epoch else { return }
    let source = sources[domain]
    let kept = commonCount(domain, source, server)
    lost[domain].formUnion(copies[domain][source].log.dropFirst(kept).map(\.number))
    copies[domain][server].claim = epoch
    copies[domain][server].epoch = epoch
    copies[domain][server].fence = epoch
    sources[domain] = server
    world.trace.note(
      "promote", server, epoch, at: world.now,
      "\(world.servers[server].endpoint.name) for \(Law.regionNames[domain]), lost"
        + " \(copies[domain][source].log.count - kept)")
  }

  // MARK: Requests

  /// Does what a request asks.
  func perform(_ arrival: Arrival, at server: Server, into answer: inout Answer) {
    let request = arrival.request
    let domain = request.patient.home
    let copy = copy(of: domain, at: server.index)
    answer.epoch = copy.epoch
    answer.position = copy.log.count
    answer.lastNumber = copy.log.last?.number
    // What an edge knows of another region's copies is what they reported last.
    let isKnown =
      server.region == domain || world.now.milliseconds(since: copy.rewoundAt) > 3_000
    answer.isBehindSession = isKnown && !copy.holds(request.seen)
    guard request.kind == .update else { return }
    if let epoch = arrival.epoch {
      copies[domain][server.index].fence = max(copy.fence, epoch)
      // An epoch below what was heard of is over; one above is not this server's.
      guard epoch == copy.claim, epoch >= copy.fence else {
        answer.status = 412
        answer.epoch = max(copy.fence, copy.epoch, epoch)
        return
      }
    }
    guard let claim = copy.claim else {
      answer.status = 421
      return
    }
    if request.isKeyed {
      // What it was told by others it does not know by its key.
      if server.keys[request.number] == claim { return }
      server.keys[request.number] = claim
    }
    copies[domain][server.index].log.append(
      LogEntry(number: request.number, epoch: claim, at: world.now))
    answer.position += 1
    answer.lastNumber = request.number
    world.checker.accepted(request, domain: domain, epoch: claim, at: server)
  }
}
