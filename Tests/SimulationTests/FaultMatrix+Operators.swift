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
    FaultRow(28, "killed amid a plan", "resumed; never half promoted") {
      for step in 0...4 {
        let story = Scenario(edges: 2, isMovable: true)
        let before = story.ask(.update)
        story.move(to: "central-p", diesAfter: step)
        let during = story.send(.update, edge: 1)
        story.pass(3_000)
        #expect(story.holder == "central-p", "killed after step \(step)")
        #expect(before.isGood && during.isGood)
        #expect(story.writes(at: "central-p") == [before.number, during.number])
        story.finish()
      }
    },
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
    FaultRow(44, "switchover with 1,000 held writes", "bounded, all done, none lost") {
      let story = Scenario(edges: 2, isMovable: true)
      let patients = ["w1", "w2", "p1"]
      story.move(to: "central-p")
      story.pass(30)
      let held = (0..<1_010).map { story.send(.update, patients[$0 % 3]) }
      let others = (0..<100).map { story.send(.update, patients[$0 % 3], edge: 1) }
      story.pass(10_000)
      #expect(story.areGood(others))
      // What does not fit is told so at once; everybody else only waited.
      #expect(held.count { $0.state == .refused(.authorityMoving) } <= 10)
      #expect(held.count(where: \.isGood) >= 1_000)
      // Of each patient the writes were done in the order in which they came.
      let log = story.writes(at: "central-p")
      for patient in patients {
        let numbers = held.filter { $0.patient.id == patient && $0.isGood }.map(\.number)
        #expect(log.filter { numbers.contains($0) } == numbers)
      }
      story.finish()
    },
    FaultRow(45, "failover again at once", "no stuck buffer") {
      let story = Scenario(edges: 2, isMovable: true)
      story.move(to: "central-p")
      let requests = (0..<20).map { story.send(.update, edge: $0 % 2) }
      story.pass(500)
      story.move(to: "west-r2")
      let more = (0..<20).map { story.send(.update, edge: $0 % 2) }
      story.pass(3_000)
      #expect(story.holder == "west-r2")
      #expect(story.areGood(requests + more))
      #expect(Set(story.writes(at: "west-r2")) == Set((requests + more).map(\.number)))
      story.finish()
    },
    FaultRow(46, "lost tail", "409 for the sessions that saw it, and a list") {
      let story = Scenario(edges: 2, isMovable: true)
      let (kept, lost) = (ClientSession(), ClientSession())
      let first = story.ask(.update, session: kept)
      story.pass(100)
      for name in ["west-r1", "west-r2"] {
        story.world.databases.change(0, at: story[name].index) { $0.isCut = true }
      }
      let second = story.ask(.update, session: lost)
      #expect(first.isGood && second.isGood && lost.seen?.position == 2)
      // No copy has it: whoever saw it is answered by the primary, and by nobody without it.
      #expect(story.server(of: story.ask(session: lost)) == "west-p")
      story.move(to: "west-r2", isGraceful: false)
      while story["west-p"].process == .running { story.pass(1) }
      let during = story.send(session: lost)
      story.pass(9_000)
      #expect(story.holder == "west-r2")
      #expect(story.world.databases.lost[0] == [second.number])
      // By a copy that says that it is stale, or by nobody.
      #expect(during.isOver && (!during.isGood || during.isMarkedStale))
      for edge in 0..<2 {
        let session = ClientSession()
        (session.token, session.seen) = (lost.token, lost.seen)
        let read = story.ask(edge: edge, session: session)
        #expect(read.state == .refused(.lostTail) && read.status == 409)
        // It was told: what it reads now is a beginning.
        #expect(story.ask(edge: edge, session: session).isGood)
        #expect(story.ask(edge: edge, session: kept).isGood)
      }
      story.finish()
    },
    FaultRow(
      47, "a replayed write meets a change", "dead-lettered",
      elsewhere: "there are no deferred writes"),
    FaultRow(48, "wrong role", "writes wait until the holder takes them again") {
      let story = Scenario(isMovable: true)
      story.world.databases.demote(0, story["west-p"].index)
      // One probe interval, and its probe.
      story.pass(500)
      let write = story.send(.update)
      story.pass(1_000)
      #expect(!write.isOver)
      story.world.databases.restore(0, story["west-p"].index)
      story.pass(1_000)
      #expect(write.isGood)
      story.finish()
    },
  ]
}
