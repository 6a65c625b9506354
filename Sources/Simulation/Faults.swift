internal import Base
internal import Control
internal import Origins

/// What can go wrong in a random run.
enum FaultKind: CaseIterable {
  case kill, freeze, refuse, cut, cutRegion, loss, slow, errors, resetBefore, resetAfter, resetMid
  case stall, goAway, refuseStream, lag, lagCut, unmeasured, impostor, unready, badCertificate
  case stalledHandshake, slowDisk, fullDisk, failedSync, stopEdge, killEdge, skewClock
  case overload, noDescriptors, order, crashedStore, damagedStore, cutStore
}

/// Draws the faults of a run from its seed: some kinds are off in each run, so that those that
/// remain meet a world that is otherwise well.
final class Faults {
  private let world: World
  private var random: SplitMix64
  private let kinds: [FaultKind]
  private let operators: Operators

  /// The faults of one run.
  init(_ world: World) {
    self.world = world
    operators = Operators(world)
    var random = SplitMix64(seed: world.random.next())
    var kinds = FaultKind.allCases.filter { _ in Int.random(in: 0..<5, using: &random) == 0 }
    if kinds.isEmpty { kinds = [.kill] }
    self.kinds = kinds
    self.random = random
  }

  private func draw(_ range: ClosedRange<UInt64>) -> UInt64 {
    UInt64.random(in: range, using: &random)
  }

