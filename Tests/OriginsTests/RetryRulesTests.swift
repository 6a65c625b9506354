import Base
import HTTP
import Origins
import Testing

@Suite struct RetryRulesTests {
  private static let methods: [Method] = [
    .get, .head, .options, .trace, .post, .put, .patch, .delete, .connect, .other,
  ]

  /// A budget with nothing left.
  private func emptyBudget() -> RetryBudget {
    var limits = OriginLimits()
    limits.retryFloorPerSecond = 0
    return RetryBudget(limits: limits, at: at(0))
  }

  private func fullBudget() -> RetryBudget { RetryBudget(limits: OriginLimits(), at: at(0)) }

  /// One row of the table, for a replayable body, a client that saw nothing and a full budget.
  struct Row: Sendable {
    let failure: AttemptFailure
    let firstRead: RetryDecision
    let laterRead: RetryDecision
    let write: RetryDecision
    let keyedWrite: RetryDecision
    /// Whether the body must still be held, and whether the budget pays.
    let needsBody: Bool
    let costs: Bool
  }

  static let unknown = RetryDecision.giveUp(.outcomeUnknown)
  static let started = RetryDecision.giveUp(.responseStarted)
  static let table: [Row] = [
    Row(
      failure: .notConnected, firstRead: .nextCandidate, laterRead: .nextCandidate,
      write: .retrySameCandidate, keyedWrite: .retrySameCandidate, needsBody: false, costs: false),
    Row(
      failure: .unsent, firstRead: .retrySameCandidate, laterRead: .nextCandidate,
      write: .retrySameCandidate, keyedWrite: .retrySameCandidate, needsBody: false, costs: false),
    Row(
      failure: .neverProcessed, firstRead: .retrySameCandidate, laterRead: .nextCandidate,
      write: .retrySameCandidate, keyedWrite: .retrySameCandidate, needsBody: true, costs: false),
    Row(
      failure: .refused, firstRead: .nextCandidate, laterRead: .nextCandidate,
      write: .retryAfterPause(millisecondsMax: 25),
      keyedWrite: .retryAfterPause(millisecondsMax: 25), needsBody: true, costs: true),
    Row(
      failure: .turnedAway, firstRead: .nextCandidate, laterRead: .nextCandidate,
      write: .giveUp(.turnedAway), keyedWrite: .giveUp(.turnedAway), needsBody: true, costs: true),
    Row(
      failure: .noRoom, firstRead: .nextCandidate, laterRead: .nextCandidate,
      write: .giveUp(.noRoom), keyedWrite: .giveUp(.noRoom), needsBody: false, costs: false),
    Row(
      failure: .lostOnReused, firstRead: .retrySameCandidate, laterRead: .nextCandidate,
      write: unknown, keyedWrite: .retrySameCandidate, needsBody: true, costs: true),
    Row(
      failure: .lost, firstRead: .nextCandidate, laterRead: .nextCandidate,
      write: unknown, keyedWrite: .retrySameCandidate, needsBody: true, costs: true),
    Row(
      failure: .timeout, firstRead: .nextCandidate, laterRead: .nextCandidate,
      write: unknown, keyedWrite: .retrySameCandidate, needsBody: true, costs: true),
    Row(
      failure: .gatewayStatus, firstRead: .nextCandidate, laterRead: .nextCandidate,
      write: unknown, keyedWrite: unknown, needsBody: true, costs: true),
    Row(
      failure: .overloaded, firstRead: .nextCandidate, laterRead: .nextCandidate,
      write: unknown, keyedWrite: unknown, needsBody: true, costs: true),
    Row(
      failure: .responseStarted, firstRead: started, laterRead: started,
      write: started, keyedWrite: started, needsBody: true, costs: true),
  ]

  @Test func theTableIsComplete() {
    #expect(Self.table.map(\.failure) == AttemptFailure.allCases)
  }

  /// Every combination of every input.
  @Test(arguments: table)
  func decidesByTheTable(_ row: Row) {
    for method in Self.methods {
      for bits in 0..<16 {
        for attemptCount in 1...9 as ClosedRange<UInt8> {
          let context = AttemptContext(
            method: method, isKeyHonoured: bits & 1 != 0, isBodyReplayable: bits & 2 != 0,
            isClientHeadSent: bits & 4 != 0, attemptCount: attemptCount)
          let hasBudget = bits & 8 != 0
          var budget = hasBudget ? fullBudget() : emptyBudget()
          let decision = RetryRules.decide(
            after: row.failure, context, limits: OriginLimits(), budget: &budget, at: at(0))
          let expected = Self.expected(row, context, hasBudget: hasBudget)
          #expect(decision == expected, "\(row.failure) \(context) budget \(hasBudget)")
        }
      }
    }
  }

