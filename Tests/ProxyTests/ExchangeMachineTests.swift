import HTTP
import Origins
import Proxy
import Testing

/// One state, the way into it, and the answer to every event there.
struct StateRow: Sendable, CustomTestStringConvertible {
  let name: String
  var method = Method.get
  var isDurable = false
  var isReplayable = true
  /// Events after `begin`, with the action that each must bring; nil for a machine not yet begun.
  let path: [(Event, String)]?
  /// `event=action`, for every event that may come.
  let answers: String
  var testDescription: String { name }
}

private let unsettled =
  "unreachable=- ok=- gateway=- unprocessed=- refused=- lost=- reset=- malformed=-"

private let table: [StateRow] = [
  StateRow(
    name: "idle", path: nil,
    answers: "durable=- unrecorded=- \(unsettled) gone=drop broken=- timeout=-"),
  StateRow(
    name: "recording", method: .post, isDurable: true, path: [],
    answers: """
      durable=get0 unrecorded=audit-unavailable \(unsettled) gone=drop \
      broken=malformed-request timeout=audit-unavailable
      """),
  StateRow(
    name: "read: acquiring", path: [],
    answers: """
      durable=- unrecorded=audit-unavailable fresh=send reused=send unreachable=get1 ok=- \
      gateway=- unprocessed=- refused=- lost=- reset=- malformed=- gone=drop \
      broken=malformed-request timeout=get1
      """),
  StateRow(
    name: "read: awaiting a head on a fresh connection", path: [(.fresh, "send")],
    answers: """
      durable=- unrecorded=audit-unavailable unreachable=- ok=forward gateway=get1 \
      unprocessed=get0! refused=get1 lost=get1 reset=get1 malformed=get1 gone=drop \
      broken=malformed-request timeout=get1
      """),
  StateRow(
    name: "read: awaiting a head on a reused connection", path: [(.reused, "send")],
    answers: """
      durable=- unrecorded=audit-unavailable unreachable=- ok=forward gateway=get1 \
      unprocessed=get0! refused=get1 lost=get0! reset=get1 malformed=get1 gone=drop \
      broken=malformed-request timeout=get1
      """),
  StateRow(
    name: "read with a body that is gone: awaiting a head", isReplayable: false,
    path: [(.reused, "send")],
    answers: """
      durable=- unrecorded=audit-unavailable unreachable=- ok=forward gateway=forward \
      unprocessed=origin-reset refused=origin-reset lost=origin-reset reset=origin-reset \
      malformed=origin-malformed gone=drop \
      broken=malformed-request timeout=origin-timeout
      """),
  StateRow(
    name: "durable read: acquiring, not recorded", isDurable: true, path: [],
    answers: """
      durable=- unrecorded=audit-unavailable fresh=send reused=send unreachable=get1 ok=- \
      gateway=- unprocessed=- refused=- lost=- reset=- malformed=- gone=drop \
      broken=malformed-request timeout=get1
      """),
  StateRow(
    name: "durable read: awaiting a head, not recorded", isDurable: true,
    path: [(.fresh, "send")],
    answers: """
      durable=- unrecorded=audit-unavailable unreachable=- ok=wait gateway=get1 \
      unprocessed=get0! refused=get1 lost=get1 reset=get1 malformed=get1 gone=drop \
      broken=malformed-request timeout=get1
      """),
  StateRow(
    name: "durable read: awaiting a head, recorded", isDurable: true,
    path: [(.durable, "-"), (.fresh, "send")],
    answers: """
      durable=- unrecorded=audit-unavailable unreachable=- ok=forward gateway=get1 \
      unprocessed=get0! refused=get1 lost=get1 reset=get1 malformed=get1 gone=drop \
      broken=malformed-request timeout=get1
      """),
  StateRow(
    name: "durable read: holding the head", isDurable: true,
    path: [(.fresh, "send"), (.ok, "wait")],
    answers: """
      durable=forward unrecorded=audit-unavailable unreachable=- ok=- gateway=- \
      unprocessed=get0! refused=get1 lost=get1 reset=get1 malformed=get1 gone=drop \
      broken=malformed-request timeout=audit-unavailable
      """),
  StateRow(
    name: "write: acquiring", method: .put, path: [],
    answers: """
      durable=- unrecorded=audit-unavailable fresh=send reused=send unreachable=get0! ok=- \
      gateway=- unprocessed=- refused=- lost=- reset=- malformed=- gone=drop \
      broken=malformed-request timeout=get0!
      """),
  StateRow(
    name: "durable write: awaiting a head on a fresh connection", method: .put, isDurable: true,
    path: [(.durable, "get0"), (.fresh, "send")],
    answers: """
      durable=- unrecorded=audit-unavailable unreachable=- ok=forward gateway=forward \
      unprocessed=get0! refused=pause25 lost=origin-reset reset=origin-reset \
      malformed=origin-malformed gone=drop \
      broken=malformed-request timeout=origin-timeout
      """),
  StateRow(
    name: "durable write: awaiting a head on a reused connection", method: .post,
    isDurable: true, path: [(.durable, "get0"), (.reused, "send")],
    answers: """
      durable=- unrecorded=audit-unavailable unreachable=- ok=forward gateway=forward \
      unprocessed=get0! refused=pause25 lost=origin-reset reset=origin-reset \
      malformed=origin-malformed gone=drop \
      broken=malformed-request timeout=origin-timeout
      """),
  StateRow(
    name: "durable write: pausing", method: .post, isDurable: true,
    path: [(.durable, "get0"), (.reused, "send"), (.refused, "pause25")],
    answers: """
      durable=- unrecorded=audit-unavailable unreachable=- ok=- gateway=- unprocessed=- \
      refused=- lost=- reset=- malformed=- gone=drop broken=malformed-request timeout=get0
      """),
  StateRow(
    name: "responding", isDurable: true,
    path: [(.fresh, "send"), (.ok, "wait"), (.durable, "forward")],
    answers: """
      durable=- unrecorded=- unreachable=- ok=- gateway=- unprocessed=cut refused=cut \
      lost=cut reset=cut malformed=cut gone=drop broken=cut timeout=cut
      """),
  StateRow(
    name: "over", path: [(.gone, "drop")],
    answers: "durable=- unrecorded=- \(unsettled) gone=- broken=- timeout=-"),
]

