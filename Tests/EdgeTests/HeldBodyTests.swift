import Proxy
import Testing

@testable import Edge

private let form = "patient=az1&category=vital-signs"
private let search = """
  POST /fhir/Observation/_search HTTP/1.1\r
  host: ehr.example\r
  content-type: application/x-www-form-urlencoded\r
  content-length: \(form.utf8.count)\r
  \r\n
  """
private let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nvital"

/// Requests that are held until their body was read, on real sockets.
@Suite struct HeldBodyTests {
  /// Nobody is asked before the body is there; then the origin has all of it.
  @Test func aHeldBodyIsHandedOnInOrder() throws {
    let bench = try EdgeBench()
    bench.client.send(search + form.prefix(9))
    bench.when("it is held", { bench.worker.heldByteCount == 9 }) {
      #expect(bench.taken.isEmpty)
      bench.client.send(String(form.dropFirst(9)))
    }
    bench.whenAsked("us-west-r1") { _ in bench.becomeDurable(1) }
    bench.when("the origin has it") {
      bench.taken["us-west-r1"]?.last?.text.hasSuffix("\r\n\r\n" + form) == true
    } then: {
      bench.taken["us-west-r1"]?.last?.send(answer)
    }
    bench.when("the client has it") { bench.client.text.hasSuffix("\r\n\r\nvital") }
    bench.run()
    #expect(bench.worker.heldByteCount == 0)
  }

  /// The first origin's connection ends: the next one gets the same body.
  @Test func aHeldSearchIsSentAgain() throws {
    let bench = try EdgeBench()
    bench.client.send(search + form)
    bench.when("the first has it") {
      bench.taken["us-west-r1"]?.last?.text.hasSuffix(form) == true
    } then: {
      bench.becomeDurable(1)
      bench.taken["us-west-r1"]?.last?.close()
    }
    bench.when("the second has it") {
      bench.taken["us-west-p"]?.last?.text.hasSuffix(form) == true
    } then: {
      bench.taken["us-west-p"]?.last?.send(answer)
    }
    bench.when("the client has it") { bench.client.text.hasSuffix("\r\n\r\nvital") }
    bench.run()
    #expect(bench.client.text.contains("ehr-freshness: source=primary"))
    #expect(bench.worker.heldByteCount == 0)
  }

  /// Whoever is slow is told so, and nobody was asked.
  @Test func aSlowBodyIsRefused() throws {
    var timeouts = Timeouts()
    timeouts.bodyMilliseconds = 50
    let bench = try EdgeBench(timeouts: timeouts)
    bench.client.send(search + form.prefix(9))
    bench.when("it is refused") { bench.client.text.hasSuffix("}") }
    bench.run()
    #expect(bench.client.text.hasPrefix("HTTP/1.1 408"))
    #expect(bench.client.text.contains("request-timeout"))
    #expect(bench.taken.isEmpty)
    #expect(bench.worker.heldByteCount == 0)
  }

  @Test func aClientThatLeavesTakesItsBodyAlong() throws {
    let bench = try EdgeBench()
    bench.client.send(search + form.prefix(9))
    bench.when("it is held", { bench.worker.heldByteCount == 9 }) { bench.client.reset() }
    bench.when("the exchange is over") { bench.worker.exchanges.isEmpty }
    bench.run()
    #expect(bench.taken.isEmpty)
    #expect(bench.worker.heldByteCount == 0)
  }
}
