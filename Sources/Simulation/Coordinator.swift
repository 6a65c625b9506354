internal import Base
internal import Control
internal import Origins

/// Whoever moves the write authority of a domain, step by step, with the real records,
/// acts and `FenceWait` over the shared store. It may die after any step; another one then goes on
/// from the record alone.
final class Coordinator {
  private let world: World
  private let domain: Int
  private let candidate: Int
  /// Whether the old primary is asked to stop, or is cut off by force.
  private let isGraceful: Bool
  /// After how many steps it dies; nil for never.
  private let diesAfter: Int?
  private var stepCount = 0
  private var wait: FenceWait?
  private var waitNumber = 0
  private var waitedAt = Instant(nanoseconds: 0)
  private let operators: Operators
  /// Whether it reached the end.
  private(set) var isDone = false
  private var isDead = false

  /// A coordinator of one move.
  init(
    _ world: World, domain: Int, candidate: Int, isGraceful: Bool, diesAfter: Int? = nil
  ) {
    self.world = world
    self.domain = domain
    self.candidate = candidate
    self.isGraceful = isGraceful
    self.diesAfter = diesAfter
    operators = Operators(world)
  }

  private var name: String { Law.regionNames[domain] }

  /// Goes on from where the record is, until the move is over.
  func step() {
    guard !isDone, !isDead else { return }
    if let diesAfter, stepCount >= diesAfter {
      isDead = true
      let next = Coordinator(world, domain: domain, candidate: candidate, isGraceful: isGraceful)
      world.trace.note("coordinator dies", stepCount, at: world.now)
      return world.after(milliseconds: 500) { next.step() }
    }
    perform()
    world.after(milliseconds: 30) { self.step() }
  }

  private func perform() {
    // Whoever cannot read the store does nothing.
    guard !world.storage.isDead, let record = world.authorityInStore(name) else { return }
    switch record.state {
    case .active: begin(record)
    case .fencing: waitForEdges(record)
    case .fenced: promote(record)
    case .promoting: activate(record)
    case .orphan, .conflict: isDone = true
    }
  }

  private func begin(_ record: AuthorityRecord) {
    if record.endpoint == world.servers[candidate].endpoint.name || hasBegun {
      isDone = true
      return
    }
    if operators.change(name, .fence(plan: "move-\(name)")) {
      hasBegun = true
      stepCount += 1
    }
  }

  private var hasBegun = false

  private func waitForEdges(_ record: AuthorityRecord) {
    hasBegun = true
    // A wait is for one record: another coordinator may have begun a move of its own since.
    if wait == nil || waitNumber != record.number {
      wait = FenceWait(record, committedAt: world.now)
      waitNumber = record.number
      waitedAt = world.now
      return
    }
    guard let registrations = try? SimulatedOrders.folder.registrations(world.storage) else {
      return
    }
    switch wait?.look(registrations, at: world.now) {
    case .waits?: if world.options.mutant != .impatient { return }
    case .leaseOver?, .acknowledged?, nil: break
    }
    fence(record)
  }

  /// Makes sure that the old primary takes no writes any more.
  private func fence(_ record: AuthorityRecord) {
    let old = world.server(record.endpoint)
    if world.options.mutant == .unfenced {
      return done(operators.change(name, .fenced(position: nil)))
    }
    if isGraceful {
      // It cannot be asked: the move is taken back, unless it comes back soon.
      guard old.process == .running else { return giveUp(old) }
      let position = world.databases.demote(domain, old.index)
      return done(operators.change(name, .fenced(position: UInt64(position))))
    }
    old.kill()
    world.databases.demote(domain, old.index)
    done(operators.change(name, .fenced(position: nil)))
  }

  private func promote(_ record: AuthorityRecord) {
    hasBegun = true
    let server = world.servers[candidate]
    let copy = world.databases.copy(of: domain, at: candidate)
    let isThere =
      record.position.map {
        UInt64(copy.log.count) >= $0 && copy.epoch >= record.holderEpoch
      } ?? true
    guard server.process == .running, isThere else {
      if waitedAt == Instant(nanoseconds: 0) { waitedAt = world.now }
      return giveUp(world.server(record.endpoint))
    }
    let position =
      record.position
      ?? record.history.sharedPosition(epoch: copy.epoch, position: UInt64(copy.log.count))
    done(
      operators.change(
        name, .promote(endpoint: server.endpoint.name, position: position)))
  }

  private func activate(_ record: AuthorityRecord) {
    hasBegun = true
    guard let named = record.candidate else { return }
    let server = world.server(named)
    guard server.process == .running else { return }
    world.databases.promote(domain, server.index, epoch: record.epoch)
    done(operators.change(name, .activate))
  }

  /// Takes a graceful move back that cannot go on.
  private func giveUp(_ old: Server) {
    guard isGraceful, world.now.milliseconds(since: waitedAt) > 9_000, old.process == .running
    else { return }
    world.databases.restore(domain, old.index)
    done(operators.change(name, .restore))
    isDone = true
  }

  private func done(_ isDone: Bool) {
    if isDone { stepCount += 1 }
  }
}
