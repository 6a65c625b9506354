import Base
import Testing

@testable import Identity

@Suite struct BreakGlassTests {
  @Test(arguments: [false, true], [false, true])
  func theGlassNeedsThreeThings(isMultiFactor: Bool, hasReason: Bool) {
    var facts = SubjectFacts()
    facts.assurance = isMultiFactor ? .multiFactor : .singleFactor
    func judge(_ asked: PurposeOfUse?) -> BreakGlass {
      BreakGlass.judge(facts, asked: asked, hasReason: hasReason)
    }
    facts.purposes = [.treatment]
    #expect(judge(.treatment) == .notAsked)
    #expect(judge(nil) == .notAsked)
    #expect(judge(.breakTheGlass) == .notEntitled)
    facts.purposes = [.treatment, .breakTheGlass]
    #expect(judge(.treatment) == .notAsked)
    let expected: BreakGlass =
      !isMultiFactor ? .needsStepUp : hasReason ? .broken : .needsReason
    #expect(judge(.breakTheGlass) == expected)
  }

  @Test func theGlassIsNotBrokenByDefault() {
    var facts = SubjectFacts()
    facts.purposes = [.breakTheGlass, .treatment]
    #expect(facts.purpose(named: nil) == .treatment)
    #expect(facts.purpose(named: .breakTheGlass) == .breakTheGlass)
    facts.purposes = [.breakTheGlass]
    #expect(facts.purpose(named: nil) == .breakTheGlass)
    facts.purposes = []
    #expect(facts.purpose(named: nil) == nil)
  }

  @Test(arguments: [
    ("unconscious, allergies unknown", true), ("short", false), ("", false), ("1234567\n", false),
    (String(repeating: "a", count: 256), true), (String(repeating: "a", count: 257), false),
  ])
  func reasonsAreBounded(_ text: String, _ isReason: Bool) {
    let judged = unsafe Array(text.utf8).withUnsafeBytes { unsafe BreakGlass.isReason($0) }
    #expect(judged == isReason)
  }
}
