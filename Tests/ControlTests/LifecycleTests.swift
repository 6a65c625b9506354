import Base
import Native
import Policy
import Reactor
import Testing

@testable import Control

/// An instant of RFC 3339.
func parseTime(_ text: String) -> WallTime? { parseTimestamp(text) }

@Suite struct LifecycleTests {
  /// The refusal that `body` throws; nil when it does not.
  private func refusal(_ body: () throws -> Void) -> ActivationRefusal? {
    do {
      try body()
      return nil
    } catch {
      guard let error = error as? LifecycleError, case .refused(let refusal) = error else {
        Issue.record("\(error)")
        return nil
      }
      return refusal
    }
  }

  @Test func threeVersionsAndBack() throws {
    let office = Office()
    let one = try office.write(1)
    #expect(try office.active() == nil)
    try office.activate(1)
    let two = try office.write(2, after: one)
    try office.activate(2)
    try office.write(3, after: two)
    try office.activate(3)
    #expect(try office.active() == 3)
    try office.rollback()
    #expect(try office.active() == 2)
    // Once more goes further back, not forth.
    try office.rollback()
    #expect(try office.active() == 1)
    #expect(refusal { try office.rollback() } == .nothingBefore)
    try office.rollback(to: .version(3))
    #expect(try office.active() == 3)
    try office.rollback(to: .hash(one))
    #expect(try office.active() == 1)
    #expect(refusal { try office.rollback(to: .version(9)) } == .neverInForce("9"))
    #expect(
      try office.events() == [
        "activating 1", "activated 1", "activating 2", "activated 2", "activating 3",
        "activated 3", "rolling-back 2", "rolled-back 2", "rolling-back 1", "rolled-back 1",
        "rolling-back 3", "rolled-back 3", "rolling-back 1", "rolled-back 1",
      ])
  }

  @Test func activatingTheActiveVersionChangesNothingButRepairs() throws {
    let office = Office()
    let one = try office.write(1)
    try office.activate(1)
    let path = office.state.path(of: one, .policy)
    office.storage.tamper(path, Array("policy: other".utf8))
    #expect(throws: StateFault.archiveDamaged(path: path)) { try office.active() }
    guard case .unchanged = try office.activate(1) else {
      Issue.record("activated twice")
      return
    }
    #expect(try office.active() == 1)
    #expect(try office.events() == ["activating 1", "activated 1"])
  }

  @Test func whatTheChecksFindStopsAVersion() throws {
    var office = Office()
    let one = try office.write(1)
    try office.activate(1)
    try office.write(2, after: one)
    office.violations = [2: ["N-3 does not hold"]]
    #expect(refusal { try office.activate(2) } == .proofs(["N-3 does not hold"]))
    office.violations = [:]
    office.failures = [2: ["test 4 fails"]]
    #expect(refusal { try office.activate(2) } == .tests(["test 4 fails"]))
    office.failures = [:]
    office.misfits = [2: ["region `east` has no endpoints"]]
    #expect(
      refusal { try office.activate(2) } == .doesNotFit(["region `east` has no endpoints"]))
    #expect(try office.active() == 1)
    #expect(try office.events().suffix(3) == ["refused 2", "refused 2", "refused 2"])
    office.misfits = [:]
    try office.activate(2)
    #expect(try office.active() == 2)
  }

  @Test func aVersionMustFollowTheOneInForce() throws {
    let office = Office()
    let one = try office.write(1)
    try office.activate(1)
    let other = ContentHash(of: [1])
    try office.write(2, after: other)
    #expect(
      refusal { try office.activate(2) }
        == .followsOther(says: "\(other)", active: one, activeVersion: 1))
    let two = try office.write(2, after: one)
    try office.activate(2)
    try office.write(1)
    #expect(refusal { try office.activate(1) } == .notNewer(version: 1, active: 2))
    try office.write(3, after: two, name: "clinic")
    #expect(refusal { try office.activate(3) } == .otherPolicy(name: "clinic", active: "ward"))
  }

  @Test func aFileIsCalledAfterItsVersion() throws {
    let office = Office()
    try office.write(1)
    office.storage.tamper(office.folder.path(4), Office.text(1, after: nil))
    #expect(
      refusal { try office.activate(4) }
        == .misnumbered(path: office.folder.path(4), version: 1))
    office.storage.tamper(office.folder.path(5), Array("policy: [".utf8))
    guard case .invalid(_, let complaints)? = refusal({ try office.activate(5) }) else {
      Issue.record("a broken file was not refused")
      return
    }
    #expect(complaints.first?.hasPrefix("policies/ward/0005.yaml:") == true)
    #expect(try office.events() == ["refused 1", "refused 5"])
    #expect(try office.folder.versions(office.storage) == [1, 4, 5])
  }

  @Test(arguments: [
    ("from: 2026-11-23T00:00:00Z", false), ("from: 2026-11-22T05:00:00Z", true),
    ("until: 2026-11-22T05:00:00Z", false), ("until: 2026-11-22T05:00:01Z", true),
    ("from: 2026-01-01T00:00:00Z, until: 2027-01-01T00:00:00Z", true),
  ])
  func datesAreHalfOpen(dates: String, isInForce: Bool) throws {
    let office = Office()
    try office.write(1, effective: "effective: { \(dates) }")
    let refusal = refusal { try office.activate(1) }
    #expect((refusal == nil) == isInForce)
    if let refusal {
      let isEarly = dates.hasPrefix("from")
      #expect(refusal.code == (isEarly ? "not-yet-effective" : "no-longer-effective"))
      #expect("\(refusal)".contains(isEarly ? "2026-11-23T00:00:00" : "2026-11-22T05:00:00"))
    }
    #expect(try office.active() == (isInForce ? 1 : nil))
  }

  @Test func aRollbackNeedsNeitherTheFolderNorLivingKeys() throws {
    var office = Office()
    let one = try office.write(1)
    try office.activate(1)
    try office.write(2, after: one)
    try office.activate(2)
    for version in [1, 2] {
      office.storage.tamper(office.folder.path(version), nil)
      office.storage.tamper(VersionFile.approvalsPath(of: office.folder.path(version)), nil)
    }
    office.rule = Office(retired: ["amina": "2026-11-21T00:00:00Z"]).rule
    #expect(try office.active() == 2)
    try office.rollback()
    #expect(try office.active() == 1)
  }

  @Test func aVersionWhoseTimeIsOverDoesNotComeBack() throws {
    let office = Office()
    let one = try office.write(1, effective: "effective: { until: 2026-11-23T00:00:00Z }")
    try office.activate(1)
    try office.write(2, after: one)
    try office.activate(2)
    let later = try #require(parseTime("2026-11-24T00:00:00Z"))
    guard case .noLongerEffective? = refusal({ try office.rollback(at: later) }) else {
      Issue.record("rolled back to a version that is over")
      return
    }
    #expect(try office.active() == 2)
    #expect(try office.events().last == "refused 1")
  }

  @Test func onlyOneCommandWrites() throws {
    let office = Office()
    try office.write(1)
    let first = try office.command()
    #expect(throws: LifecycleError.fault(.busy(path: "state/lock"))) { _ = try office.command() }
    _ = consume first
    try office.activate(1)
  }
}