@Suite struct ExchangeMachineTests {
  @Test(arguments: table)
  func answersEveryEventInEveryState(_ row: StateRow) throws {
    var expected: [Event: String] = [:]
    for pair in row.answers.split(whereSeparator: \.isWhitespace) {
      let parts = pair.split(separator: "=")
      expected[try #require(Event(rawValue: String(parts[0])))] = String(parts[1])
    }
    let takesConnections = expected[.fresh] != nil
    for event in Event.allCases where takesConnections || !event.isConnection {
      let bench = MachineBench(isReplayable: row.isReplayable)
      if let path = row.path {
        let first = bench.begin(row.method, isDurable: row.isDurable)
        #expect(first.word == (row.isDurable && !row.method.isSafe ? "wait" : "get0"))
        for (step, action) in path { #expect(bench.apply(step).word == action, "\(step)") }
      }
      #expect(bench.apply(event).word == expected[event], "\(event)")
    }
  }

  @Test func aPlanWithoutChoicesIsUnavailable() {
    for isDurable in [false, true] {
      let action = MachineBench().begin(.post, isDurable: isDurable, choiceCount: 0)
      #expect(action == .answer(.unavailable))
    }
  }

  @Test(arguments: [Refusal.originConnect, .overloaded])
  func theLastPoolsReasonIsTheAnswer(_ refusal: Refusal) {
    let bench = MachineBench()
    _ = bench.begin(.get, isDurable: false, choiceCount: 2)
    #expect(bench.unreachable(.originConnect) == .acquire(choice: 1, requiresFresh: false))
    #expect(bench.unreachable(refusal) == .answer(refusal))
  }

  /// What is left to say when the only choice failed.
  @Test(
    arguments: [
      (.unreachable, "origin-connect"), (.lost, "origin-reset"), (.reset, "origin-reset"),
      (.malformed, "origin-malformed"), (.timeout, "origin-timeout"), (.gateway, "forward"),
      (.unprocessed, "get0!"),
    ] as [(Event, String)])
  func aSingleChoiceLeavesNoOther(_ event: Event, _ word: String) {
    let bench = MachineBench()
    _ = bench.begin(.get, isDurable: false, choiceCount: 1)
    if event != .unreachable { _ = bench.apply(.fresh) }
    #expect(bench.apply(event).word == word)
  }

  @Test func attemptsAreBounded() {
    let bench = MachineBench()
    var words = [bench.begin(.get, isDurable: false, choiceCount: 9).word]
    while words.last?.hasPrefix("get") == true { words.append(bench.apply(.unreachable).word) }
    #expect(words == (0..<8).map { "get\($0)" } + ["origin-connect"])
    #expect(bench.machine.choice == 7)
  }

  /// Retries that cost an origin work need the budget; those that reached nobody do not.
  @Test func anEmptyBudgetEndsCostlyRetries() {
    var limits = OriginLimits()
    limits.retryFloorPerSecond = 0
    limits.retryPercentMax = 0
    let expected: [(Event, String)] = [
      (.lost, "origin-reset"), (.timeout, "origin-timeout"), (.gateway, "forward"),
      // The second attempt that was refused moves on instead of staying.
      (.unprocessed, "get2"),
    ]
    for (event, word) in expected {
      let bench = MachineBench(limits: limits)
      _ = bench.begin(.get, isDurable: false)
      #expect(bench.apply(.unreachable).word == "get1")
      _ = bench.apply(.fresh)
      #expect(bench.apply(event).word == word, "\(event)")
    }
  }

  @Test(arguments: [502, 503, 504] as [UInt16])
  func gatewayErrorsAreTriedElsewhere(_ status: UInt16) {
    let bench = MachineBench()
    _ = bench.begin(.head, isDurable: true)
    _ = bench.apply(.fresh)
    #expect(bench.answered(status).word == "get1")
    _ = bench.apply(.fresh)
    #expect(bench.answered(status).word == "get2")
    _ = bench.apply(.fresh)
    // The plan is used up: the origin's own answer is the answer, once it is recorded.
    #expect(bench.answered(status).word == "wait")
    #expect(bench.apply(.durable).word == "forward")
  }

  @Test(arguments: [200, 304, 404, 429, 500, 501, 505] as [UInt16])
  func otherStatusesAreTheAnswer(_ status: UInt16) {
    let bench = MachineBench()
    _ = bench.begin(.get, isDurable: false)
    _ = bench.apply(.fresh)
    #expect(bench.answered(status) == .forwardHead)
  }

  /// A record that comes while a retry is under way counts for the attempt that succeeds.
  @Test func theRecordOutlivesAnAttempt() {
    let bench = MachineBench()
    _ = bench.begin(.get, isDurable: true)
    #expect(bench.apply(.unreachable).word == "get1")
    #expect(bench.apply(.durable).word == "-")
    #expect(bench.apply(.reused).word == "send")
    #expect(bench.apply(.ok).word == "forward")
  }
}
