import Base
import HTTP
import Origins
import Proxy

/// What can happen to an exchange; each once, with the short name that the tables use.
enum Event: String, CaseIterable, Sendable {
  /// The record is on disk, or never will be.
  case durable, unrecorded
  /// A connection came: a new one, or one that carried a request before.
  case fresh, reused
  /// No connection could be had.
  case unreachable
  /// The origin's head came.
  case ok, gateway
  /// The origin's side ended.
  case unprocessed, refused, lost, reset, malformed
  /// The client went away; its request broke off; nothing happened for too long.
  case gone, broken, timeout

  /// Whether it brings a connection, which only a machine that waits for one may be told.
  var isConnection: Bool { self == .fresh || self == .reused }
}

/// What the cache can say.
enum CacheEvent: String, CaseIterable, Sendable {
  /// Something may be served; nothing may; something may stand in.
  case hit, miss, stale
  /// Another request fetches it; it did, or everybody asks by himself.
  case waits, released, alone
  /// Nothing may stand in.
  case nothing
  /// The origin's 304 was of no use.
  case again
}

/// A machine with its judge, driven by events and answering in short words.
final class MachineBench {
  private(set) var machine = ExchangeMachine()
  private var judge: ExchangeMachine.Judge
  /// Whether the request could be sent again.
  var isReplayable: Bool
  /// The time at which events come.
  let now = Instant(nanoseconds: 60_000_000_000)

  init(isReplayable: Bool = true, limits: OriginLimits = OriginLimits()) {
    self.isReplayable = isReplayable
    judge = ExchangeMachine.Judge(budget: RetryBudget(limits: limits, at: now), limits: limits)
  }

  /// Starts, and gives the first action.
  func begin(
    _ method: Method, isDurable: Bool, choiceCount: Int = 3, latency: LatencyClass = .bulk,
    isKeyed: Bool = false
  ) -> ExchangeMachine.Action {
    var request = ExchangeMachine.Request(
      method: method, isDurable: isDurable, choiceCount: choiceCount, latency: latency)
    request.isKeyed = isKeyed
    return machine.begin(request)
  }

  /// Tells the machine of one event.
  func apply(_ event: Event) -> ExchangeMachine.Action {
    switch event {
    case .durable: machine.recordDurable()
    case .unrecorded: machine.recordFailed()
    case .fresh: machine.acquired(isReused: false)
    case .reused: machine.acquired(isReused: true)
    case .unreachable: machine.acquireFailed(.originConnect, judge: &judge, at: now)
    case .ok: answered(200)
    case .gateway: answered(503)
    case .unprocessed: failed(.neverProcessed)
    case .refused: failed(.refused)
    case .lost: failed(.connectionLost)
    case .reset: failed(.peerReset(code: 2))
    case .malformed: failed(.malformed("no status"))
    case .gone: machine.clientGone()
    case .broken: machine.clientFailed(.malformed)
    case .timeout: machine.timedOut(isReplayable: isReplayable, judge: &judge, at: now)
    }
  }

  /// Starts a request that the cache may answer.
  func beginCached(
    _ method: Method = .get, isDurable: Bool, choiceCount: Int = 3
  ) -> ExchangeMachine.Action {
    machine.begin(
      .init(method: method, isDurable: isDurable, choiceCount: choiceCount, usesCache: true))
  }

  /// Tells the machine what the cache says.
  func apply(_ event: CacheEvent) -> ExchangeMachine.Action {
    switch event {
    case .hit: machine.cacheHit()
    case .miss: machine.cacheMissed(mayStandIn: false)
    case .stale: machine.cacheMissed(mayStandIn: true)
    case .waits: machine.cacheWaits()
    case .released: machine.cacheReleased(looksUp: true)
    case .alone: machine.cacheReleased(looksUp: false)
    case .nothing: machine.cacheCannotStandIn()
    case .again: machine.asksAgain()
    }
  }

  /// The attempt took longer than its class allows.
  func slow() -> ExchangeMachine.Action? {
    machine.tryTimedOut(isReplayable: isReplayable, judge: &judge, at: now)
  }

  /// A second copy of the request is the request.
  func move(to choice: Int) { machine.moved(to: choice) }

  /// The pool gave this reason for having no connection.
  func unreachable(_ refusal: Refusal) -> ExchangeMachine.Action {
    machine.acquireFailed(refusal, judge: &judge, at: now)
  }

  /// The origin's head came with this status.
  func answered(_ status: UInt16, _ overload: Overload? = nil) -> ExchangeMachine.Action {
    machine.originAnswered(
      status: status, overload: overload, isReplayable: isReplayable, judge: &judge, at: now)
  }

  /// The stream ended like this.
  func failed(_ fault: StreamFault) -> ExchangeMachine.Action {
    machine.originFailed(fault, isReplayable: isReplayable, judge: &judge, at: now)
  }
}

extension ExchangeMachine.Action {
  /// The tables' word: `get1` acquires choice 1, `get0!` choice 0 on a fresh connection.
  var word: String {
    switch self {
    case .none: "-"
    case .awaitRecord: "wait"
    case .lookUp: "look"
    case .serveHit: "serve"
    case .standIn: "stale?"
    case .acquire(let choice, let requiresFresh): "get\(choice)\(requiresFresh ? "!" : "")"
    case .pause(let milliseconds): "pause\(milliseconds)"
    case .sendRequest: "send"
    case .forwardHead: "forward"
    case .answer(let refusal): refusal.rawValue
    case .resetClient: "cut"
    case .abandon: "drop"
    }
  }

  /// Whether the exchange is over with it.
  var isEnd: Bool {
    switch self {
    case .answer, .resetClient, .abandon: true
    case .none, .awaitRecord, .lookUp, .serveHit, .standIn: false
    case .acquire, .pause, .sendRequest, .forwardHead: false
    }
  }
}
