import Base
import Control
import HTTP
import Origins
import Proxy
import Testing

@testable import Simulation

extension FaultMatrix {
  /// Rows 22 to 27, 33 to 39: edges, their clocks, disks and networks.
  static let edges: [FaultRow] = [
    FaultRow(22, "edge stopped for 30 s", "lease over, no write; 412 if one slips") {
      let story = Scenario(edges: 2, isMovable: true)
      // One write is on its way to the old primary, the next waits in the stopped process.
      story.cut([story["west-p"]])
      let slipped = story.send(.update)
      story.pass(20)
      story.world.edges[0].setFrozen(true)
      let waiting = story.send(.update, "w2")
      story.move(to: "central-p")
      story.pass(8_000)
      #expect(story.holder == "central-p")
      #expect(story.ask(.update, edge: 1).isGood)
      story.cut([story["west-p"]], false)
      story.pass(22_000)
      story.world.edges[0].setFrozen(false)
      story.pass(11_000)
      #expect(waiting.isGood && story.writes(at: "central-p").contains(waiting.number))
      #expect(slipped.isOver)
      #expect(story.ask(.update).isGood)
      story.finish()
    },
    FaultRow(23, "clock an hour off", "health, timeouts and writes do not notice") {
      for skew in [-3_600, 3_600] as [Int64] {
        let story = Scenario()
        story.world.edges[0].skewSeconds = skew
        story.pass(1_000)
        #expect(story.ask().isGood && story.ask(.update).isGood)
        story["west-r1"].kill()
        story.pass(700)
        #expect(story.status("west-r1").reach == .down)
        story.finish()
      }
    },
    FaultRow(
      24, "DNS fails or changes", "last good address; a new one must pass checks",
      elsewhere: "endpoints are literal addresses; nothing resolves names while it runs"),
    FaultRow(25, "audit disk full", "503 where a record is owed, reads per policy") {
      let story = Scenario()
      story.world.edges[0].audit.faults.isFull = true
      #expect(story.ask(.update).state == .refused(.auditUnavailable))
      #expect(story.ask(.vitals).state == .refused(.auditUnavailable))
      #expect(story.ask(.valueSet).isGood)
      story.finish()
    },
    FaultRow(26, "fsync says EIO", "never asked again; nothing is disclosed until a restart") {
      let story = Scenario()
      story.world.edges[0].audit.faults.failsSync = true
      #expect(story.ask(.update).state == .refused(.auditUnavailable))
      story.world.edges[0].audit.faults.failsSync = false
      #expect(story.ask(.vitals).state == .refused(.auditUnavailable))
      story.world.restartEdge(0)
      story.pass(1_000)
      #expect(story.ask(.vitals).isGood)
      story.finish()
    },
    FaultRow(
      27, "killed amid a 202", "each acknowledged item once",
      elsewhere: "there are no deferred writes; records and kills: `Tests/EndToEnd`, Kills"),
    FaultRow(33, "edges split, both see the origins", "one authority; who is cut off stops") {
      let story = Scenario(edges: 2, isMovable: true)
      story.world.edges[0].orders.isCutOff = true
      story.pass(1_000)
      // The lease lasts: it may still write.
      #expect(story.ask(.update).isGood)
      story.pass(4_500)
      let late = story.send(.update)
      story.move(to: "west-r1")
      story.pass(6_600)
      #expect(!late.isOver && story.holder == "west-r1")
      #expect(story.server(of: story.ask(.update, edge: 1)) == "west-r1")
      #expect(story.ask(.vitals).isGood)
      story.world.edges[0].orders.isCutOff = false
      story.pass(1_000)
      #expect(late.isGood && story.server(of: late) == "west-r1")
      story.finish()
    },
    FaultRow(34, "edge cut off from a region", "routed around; other edges do not notice") {
      let story = Scenario(edges: 2)
      story.cut(story.servers(of: 0))
      story.pass(1_000)
      let around = story.ask()
      #expect(around.isGood && around.isMarkedStale && story.server(of: around) == "central-r1")
      #expect(story.status("west-p", edge: 1).reach == .healthy)
      #expect(story.server(of: story.ask(edge: 1))?.hasPrefix("west") == true)
      story.cut(story.servers(of: 0), false)
      story.pass(2_000)
      #expect(story.server(of: story.ask())?.hasPrefix("west") == true)
      story.finish()
    },
    FaultRow(35, "edge cut off from everything", "doubts itself; recovers by itself") {
      let story = Scenario(edges: 2)
      story.cut(story.world.servers)
      story.pass(1_000)
      #expect(story.world.edges[0].health.isSelfDoubting)
      #expect(!story.world.edges[1].health.isSelfDoubting)
      #expect(story.ask().status == 503)
      #expect(story.ask(edge: 1).isGood)
      story.cut(story.world.servers, false)
      story.pass(2_500)
      #expect(!story.world.edges[0].health.isSelfDoubting)
      #expect(story.ask().isGood)
      story.finish()
    },
    FaultRow(36, "a region flaps", "after four falls it serves only where nobody else may") {
      let story = Scenario()
      for _ in 0..<4 {
        for server in story.servers(of: 0) { server.kill() }
        story.pass(10_000)
        for server in story.servers(of: 0) { server.start() }
        story.pass(10_000)
      }
      #expect(story.status("west-r1").isSuppressed)
      // A neighbour who may serve does, though the flapping copy is nearer and fresh.
      let shifted = story.ask(.demographics, "c1")
      #expect(shifted.isGood && story.server(of: shifted)?.hasPrefix("central") == true)
      // Nobody else may: it serves.
      #expect(story.ask(.update).isGood)
      story.finish()
    },
    FaultRow(37, "retry storm", "retries stay a fifth of the requests, and a floor") {
      let story = Scenario()
      for server in story.world.servers { server.faults.misdeeds = [(1000, .resetBefore)] }
      let count = story.attempts {
        let requests = (0..<1_000).map { _ in story.send() }
        story.pass(2_000)
        #expect(story.areOver(requests))
      }
      // 20 % of a thousand, and ten for each of ten seconds.
      #expect(count <= 1_000 + 200 + 100)
      for server in story.world.servers { server.faults.misdeeds = [] }
      story.pass(1_000)
      #expect(story.ask().isGood)
      story.finish()
    },
    FaultRow(38, "failback herd", "slow start: who comes back takes its share little by little") {
      let story = Scenario()
      let both = (0..<60).map { _ in story.send() }
      story.pass(500)
      #expect(Set(both.compactMap { story.server(of: $0) }) == ["west-r1", "west-r2"])
      story["west-r1"].kill()
      story.pass(2_000)
      story["west-r1"].start()
      story.pass(4_000)
      #expect(story.status("west-r1").reach == .warming)
      func share() -> Int {
        let requests = (0..<200).map { _ in
          let request = story.send()
          story.pass(2)
          return request
        }
        story.pass(200)
        return requests.count { story.server(of: $0) == "west-r1" }
      }
      let early = share()
      story.pass(60_000)
      let late = share()
      #expect(early < 60, "\(early) of 200")
      #expect(late > early, "\(late) of 200, after \(early)")
      story.finish()
    },
    FaultRow(39, "cold standby", "probed at the full rate without any traffic") {
      let story = Scenario()
      story.pass(5_000)
      for server in story.world.servers {
        let status = story.status(server.endpoint.name)
        #expect(story.world.now.milliseconds(since: status.measuredAt) <= 460)
      }
      story.finish()
    },
  ]
}
