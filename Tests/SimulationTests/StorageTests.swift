import Control
import Testing

@testable import Simulation

/// What operators did stays done, wherever their machine crashes afterwards.
@Suite struct StorageTests {
  @Test(arguments: 0...9, [false, true])
  func whatIsDoneSurvivesACrash(operations: Int, keepsUnsynced: Bool) {
    let story = Scenario(isMovable: true)
    for change in [
      AuthorityChange.fence(plan: "p"), .fenced(position: 1),
      .promote(endpoint: "west-r1", position: 1), .activate,
    ] {
      #expect(story.operators.change("west", change))
    }
    story.world.storage.operationsUntilCrash = operations
    story.operators.order(.drain, "east", .replica)
    story.world.storage.restart(keepingUnsynced: keepsUnsynced)
    #expect(story.world.authorityInStore("west")?.state == .active)
    #expect(story.world.stored?.warning == nil)
  }
}
