import HTTP
import Origins
import Testing

@testable import Edge

/// A write: it stays with the primary, and its answer tells which attempt succeeded.
private func write(_ number: Int) -> String {
  """
  DELETE /fhir/Condition/az1.\(number) HTTP/1.1\r
  host: ehr.example\r
  \r\n
  """
}

/// A connection's places are given back, each once.
@Suite struct OriginPlacesTests {
  /// A bench whose primary speaks HTTP/2 on one connection with one place.
  private func bench() throws -> EdgeBench {
    try EdgeBench { definition in
      guard definition.name == "us-west-p" else { return }
      definition.protocol = .http2
      definition.connectionCountMax = 1
      definition.requestCountMax = 1
    }
  }

  @Test(
    arguments: [
      (ErrorCode.internalError, "HTTP/1.1 502"), (ErrorCode.refusedStream, "HTTP/1.1 200"),
    ])
  func aStreamThatTheOriginResetGivesItsPlaceBack(_ code: UInt32, _ status: String) throws {
    let bench = try bench()
    var origin: HTTP2Origin?
    bench.client.send(write(1))
    bench.when("the write waits for its record", { bench.worker.exchanges.count == 1 }) {
      bench.becomeDurable(100)
    }
    bench.when("the origin is there", { bench.taken["us-west-p"]?.isEmpty == false }) {
      guard let wire = bench.taken["us-west-p"]?.last else { return }
      origin = HTTP2Origin(wire) { origin, stream, number in
        if number == 1 { origin.reset(stream, code: code) } else { origin.send("ok", on: stream) }
      }
    }
    bench.when("the first is answered", { bench.client.text.contains("\r\n\r\n") }) {
      #expect(bench.client.text.hasPrefix(status))
      bench.client.send(write(2))
    }
    bench.when("the second waits for its place") {
      bench.client.text.split(separator: "HTTP/1.1 ").count == 2
        && bench.worker.exchanges.isEmpty
    }
    bench.run()
    #expect(bench.client.text.split(separator: "HTTP/1.1 ").last?.hasPrefix("200") == true)
    #expect(bench.taken["us-west-p"]?.count == 1)
    #expect(origin?.requestCount == (code == ErrorCode.refusedStream ? 3 : 2))
  }
}
