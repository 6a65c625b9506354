import Audit
import Base
import Native
import Reactor
import Testing

@testable import Edge

/// Holds, expiries and shreddings on a disk that fails and forgets.
@Suite struct AuditLifeTests {
  private let warrant = AuditWarrant(author: "J. Doe", reason: "a test")
  /// Two years after everything.
  private let later = WallTime(microseconds: auditTime.microseconds + 730 * 86_400_000_000)

  /// Three months of one class with 30 days of retention: two closed logs and one in use.
  private func months(_ disk: FaultyDisk) throws -> [LogName] {
    let classes = RetentionClasses([RetentionClass(name: "clinical", keepDays: 30)])
    var log = try LogWriter(disk, retention: classes)
    var names: [LogName] = []
    for month in 0..<3 as Range<UInt64> {
      let time = WallTime(microseconds: auditTime.microseconds + month * 31 * 86_400_000_000)
      try log.writer.rotate(at: time) { _ in AuditCounters() }
      names.append(log.writer.state(of: 0).name)
      try log.write(3)
    }
    try log.writer.close()
    return names
  }

  private func life(_ disk: FaultyDisk) throws -> AuditLife {
    try AuditLife(
      directory: "audit", instance: "edge-test", disk: disk, signer: LogWriter.signer(), lock: nil,
      at: later)
  }

  private func plan(_ disk: FaultyDisk, _ days: [String: UInt32] = [:]) throws -> [AuditExpiry] {
    let folders = try AuditFolder.logs(in: "audit", disk: disk)
    return try AuditExpiry.plan(folders, AuditLedger.read(folders), keepDays: days, at: later)
  }

  /// Every log of the folder holds, as `audit verify` checks it; their states.
  private func verify(_ disk: FaultyDisk) throws -> [LogName: AuditVerification.Standing] {
    let key = try SigningKey(rawBytes: [UInt8](repeating: 5, count: 32)).verifyingKey
    let keys = { (name: String) in [NoteKey(name: name, key: key)].compactMap(\.self) }
    let folders = try AuditFolder.logs(in: "audit", disk: disk)
    let ledger = try AuditLedger.read(folders)
    var found: [LogName: AuditVerification.Standing] = [:]
    for (name, folder) in try AuditFolder.chains(folders).joined() {
      if folder.isExpired {
        found[name] = .expired(
          try AuditVerification.expired(folder, name, ledger, keys: keys))
      } else {
        var verification = try AuditVerification(folder, keys: keys)
        _ = try verification.run(isKeyTrusted: true)
        found[name] = try AuditVerification.standing(folder, name, ledger)
      }
    }
    return found
  }

  @Test func aPlanSaysHowEachLogStands() throws {
    let disk = FaultyDisk()
    let names = try months(disk)
    #expect(try plan(disk).map(\.standing) == [.due, .due, .open])
    #expect(try plan(disk).map(\.name) == names)
    #expect(try plan(disk, ["clinical": 30_000]).filter(\.isDue).isEmpty)
    let life = try life(disk)
    let month = String(names[1].begin.prefix(6))
    let id = try life.place(LogScope(first: month, last: month), warrant)
    #expect(try plan(disk).map(\.standing) == [.due, .held(by: id), .open])
    let held = try #require(try plan(disk).first { $0.name == names[1] })
    #expect(throws: AuditLifeError.self) { try life.expire(held, warrant) }
    #expect(throws: AuditLifeError.self) { try life.shred(names[1], warrant) }
    #expect(throws: AuditLifeError.self) { try life.lift("H-9", warrant) }
    try life.lift(id, warrant)
    #expect(try plan(disk).map(\.standing) == [.due, .due, .open])
    #expect(throws: AuditLifeError.self) { try life.shred(names[2], warrant) }
  }

  @Test(arguments: [("202601", true), ("202611", true), ("202612", false), ("202701", false)])
  func aHoldCoversMonths(first: String, isCovered: Bool) {
    let name = LogName(instance: "e", retention: "clinical", at: auditTime)
    #expect(LogScope(first: first).covers(name) == isCovered)
    #expect(!LogScope(retention: "other", first: first).covers(name))
    let scope = LogScope(retention: "clinical", first: first, last: "202712")
    #expect(LogScope(parsing: "\(scope)") == scope)
  }

