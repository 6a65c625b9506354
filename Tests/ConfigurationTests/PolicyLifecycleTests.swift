import Base
import Control
import Foundation
import Native
import Policy
import Reactor
import StrictYAML
import Testing

@testable import homeward

/// A configuration whose policy has versions, and a state with one in force.
private struct VersionedFiles {
  static let text = TestFiles.minimal.replacing(
    "policy: { file: policy.yaml }",
    with: "policy: { directory: ward, state: state,"
      + " approvals: { required: 1, officers: officers.yaml } }")

  var files = TestFiles()
  /// The secret half of the officer's key.
  let seed = [UInt8](repeating: 5, count: 32)

  init() throws {
    let signer = try SigningKey(rawBytes: seed)
    files.folders.insert("conf/state")
    files.contents["conf/officers.yaml"] = Array(
      "officers: [{ name: amina, key: \"\(signer.verifyingKey.text)\" }]\n".utf8)
  }

  /// Puts the smallest policy into force in a state of real files, and copies that here.
  mutating func activate() throws {
    let folder = try TemporaryState()
    let path = folder.path + "/0001.yaml"
    try FileSystem.replace(path, with: Array(TestFiles.policy(["us-west"]).utf8))
    let file = try VersionFile(path, SystemStorage())
    let checks = VersionChecks.standard(regionNames: ["us-west"])
    let policy = try #require(file.policy)
    let signer = try SigningKey(rawBytes: seed)
    let time = WallTime(microseconds: 1_795_323_600_000_000)
    let approval = Approval(
      of: ApprovalSubject(
        policy: policy.name, version: 1, content: file.hash,
        report: ContentHash(of: Array(checks.proofs(policy).text.utf8))),
      by: "amina", with: signer, at: time)
    try FileSystem.replace(file.approvalsPath, with: Approvals([approval]).bytes)
    do {
      var lifecycle = try PolicyLifecycle(
        PolicyState(folder.path + "/state"),
        rule: ApprovalRule(
          required: 1, officers: [Officer(name: "amina", key: signer.verifyingKey)]),
        checks: checks, storage: SystemStorage(), at: time)
      _ = try lifecycle.activate(try VersionFile(path, SystemStorage()))
    }
    for name in ["active", "history"] {
      files.contents["conf/state/" + name] = try FileSystem.read("\(folder.path)/state/\(name)")
    }
    for name in try FileSystem.names(in: folder.path + "/state/versions") {
      files.contents["conf/state/versions/" + name] = try FileSystem.read(
        "\(folder.path)/state/versions/\(name)")
    }
  }

  /// What `homeward check` finds.
  func complaints(_ text: String = text) -> [String] {
    TestFiles.load(text, files: files).diagnostics.map(short)
  }
}

@Suite struct PolicyLifecycleTests {
  @Test func theVersionInForceIsUsedWithoutItsFolder() throws {
    var files = try VersionedFiles()
    try files.activate()
    let load = TestFiles.load(VersionedFiles.text, files: files.files)
    #expect(load.diagnostics.map(short) == [])
    #expect(load.policy?.version == 1)
    #expect(load.active?.officers == ["amina"])
    #expect(load.configuration?.policy.lifecycle?.directory == "conf/ward")
    let report = CheckReport(file: "conf/edge.yaml", load: load)
    #expect(report.summary.contains("small version 1"))
    #expect(report.summary.contains("approved by amina"))
  }

  @Test func withoutAVersionTheCommandIsNamed() throws {
    let files = try VersionedFiles()
    #expect(
      files.complaints() == [
        "6:35: error: no version of the policy is in force yet; `homeward policy activate --config"
          + " conf/edge.yaml` puts one into force [E415]"
      ])
  }

  @Test func aChangedArchiveIsAnError() throws {
    var files = try VersionedFiles()
    try files.activate()
    let path = try #require(
      files.files.contents.keys.first {
        $0.hasPrefix("conf/state/versions/") && $0.hasSuffix("yaml")
      }
    )
    files.files.contents[path]?.append(0x0A)
    #expect(files.complaints().count == 1)
    #expect(files.complaints()[0].hasPrefix("6:35: error: `\(path)` was changed after"))
    #expect(files.complaints()[0].hasSuffix("[E416]"))
  }

  @Test func aChangedHistoryIsAWarning() throws {
    var files = try VersionedFiles()
    try files.activate()
    files.files.contents["conf/state/history"]?[3] ^= 1
    let load = TestFiles.load(VersionedFiles.text, files: files.files)
    #expect(load.policy?.version == 1)
    #expect(load.configuration != nil)
    #expect(load.diagnostics.map(\.code) == ["W404"])
  }

  @Test(arguments: [
    ("required: 1", "required: 0", "6:65: error: `required` must be from 1 to 20, not 0 [E206]"),
    (
      "required: 1", "required: 2",
      "6:78: warning: 2 approvals are required, but only 1 officer can sign; no version can be"
        + " activated [W404]"
    ),
    (
      "state: state,", "state: state, file: policy.yaml,",
      "6:22: error: `directory` has no meaning beside `file`: a policy is one file, or has versions"
        + " in a `directory` [E410]"
    ),
    ("directory: ward, ", "", "6:9: error: `policy` needs the key `directory` [E202]"),
    (
      "officers.yaml", "officers.yml",
      "6:78: error: file `conf/officers.yml` for `officers` does not exist [E403]; did you mean"
        + " `officers.yaml`?"
    ),
  ])
  func mistakes(old: String, new: String, complaint: String) throws {
    var files = try VersionedFiles()
    try files.activate()
    let found = files.complaints(VersionedFiles.text.replacing(old, with: new))
    #expect(found.contains(complaint), "\(found)")
  }

  @Test func settingsForCommandsNeedTheirPartOnly() throws {
    var files = try VersionedFiles()
    files.files.contents["conf/edge.yaml"] = Array(
      VersionedFiles.text.replacing("edge.pem", with: "gone.pem").utf8)
    let (settings, complaints) = LifecycleSettings.load("conf/edge.yaml", files: files.files)
    #expect(complaints.map(short) == [])
    #expect(settings?.regionNames == ["us-west"])
    #expect(settings?.rule.required == 1)
    files.files.contents["conf/edge.yaml"] = Array(TestFiles.minimal.utf8)
    let (none, why) = LifecycleSettings.load("conf/edge.yaml", files: files.files)
    #expect(none == nil)
    #expect(why.map(\.code) == ["E410"])
  }
}

/// A folder of real files, gone with its last user.
private final class TemporaryState {
  let path = NSTemporaryDirectory() + "/homeward-\(UUID().uuidString)"

  init() throws { try FileSystem.makeDirectory(path) }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
