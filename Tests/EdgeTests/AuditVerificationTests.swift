import Audit
import Base
import Native
import Reactor
import Testing

@testable import Edge

/// A forger who knows the format rebuilds checksums, roots and level files. The signature, and a
/// checkpoint that was kept elsewhere, remain.
@Suite struct AuditVerificationTests {
  /// A log of so many events on a real disk; gives its folder.
  private func make(
    _ folder: TemporaryFolder, _ details: [String], signer: UInt8 = 5
  ) throws -> AuditFolder {
    let options = folder.options()
    try FileSystem.makeDirectory(options.directory)
    let writer = try AuditWriter(
      options, disk: SystemDisk(), signer: LogWriter.signer(signer), lock: nil, at: auditTime)
    for detail in details {
      var group = GroupCommit(firstSequence: 1)
      var event = EventRecord(kind: .operatorAction, time: auditTime)
      event.detail = .text(detail)
      _ = group.append(event)
      var batch = ByteQueue()
      _ = group.begin(into: &batch)
      try writer.write(batch, at: auditTime)
      #expect(try writer.synchronize())
    }
    try writer.close()
    return try #require(try AuditFolder.logs(in: folder.path).first)
  }

  private func verify(
    _ folder: AuditFolder, signer: UInt8 = 5
  ) throws -> AuditVerification.Report {
    let key = try SigningKey(rawBytes: [UInt8](repeating: signer, count: 32)).verifyingKey
    var verification = try AuditVerification(folder) { name in
      [NoteKey(name: name, key: key)].compactMap(\.self)
    }
    return try verification.run(isKeyTrusted: true)
  }

  /// Replaces a log's files by those of another one, but for what `keeps` names.
  private func forge(_ victim: AuditFolder, by other: AuditFolder, keeps: Set<String>) throws {
    for name in try FileSystem.names(in: other.path) where !keeps.contains(name) {
      let bytes = try FileSystem.read("\(other.path)/\(name)")
      try FileSystem.replace("\(victim.path)/\(name)", with: bytes)
    }
  }

  @Test func aWholeLogIsWhole() throws {
    let folder = try TemporaryFolder()
    let report = try verify(try make(folder, ["a", "b", "c"]))
    #expect(report.entryCount == 4 && report.signedCount == 4 && report.segmentCount == 1)
  }

  @Test func aRebuiltLogWithoutAnEntryIsFound() throws {
    let (folder, forged) = (try TemporaryFolder(), try TemporaryFolder())
    let log = try make(folder, ["a", "b", "c"])
    try forge(log, by: try make(forged, ["a", "c"]), keeps: ["checkpoint"])
    let error = #expect(throws: AuditReadError.self) { try verify(log) }
    #expect(error?.finding.hasSuffix("covers 4: the end is missing") == true)
  }

  @Test func aRebuiltLogWithAnotherEntryIsFound() throws {
    let (folder, forged) = (try TemporaryFolder(), try TemporaryFolder())
    let log = try make(folder, ["a", "b", "c"])
    try forge(log, by: try make(forged, ["a", "x", "c"]), keeps: ["checkpoint"])
    let error = #expect(throws: AuditReadError.self) { try verify(log) }
    #expect(error?.finding.contains("the history was forked or rewritten before entry 4") == true)
  }

  @Test func aForgersKeyIsNotTheOperators() throws {
    let (folder, forged) = (try TemporaryFolder(), try TemporaryFolder())
    let log = try make(folder, ["a", "b", "c"])
    try forge(log, by: try make(forged, ["a", "x", "c"], signer: 9), keeps: [])
    #expect(try verify(log, signer: 9).entryCount == 4)
    let error = #expect(throws: AuditReadError.self) { try verify(log) }
    #expect(error?.finding.hasPrefix("it is not signed by the key") == true)
  }

  /// Who has the operator's own key cannot contradict a checkpoint that was kept.
  @Test func aKeptCheckpointFindsAForkedHistory() throws {
    let (folder, forged) = (try TemporaryFolder(), try TemporaryFolder())
    let log = try make(folder, ["a", "b", "c"])
    let (note, kept) = try #require(try log.checkpoint())
    try forge(log, by: try make(forged, ["a", "x", "c", "d"]), keeps: [])
    #expect(try verify(log).entryCount == 5)
    let key = try SigningKey(rawBytes: [UInt8](repeating: 5, count: 32)).verifyingKey
    var verification = try AuditVerification(log) { name in
      [NoteKey(name: name, key: key)].compactMap(\.self)
    }
    #expect(try verification.demand(note, kept, path: "kept"))
    let error = #expect(throws: AuditReadError.self) {
      try verification.run(isKeyTrusted: true)
    }
    #expect(error?.finding.contains("checkpoint `kept` signs") == true)
  }

  /// Proofs of every entry, from the level files, hold.
  @Test func everyEntryOfALogIsProved() throws {
    let folder = try TemporaryFolder()
    let log = try make(folder, (0..<20).map { "entry \($0)" })
    let key = try SigningKey(rawBytes: [UInt8](repeating: 5, count: 32)).verifyingKey
    for index in 0..<21 as Range<UInt64> {
      let proof = try #require(try log.proof(of: index))
      let read = try #require(InclusionProof(parsing: proof.text))
      guard case .proved(let checkpoint) = read.check(key: { NoteKey(name: $0, key: key) }) else {
        Issue.record("entry \(index) is not proved")
        continue
      }
      #expect(checkpoint.size == 21 && read.index == index)
    }
    #expect(try log.proof(of: 21) == nil)
  }
}
