import Base
import Directory
import Edge
import Foundation
import Native
import Reactor
import StrictYAML
import Testing

@testable import homeward

/// A configuration with a signed directory in real files, loaded as the edge loads it.
@Suite struct SignedDirectoryTests {
  /// A folder with snapshot, log and keys; removed with the value.
  private final class Folder {
    let path = NSTemporaryDirectory() + "homeward-\(UUID().uuidString)"
    let signing = SigningKey()
    let hash = PatientHash(secret: [UInt8](repeating: 0x61, count: 32))
    let homes = ["us-west"]

    init(homes: String = "us-west") throws {
      try FileSystem.makeDirectory(path)
      try write("directory.key", String(repeating: "61", count: 32))
      try write("signer.pem", signing.verifyingKey.pem)
      let csv = Array("patient,home,residency,consent,flags\np1,\(homes),US-AZ,granted,\n".utf8)
      let snapshot = try unsafe csv.withUnsafeBytes { raw in
        try unsafe DirectorySnapshot.reading(raw, as: .csv, file: "p", hash: hash)
      }
      var bytes = snapshot.signedHeader(
        version: 1, built: Clock.wall(), lastDelta: 0, signer: signing)
      unsafe snapshot.withContent { unsafe bytes.append(contentsOf: $0) }
      try FileSystem.replace(path + "/patients.snapshot", with: bytes)
      try FileSystem.replace(
        path + "/patients.deltas",
        with: DeltaLog.header(
          base: 0, keyID: hash.keyID, made: Clock.wall(), signer: signing)
          + batch(1, .consent(try #require(hash.key(of: "p1")), .withdrawn)))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func batch(_ number: UInt64, _ change: DirectoryChange) -> [UInt8] {
      DeltaLog.batch(
        [change], number: number, time: Clock.wall(), homeNames: homes, keyID: hash.keyID,
        signer: signing)
    }

    func write(_ name: String, _ text: String) throws {
      try FileSystem.replace(path + "/" + name, with: Array(text.utf8))
    }

    /// Changes one file.
    func change(_ name: String, _ body: (inout [UInt8]) -> Void) throws {
      var bytes = try FileSystem.read(path + "/" + name)
      body(&bytes)
      try FileSystem.replace(path + "/" + name, with: bytes)
    }

    /// The directory, or the complaints without the folder's name.
    func load() -> (directory: PatientDirectory?, complaints: [String]) {
      let source = Configuration.SignedDirectory(
        snapshot: path + "/patients.snapshot", deltas: path + "/patients.deltas",
        key: path + "/directory.key", signer: path + "/signer.pem")
      let paths = ConfigurationPaths(folder: path, files: SystemFiles())
      let text =
        "{ snapshot: patients.snapshot, deltas: patients.deltas, key: directory.key,"
        + " signer: signer.pem }"
      let diagnostics = Diagnostics(file: "c", text: text)
      let reader = MappingReader(Document.parse(diagnostics), "`directory`", diagnostics)
      let read = Configuration.Directory(reader, paths)
      #expect(read.signed == source)
      let directory = ConfigurationLoad.signedDirectory(
        source, homes: ["us-east", "us-west"], paths, diagnostics)
      let complaints = diagnostics.sorted().map { complaint in
        "\(complaint.column) " + complaint.message.replacingOccurrences(of: path + "/", with: "")
      }
      return (directory, complaints)
    }
  }

  private func find(_ id: String, in directory: PatientDirectory) -> PatientEntry? {
    unsafe Array(id.utf8).withUnsafeBytes { unsafe directory.lookup($0) }
  }

  @Test func everythingIsInForceAfterTheLoad() throws {
    let folder = try Folder()
    let (loaded, complaints) = folder.load()
    #expect(complaints == [])
    let directory = try #require(loaded)
    #expect(find("p1", in: directory)?.consent == .withdrawn)
    #expect(find("p1", in: directory)?.homeIndex == 1)
    #expect((directory.ageSeconds(at: Clock.wall()) ?? 1_000) < 100)
    // What is appended is read from there; a file that took the log's place is read anew.
    let key = try #require(folder.hash.key(of: "p1"))
    let second = folder.batch(2, .consent(key, .granted))
    try folder.change("patients.deltas") { $0 += second }
    #expect(try directory.readDeltas().batchCount == 1)
    #expect(find("p1", in: directory)?.consent == .granted)
    let header = DeltaLog.header(
      base: 1, keyID: folder.hash.keyID, made: Clock.wall(), signer: folder.signing)
    let third = folder.batch(3, .remove(key))
    try folder.change("patients.deltas") { $0 = header + second + third }
    #expect(try directory.readDeltas().batchCount == 1)
    #expect(find("p1", in: directory) == nil)
    #expect(try directory.readDeltas() == PatientDirectory.DeltaProgress())
  }

  @Test func everyDamageIsRefused() throws {
    let folder = try Folder()
    try folder.change("patients.snapshot") { $0[4_100] ^= 1 }
    #expect(
      folder.load().complaints == [
        "13 `patients.snapshot`: its content differs from what was signed (chunk 0 of 1"
          + " MiB); copy or build it again"
      ])
    let second = try Folder()
    try second.change("patients.deltas") { $0[$0.count - 1] ^= 1 }
    #expect(
      second.load().complaints == [
        "40 `patients.deltas`: its signature is not the signer's; do not use it"
      ])
    let third = try Folder()
    try third.write("directory.key", String(repeating: "62", count: 32))
    #expect(
      third.load().complaints == [
        "13 `patients.snapshot`: it was made with another key for patient ids than the one"
          + " given"
      ])
    let fourth = try Folder(homes: "mars")
    #expect(
      fourth.load().complaints == [
        "13 `patients.snapshot`: home region `mars` is not a region of the policy"
      ])
    try fourth.write("signer.pem", SigningKey().verifyingKey.pem)
    #expect(
      fourth.load().complaints == [
        "13 `patients.snapshot`: its signature is not the signer's; do not use it"
      ])
  }
}
