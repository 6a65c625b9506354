import Base
import Control
import HTTP
import Origins
import Proxy
import Testing

@testable import Simulation

extension FaultMatrix {
  /// Rows 17 to 21: lag, epochs and roles.
  static let freshness: [FaultRow] = [
    FaultRow(17, "lag of one replica", "not used beyond the bound; LAGGING soon after the limit") {
      let story = Scenario()
      let behind = story["west-r1"]
      story.world.databases.change(0, at: behind.index) { $0.isCut = true }
      story.pass(2_500)
      for _ in 0..<20 { #expect(story.server(of: story.ask()) != "west-r1") }
      story.pass(3_800)
      #expect(story.status("west-r1").freshness == .lagging)
      story.finish()
    },
    FaultRow(18, "lag of all", "primary; else marked as stale; else 503") {
      let story = Scenario()
      for server in story.world.servers where server.endpoint.tier == .replica {
        story.world.databases.change(0, at: server.index) { $0.isCut = true }
      }
      story.pass(2_500)
      #expect(story.server(of: story.ask()) == "west-p")
      story["west-p"].kill()
      story.pass(1_000)
      let stale = story.ask()
      #expect(stale.isGood && stale.isMarkedStale && story.server(of: stale) == "central-r1")
      story.pass(4_000)
      #expect(story.ask().state == .refused(.unavailable))
      story.finish()
    },
    FaultRow(19, "lag cannot be measured", "UNMEASURED: not used") {
      let story = Scenario()
      story["west-r1"].faults.isLagUnmeasured = true
      story.pass(500)
      #expect(story.status("west-r1").freshness == .unmeasured)
      for _ in 0..<20 { #expect(story.server(of: story.ask()) != "west-r1") }
      story.finish()
    },
    FaultRow(20, "old timeline", "excluded by its epoch") {
      for edges in 1...2 {
        let story = Scenario(edges: edges)
        let old = story["west-r1"]
        story.world.databases.change(0, at: old.index) { $0.isCut = true }
        for name in ["west-p", "west-r2"] {
          story.world.databases.change(0, at: story[name].index) {
            $0.epoch = 2
            if $0.claim != nil { $0.claim = 2 }
          }
        }
        story.pass(500)
        for edge in 0..<edges {
          for _ in 0..<20 {
            #expect(story.server(of: story.ask(edge: edge)) != old.endpoint.name)
          }
        }
        story.finish()
      }
    },
    FaultRow(21, "old primary still writable", "CONFLICT: nobody is written to") {
      let story = Scenario(edges: 2)
      // It takes the primary's own epoch: a split brain that only reports can show.
      story.world.databases.change(0, at: story["west-r1"].index) { $0.claim = 1 }
      story.pass(500)
      for edge in 0..<2 {
        #expect(story.status("west-p", edge: edge).role == .conflict(epoch: 1))
        let count = story.attempts {
          #expect(story.ask(.update, edge: edge).state == .refused(.unavailable))
        }
        #expect(count == 0)
      }
    },
  ]
}
