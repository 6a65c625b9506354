import Base
import Testing

@testable import Policy

@Suite struct ServiceTableTests {
  /// A plan's servers as the table counts them.
  private func targets(_ plan: Plan, _ operation: Operation) -> TargetSet {
    var set = TargetSet()
    for candidate in plan.candidates {
      let bit = UInt64(1) << UInt64(candidate.region.index)
      if candidate.tier == .primary { set.primaries |= bit }
      if candidate.tier == .replica, operation.isSafe { set.replicas |= bit }
    }
    return set
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func everyPlanOfARequestStandsInItsRow(_ seed: UInt64) throws {
    let text = try #require(shippedPolicyText())
    let policy = try #require(Policy.load(text: text, file: "p", hash: "").0)
    let rows = try #require(policy.serviceRows())
    var known: [[Int]: ServiceRow] = [:]
    for row in rows {
      #expect(!row.targets.isEmpty && row.targets.allSatisfy { !$0.isEmpty })
      let key = [
        row.home.map { Int($0.index) } ?? -1, row.dataClass.ordinal, row.operation.ordinal,
      ]
      #expect(known.updateValue(row, forKey: key) == nil)
    }
    var random = SplitMix64(seed: seed)
    var permitCount = 0
    for _ in 0..<4_000 {
      let facts = randomFacts(regionCount: policy.regions.count, &random)
      let plan = policy.plan(for: facts)
      let found = targets(plan, facts.operation)
      if plan.verdict != .permit || found.isEmpty { continue }
      permitCount += 1
      let key = [
        facts.home.map { Int($0.index) } ?? -1, facts.dataClass.ordinal, facts.operation.ordinal,
      ]
      #expect(known[key]?.targets.contains(found) == true, "\(facts)")
    }
    #expect(permitCount > 100)
  }

  @Test func theTableSaysWhereTheShippedPolicySends() throws {
    let text = try #require(shippedPolicyText())
    let policy = try #require(Policy.load(text: text, file: "p", hash: "").0)
    let rows = try #require(policy.serviceRows())
    func row(_ home: UInt8, _ dataClass: DataClass, _ operation: Operation) -> [TargetSet]? {
      rows.first {
        $0.home == RegionID(home) && $0.dataClass == dataClass && $0.operation == operation
      }?.targets
    }
    // What must be authoritative has the home's primary and nothing else.
    #expect(row(0, .medications, .create) == [TargetSet(primaries: 1)])
    #expect(row(2, .orders, .create) == [TargetSet(primaries: 4)])
    let chart = try #require(row(1, .vitals, .read))
    #expect(chart.contains { $0.replicas.nonzeroBitCount >= 2 })
  }
}
