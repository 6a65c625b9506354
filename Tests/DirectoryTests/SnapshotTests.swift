import Base
import Native
import Testing

@testable import Directory

private let patients =
  mergeHeader + "p1,us-west,US-AZ,granted,,\np2,us-east,DE,withdrawn,vip+part2,\n"
  + "p3,us-west,GB-ENG,unknown,behavioral+reproductive,\nold,,,,,older\nolder,,,,,p2\n"
  + (0..<60).map { "q\($0),us-east,US-N\($0 % 10),granted,,\n" }.joined()

@Test func aSnapshotSurvivesItsFile() throws {
  let signer = try makeSigner()
  let made = try readPatients(patients)
  let read = try open(
    file(made, version: 3, lastDelta: 9, signer: signer), signer: signer.verifyingKey)
  #expect(read.header.version == 3)
  #expect(read.header.lastDelta == 9)
  #expect(read.header.built == someTime)
  #expect(read.header.patientCount == 65)
  #expect(read.header.homeNames == ["us-west", "us-east"])
  let directory = try PatientDirectory(
    read, hash: secretHash, homeNames: ["us-central", "us-east", "us-west"],
    signer: signer.verifyingKey)
  let place = try #require(Place("GB-ENG"))
  #expect(
    directory.find("p3")
      == PatientEntry(
        homeIndex: 2, residency: place, consent: .unknown, flags: [.behavioral, .reproductive]))
  #expect(directory.find("p2")?.residency == Place("DE"))
  #expect(directory.find("q7")?.residency == Place("US-N7"))
  #expect(directory.find("q60") == nil)
}

@Test func aMergedIdIsTheSurvivor() throws {
  let directory = try PatientDirectory(try readPatients(patients), hash: secretHash)
  var survivor = try #require(directory.find("p2"))
  survivor.flags.insert(.merged)
  #expect(directory.find("old") == survivor)
  #expect(directory.find("older") == survivor)
  #expect(directory.isSame("old", "p2"))
  #expect(directory.isSame("older", "old"))
  #expect(!directory.isSame("old", "p1"))
  #expect(!directory.isSame("nobody", "nobody"))
}

@Test func noPatientStandsInTheFile() throws {
  let id = "patient-0815"
  let signer = try makeSigner()
  let snapshot = try readPatients(header + "\(id),us-west,US-AZ,granted,\n")
  let text = String(decoding: file(snapshot, signer: signer), as: UTF8.self)
  #expect(text.contains("us-west"))
  #expect(!text.contains("0815"))
}

@Test func anyFlippedByteIsFound() throws {
  let signer = try makeSigner()
  let good = file(try readPatients(patients), signer: signer)
  _ = try open(good, signer: signer.verifyingKey)
  for index in good.indices {
    var bad = good
    bad[index] ^= 1 << UInt8(index % 8)
    #expect(throws: DirectoryFault.self, "byte \(index)") {
      try open(bad, signer: signer.verifyingKey)
    }
  }
}

@Test func anyOtherLengthIsFound() throws {
  let signer = try makeSigner()
  let good = file(try readPatients(patients), signer: signer)
  for count in 0..<good.count {
    #expect(throws: DirectoryFault.self, "\(count) bytes") {
      try open(Array(good[..<count]), signer: signer.verifyingKey)
    }
  }
  #expect(throws: DirectoryFault.length(expected: good.count, found: good.count + 1)) {
    try open(good + [0], signer: signer.verifyingKey)
  }
}

@Test func othersKeysAreRefused() throws {
  let signer = try makeSigner()
  let other = try makeSigner(2)
  let good = file(try readPatients(patients), signer: signer)
  #expect(throws: DirectoryFault.signature) { try open(good, signer: other.verifyingKey) }
  #expect(throws: DirectoryFault.otherKey) {
    try open(good, signer: signer.verifyingKey, keyID: 1)
  }
  #expect(throws: DirectoryFault.unknownHome("us-east")) {
    try PatientDirectory(try readPatients(patients), hash: secretHash, homeNames: ["us-west"])
  }
}

