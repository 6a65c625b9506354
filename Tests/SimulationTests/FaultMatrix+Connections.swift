import Base
import Control
import HTTP
import Origins
import Proxy
import Testing

@testable import Simulation

extension FaultMatrix {
  /// Rows 1 to 10: connections and answers that break.
  static let connections: [FaultRow] = [
    FaultRow(1, "connect refused", "one retry elsewhere at once; SUSPECT, then DOWN") {
      let story = Scenario()
      story["west-r1"].kill()
      story["west-r2"].kill()
      let requests = (0..<20).map { _ in story.send() }
      story.pass(50)
      #expect(story.areGood(requests))
      #expect(story.status("west-r1").reach != .healthy)
      story.pass(600)
      #expect(story.status("west-r1").reach == .down)
      story.finish()
    },
    FaultRow(2, "connect blackhole", "retried in time; DOWN within a second") {
      let story = Scenario()
      story.cut([story["west-r1"], story["west-r2"]])
      let requests = (0..<20).map { _ in story.send() }
      // Requests notice together with probes: either verdict keeps new requests away.
      story.pass(900)
      #expect([.ejected, .down].contains(story.status("west-r1").reach))
      story.pass(400)
      #expect(story.areGood(requests))
      #expect(story.status("west-r1").reach == .down)
      story.cut([story["west-r1"], story["west-r2"]], false)
      story.finish()
    },
    FaultRow(3, "TLS stall, bad certificate", "as a blackhole; a bad certificate is DOWN at once") {
      let story = Scenario()
      story["west-r1"].faults.stallsHandshake = true
      story["west-r2"].faults.isCertificateBad = true
      let request = story.ask()
      #expect(request.isGood && story.server(of: request) == "west-p")
      story.pass(500)
      #expect(story.status("west-r2").reach == .down)
      #expect(story.status("west-r2").lastFailure == .probe(.untrusted))
      story.pass(500)
      #expect(story.status("west-r1").reach == .down)
      story.finish()
    },
    FaultRow(4, "RST before the head, GET", "budgeted retry") {
      let story = Scenario()
      story["west-r1"].faults.next = [.resetBefore]
      story["west-r2"].faults.next = [.resetBefore]
      var request: ClientRequest?
      #expect(story.attempts { request = story.ask() } == 3)
      #expect(request?.isGood == true)
      story.finish()
    },
    FaultRow(5, "the same, a write without a key", "502, outcome unknown, no retry") {
      for misdeed in [Misdeed.resetBefore, .resetAfter] {
        let story = Scenario()
        story["west-p"].faults.next = [misdeed]
        var request: ClientRequest?
        #expect(story.attempts { request = story.ask(.update) } == 1)
        #expect(request?.state == .refused(.originReset))
        story.finish()
      }
    },
    FaultRow(6, "the same, with a key that the origin honours", "retry to the same authority") {
      for misdeed in [Misdeed.resetBefore, .resetAfter] {
        let story = Scenario(keyPercent: 100)
        story["west-p"].faults.next = [misdeed]
        var request: ClientRequest?
        #expect(story.attempts { request = story.ask(.update) } == 2)
        #expect(request?.isGood == true)
        // Twice more, and then nobody knows.
        story["west-p"].faults.next = [misdeed, misdeed, misdeed]
        #expect(story.attempts { request = story.ask(.update) } == 3)
        #expect(request?.state == .refused(.originReset))
        story.finish()
      }
      // While the authority moves nobody gets it again.
      let story = Scenario(isMovable: true, keyPercent: 100)
      story["west-p"].faults.next = [.resetAfter]
      story["west-p"].faults.serviceMicroseconds = 400_000
      let request = story.send(.update)
      story.pass(50)
      #expect(story.operators.change("west", .fence(plan: "p")))
      story.pass(2_000)
      #expect(request.state == .refused(.originReset))
      #expect(story.operators.change("west", .restore))
      story.finish()
    },
    FaultRow(7, "RST amid the answer", "the client's stream is reset; never two origins") {
      let story = Scenario()
      for server in story.world.servers { server.faults.next = [.resetMid] }
      let request = story.ask()
      #expect(request.state == .reset)
      story.finish()
    },
    FaultRow(8, "slow first byte", "hedge reads within the cap; no writes, no primary reads") {
      let story = Scenario()
      // Enough for the edge to know how long answers take, and for two second copies.
      for _ in 0..<110 { #expect(story.ask().isGood) }
      #expect(story.world.checker.hedgeCount == 0)
      for name in ["west-p", "west-r1"] { story[name].faults.serviceMicroseconds = 60_000 }
      let count = story.attempts {
        #expect(story.areGood([story.ask(.update), story.ask(.medications)]))
      }
      #expect(count == 2 && story.world.checker.hedgeCount == 0)
      var reads: [ClientRequest] = []
      let attempts = story.attempts {
        reads = (0..<10).map { _ in story.send() }
        story.pass(50)
        // Two of those that the slow replica got were answered by the other one.
        #expect(reads.contains { !$0.isOver })
        story.pass(2_000)
      }
      #expect(attempts == 12)
      #expect(story.world.checker.hedgeCount == 2)
      #expect(story.areGood(reads))
      #expect(reads.contains { story.server(of: $0) == "west-r2" })
      story.finish()
    },
    FaultRow(9, "stalled body", "the attempt ends in time, its place is free again") {
      let story = Scenario()
      for server in story.world.servers { server.faults.next = [.stall] }
      let request = story.send()
      story.pass(2_500)
      #expect(request.state == .reset)
      story.finish()
    },
    FaultRow(10, "half-open connection", "noticed in time; then as a lost one") {
      let story = Scenario()
      let warm = [story.ask(), story.ask(), story.ask(.update), story.ask(.medications)]
      #expect(story.areGood(warm))
      // The connections stay open here, and nothing comes through any more.
      story.cut(story.servers(of: 0))
      let (read, write) = (story.send(), story.send(.update))
      story.pass(4_000)
      #expect(read.isGood && read.isMarkedStale)
      #expect(write.state == .refused(.originTimeout) || write.state == .refused(.originConnect))
      story.cut(story.servers(of: 0), false)
      story.finish()
    },
  ]
}