  private func draw(below count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

  /// Plans all faults of the run, and that everything is well again when the load ends.
  func plan() {
    let end = world.options.loadMilliseconds
    for _ in 0..<draw(1...6) {
      let kind = kinds[draw(below: kinds.count)]
      let start = draw(500...max(501, end - 500))
      let stop = min(end, start + draw(100...4_000))
      let undo = make(kind)
      world.at(milliseconds: start) { [self] in
        world.trace.note("fault", 0, at: world.now, "\(kind)")
        undo.begin()
      }
      world.at(milliseconds: stop, undo.end)
    }
  }

  /// Lets one of the west's two replicas be slow twice, once enough is known of both.
  func planSlowness() {
    for start: UInt64 in [1_800, 3_000] {
      let server = world.servers[draw(below: 2)]
      let micros = draw(30...120) * 1000
      world.at(milliseconds: start) { server.faults.serviceMicroseconds = micros }
      world.at(milliseconds: start + 700) { server.faults = ServerFaults() }
    }
  }

  /// Plans the records of all domains, and moves of some.
  func planMoves() {
    let world = world
    let operators = operators
    world.at(milliseconds: 300) {
      for (domain, name) in Law.regionNames.enumerated() {
        let holder = world.servers[world.databases.sources[domain]].endpoint.name
        if !operators.change(name, .claim(endpoint: holder, epoch: 1)) {
          world.checker.fail("claim", "no record of \(name): \(operators.refusals)")
        }
      }
    }
    for _ in 0..<draw(1...3) {
      let domain = draw(below: Law.regionNames.count)
      let backup = Law.backups[domain]
      let candidates = world.servers.filter { [domain, backup].contains($0.region) }
      let candidate = candidates[draw(below: candidates.count)].index
      let isGraceful = draw(0...2) > 0 && !world.options.losesTails
      let isPlanned = draw(0...2) > 0 && !world.options.losesTails
      let diesAfter = draw(0...1) == 0 ? nil : Int(draw(0...4))
      let start = draw(1_000...2_300)
      accompany(domain, candidate, start)
      world.at(milliseconds: start) {
        // Plans refuse what would leave a home without a lawful target: people may not.
        let source = world.databases.sources[domain]
        if isPlanned, source != candidate, world.servers[candidate].region == domain {
          PlanDriver(
            world, domain: domain, from: source, to: candidate, isGraceful: isGraceful,
            diesAfter: diesAfter.map { $0 * 8 }
          ).step()
        } else {
          Coordinator(
            world, domain: domain, candidate: candidate, isGraceful: isGraceful,
            diesAfter: diesAfter
          ).step()
        }
      }
    }
  }

  /// Plans what goes wrong around a move: edges that do not hear of it, writes that are late, and
  /// servers that are not there.
  private func accompany(_ domain: Int, _ candidate: Int, _ start: UInt64) {
    let world = world
    let edge = draw(below: world.edges.count)
    let old = world.databases.sources[domain]
    let before = start - draw(20...400)
    switch world.options.losesTails ? 5 : draw(0...6) {
    case 0:
      world.at(milliseconds: before) { world.edges[edge].orders.isCutOff = true }
      world.at(milliseconds: start + 8_000) { world.edges[edge].orders.isCutOff = false }
    case 1:
      world.at(milliseconds: before) { world.edges[edge].setFrozen(true) }
      world.at(milliseconds: start + 6_900) { world.edges[edge].setFrozen(false) }
    case 2:
      world.at(milliseconds: before) { world.setCut(true, edge: edge, server: old) }
      world.at(milliseconds: start + 3_000) { world.setCut(false, edge: edge, server: old) }
    case 3:
      world.at(milliseconds: before, world.servers[old].kill)
      world.at(milliseconds: start + draw(200...7_000), world.servers[old].start)
    case 4:
      world.at(milliseconds: start + draw(20...100), world.servers[candidate].kill)
      world.at(milliseconds: start + 1_500, world.servers[candidate].start)
    case 5:
      let databases: Databases = world.databases
      world.at(milliseconds: before) {
        databases.change(domain, at: candidate) { $0.isCut = true }
      }
      world.at(milliseconds: start + 2_500) {
        databases.change(domain, at: candidate) { $0.isCut = false }
      }
    default: break
    }
  }

  /// A fault and its end.
  private struct Change {
    var begin: () -> Void
    var end: () -> Void
  }

  private func make(_ kind: FaultKind) -> Change {
    let server = world.servers[draw(below: world.servers.count)]
    switch kind {
    case .kill: return Change(begin: server.kill, end: server.start)
    case .freeze:
      return Change(begin: { server.setFrozen(true) }, end: { server.setFrozen(false) })
    case .refuse, .cut, .cutRegion, .loss: return makeNetwork(kind, server)
    case .lag, .lagCut: return makeLag(kind, server)
    case .slow, .errors, .resetBefore, .resetAfter, .resetMid, .stall, .goAway, .refuseStream,
      .overload,
      .unmeasured, .impostor, .unready, .badCertificate, .stalledHandshake:
      return makeServer(kind, server)
    case .slowDisk, .fullDisk, .failedSync, .stopEdge, .killEdge, .skewClock, .noDescriptors,
      .cutStore:
      return makeEdge(kind)
    case .order, .crashedStore, .damagedStore: return makeStore(kind)
    }
  }

  private func makeNetwork(_ kind: FaultKind, _ server: Server) -> Change {
    let world = world
    let edge = draw(below: world.edges.count)
    let permille = draw(20...300)
    switch kind {
    case .refuse:
      return Change(
        begin: { world.links[edge][server.index].isRefusing = true },
        end: { world.links[edge][server.index].isRefusing = false })
    case .loss:
      return Change(
        begin: { world.links[edge][server.index].lossPermille = permille },
        end: { world.links[edge][server.index].lossPermille = 0 })
    default:
      let servers =
        kind == .cut ? [server] : world.servers.filter { $0.region == server.region }
      return Change(
        begin: { for each in servers { world.setCut(true, edge: edge, server: each.index) } },
        end: { for each in servers { world.setCut(false, edge: edge, server: each.index) } })
    }
  }

  private func makeLag(_ kind: FaultKind, _ server: Server) -> Change {
    let databases: Databases = world.databases
    let domain = draw(below: Law.regionNames.count)
    let lag = draw(1_000...30_000) * 1000
    let before = databases.copy(of: domain, at: server.index).lagMicroseconds
    return Change(
      begin: {
        databases.change(domain, at: server.index) {
          if kind == .lag { $0.lagMicroseconds = lag } else { $0.isCut = true }
        }
      },
      end: {
        databases.change(domain, at: server.index) {
          $0.lagMicroseconds = before
          $0.isCut = false
        }
      })
  }

  private func makeServer(_ kind: FaultKind, _ server: Server) -> Change {
    let permille = draw(50...1_000)
    let milliseconds = draw(20...3_000)
    let status = UInt16([500, 502, 503, 504, 404][draw(below: 5)])
    return Change(
      begin: {
        switch kind {
        case .slow: server.faults.serviceMicroseconds = milliseconds * 1000
        case .errors: server.faults.misdeeds = [(permille, .status(status))]
        case .resetBefore: server.faults.misdeeds = [(permille, .resetBefore)]
        case .resetAfter: server.faults.misdeeds = [(permille, .resetAfter)]
        case .resetMid: server.faults.misdeeds = [(permille, .resetMid)]
        case .stall: server.faults.misdeeds = [(permille, .stall)]
        case .goAway: server.faults.misdeeds = [(permille, .goAway)]
        case .overload: server.faults.misdeeds = [(permille, .overloaded(seconds: 1))]
        case .refuseStream: server.faults.misdeeds = [(permille, .refuse)]
        case .unmeasured: server.faults.isLagUnmeasured = true
        case .impostor: server.faults.isNameWrong = true
        case .unready: server.faults.isUnready = true
        case .badCertificate: server.faults.isCertificateBad = true
        default: server.faults.stallsHandshake = true
        }
      }, end: { server.faults = ServerFaults() })
  }

  private func makeEdge(_ kind: FaultKind) -> Change {
    let world = world
    let index = draw(below: world.edges.count)
    let slow = draw(5_000...2_500_000)
    let skew = Int64(draw(0...7_200)) - 3_600
    return Change(
      begin: {
        let edge = world.edges[index]
        switch kind {
        case .slowDisk: edge.audit.faults.microseconds = slow
        case .fullDisk: edge.audit.faults.isFull = true
        case .failedSync: edge.audit.faults.failsSync = true
        case .stopEdge: edge.setFrozen(true)
        case .killEdge: world.killEdge(index)
        case .skewClock: edge.skewSeconds = skew
        case .noDescriptors: edge.hasNoDescriptors = true
        default: edge.orders.isCutOff = true
        }
      },
      end: {
        let edge = world.edges[index]
        edge.audit.faults = DiskFaults()
        edge.setFrozen(false)
        edge.hasNoDescriptors = false
        edge.orders.isCutOff = false
        if edge.isDead || edge.audit.hasFailed { world.restartEdge(index) }
      })
  }

  private func makeStore(_ kind: FaultKind) -> Change {
    let world = world
    let operators = operators
    let orders = OverrideKind.allCases
    let order = orders[draw(below: orders.count)]
    let region = Law.regionNames[draw(below: Law.regionNames.count)]
    let tiers = OverrideTiers.allCases[draw(below: 3)]
    let seconds = draw(1...4)
    let count = Int(draw(0...9))
    let keeps = draw(0...1) == 0
    return Change(
      begin: {
        switch kind {
        case .crashedStore: world.storage.operationsUntilCrash = count
        case .damagedStore:
          let path = SimulatedOrders.folder.historyPath
          guard let bytes = world.storage.files[path] else { break }
          world.storage.tamper(path, Array(bytes.dropLast(count + 1)))
        default: break
        }
        operators.order(order, region, tiers, seconds: seconds)
      },
      end: {
        guard kind == .crashedStore else { return }
        world.storage.restart(keepingUnsynced: keeps)
        let stored = world.stored
        world.trace.note(
          "store is back", stored?.books.state.actCount ?? 0, at: world.now,
          keeps ? "with all" : "with what was synced")
      })
  }
}
