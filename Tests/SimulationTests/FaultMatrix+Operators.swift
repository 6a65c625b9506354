import Base
import Control
import HTTP
import Origins
import Proxy
import Testing

@testable import Simulation

extension FaultMatrix {
  /// Rows 28 to 32: the operators' store.
  static let stores: [FaultRow] = [
    FaultRow(28, "killed amid a plan", "resumed or paused", elsewhere: "failover plans"),
    FaultRow(29, "store away or damaged at the start", "the snapshot is in force, and it says so") {
      let story = Scenario(edges: 2)
      #expect(story.operators.order(.drain, "west", .replica))
      story.pass(60)
      #expect(story.server(of: story.ask()) == "west-p")
      let path = SimulatedOrders.folder.historyPath
      story.world.storage.tamper(path, Array("no history\n".utf8))
      story.world.restartEdge(0)
      story.pass(1_000)
      #expect(story.world.edges[0].orders.warning != nil)
      #expect(story.server(of: story.ask()) == "west-p")
      story.finish()
    },
    FaultRow(
      30, "silent loss of a quorum", "noticed in 5 s; no epoch change",
      elsewhere: "a shared store with a quorum (etcd) is work for a fleet"),
    FaultRow(
      31, "compaction gap", "full re-read", elsewhere: "a watched store (etcd): work for a fleet"),
    FaultRow(
      32, "token expired", "re-authenticate", elsewhere: "a store with tokens: work for a fleet"),
  ]

  /// Rows 40 to 48: policy, operators and plans.
  static let operators: [FaultRow] = [
    FaultRow(40, "bad policy", "refused; what is in force stays") {
      let story = Scenario()
      let before = Law.fixed.snapshot
      #expect(Law.isRefused(Law.text.replacing("region: home", with: "region: nowhere")))
      #expect(story.world.edges[0].snapshot === before)
      #expect(story.ask().isGood)
      story.finish()
    },
    FaultRow(41, "opposed overrides", "the second is refused and names the first's author") {
      let story = Scenario(edges: 2)
      #expect(story.operators.order(.evacuate, "west", .replica, author: "ann"))
      story.pass(6_000)
      #expect(!story.operators.order(.forceIn, "west", .replica, author: "bob"))
      guard case .taken(let first)? = story.operators.refusals.last else {
        Issue.record("not refused as taken: \(story.operators.refusals)")
        return
      }
      #expect(first.warrant.author == "ann")
      for edge in 0..<2 { #expect(story.server(of: story.ask(edge: edge)) == "west-p") }
      story.finish()
    },
    FaultRow(42, "no lawful target", "refused with a decision, and recorded") {
      let story = Scenario()
      story["west-p"].kill()
      story.pass(1_000)
      #expect(story.ask(.medications).state == .refused(.unavailable))
      #expect(story.ask(.vitals, place: 3).state == .refused(.forbidden))
      let audit = story.world.edges[0].audit
      #expect(audit?.taken.count == 2)
      story.finish()
    },
    FaultRow(43, "a loop of edges", "508") {
      var head = RequestHead()
      for _ in 0...HTTPLimits().viaLoopsMax + 1 {
        let decision = Decision(client: .unknown)
        let refusal = decision.prepareRequest(
          &head, peer: IPAddress(ipv4: 1), isPeerTrusted: true, received: .http2,
          limits: HTTPLimits())
        if refusal == .loop { return }
      }
      Issue.record("a request passes the same edge again and again")
    },
    FaultRow(44, "switchover with held writes", "parallel, bounded", elsewhere: "failover plans"),
    FaultRow(45, "failover again at 5 s", "explicit hold", elsewhere: "failover plans"),
    FaultRow(46, "lost tail", "409, and a report", elsewhere: "session tokens"),
    FaultRow(
      47, "a replayed write meets a change", "dead-lettered",
      elsewhere: "there are no deferred writes"),
    FaultRow(48, "200 from the wrong role", "refreshed and held", elsewhere: "write authority"),
  ]
}