  /// What is destroyed was told before; whatever fails, a second try brings the deed to its end.
  @Test(arguments: FaultyDisk.Fault.allCases, [0, 3] as [UInt64])
  func everyFaultLeavesADeedThatIsFinished(fault: FaultyDisk.Fault, seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let whole = FaultyDisk()
    _ = try months(whole)
    let before = whole.operationCount
    try act(whole)
    let count = whole.operationCount - before
    #expect(count > 30)
    for at in 1...count {
      let disk = FaultyDisk()
      let names = try months(disk)
      disk.failing = (disk.operationCount + at, fault)
      let failed = #expect(throws: (any Error).self) { try act(disk) }
      #expect(disk.hasFailed && failed != nil)
      if Bool.random(using: &random) { disk.crash(&random) } else { disk.failing = nil }
      let place = "operation \(at), \(fault), seed \(seed)"
      // In between, nothing is taken for damage, and nothing is gone without its record.
      let between = try verify(disk)
      for name in names.prefix(2) where try !hasKeys(disk, name) {
        #expect(between[name] != .withoutKeys, "\(place)")
      }
      try act(disk)
      disk.crash(&random)
      let after = try verify(disk)
      guard case .expired(let expiry)? = after[names[0]], expiry.isDone,
        case .shredded(let shredding)? = after[names[1]], shredding.isDone
      else {
        Issue.record("\(place): \(after)")
        continue
      }
      #expect(after[names[2]] == .whole, "\(place)")
      #expect(
        try disk.names(in: "audit/\(names[0].folder)") == ["checkpoint", "expired", "key.pub"])
      #expect(try !hasKeys(disk, names[0]) && !hasKeys(disk, names[1]), "\(place)")
      // The edge goes on behind all this.
      var log = try LogWriter(
        disk, retention: RetentionClasses([RetentionClass(name: "clinical", keepDays: 30)]))
      try log.write(1)
    }
  }

  private func hasKeys(_ disk: FaultyDisk, _ name: LogName) throws -> Bool {
    try disk.names(in: "audit/keys").contains(name.folder)
  }

  /// Expires the first log and shreds the second, as far as that was not done.
  private func act(_ disk: FaultyDisk) throws {
    let life = try life(disk)
    let items = try plan(disk)
    if items[0].isDue { try life.expire(items[0], warrant) }
    if life.ledger.shreddings[items[1].name.origin]?.isDone != true {
      try life.shred(items[1].name, warrant)
    }
    try life.close()
  }

  /// Both keys sign while they change; then either is enough, and the log tells of the change.
  @Test func signingKeysChangeWithAnOverlap() throws {
    let disk = FaultyDisk()
    var log = try LogWriter(disk)
    try log.write(2)
    try log.writer.close()
    let name = log.writer.state(of: 0).name
    func note() throws -> SignedNote {
      let bytes = try disk.readSmall("audit/\(name.folder)/checkpoint") ?? []
      return try #require(SignedNote(parsing: String(decoding: bytes, as: UTF8.self)))
    }
    let (old, new) = (
      try LogWriter.signer(5).noteKey(name.origin),
      try LogWriter.signer(6).noteKey(name.origin)
    )
    #expect(try note().isSigned(by: old) && !note().isSigned(by: new))
    // Without the old key beside it the new one may not go on.
    #expect(throws: AuditOpenError.self) { _ = try LogWriter(disk, signer: 6) }
    for life in 0..<2 {
      var both = try LogWriter(disk, signer: 6, retiring: 5)
      #expect(both.writer.recoveries.map(\.event.kind) == (life == 0 ? [.keyEvent] : []))
      #expect(both.writer.recoveries.allSatisfy { $0.event.subject.string == new.text })
      try both.write(1)
      try both.writer.close()
      #expect(try note().isSigned(by: old) && note().isSigned(by: new))
    }
    #expect(try disk.readSmall("audit/\(name.folder)/key.pub") == Array((new.text + "\n").utf8))
    var alone = try LogWriter(disk, signer: 6)
    try alone.write(1)
    try alone.writer.close()
    #expect(try !note().isSigned(by: old) && note().isSigned(by: new))
  }
}
