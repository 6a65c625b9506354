import Base
import Native

@testable import Directory

/// The header of patients' files.
let header = "patient,home,residency,consent,flags\n"
/// The header with the column for merges.
let mergeHeader = "patient,home,residency,consent,flags,merged_into\n"
/// The hash of most tests.
let secretHash = PatientHash(secret: Array("a secret of at least 32 bytes, or so".utf8))
/// 2026-11-22T05:00:00Z.
let someTime = WallTime(microseconds: 1_795_323_600_000_000)

/// A signing key that is the same in each run.
func makeSigner(_ first: UInt8 = 1) throws -> SigningKey {
  try SigningKey(rawBytes: [first] + [UInt8](repeating: 7, count: 31))
}

/// Reads patients from text.
func readPatients(
  _ text: String, as format: DirectoryFormat = .csv, homes: [String] = [],
  hash: PatientHash = secretHash
) throws(DirectoryErrors) -> DirectorySnapshot {
  let bytes = Array(text.utf8)
  let result = unsafe bytes.withUnsafeBytes { raw in
    Result { () throws(DirectoryErrors) in
      try unsafe DirectorySnapshot.reading(
        raw, as: format, file: "p.csv", homeNames: homes, hash: hash)
    }
  }
  return try result.get()
}

/// Reads changes from text.
func readChanges(
  _ text: String, as format: DirectoryFormat = .csv, homes: [String] = ["us-west", "us-east"]
) throws(DirectoryErrors) -> [ChangeLine] {
  let bytes = Array(text.utf8)
  let result = unsafe bytes.withUnsafeBytes { raw in
    Result { () throws(DirectoryErrors) in
      try unsafe DirectoryChange.reading(
        raw, as: format, file: "c.csv", homeNames: homes, hash: secretHash)
    }
  }
  return try result.get()
}

/// The file of a snapshot.
func file(
  _ snapshot: DirectorySnapshot, version: UInt64 = 1, lastDelta: UInt64 = 0,
  signer: borrowing SigningKey
) -> [UInt8] {
  var bytes = snapshot.signedHeader(
    version: version, built: someTime, lastDelta: lastDelta, signer: signer)
  unsafe snapshot.withContent { unsafe bytes.append(contentsOf: $0) }
  return bytes
}

/// Opens a snapshot's file and verifies all of it.
func open(
  _ bytes: [UInt8], signer: VerifyingKey, keyID: UInt64 = secretHash.keyID
) throws(DirectoryFault) -> DirectorySnapshot {
  let snapshot = try DirectorySnapshot(
    DirectoryBytes(copying: bytes), signer: signer, keyID: keyID)
  try snapshot.verifyContent()
  return snapshot
}

extension PatientDirectory {
  /// The entry of `id`.
  func find(_ id: String) -> PatientEntry? {
    unsafe Array(id.utf8).withUnsafeBytes { unsafe lookup($0) }
  }

  /// Whether both ids are one person.
  func isSame(_ first: String, _ second: String) -> Bool {
    unsafe Array(first.utf8).withUnsafeBytes { first in
      unsafe Array(second.utf8).withUnsafeBytes { unsafe isSamePerson(first, $0) }
    }
  }

  /// Hands in bytes of the delta log.
  func receive(_ bytes: some Collection<UInt8>, startsFile: Bool = false) -> DeltaProgress {
    unsafe Array(bytes).withUnsafeBytes { unsafe receiveDeltas($0, startsFile: startsFile) }
  }
}

/// The key of `id` under the tests' hash.
func key(_ id: String) -> PatientKey {
  guard let key = secretHash.key(of: id) else { preconditionFailure("not an id") }
  return key
}

/// An entry at home in region 0 with residency US.
func entry(
  home: UInt8 = 0, _ consent: Consent = .granted, _ flags: PatientFlags = []
) -> PatientEntry {
  PatientEntry(
    homeIndex: home, residency: Place("US-AZ") ?? .unknown, consent: consent, flags: flags)
}
