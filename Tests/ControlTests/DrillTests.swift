import Testing

@testable import Control

@Suite struct DrillTests {
  private func sample(
    _ begun: Double, _ took: Double, _ status: UInt16?, name: String = "reads", canary: Int? = nil
  ) -> DrillSample {
    DrillSample(
      name: canary == nil ? name : DrillMeasures.writeName, canary: canary, begun: begun,
      ended: begun + took, end: status.map { .answered($0) } ?? .broken)
  }

  @Test func quietIsNoOutage() {
    let measures = DrillMeasures(
      (0..<50).map { sample(Double($0) * 100, 5, 200) }, DrillTimes(), present: [])
    #expect(measures.groups.map(\.count) == [50])
    #expect(measures.groups[0].outage == nil)
    #expect(measures.failedReadCount == 0)
    #expect(measures.misses(rtoMilliseconds: 1, rpoMilliseconds: 0).isEmpty)
    #expect(measures.firstGoodWrite == nil)
  }

  /// Samples (begin, duration, status), and the outage that they make.
  @Test(
    arguments: [
      // Failed, then done.
      ([(100, 5, 503), (200, 5, 200)], 105, true, 1, 0),
      // Held and done: until its end.
      ([(100, 900, 200), (200, 800, 200), (300, 5, 200)], 900, true, 0, 2),
      // In between something works: until the last trouble is over.
      ([(100, 5, 503), (200, 5, 200), (300, 5, 0), (400, 5, 200)], 305, true, 2, 0),
      // Never again: until the end of the drill.
      ([(100, 5, 200), (200, 5, 503), (300, 5, 503)], 105, false, 2, 0),
    ] as [([(Double, Double, UInt16)], Double, Bool, Int, Int)])
  func anOutageLasts(
    _ rows: [(Double, Double, UInt16)], _ outage: Double, _ hasRecovered: Bool, _ failed: Int,
    _ held: Int
  ) {
    let samples = rows.map { sample($0.0, $0.1, $0.2 == 0 ? nil : $0.2) }
    let group = DrillMeasures(samples, DrillTimes(), present: []).groups[0]
    #expect(group.outage == outage)
    #expect(group.hasRecovered == hasRecovered)
    #expect((group.failedCount, group.heldCount) == (failed, held))
  }

  @Test func whatWasAcknowledgedAndIsGoneIsLost() {
    var times = DrillTimes()
    times.fault = 1_000
    let samples = (0..<20).map { number in
      sample(Double(number) * 100, 10, number == 15 ? 503 : 201, canary: number)
    }
    var present = Set(0..<20)
    present.subtract([8, 9, 15])
    let measures = DrillMeasures(samples, times, present: present)
    #expect(measures.acknowledgedCount == 19)
    #expect(measures.lost == [8, 9])
    #expect(measures.lossMilliseconds == 200)
    #expect(measures.firstGoodWrite == 1_010)
    #expect(measures.misses(rtoMilliseconds: nil, rpoMilliseconds: 0).count == 1)
    #expect(measures.misses(rtoMilliseconds: nil, rpoMilliseconds: 200).isEmpty)
    #expect(measures.misses(rtoMilliseconds: 100, rpoMilliseconds: 200).count == 1)
  }
}
