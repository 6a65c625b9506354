import Foundation
import Testing

@testable import Edge
@testable import Proxy

/// A read whose record must be on disk before its answer; us-west-r1 is asked, then us-west-p.
private let read = """
  GET /fhir/Observation?patient=az1&category=vital-signs HTTP/1.1\r
  host: ehr.example\r
  \r\n
  """

/// A write whose record must be on disk before it is sent; us-west-p is asked.
private let write = """
  PUT /fhir/Condition/az1.7 HTTP/1.1\r
  host: ehr.example\r
  content-type: application/fhir+json\r
  content-length: 28\r
  \r
  {"resourceType":"Condition"}
  """

private func answer(_ body: String, _ lines: String = "", length: Int? = nil) -> String {
  "HTTP/1.1 200 OK\r\ncontent-length: \(length ?? body.utf8.count)\r\n\(lines)\r\n\(body)"
}

/// The exchange's order of record, origin and answer, on real sockets.
@Suite struct ExchangeTests {
  /// Steps until the client has the whole answer of us-west-r1 held back by the edge.
  private func hold(_ bench: EdgeBench, _ answer: String) {
    bench.client.send(read)
    bench.whenAsked("us-west-r1") { $0.send(answer) }
    bench.when("the head is held") { bench.worker.exchanges.first?.outcome.answeredAt != nil }
  }

  @Test func aDurableAnswerWaitsForItsRecord() throws {
    let bench = try EdgeBench()
    hold(bench, answer("vital"))
    bench.when("nothing has left", { true }) {
      #expect(bench.client.text == "")
      bench.becomeDurable(1)
    }
    bench.when("the client has it") { bench.client.text.hasSuffix("\r\n\r\nvital") }
    bench.run()
    let text = bench.client.text
    #expect(text.hasPrefix("HTTP/1.1 200"))
    #expect(text.contains("ehr-region: us-west\r\n"))
    #expect(text.contains("ehr-freshness: source=replica;lag="))
    #expect(bench.taken.keys.sorted() == ["us-west-r1"])
  }

  /// An origin that closes its connection behind a whole answer has done nothing wrong.
  @Test(
    arguments: [
      answer("vital", "connection: close\r\n"), answer("", "connection: close\r\n"),
      "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nvital",
    ])
  func anAnswerOutlivesItsConnection(_ answer: String) throws {
    let bench = try EdgeBench()
    bench.client.send(read)
    bench.whenAsked("us-west-r1") { origin in
      origin.send(answer)
      origin.close()
    }
    bench.when("the connection is gone") {
      bench.worker.exchanges.first?.outcome.answeredAt != nil && bench.isIdle("us-west-r1")
    } then: {
      #expect(bench.client.text == "")
      bench.becomeDurable(1)
    }
    bench.when("the client is answered") { bench.client.text.contains("\r\n\r\n") }
    bench.when("the exchange is over") { bench.worker.exchanges.isEmpty }
    bench.run()
    #expect(bench.client.text.hasPrefix("HTTP/1.1 200"))
    #expect(bench.client.text.contains("vital") == answer.contains("vital"))
  }

  @Test func aDurableWriteIsNotSentBeforeItsRecord() throws {
    let bench = try EdgeBench()
    bench.client.send(write)
    bench.when("the exchange waits") {
      bench.worker.exchanges.count == 1
    } then: {
      #expect(bench.taken.isEmpty)
      bench.becomeDurable(1)
    }
    bench.whenAsked("us-west-p") { origin in
      #expect(origin.text.hasPrefix("PUT /fhir/Condition/az1.7 HTTP/1.1\r\n"))
      origin.send(answer("saved"))
    }
    bench.when("the client has it") { bench.client.text.hasSuffix("\r\n\r\nsaved") }
    bench.run()
    #expect(bench.client.text.contains("ehr-freshness: source=primary\r\n"))
  }

