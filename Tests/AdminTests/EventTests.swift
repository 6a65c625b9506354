import Base
import Origins
import Testing

@testable import Admin

/// Events, traffic, and the report between processes.
@Suite struct EventTests {
  private func text(_ log: EventLog, _ number: Int) -> String? {
    log.text(number).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func aClientGoesOnWhereItWas() throws {
    let desk = try Fixture.desk()
    desk.note(.order, .object([("n", .number(1))]))
    desk.note(.endpoint, .object([("n", .number(2))]))
    let first = try #require(text(desk.events, 1))
    let id = try #require(first.split(separator: "\n").first?.dropFirst("id: ".count))
    #expect(first.hasSuffix("\nevent: order\ndata: {\"n\": 1}\n\n"))
    func place(_ id: String?) throws -> (Int, Bool) {
      let fields = id.map { ["last-event-id": $0] } ?? [:]
      let body = try desk.call("GET", "/v1/events", fields: fields).answer.body
      guard case .events(let number, let isComplete) = body else { return (0, false) }
      return (number, isComplete)
    }
    #expect(try place(nil) == (3, true))
    #expect(try place(String(id)) == (2, true))
    #expect(try place("other-1") == (1, false))
    #expect(try place("\(id.dropLast())99") == (1, false))
    #expect(try place("nonsense") == (1, false))
    for number in 0..<AdminLimits.eventCountMax {
      desk.note(.part, .object([("n", .number(number))]))
    }
    #expect(try place(String(id)) == (3, false))
    #expect(desk.events.text(2) == nil)
    #expect(desk.events.text(3) != nil)
    #expect(desk.events.text(desk.events.end) == nil)
  }

  @Test func trafficIsSummedOverLoopsAndForgotten() {
    var board = TrafficBoard()
    func at(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }
    func sample(_ started: UInt64, _ failed: UInt64 = 0, under: UInt64 = 0) -> [EndpointTraffic] {
      [
        EndpointTraffic(
          name: "a", startedCount: started, failedCount: failed, inFlightCount: under)
      ]
    }
    board.take(sample(10), loop: 0, at: at(100))
    board.take(sample(20, 1, under: 2), loop: 1, at: at(100))
    board.take(sample(30, 2, under: 1), loop: 0, at: at(101))
    var traffic = board.traffic(of: "a", at: at(101))
    #expect(traffic.tenthsPerSecond == 100)
    #expect(traffic.failureCount == 3)
    #expect(traffic.underWayCount == 3)
    // A loop that begins anew counts from zero.
    board.take(sample(5), loop: 0, at: at(104))
    #expect(board.traffic(of: "a", at: at(104)).tenthsPerSecond == 110)
    traffic = board.traffic(of: "a", at: at(112))
    #expect(traffic.tenthsPerSecond == 0)
    #expect(traffic.failureCount == 0)
    #expect(board.traffic(of: "b", at: at(104)) == Traffic())
    board.take([], loop: 0, at: at(113))
    #expect(board.traffic(of: "a", at: at(113)) == Traffic())
  }
}
