import Base
import Control
import HTTP
import Origins
import Proxy
import Testing

@testable import Simulation

extension FaultMatrix {
  /// Rows 11 to 16: servers that answer badly.
  static let answers: [FaultRow] = [
    FaultRow(11, "5xx from one replica", "ejected after five; not the last one that can serve") {
      let story = Scenario()
      story["west-r1"].faults.misdeeds = [(1000, .status(503))]
      let requests = (0..<40).map { _ in story.send() }
      story.pass(500)
      #expect(story.areGood(requests))
      #expect(story.status("west-r1").reach == .ejected)
      story["west-r2"].faults.misdeeds = [(1000, .status(503))]
      story["west-p"].kill()
      for _ in 0..<10 { _ = story.ask() }
      story["west-r2"].faults.misdeeds = []
      // Ejected, and all that is left within the bound: it is asked nevertheless.
      let request = story.ask()
      #expect(request.isGood)
      story.finish()
    },
    FaultRow(12, "5xx from all", "no mass ejection: whoever recovers serves at once") {
      let story = Scenario()
      for server in story.world.servers { server.faults.misdeeds = [(1000, .status(503))] }
      for _ in 0..<30 { #expect(story.ask().status == 503) }
      for server in story.world.servers { server.faults.misdeeds = [] }
      #expect(story.ask().isGood)
      story.finish()
    },
    FaultRow(13, "503 with Retry-After", "honoured: left alone for as long; others serve") {
      let story = Scenario()
      story["west-r1"].faults.misdeeds = [(1000, .overloaded(seconds: 2))]
      let first = (0..<20).map { _ in story.send() }
      story.pass(300)
      #expect(story.areGood(first))
      let count = story.attempts { for _ in 0..<40 { #expect(story.ask().isGood) } }
      #expect(count == 40)
      #expect(story.status("west-r1").reach == .healthy)
      story.finish()
    },
    FaultRow(14, "GOAWAY NO_ERROR", "the rest is sent again, writes too") {
      let story = Scenario()
      story["west-p"].faults.next = [.goAway, .goAway, .goAway]
      let request = story.ask(.update)
      #expect(request.isGood)
      story.finish()
    },
    FaultRow(15, "error GOAWAY, first request", "a write is not sent again") {
      let story = Scenario()
      story["west-p"].faults.next = [.resetBefore]
      var request: ClientRequest?
      #expect(story.attempts { request = story.ask(.update) } == 1)
      #expect(request?.status == 502)
      story.finish()
    },
    FaultRow(16, "REFUSED_STREAM storm", "bounded attempts, and it ends") {
      let story = Scenario()
      for server in story.world.servers { server.faults.misdeeds = [(1000, .refuse)] }
      let count = story.attempts {
        let requests = (0..<50).map { _ in story.send(.update) }
        story.pass(2_000)
        for request in requests { #expect(request.status == 502) }
      }
      #expect(count <= 50 * 8)
      for server in story.world.servers { server.faults.misdeeds = [] }
      #expect(story.ask(.update).isGood)
      story.finish()
    },
  ]
}
