import Native
import Testing

@testable import Audit

/// A fixed key, so that the texts are fixed too (RFC 8032: Ed25519 draws nothing at random).
private func signer() throws -> SigningKey { try SigningKey(rawBytes: Array(0..<32)) }

private func key(_ name: String = "edge/audit/clinical/1") throws -> NoteKey {
  try #require(NoteKey(name: name, key: try signer().verifyingKey))
}

@Test func aCheckpointIsASignedNote() throws {
  let checkpoint = Checkpoint(
    origin: "edge/audit/clinical/1", size: 7, root: SHA256.hash([UInt8]()))
  let note = SignedNote(checkpoint.text, key: try key(), signer: try signer())
  let lines = note.description.split(separator: "\n", omittingEmptySubsequences: false)
  #expect(lines.count == 6)
  #expect(
    lines[..<4] == [
      "edge/audit/clinical/1", "7", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "",
    ])
  #expect(lines[4].hasPrefix("\u{2014} edge/audit/clinical/1 "))
  let read = try #require(SignedNote(parsing: note.description))
  #expect(read == note)
  #expect(read.isSigned(by: try key()))
  #expect(!read.isSigned(by: try key("other")))
  let stranger = try #require(
    NoteKey(name: "edge/audit/clinical/1", key: SigningKey().verifyingKey))
  #expect(!read.isSigned(by: stranger))
  #expect(Checkpoint(text: read.text) == checkpoint)
  let forged = note.description.replacing("\n7\n", with: "\n8\n")
  #expect(try #require(SignedNote(parsing: forged)).isSigned(by: try key()) == false)
}

@Test func verifierKeysRoundTripAndTheirHashIsChecked() throws {
  let text = try key().text
  #expect(NoteKey(text: text) == (try key()))
  let parts = text.split(separator: "+", maxSplits: 2)
  #expect(NoteKey(text: "\(parts[0])+00000000+\(parts[2])") == nil)
  #expect(NoteKey(text: "a b+\(parts[1])+\(parts[2])") == nil)
  #expect(NoteKey(text: "\(parts[0])+\(parts[1])") == nil)
}

/// The example of the specification of Go's notes, whose verifier key is published.
@Test func aPublishedNoteIsAccepted() throws {
  let key = try #require(
    NoteKey(text: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"))
  let text =
    "If you think cryptography is the answer to your problem,\n"
    + "then you don't know what your problem is.\n"
  let signature =
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
  let note = try #require(
    SignedNote(parsing: text + "\n\u{2014} PeterNeumann \(signature)\n"))
  #expect(note.isSigned(by: key))
}

@Test(arguments: [
  "", "text\n", "text\n\n", "text\n\n\u{2014} a AAAAAAA=", "\n\u{2014} a AAAAAAA=\n",
  "text\n\n\u{2014} a AAAA\n", "text\n\n\u{2014} a b AAAAAAA=\n", "text\n\n- a AAAAAAA=\n",
  "te\u{1}xt\n\n\u{2014} a AAAAAAA=\n", "text\n\n\u{2014} a+b AAAAAAA=\n",
  "text\n\n\u{2014} a AAAAAAB=\n", "text\n\n\u{2014} a AAAAAAA\n", "text\n\n\u{2014}  AAAAAAA=\n",
])
func malformedNotesAreRefused(note: String) {
  #expect(SignedNote(parsing: note) == nil)
}

@Test(arguments: [
  "", "o\n1\n", "o\n01\nAAAA\n", "\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
  "o\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
  "o\n01\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "o\n1\n47DEQpj8HBSa\n",
])
func malformedCheckpointsAreRefused(text: String) {
  #expect(Checkpoint(text: text) == nil)
}

@Test func aProofIsATextThatChecksOffline() throws {
  var hasher = MerkleHasher()
  let entries = (0..<5).map { Array("entry \($0)".utf8) }
  var tree = NaiveTree()
  tree.leaves = entries.map { hasher.leaf($0) }
  let checkpoint = Checkpoint(origin: "edge/audit/clinical/1", size: 5, root: tree.root(0..<5))
  let note = SignedNote(checkpoint.text, key: try key(), signer: try signer())
  let proof = InclusionProof(entry: entries[3], index: 3, path: tree.path(3, 0..<5), note: note)
  let read = try #require(InclusionProof(parsing: proof.text))
  #expect(read == proof)
  let own = try key()
  #expect(read.check { _ in own } == .proved(checkpoint))
  #expect(read.check { _ in nil } == .unsigned)
  var other = read
  other.entry = entries[2]
  #expect(other.check { _ in own } == .notIncluded)
  other = read
  other.index = 2
  #expect(other.check { _ in own } == .notIncluded)
  #expect(InclusionProof(parsing: proof.text.replacing("index 3", with: "index x")) == nil)
}