  @Test func nothingIsDisclosedWhenTheLogFails() throws {
    let bench = try EdgeBench()
    hold(bench, answer("vital"))
    bench.when("the log fails", { true }, then: { bench.worker.receive(.auditFailed) })
    bench.when("the client is refused") { bench.client.text.hasSuffix("}") }
    bench.run()
    #expect(bench.client.text.hasPrefix("HTTP/1.1 503"))
    #expect(bench.client.text.contains("audit-unavailable"))
    #expect(!bench.client.text.contains("vital"))
  }

  /// The first origin's connection ends, or a gateway in front of it answers: the next is asked.
  @Test(arguments: [nil, "HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy"])
  func aReadMovesOnToTheNextChoice(_ reply: String?) throws {
    let bench = try EdgeBench()
    bench.client.send(read)
    bench.whenAsked("us-west-r1") { origin in
      if let reply { origin.send(reply) } else { origin.close() }
    }
    bench.whenAsked("us-west-p") { origin in
      origin.send(answer("vital"))
      bench.becomeDurable(1)
    }
    bench.when("the client has it") { bench.client.text.hasSuffix("\r\n\r\nvital") }
    bench.run()
    #expect(bench.client.text.hasPrefix("HTTP/1.1 200"))
    #expect(bench.client.text.contains("ehr-freshness: source=primary\r\n"))
    #expect(!bench.client.text.contains("busy"))
  }

  /// An answer that broke off must not look whole.
  @Test func aBrokenAnswerEndsInAReset() throws {
    let bench = try EdgeBench()
    bench.client.send(read)
    bench.whenAsked("us-west-r1") { origin in
      bench.becomeDurable(1)
      origin.send(answer("vit", length: 5))
    }
    bench.when("its beginning is there") {
      bench.client.text.hasSuffix("\r\n\r\nvit")
    } then: {
      bench.taken["us-west-r1"]?.last?.close()
    }
    bench.when("the client is cut off") { bench.client.hasEnded }
    bench.run()
    #expect(bench.client.text.hasSuffix("\r\n\r\nvit"))
    #expect(bench.client.wasReset)
    #expect(bench.taken["us-west-p"] == nil)
  }

  /// One object carries both requests; of the first, a write with a body, nothing is left.
  @Test func anExchangeThatIsUsedAgainHasForgotten() throws {
    let bench = try EdgeBench()
    var first: ObjectIdentifier?
    bench.client.send(write)
    bench.when("the exchange waits") {
      bench.worker.exchanges.count == 1
    } then: {
      first = bench.worker.exchanges.first.map(ObjectIdentifier.init)
      bench.becomeDurable(1)
    }
    bench.whenAsked("us-west-p") { $0.send(answer("saved", "x-first: 1\r\n")) }
    bench.when("the client has it") {
      bench.client.text.hasSuffix("saved") && bench.worker.exchanges.isEmpty
    } then: {
      bench.client.send(read)
    }
    bench.whenAsked("us-west-r1") { origin in
      let exchange = bench.worker.exchanges.first
      #expect(exchange.map(ObjectIdentifier.init) == first)
      #expect(exchange?.outcome.requestBytes == 0 && exchange?.outcome.answeredAt == nil)
      #expect(origin.text.hasPrefix("GET /fhir/Observation?patient=az1&category=vital-signs "))
      #expect(!origin.text.contains("content-length") && origin.text.hasSuffix("\r\n\r\n"))
      // The write's outcome is the second record.
      bench.becomeDurable(3)
      origin.send(answer("vital"))
    }
    bench.when("the client has that, too") { bench.client.text.hasSuffix("vital") }
    bench.run()
    #expect(bench.client.text.components(separatedBy: "x-first").count == 2)
    #expect(bench.client.text.contains("ehr-freshness: source=replica;lag="))
  }

  @Test func aClientThatLeavesEndsItsExchange() throws {
    let bench = try EdgeBench()
    bench.client.send(read)
    bench.whenAsked("us-west-r1") { _ in bench.client.reset() }
    bench.when("the exchange is over") { bench.worker.exchanges.isEmpty }
    bench.when("the origin is told") { bench.taken["us-west-r1"]?.last?.hasEnded == true }
    bench.run()
    #expect(bench.isIdle("us-west-r1"))
  }
}
