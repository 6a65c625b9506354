import Base
import Testing

@testable import Control

@Suite struct TamperTests {
  /// An office with two versions, the second in force.
  private func office() throws -> Office {
    let office = Office()
    let one = try office.write(1)
    try office.activate(1)
    try office.write(2, after: one)
    try office.activate(2)
    return office
  }

  private func fault(_ body: () throws -> Void) -> StateFault? {
    do {
      try body()
      return nil
    } catch let error as StateFault {
      return error
    } catch {
      if case .fault(let fault)? = error as? LifecycleError { return fault }
      Issue.record("\(error)")
      return nil
    }
  }

  @Test("a changed byte anywhere in the history is noticed", arguments: [UInt64](1...50))
  func historyByte(seed: UInt64) throws {
    let office = try office()
    var random = SplitMix64(seed: seed)
    var bytes = try office.storage.read(office.state.historyPath, byteCountMax: 1 << 20)
    let place = Int(random.next() % UInt64(bytes.count - 1))
    bytes[place] ^= UInt8(1 << (random.next() % 8))
    office.storage.tamper(office.state.historyPath, bytes)
    let found = fault { _ = try office.command() }
    guard case .historyDamaged(office.state.historyPath, _)? = found else {
      Issue.record("byte \(place): \(String(describing: found))")
      return
    }
    // Nothing was written over it, and the edge goes on with what is signed.
    #expect(try office.storage.read(office.state.historyPath, byteCountMax: 1 << 20) == bytes)
    #expect(try office.active() == 2)
  }

  @Test func aRemovedLineIsNoticed() throws {
    let office = try office()
    let bytes = try office.storage.read(office.state.historyPath, byteCountMax: 1 << 20)
    let lines = bytes.split(separator: 0x0A).map { $0 + [0x0A] }
    #expect(lines.count == 4)
    for index in lines.indices {
      var fewer = lines
      fewer.remove(at: index)
      office.storage.tamper(office.state.historyPath, Array(fewer.joined()))
      let found = fault { _ = try office.command() }
      // Without its last line the history is that of a crash, and the command goes on.
      #expect((found == nil) == (index == lines.count - 1), "line \(index + 1)")
    }
    office.storage.tamper(office.state.historyPath, Array(lines.prefix(2).joined()))
    #expect(
      fault { _ = try office.command() }
        == .pointerContradicted(path: office.state.pointerPath))
    office.storage.tamper(office.state.historyPath, nil)
    #expect(
      fault { _ = try office.command() }
        == .pointerContradicted(path: office.state.pointerPath))
  }

  @Test func aCutLastLineIsNotTampering() throws {
    let office = try office()
    let bytes = try office.storage.read(office.state.historyPath, byteCountMax: 1 << 20)
    office.storage.tamper(office.state.historyPath, bytes + Array("0123 5 2026".utf8))
    try office.rollback()
    #expect(try office.active() == 1)
    #expect(try office.state.history(office.storage).entries.count == 6)
  }

  @Test func aPointerElsewhereIsNoticed() throws {
    let office = try office()
    let good = try office.storage.read(office.state.pointerPath, byteCountMax: 1 << 20)
    let one = try #require(try office.state.history(office.storage).entries.first)
    // To an approved version, but not the one that the history says.
    office.storage.tamper(office.state.pointerPath, ActivePointer(one).bytes)
    #expect(
      fault { _ = try office.command() }
        == .pointerContradicted(path: office.state.pointerPath))
    office.storage.tamper(office.state.pointerPath, Array("sha256:1 2 3\n".utf8))
    #expect(
      fault { _ = try office.active() } == .pointerDamaged(path: office.state.pointerPath))
    office.storage.tamper(office.state.pointerPath, nil)
    #expect(
      fault { _ = try office.command() }
        == .pointerContradicted(path: office.state.pointerPath))
    office.storage.tamper(office.state.pointerPath, good)
    do { _ = try office.command() }
  }

  @Test func aVersionWithoutSignaturesDoesNotRun() throws {
    let office = try office()
    // Who can write the state, but sign nothing, forges all files so that they agree.
    let forged = Office.text(3, after: ContentHash(of: []))
    let hash = ContentHash(of: forged)
    let history = try office.state.history(office.storage)
    let entry = HistoryEntry(
      after: history.entries.last, at: Office.now.text, .activating, version: 3, hash: hash,
      detail: "policy=ward")
    let closing = HistoryEntry(
      after: entry, at: Office.now.text, .activated, version: 3, hash: hash, detail: "")
    let lines = (history.entries + [entry, closing]).map { $0.line + "\n" }.joined()
    office.storage.tamper(office.state.historyPath, Array(lines.utf8))
    office.storage.tamper(office.state.pointerPath, ActivePointer(entry).bytes)
    office.storage.tamper(office.state.path(of: hash, .policy), forged)
    office.storage.tamper(office.state.path(of: hash, .report), Array("report 3".utf8))
    let approvals = try #require(
      try? office.storage.read(
        office.state.path(of: history.entries[3].hash, .approvals), byteCountMax: 1 << 20))
    office.storage.tamper(office.state.path(of: hash, .approvals), approvals)
    guard case .notApproved(_, let reasons)? = fault({ _ = try office.active() }) else {
      Issue.record("a forged version runs")
      return
    }
    #expect(reasons.first == "0 of 2 approvals count")
  }

  @Test(arguments: [PolicyState.ArchivedFile.policy, .approvals, .report])
  func aMissingOrChangedArchiveIsNoticed(file: PolicyState.ArchivedFile) throws {
    let office = try office()
    let hash = try #require(try office.state.pointer(office.storage)).hash
    let path = office.state.path(of: hash, file)
    let good = try office.storage.read(path, byteCountMax: 1 << 20)
    office.storage.tamper(path, nil)
    #expect(fault { _ = try office.active() } == .archiveMissing(path: path))
    office.storage.tamper(path, good.dropLast() + [0x21])
    let found = fault { _ = try office.active() }
    #expect(found?.code == (file == .policy ? "archive-damaged" : "not-approved"))
    // Going back to a whole version is possible all the same, and so is repairing this one.
    try office.rollback()
    #expect(try office.active() == 1)
    try office.activate(2)
    #expect(try office.active() == 2)
  }
}
