internal import Base
internal import Control
internal import Origins
internal import Policy
internal import Reactor

/// How an edge follows its operators' folder: stands for `ActiveOrderFeed` of the executable, which
/// looks every 20 ms whether a file changed or an order ended.
final class SimulatedOrders {
  private unowned let edge: SimulatedEdge
  private var seen: Int?
  private var stored: StoredBooks?
  private var told: OperatorState?
  /// Whether the edge cannot reach the store.
  var isCutOff = false
  /// What was wrong with the store at the last look.
  private(set) var warning: OperatorWarning?
  /// Where operators act.
  static let folder = OperatorFolder("operators")

  /// The feed of one edge.
  init(_ edge: SimulatedEdge) { self.edge = edge }

  /// The orders in force here.
  var state: OperatorState? { told }

  /// Looks once; the edge does every 20 ms.
  func look() {
    let storage = edge.world.storage
    if !isCutOff, seen != storage.version, let read = try? Self.folder.read(storage) {
      stored = read
      seen = storage.version
      warning = read.warning
    }
    // Time changes only what has an end.
    guard let stored, !stored.books.state.overrides.isEmpty || told?.overrides.isEmpty != true
    else { return }
    let time = edge.world.wallTime(skewSeconds: edge.skewSeconds)
    let state = stored.books.state.settled(at: time)
    guard state.overrides != told?.overrides else { return }
    told = state
    edge.world.trace.note("orders", edge.index, UInt64(state.overrides.count), at: edge.now)
    edge.board.order(RegionOrders(state))
    edge.publishIfChanged()
  }
}

/// Who orders: stands for the commands `region drain` and so on, with the real rules and the real
/// store on the simulated disk.
final class Operators {
  private unowned let world: World
  /// What the last refused act was refused for.
  private(set) var refusals: [OperatorRefusal] = []
  /// Acts that were done.
  private(set) var doneCount = 0

  /// Operators who see `world`.
  init(_ world: World) { self.world = world }

  /// Orders `kind` for a region, for so long; true when it was done.
  @discardableResult
  func order(
    _ kind: OverrideKind, _ region: String, _ tiers: OverrideTiers = .all, seconds: UInt64 = 60,
    author: String = "operator"
  ) -> Bool {
    let until = WallTime(
      microseconds: world.wallTime(skewSeconds: 0).microseconds + seconds * 1_000_000)
    return act(.order(kind, OverrideScope(region, tiers), until: until), author)
  }

  /// Ends the order of this number.
  @discardableResult
  func release(_ number: Int, author: String = "operator") -> Bool {
    act(.release(number), author)
  }

  private func act(_ deed: OperatorDeed, _ author: String) -> Bool {
    let now = world.wallTime(skewSeconds: 0)
    let store = FileControlStore(SimulatedOrders.folder, world.storage)
    let regions = Law.regionNames.map { ServingWorld.Region($0) }
    let safety = Safety(ServingWorld(regions, rows: Law.shared.rows))
    let act = OperatorAct(deed, Warrant(author: author, reason: "simulated"))
    do {
      let stored = try store.read()
      _ = try safety.judge(act, on: stored.books.state, at: now)
      guard try store.append(act, at: now, to: stored) != nil else { return false }
      doneCount += 1
      world.trace.note("order", doneCount, at: world.now, "\(deed)")
      return true
    } catch let refusal as OperatorRefusal {
      refusals.append(refusal)
    } catch {
      world.trace.note("order failed", doneCount, at: world.now, "\(error)")
    }
    return false
  }
}

extension RegionOrders {
  /// The orders of a state as loops follow them; see `ActiveOrderFeed`.
  init(_ state: OperatorState) {
    self.init()
    for region in Set(state.overrides.map(\.scope.region)) {
      regions[region] = Region(
        replica: ServerOrder(state.effect(region, .replica)),
        primary: ServerOrder(state.effect(region, .primary)))
    }
  }
}

extension ServerOrder {
  /// What orders come to, in the words of narrowing.
  fileprivate init(_ effect: OverrideEffect) {
    self = []
    switch effect.out?.kind {
    case .drain: insert(.drained)
    case .evacuate: insert(.evacuated)
    case .holdOut: insert(.heldOut)
    case .forceIn, .freeze, .prefer, nil: break
    }
    if effect.isForcedIn { insert(.forcedIn) }
    if effect.isFrozen { insert(.frozen) }
    if effect.isPreferred { insert(.preferred) }
  }
}
