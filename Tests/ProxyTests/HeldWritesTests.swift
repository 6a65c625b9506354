import Base
import Testing

@testable import Proxy

@Suite struct HeldWritesTests {
  /// A write of a test.
  private final class Holder {
    let name: String
    init(_ name: String) { self.name = name }
  }

  private func place(_ patient: UInt64?, _ domain: UInt8 = 0, epochMin: UInt64 = 0) -> HeldPlace {
    HeldPlace(domain: RegionID(domain), patient: patient, epochMin: epochMin)
  }

  /// Lets a write wait; false when too many do.
  private func hold(
    _ writes: inout HeldWrites<Holder>, _ holder: Holder, _ place: HeldPlace
  ) -> Bool { writes.hold(holder, place, countMax: 4) }

  private func release(
    _ writes: inout HeldWrites<Holder>, atOnceMax: Int = 10,
    _ isReady: (HeldPlace) -> Bool = { _ in true }
  ) -> String {
    writes.release(atOnceMax: atOnceMax) { isReady($1) }.map(\.name).joined()
  }

  @Test func oneOfAPatientAtATimeInTheOrderTheyCame() {
    var writes = HeldWrites<Holder>()
    let holders = "abcd".map { Holder("\($0)") }
    for (holder, patient) in zip(holders, [1, 1, 2, nil] as [UInt64?]) {
      let isHeld = hold(&writes, holder, place(patient))
      #expect(isHeld)
    }
    #expect(writes.mustFollow(1) && writes.mustFollow(2) && !writes.mustFollow(3))
    #expect(!writes.mustFollow(nil))
    #expect(release(&writes) == "acd")
    #expect(release(&writes) == "")
    #expect(writes.mustFollow(1))
    let others = writes.ended(holders[2])
    #expect(others)
    #expect(release(&writes) == "")
    _ = writes.ended(holders[0])
    #expect(release(&writes) == "b")
    #expect(!writes.isEmpty)
    for holder in holders { _ = writes.ended(holder) }
    #expect(writes.isEmpty)
  }

  @Test func countsAreBounded() {
    var writes = HeldWrites<Holder>()
    let holders = "abcdef".map { Holder("\($0)") }
    let held = holders.map { hold(&writes, $0, place(nil)) }
    #expect(held == [true, true, true, true, false, false])
    #expect(release(&writes, atOnceMax: 3) == "abc")
    #expect(release(&writes, atOnceMax: 3) == "")
    _ = writes.ended(holders[1])
    #expect(release(&writes, atOnceMax: 3) == "d")
  }

  @Test func onlyReadyDomainsGo() {
    var writes = HeldWrites<Holder>()
    _ = hold(&writes, Holder("a"), place(1, 0))
    _ = hold(&writes, Holder("b"), place(2, 1, epochMin: 5))
    _ = hold(&writes, Holder("c"), place(2, 0))
    #expect(release(&writes) { $0.domain == RegionID(1) && $0.epochMin <= 4 } == "")
    // A patient's later write does not go before an earlier one that waits.
    #expect(release(&writes) { $0.domain == RegionID(0) } == "a")
    #expect(release(&writes) { $0.domain == RegionID(1) } == "b")
  }

  @Test func whoIsHeldAgainKeepsItsTurn() {
    var writes = HeldWrites<Holder>()
    let holders = "abc".map { Holder("\($0)") }
    for holder in holders { _ = hold(&writes, holder, place(7)) }
    #expect(release(&writes) == "a")
    _ = hold(&writes, holders[0], place(7))
    #expect(release(&writes) == "a")
    _ = writes.ended(holders[0])
    #expect(release(&writes) == "b")
  }
}
