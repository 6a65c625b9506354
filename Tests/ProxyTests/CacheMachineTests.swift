import HTTP
import Proxy
import Testing

/// A way through the machine of a request that the cache may answer: events, and the action that
/// each must bring.
struct CacheWay: Sendable, CustomTestStringConvertible {
  enum Step: Sendable {
    case cache(CacheEvent, String)
    case event(Event, String)
  }
  let name: String
  var isDurable = false
  var choiceCount = 3
  let steps: [Step]
  var testDescription: String { name }
}

private let ways: [CacheWay] = [
  CacheWay(name: "hit", steps: [.cache(.hit, "serve"), .event(.timeout, "cut")]),
  CacheWay(
    name: "a durable hit is held until its record is on disk", isDurable: true,
    steps: [.cache(.hit, "wait"), .event(.durable, "serve")]),
  CacheWay(
    name: "a hit whose record never comes is not disclosed", isDurable: true,
    steps: [.cache(.hit, "wait"), .event(.unrecorded, "audit-unavailable")]),
  CacheWay(
    name: "a hit whose record takes too long", isDurable: true,
    steps: [.cache(.hit, "wait"), .event(.timeout, "audit-unavailable")]),
  CacheWay(
    name: "a hit needs no origin", choiceCount: 0, steps: [.cache(.hit, "serve")]),
  CacheWay(
    name: "a miss without anybody to ask", choiceCount: 0,
    steps: [.cache(.miss, "unavailable")]),
  CacheWay(
    name: "miss",
    steps: [.cache(.miss, "get0"), .event(.fresh, "send"), .event(.ok, "forward")]),
  CacheWay(
    name: "waiting, then found",
    steps: [.cache(.waits, "-"), .cache(.released, "look"), .cache(.hit, "serve")]),
  CacheWay(
    name: "waiting for what is for nobody else",
    steps: [.cache(.waits, "-"), .cache(.alone, "get0")]),
  CacheWay(
    name: "waiting twice",
    steps: [
      .cache(.waits, "-"), .cache(.released, "look"), .cache(.waits, "-"),
      .event(.timeout, "get0"),
    ]),
  CacheWay(
    name: "waiting for too long", steps: [.cache(.waits, "-"), .event(.timeout, "get0")]),
  CacheWay(
    name: "waiting when the client leaves",
    steps: [.cache(.waits, "-"), .event(.gone, "drop"), .cache(.released, "-")]),
  CacheWay(
    name: "waiting when the log fails", isDurable: true,
    steps: [.cache(.waits, "-"), .event(.unrecorded, "audit-unavailable")]),
  CacheWay(
    name: "the origin confirms what is stored",
    steps: [.cache(.stale, "get0"), .event(.fresh, "send"), .cache(.hit, "serve")]),
  CacheWay(
    name: "the origin confirms something else",
    steps: [
      .cache(.stale, "get0"), .event(.fresh, "send"), .cache(.again, "get0"),
      .event(.reused, "send"), .event(.ok, "forward"),
    ]),
  CacheWay(
    name: "nobody is there, and something stands in", choiceCount: 0,
    steps: [.cache(.stale, "stale?"), .cache(.hit, "serve")]),
  CacheWay(
    name: "nobody is there, and nothing may stand in", choiceCount: 0,
    steps: [.cache(.stale, "stale?"), .cache(.nothing, "unavailable")]),
  CacheWay(
    name: "no connection at the last choice", choiceCount: 1,
    steps: [.cache(.stale, "get0"), .event(.unreachable, "stale?"), .cache(.hit, "serve")]),
  CacheWay(
    name: "others are asked before anything stands in", choiceCount: 2,
    steps: [
      .cache(.stale, "get0"), .event(.unreachable, "get1"), .event(.fresh, "send"),
      .event(.ok, "forward"),
    ]),
  CacheWay(
    name: "an error at the last choice is passed on when nothing may stand in", choiceCount: 1,
    steps: [
      .cache(.stale, "get0"), .event(.fresh, "send"), .event(.gateway, "stale?"),
      .cache(.nothing, "forward"),
    ]),
  CacheWay(
    name: "the same, with a record to wait for", isDurable: true, choiceCount: 1,
    steps: [
      .cache(.stale, "get0"), .event(.fresh, "send"), .event(.gateway, "stale?"),
      .cache(.nothing, "wait"), .event(.durable, "forward"),
    ]),
  CacheWay(
    name: "what stands in is held for its record, too", isDurable: true, choiceCount: 1,
    steps: [
      .cache(.stale, "get0"), .event(.fresh, "send"), .event(.reset, "stale?"),
      .cache(.hit, "wait"), .event(.durable, "serve"),
    ]),
]

@Suite struct CacheMachineTests {
  @Test(arguments: ways)
  func eachEventBringsItsAction(_ way: CacheWay) {
    let bench = MachineBench()
    #expect(
      bench.beginCached(isDurable: way.isDurable, choiceCount: way.choiceCount).word == "look")
    for step in way.steps {
      switch step {
      case .cache(let event, let wanted): #expect(bench.apply(event).word == wanted, "\(event)")
      case .event(let event, let wanted): #expect(bench.apply(event).word == wanted, "\(event)")
      }
    }
  }
}
