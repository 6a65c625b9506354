import Base
import HTTP
import Origins
import Proxy
import Testing

/// What a machine did so far, and whether it kept its promises.
///
/// INVARIANT (disclosed once): at most one head is forwarded, never after an end.
/// INVARIANT (recorded first): a durable write is not sent, and a durable answer not forwarded,
/// before the record is on disk.
/// INVARIANT (one way): choices never go back; a write stays with the first.
private struct Witness {
  let method: Method
  let isDurable: Bool
  let choiceCount: Int
  private(set) var isRecorded = false
  private(set) var isAcquiring = false
  private(set) var isOver = false
  private(set) var attemptCount = 0
  private var forwardCount = 0
  private var choice = 0
  private(set) var faults: [String] = []

  /// What the cache is asked, until it says something.
  private(set) var question: ExchangeMachine.Action?

  init(_ method: Method, isDurable: Bool, choiceCount: Int) {
    self.method = method
    self.isDurable = isDurable
    self.choiceCount = choiceCount
  }

  mutating func saw(_ event: Event?, _ action: ExchangeMachine.Action) {
    question = action == .lookUp || action == .standIn ? action : nil
    if event == .durable { isRecorded = true }
    if event?.isConnection == true { isAcquiring = false }
    if isOver, action != .none { faults.append("\(action) after the end") }
    switch action {
    case .none: break
    case .awaitRecord: expect(isDurable && !isRecorded, "waits for a record it has")
    case .acquire(let next, let requiresFresh):
      attemptCount += 1
      isAcquiring = true
      expect(forwardCount == 0, "a second origin after the head")
      expect(next < choiceCount && next >= choice, "choice \(next) after \(choice)")
      expect(method.isSafe || next == 0, "a write moved on")
      expect(!requiresFresh || next == choice, "a fresh connection for another choice")
      choice = next
    case .pause(let milliseconds):
      expect(forwardCount == 0, "a pause after the head")
      expect((1...200).contains(milliseconds), "a pause of \(milliseconds) ms")
    case .sendRequest:
      expect(method.isSafe || !isDurable || isRecorded, "a durable write sent unrecorded")
    case .lookUp, .standIn:
      isAcquiring = false
      expect(forwardCount == 0, "the cache is asked after the head")
    case .forwardHead, .serveHit:
      forwardCount += 1
      expect(forwardCount == 1, "a second head")
      expect(!isDurable || isRecorded, "a durable answer disclosed unrecorded")
    case .answer: expect(forwardCount == 0, "an answer of our own after the origin's head")
    case .resetClient: expect(forwardCount == 1, "a reset before a head")
    case .abandon: expect(event == .gone, "abandoned though the client is there")
    }
    if action.isEnd {
      isOver = true
      isAcquiring = false
    }
  }

  private mutating func expect(_ condition: Bool, _ fault: String) {
    if !condition { faults.append(fault) }
  }
}

private let methods: [Method] = [.get, .head, .post, .put, .patch, .delete, .options, .other]

@Test(arguments: 0..<64 as Range<UInt64>)
func randomEventsKeepTheOrderAndEnd(_ block: UInt64) {
  for seed in (block * 50)..<(block * 50 + 50) {
    var random = SplitMix64(seed: seed)
    let bench = MachineBench(isReplayable: Bool.random(using: &random))
    var witness = Witness(
      methods[Int.random(in: 0..<methods.count, using: &random)],
      isDurable: Bool.random(using: &random), choiceCount: Int.random(in: 0...5, using: &random))
    witness.saw(
      nil,
      bench.begin(
        witness.method, isDurable: witness.isDurable, choiceCount: witness.choiceCount))
    for _ in 0..<Int.random(in: 0...30, using: &random) {
      let event = Event.allCases[Int.random(in: 0..<Event.allCases.count, using: &random)]
      // A pool gives a connection only to those who wait for one; the rest may come at any time.
      if event.isConnection && !witness.isAcquiring { continue }
      if event == .gone && Int.random(in: 0..<4, using: &random) > 0 { continue }
      witness.saw(event, bench.apply(event))
    }
    // Silence ends every exchange: each attempt costs at most one timeout, the rest is one more.
    for _ in 0...Int(OriginLimits().attemptCountMax) + 1 {
      witness.saw(.timeout, bench.apply(.timeout))
    }
    #expect(witness.isOver, "seed \(seed)")
    #expect(witness.attemptCount <= Int(OriginLimits().attemptCountMax), "seed \(seed)")
    #expect(witness.faults.isEmpty, "seed \(seed)")
  }
}

@Test(arguments: 0..<64 as Range<UInt64>)
func randomEventsKeepTheOrderWithACacheToo(_ block: UInt64) {
  for seed in (block * 50)..<(block * 50 + 50) {
    var random = SplitMix64(seed: seed)
    let bench = MachineBench()
    var witness = Witness(
      Bool.random(using: &random) ? .get : .head, isDurable: Bool.random(using: &random),
      choiceCount: Int.random(in: 0...5, using: &random))
    witness.saw(
      nil,
      bench.beginCached(
        witness.method, isDurable: witness.isDurable, choiceCount: witness.choiceCount))
    for _ in 0..<Int.random(in: 0...30, using: &random) {
      // The store answers at once, before anything else can happen.
      while let question = witness.question {
        let answers: [CacheEvent] =
          question == .lookUp ? [.hit, .miss, .stale, .waits] : [.hit, .nothing]
        let answer = answers[Int.random(in: 0..<answers.count, using: &random)]
        witness.saw(nil, bench.apply(answer))
      }
      if Int.random(in: 0..<5, using: &random) == 0 {
        let event: CacheEvent = Bool.random(using: &random) ? .released : .alone
        witness.saw(nil, bench.apply(event))
        continue
      }
      let event = Event.allCases[Int.random(in: 0..<Event.allCases.count, using: &random)]
      if event.isConnection && !witness.isAcquiring { continue }
      if event == .gone && Int.random(in: 0..<4, using: &random) > 0 { continue }
      witness.saw(event, bench.apply(event))
    }
    for _ in 0...Int(OriginLimits().attemptCountMax) + 3 {
      if let question = witness.question {
        witness.saw(nil, bench.apply(question == .lookUp ? CacheEvent.miss : .nothing))
      } else {
        witness.saw(.timeout, bench.apply(.timeout))
      }
    }
    #expect(witness.isOver, "seed \(seed)")
    #expect(witness.faults.isEmpty, "seed \(seed): \(witness.faults)")
  }
}
