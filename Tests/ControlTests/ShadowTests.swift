import Base
import Policy
import Reactor
import Testing

@testable import Control

@Suite struct ShadowTests {
  /// What is shadowed: the version, or the fault's code.
  private func shadowed(_ office: Office) -> String {
    do throws(StateFault) {
      guard let hash = try office.state.shadow(office.storage) else { return "nothing" }
      return "version \(try office.state.shadowed(hash, office.storage).version)"
    } catch {
      return error.code
    }
  }

  @Test func needsNoApprovalsAndChangesNothingInForce() throws {
    let office = Office()
    let one = try office.write(1)
    try office.activate(1)
    #expect(shadowed(office) == "nothing")
    try office.write(2, after: one, approvedBy: [])
    #expect(try office.command().shadow(try office.file(2)).version == 2)
    #expect(shadowed(office) == "version 2")
    // It follows nothing that is in force, nor need it.
    try office.write(7, after: ContentHash(of: []), approvedBy: [])
    _ = try office.command().shadow(try office.file(7))
    #expect(shadowed(office) == "version 7")
    #expect(try office.active() == 1)
    #expect(try office.events() == ["activating 1", "activated 1"])
    #expect(try office.command().endShadow())
    #expect(shadowed(office) == "nothing")
    #expect(try !office.command().endShadow())
  }

  @Test func isForgottenOnceInForce() throws {
    let office = Office()
    let one = try office.write(1)
    try office.activate(1)
    let two = try office.write(2, after: one)
    try office.write(3, after: two, approvedBy: [])
    _ = try office.command().shadow(try office.file(3))
    try office.activate(2)
    // Another version is still tried.
    #expect(shadowed(office) == "version 3")
    _ = try office.command().shadow(try office.file(2))
    // A crash right after the activation leaves this; the next command of any kind sees to it.
    #expect(shadowed(office) == "version 2")
    do { _ = try office.command() }
    #expect(shadowed(office) == "nothing")
    #expect(throws: SystemError.self) {
      try office.storage.read(office.state.shadowTextPath, byteCountMax: 1 << 20)
    }
    try office.rollback()
    _ = try office.command().shadow(try office.file(2))
    #expect(shadowed(office) == "version 2")
    try office.activate(2)
    #expect(shadowed(office) == "nothing")
  }

  @Test func refusesWhatCannotBeEvaluated() throws {
    var office = Office()
    try office.write(1)
    _ = try office.command().shadow(try office.file(1))
    office.storage.tamper(office.folder.path(2), Array("policy: ward\n".utf8))
    office.misfits[3] = ["region `east` of the policy has no endpoints in the configuration"]
    try office.write(3, after: ContentHash(of: []), approvedBy: [])
    for (version, code) in [(2, "invalid"), (3, "does-not-fit")] {
      let file = try office.file(version)
      let error = #expect(throws: LifecycleError.self) {
        _ = try office.command().shadow(file)
      }
      #expect(error?.code == code)
      #expect(shadowed(office) == "version 1")
    }
  }

  @Test func whatWasChangedIsNotShadowed() throws {
    let office = Office()
    try office.write(1)
    _ = try office.command().shadow(try office.file(1))
    let text = try office.storage.read(office.state.shadowTextPath, byteCountMax: 1 << 20)
    office.storage.tamper(office.state.shadowTextPath, text + [0x0A])
    #expect(shadowed(office) == "shadow-damaged")
    office.storage.tamper(office.state.shadowTextPath, text)
    #expect(shadowed(office) == "version 1")
    office.storage.tamper(office.state.shadowPath, Array("version 1\n".utf8))
    #expect(shadowed(office) == "shadow-damaged")
    #expect(try office.command().endShadow())
    #expect(shadowed(office) == "nothing")
  }

  @Test func reportsComeBackAsWritten() {
    let report = ShadowReport(
      hash: ContentHash(of: [1]), since: "2026-11-22T05:00:00Z", comparedCount: 12,
      lines: ["7 notes: version 1 permit by R-1 decides, version 2 forbidden by D-1 differs"])
    #expect(ShadowReport(report.bytes) == report)
    #expect(ShadowReport([]) == nil)
    #expect(ShadowReport(Array("\(report.hash) then many\n".utf8)) == nil)
  }
}
