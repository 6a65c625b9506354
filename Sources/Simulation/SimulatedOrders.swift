internal import Base
internal import Control
internal import Origins
internal import Policy
internal import Reactor

/// How an edge follows its operators' folder: stands for `ActiveOrderFeed` of the executable, which
/// looks every 20 ms whether a file changed or an order ended.
final class SimulatedOrders {
  private let edge: SimulatedEdge
  private var seen: Int?
  private var stored: StoredBooks?
  private var told: OperatorState?
  private var presence: EdgePresence?
  private var silent = SilentEdges()
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

  /// The names of the servers that take the writes of each domain, as they were told last.
  var holders: [String: String] {
    Dictionary(uniqueKeysWithValues: (told?.authorities ?? []).map { ($0.domain, $0.endpoint) })
  }

  /// Looks once; the edge does every 20 ms. See `ActiveOrderFeed.next`.
  func look() {
    let begin = edge.now
    let isGood = read()
    // Time changes only what has an end.
    guard let stored else { return }
    let time = edge.world.wallTime(skewSeconds: edge.skewSeconds)
    let state = stored.books.state.settled(at: time)
    hold(state, isGood: isGood, begin)
    guard state.overrides != told?.overrides || state.authorities != told?.authorities else {
      return
    }
    told = state
    edge.world.trace.note("orders", edge.index, UInt64(state.revision), at: edge.now)
    edge.board.order(RegionOrders(state))
    edge.publishIfChanged()
  }

  /// Whether what is known is what the store says.
  private func read() -> Bool {
    let storage = edge.world.storage
    // What was read last is on the edge's own disk, too.
    if stored == nil { stored = edge.world.copies[edge.index] }
    guard !isCutOff, !storage.isDead else { return false }
    if seen == storage.version { return stored?.warning?.isPrefix != true }
    // Acts do not vanish: a folder without them is another one, or is not there.
    if storage.files[Self.folder.historyPath] == nil, (stored?.lines.count ?? 0) > 0 {
      return false
    }
    guard let read = try? Self.folder.read(storage) else { return false }
    stored = read
    edge.world.copies[edge.index] = read
    seen = storage.version
    warning = read.warning
    return warning?.isPrefix != true
  }

  /// Lets the loop start writes for another while, if the store was read and the edge stands there.
  private func hold(_ state: OperatorState, isGood: Bool, _ begin: Instant) {
    let revision = state.authorities.map(\.number).max() ?? 0
    edge.gate.sees(revision)
    let moving = state.authorities.filter { $0.state.isMoving }.map(\.domain)
    guard isGood, register(seen: state.actCount, moving: moving, begin) else { return }
    edge.gate.renew(readAt: begin, revision: revision)
  }

  /// Keeps the edge's file true, and takes those of the dead away; see `EdgeRegistrar`.
  private func register(seen: Int, moving: [String], _ now: Instant) -> Bool {
    let storage = edge.world.storage
    var presence = self.presence ?? EdgePresence("edge-\(edge.index)-\(edge.life)")
    let next = presence.next(
      seen: seen, writes: edge.gate.writes, moving: moving,
      time: edge.world.wallTime(skewSeconds: edge.skewSeconds), at: now)
    if let next {
      guard storage.replaceUnsynced(Self.folder.edgePath(next.edge), next.bytes) else {
        return false
      }
      if let former = presence.wrote(next, at: now) { Self.folder.forget([former], storage) }
      let found = (try? Self.folder.registrations(storage)) ?? []
      Self.folder.forget(silent.look(found, at: now), storage)
    }
    self.presence = presence
    return true
  }
}

extension OperatorWarning {
  /// Whether acts may be missing.
  fileprivate var isPrefix: Bool {
    if case .prefixUsed = self { return true }
    return false
  }
}

/// Who orders: stands for the commands `region drain` and so on, with the real rules and the real
/// store on the simulated disk.
final class Operators {
  private let world: World
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

  /// Changes who takes the writes of a domain.
  @discardableResult
  func change(_ domain: String, _ change: AuthorityChange) -> Bool {
    act(.authority(domain, change), "operator")
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
    let safety = Safety(ServingWorld(regions, rows: world.law.rows))
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
