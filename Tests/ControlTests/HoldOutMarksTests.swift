import Testing

@testable import Control

@Suite struct HoldOutMarksTests {
  private let names: Set = ["west-r1", "west-r2", "east-p"]

  @Test func whatWasWrittenIsReadAgain() {
    for names: Set<String> in [[], ["west-r1"], names] {
      #expect(HoldOutMarks.names(HoldOutMarks.bytes(names)) == names)
    }
    let storage = MemoryStorage()
    #expect(HoldOutMarks.read("ops/held-out/edge", storage) == .nothing)
    storage.tamper("ops/held-out/edge", HoldOutMarks.bytes(names))
    #expect(HoldOutMarks.read("ops/held-out/edge", storage) == .names(names))
    storage.tamper("ops/held-out/edge", [])
    #expect(
      HoldOutMarks.read("ops/held-out/edge", storage)
        == .unknown(reason: "`ops/held-out/edge` is damaged"))
  }

  @Test func eachChangedOrMissingByteIsSeen() {
    let good = HoldOutMarks.bytes(names)
    for index in good.indices {
      var bad = good
      bad[index] ^= 1
      #expect(HoldOutMarks.names(bad) == nil, "byte \(index)")
      #expect(HoldOutMarks.names(Array(good[..<index])) == nil, "cut at \(index)")
    }
  }
}
