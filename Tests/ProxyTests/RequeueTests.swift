import HTTP
import Origins
import Testing

@testable import Proxy

/// Rows 13 to 16 of the fault matrix, in the machine: what overloaded and departing servers bring.
@Suite struct RequeueTests {
  private func failed(_ bench: MachineBench, _ fault: StreamFault) -> String {
    bench.failed(fault).word
  }

  /// REFUSED_STREAM: a pause, the same server, three times; then the client hears of it.
  @Test(arguments: [Method.get, .post])
  func aRefusedStreamIsSentAgainThreeTimes(_ method: Method) {
    let bench = MachineBench()
    _ = bench.begin(method, isDurable: false, choiceCount: 1)
    for pause in ["pause25", "pause50", "pause100"] {
      _ = bench.apply(.reused)
      #expect(failed(bench, .refused) == pause)
      #expect(bench.apply(.timeout).word == "get0")
    }
    _ = bench.apply(.reused)
    #expect(failed(bench, .refused) == "origin-reset")
  }

  @Test func aRefusedReadGoesToAnotherServerAtOnce() {
    let bench = MachineBench()
    _ = bench.begin(.get, isDurable: false, choiceCount: 2)
    _ = bench.apply(.reused)
    #expect(failed(bench, .refused) == "get1")
    _ = bench.apply(.reused)
    #expect(failed(bench, .refused) == "pause50")
  }

  @Test(arguments: [Event.durable, .unrecorded, .gone, .broken])
  func aPauseEndsWithItsRequest(_ event: Event) {
    let bench = MachineBench()
    _ = bench.begin(.get, isDurable: true, choiceCount: 1)
    _ = bench.apply(.fresh)
    #expect(failed(bench, .refused) == "pause25")
    let words: [Event: String] = [
      .durable: "-", .unrecorded: "audit-unavailable", .gone: "drop", .broken: "malformed-request",
    ]
    #expect(bench.apply(event).word == words[event])
    #expect(bench.apply(.timeout).word == (event == .durable ? "get0" : "-"))
  }

  @Test func refusedStreamsArePaidFor() {
    var limits = OriginLimits()
    limits.retryFloorPerSecond = 0
    limits.retryPercentMax = 0
    for method in [Method.get, .post] {
      let bench = MachineBench(limits: limits)
      _ = bench.begin(method, isDurable: false, choiceCount: 2)
      _ = bench.apply(.fresh)
      #expect(failed(bench, .refused) == "origin-reset")
    }
  }

  /// GOAWAY without an error: anything is sent again, three times at most.
  @Test(arguments: [Method.get, .post])
  func whatGoAwayLeftIsSentAgain(_ method: Method) {
    let bench = MachineBench()
    _ = bench.begin(method, isDurable: false, choiceCount: 1)
    _ = bench.apply(.reused)
    var words: [String] = []
    for _ in 0..<4 {
      words.append(failed(bench, .neverProcessed))
      if words.last == "get0!" { _ = bench.apply(.fresh) }
    }
    // A read has only its own server once; then the plan has no other.
    let read = ["get0!", "origin-reset", "-", "-"]
    #expect(words == (method == .get ? read : ["get0!", "get0!", "get0!", "origin-reset"]))
  }

  /// GOAWAY with an error at a connection's first request: the same server would do it again.
  @Test func anErrorAtTheFirstRequestIsNotTriedAgainThere() {
    for (method, choices, word) in [
      (Method.post, 1, "origin-reset"), (.put, 3, "origin-reset"), (.get, 1, "origin-reset"),
      (.get, 2, "get1"),
    ] {
      let bench = MachineBench()
      _ = bench.begin(method, isDurable: false, choiceCount: choices)
      _ = bench.apply(.fresh)
      #expect(failed(bench, .turnedAway) == word)
    }
    // Later, it is an end like any other.
    let bench = MachineBench()
    _ = bench.begin(.post, isDurable: false, choiceCount: 1)
    _ = bench.apply(.reused)
    #expect(failed(bench, .turnedAway) == "get0!")
  }

  /// 429 and 503 with Retry-After: elsewhere while at most half of the servers say so.
  @Test(arguments: [UInt16(429), 503])
  func anOverloadedServerIsSparedUnlessMostAre(_ status: UInt16) {
    for (method, overload, word) in [
      (Method.get, Overload.partial, "get1"), (.get, .widespread, "forward"),
      (.put, .partial, "forward"), (.post, .widespread, "forward"),
    ] {
      let bench = MachineBench()
      _ = bench.begin(method, isDurable: false, choiceCount: 2)
      _ = bench.apply(.fresh)
      #expect(bench.answered(status, overload).word == word)
    }
  }

  /// No place for the class: a read spills over, a write is told; nobody tries the same again.
  @Test(arguments: [Refusal.classLimit, .overloaded])
  func withoutAPlaceTheNextServerIsAsked(_ refusal: Refusal) {
    let read = MachineBench()
    _ = read.begin(.get, isDurable: false, choiceCount: 2)
    #expect(read.unreachable(refusal).word == "get1")
    #expect(read.unreachable(refusal) == .answer(refusal))
    let write = MachineBench()
    _ = write.begin(.post, isDurable: false, choiceCount: 1)
    #expect(write.unreachable(refusal) == .answer(refusal))
  }

  @Test(
    arguments: [
      ("5", 5), ("0", 0), ("120", 120), ("Wed, 21 Oct 2026 07:28:00 GMT", 10), ("", 10),
      ("99999999999999999999", 10), ("1000000", 10), ("-1", 10),
    ] as [(String, UInt64)])
  func retryAfterIsRead(_ row: (String, UInt64)) {
    var head = ResponseHead(status: 503)
    #expect(head.retryAfterSeconds == nil)
    head.fields.append("retry-after", row.0)
    #expect(head.retryAfterSeconds == row.1)
  }
}
