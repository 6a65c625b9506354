import Control
import Proxy
import Testing

@testable import Simulation

/// Failover plans, driven by the real machine in a whole world.
@Suite struct PlanTests {
  private func drive(
    _ story: Scenario, to name: String, isGraceful: Bool = true, diesAfter: Int? = nil
  ) -> PlanDriver {
    let driver = PlanDriver(
      story.world, domain: 0, from: story["west-p"].index, to: story[name].index,
      isGraceful: isGraceful, diesAfter: diesAfter)
    driver.step()
    return driver
  }

  /// The process dies after each thing that it does; another one goes on, and nothing is lost.
  @Test(arguments: 0...30) func whoDiesIsFollowed(life: Int) {
    let story = Scenario(edges: 2, isMovable: true)
    let before = story.ask(.update)
    _ = drive(story, to: "west-r1", diesAfter: life)
    let during = (0..<10).map { story.send(.update, edge: $0 % 2) }
    story.pass(6_000)
    #expect(story.holder == "west-r1")
    #expect(story.areGood([before] + during))
    #expect(Set(story.writes(at: "west-r1")) == Set(([before] + during).map(\.number)))
    story.finish()
  }

  /// What would leave a home without a lawful target is refused before anything changes.
  @Test func noHomeIsLeftWithoutALawfulTarget() {
    let story = Scenario(isMovable: true)
    // Protected records never leave home: there must be a primary.
    _ = drive(story, to: "central-p")
    // The check looks again until its time is over: servers may yet come back.
    story.pass(6_000)
    let runs = story.world.stored?.books.state.plans.runs ?? []
    let words = runs.map { "\($0.status) \($0.words)" }
    #expect(runs.count == 1 && words.allSatisfy { $0.contains("S1") }, "\(words)")
    #expect(runs.allSatisfy { !$0.isForGood })
    #expect(story.holder == "west-p")
    #expect(story.ask(.update).isGood)
    story.finish()
  }

  /// By force: the old primary is gone, what it did not pass on is listed as lost.
  @Test func aDeadPrimaryIsReplaced() {
    let story = Scenario(edges: 2, isMovable: true)
    story.world.databases.change(0, at: story["west-r2"].index) { $0.isCut = true }
    let lost = story.ask(.update)
    #expect(lost.isGood)
    story["west-p"].kill()
    let waiting = story.send(.update, edge: 1)
    story.pass(600)
    _ = drive(story, to: "west-r2", isGraceful: false)
    story.pass(9_000)
    #expect(story.holder == "west-r2")
    #expect(story.world.databases.lost[0].contains(lost.number))
    #expect(waiting.isOver && story.ask(.update).isGood)
    story.finish()
  }
}