  private static func expected(
    _ row: Row, _ context: AttemptContext, hasBudget: Bool
  ) -> RetryDecision {
    let read = context.attemptCount == 1 ? row.firstRead : row.laterRead
    let write = context.isKeyHonoured ? row.keyedWrite : row.write
    let isRead = [.get, .head, .options, .trace].contains(context.method)
    let plain = isRead ? read : write
    if context.isClientHeadSent || plain == started { return started }
    if case .giveUp = plain { return plain }
    if row.needsBody, !context.isBodyReplayable { return .giveUp(.bodyGone) }
    if context.attemptCount >= 8 { return .giveUp(.attemptsExhausted) }
    if row.costs, !hasBudget { return .giveUp(.budgetExhausted) }
    return plain
  }

  /// A request that is never processed is sent again three times, after longer and longer pauses.
  @Test(arguments: [AttemptFailure.neverProcessed, .refused])
  func requeuesAreBounded(_ failure: AttemptFailure) {
    var budget = fullBudget()
    for isRead in [true, false] {
      var decisions: [RetryDecision] = []
      for requeueCount in 0...4 as ClosedRange<UInt8> {
        let context = AttemptContext(
          method: isRead ? .get : .post, attemptCount: requeueCount + 1,
          requeueCount: requeueCount, hasNext: false)
        decisions.append(
          RetryRules.decide(
            after: failure, context, limits: OriginLimits(), budget: &budget, at: at(0)))
      }
      let end = RetryDecision.giveUp(.requeuesExhausted)
      let pauses: [RetryDecision] = [25, 50, 100].map { .retryAfterPause(millisecondsMax: $0) }
      let reads: [RetryDecision] = [.retrySameCandidate, .nextCandidate, .nextCandidate]
      let again = Array(repeating: RetryDecision.retrySameCandidate, count: 3)
      let unprocessed = isRead ? reads : again
      #expect(decisions == (failure == .refused ? pauses : unprocessed) + [end, end])
    }
  }

  @Test func onlyRetriesThatCostWorkArePaidFor() {
    var limits = OriginLimits()
    limits.retryFloorPerSecond = 1
    var budget = RetryBudget(limits: limits, at: at(0))
    let context = AttemptContext(method: .get)
    func decide(_ failure: AttemptFailure) -> RetryDecision {
      RetryRules.decide(after: failure, context, limits: limits, budget: &budget, at: at(0))
    }
    for _ in 0..<100 { #expect(decide(.notConnected) == .nextCandidate) }
    for _ in 0..<10 { #expect(decide(.lost) == .nextCandidate) }
    #expect(decide(.lost) == .giveUp(.budgetExhausted))
    #expect(decide(.notConnected) == .nextCandidate)
  }
}

@Suite struct RetryBudgetTests {
  @Test func allowsAFifthOfTheRequestsAndAFloor() {
    var budget = RetryBudget(limits: OriginLimits(), at: at(0))
    func drain(_ now: UInt64) -> Int {
      var count = 0
      while budget.withdraw(at: at(now)) { count += 1 }
      return count
    }
    #expect(drain(0) == 100)
    for _ in 0..<1_000 { budget.requestStarted(at: at(100)) }
    #expect(drain(200) == 200)
    #expect(drain(9_999) == 0)
    // Both the requests and the retries of the first second leave the window.
    #expect(drain(10_000) == 100)
    #expect(drain(19_999) == 0)
    #expect(drain(1_000_000) == 100)
    // A clock that stands still or goes back gives nothing.
    #expect(drain(5_000) == 0)
  }

  /// A slow evaluator that remembers every event referees the ring of seconds.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func agreesWithAFullMemory(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var limits = OriginLimits()
    limits.retryFloorPerSecond = 1
    var budget = RetryBudget(limits: limits, at: at(0))
    var requests: [UInt64] = []
    var retries: [UInt64] = []
    var now: UInt64 = 0
    var refusedCount = 0
    for _ in 0..<3_000 {
      now += UInt64.random(in: 0...30, using: &random)
      let second = at(now).nanoseconds / 1_000_000_000
      if Int.random(in: 0..<4, using: &random) != 0 {
        budget.requestStarted(at: at(now))
        requests.append(second)
      } else {
        let recent = { (events: [UInt64]) in events.count { $0 + 10 > second } }
        let expected = Double(recent(retries)) < 10 + 0.2 * Double(recent(requests))
        #expect(budget.withdraw(at: at(now)) == expected)
        if expected { retries.append(second) } else { refusedCount += 1 }
      }
    }
    #expect(refusedCount > 0)
  }
}