@Test func theDamagedChunkIsNamed() throws {
  let signer = try makeSigner()
  let text = header + (0..<100_000).map { "p\($0),us-west,US,granted,\n" }.joined()
  var bytes = file(try readPatients(text), signer: signer)
  bytes[bytes.count - 1] ^= 1
  let chunks = 125_000 * SlotTable.byteCount / DirectoryLimits.chunkByteCount
  #expect(throws: DirectoryFault.content(chunk: chunks)) {
    try open(bytes, signer: signer.verifyingKey)
  }
}

/// A look-up is safe before the content was verified, whatever lies there.
@Test(arguments: 0..<20 as Range<UInt64>)
func lookUpsInNoiseEnd(seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  let signer = try makeSigner()
  var bytes = file(try readPatients(patients), signer: signer)
  let start = SnapshotHeader.alignment
  for index in start..<bytes.count where UInt64.random(in: 0..<4, using: &random) == 0 {
    bytes[index] = UInt8.random(in: .min ... .max, using: &random)
  }
  let snapshot = try DirectorySnapshot(
    DirectoryBytes(copying: bytes), signer: signer.verifyingKey, keyID: secretHash.keyID)
  #expect(throws: DirectoryFault.self) { try snapshot.verifyContent() }
  let directory = try PatientDirectory(snapshot, hash: secretHash)
  for index in 0..<200 { _ = directory.find("q\(index)") }
  directory.forEach { _, word, _ in #expect(word != .empty) }
}

@Test(arguments: 0..<200 as Range<UInt64>)
func anyWordIsAnEntry(seed: UInt64) {
  var random = SplitMix64(seed: seed)
  let word = EntryWord(bits: random.next() & ~3 | 1)
  let entry = word.entry
  #expect(EntryWord(entry).entry == entry)
  if word.isWellFormed(homeCount: 255, slotCount: 0) { #expect(EntryWord(entry) == word) }
}

@Test func theOrderOfLinesDoesNotMatter() throws {
  let lines = (0..<500).map { "p\($0),us-west,US-AZ,granted,\n" }
  let signer = try makeSigner()
  let one = file(try readPatients(header + lines.joined()), signer: signer)
  let other = file(try readPatients(header + lines.reversed().joined()), signer: signer)
  #expect(one == other)
}

@Test(arguments: [
  ("a,,,,,b\n", "p.csv:2:7: the patient that this one was merged into has no line"),
  ("a,,,,,b\nb,,,,,a\n", "p.csv:2:7: this merge leads in a circle, or over more than 8 patients"),
  ("a,,,,,a\n", "p.csv:2:7: this merge leads in a circle, or over more than 8 patients"),
  (
    "a,us-west,,,,b\n",
    "p.csv:2:3: `home` must be empty: it stands with the patient that this one"
      + " was merged into"
  ),
  ("a,,,,,b b\n", "p.csv:2:7: the patient id must be 1 to 64 letters, digits, `-` or `.`"),
])
func mergesThatLeadNowhereAreRefused(lines: String, message: String) {
  let errors = #expect(throws: DirectoryErrors.self) { try readPatients(mergeHeader + lines) }
  #expect(errors?.errors.first?.description == message)
}

@Test func aLongChainOfMergesIsFollowedToItsBound() throws {
  func chain(_ count: Int) -> String {
    mergeHeader + (0..<count).map { "m\($0),,,,,m\($0 + 1)\n" }.joined()
      + "m\(count),us-west,US,granted,,\n"
  }
  let directory = try PatientDirectory(try readPatients(chain(8)), hash: secretHash)
  #expect(directory.find("m0")?.homeIndex == 0)
  #expect(throws: DirectoryErrors.self) { try readPatients(chain(9)) }
}

@Test(arguments: [0, 1, 2, 7, 8, 9, 100, 5_000])
func snapshotsOfAnySizeAreWellFormed(count: Int) throws {
  let signer = try makeSigner()
  let text = header + (0..<count).map { "p\($0),us-west,US-AZ,granted,\n" }.joined()
  let bytes = file(try readPatients(text), signer: signer)
  let snapshot = try open(bytes, signer: signer.verifyingKey)
  let directory = try PatientDirectory(snapshot, hash: secretHash)
  #expect((0..<count).allSatisfy { directory.find("p\($0)") != nil })
  #expect((count..<count + 100).allSatisfy { directory.find("p\($0)") == nil })
}
