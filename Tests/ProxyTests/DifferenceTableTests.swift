import Base
import Testing

@testable import Policy
@testable import Proxy

@Suite struct DifferenceTableTests {
  private func key(_ index: Int) -> DifferenceTable.Key {
    DifferenceTable.Key(
      dataClass: .notes, source: .superseded, ruleIndex: index, verdict: .permit,
      other: PolicyPair.Other(ruleIndex: nil, verdict: .refuse(.noRule)))
  }

  @Test func nothingIsLostAndTheTableIsBounded() {
    var table = DifferenceTable()
    #expect(table.isEmpty)
    for index in 0..<1000 { table.add(key(index % 100)) }
    #expect(table.counts.count == DifferenceTable.keyCountMax)
    #expect(table.counts.values.reduce(0, +) + table.uncountedCount == 1000)
    #expect(table.counts[key(3)] == 10)
    var sum = table
    sum.add(table)
    #expect(sum.counts.values.reduce(0, +) + sum.uncountedCount == 2000)
    #expect(sum.counts[key(3)] == 20)
  }
}
