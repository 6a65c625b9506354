internal import Base
public import Native

/// The size and root of a log's tree at one time: C2SP tlog-checkpoint.
public struct Checkpoint: Equatable, Sendable {
  /// Names the log for all times and places.
  public var origin: String
  /// How many entries it covers.
  public var size: UInt64
  /// The root over them.
  public var root: SHA256Digest

  /// Makes a checkpoint.
  public init(origin: String, size: UInt64, root: SHA256Digest) {
    self.origin = origin
    self.size = size
    self.root = root
  }

  /// Reads the text of a checkpoint's note; extension lines are passed over. Nil for anything else.
  public init?(text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count >= 4, lines.last == "", !lines[0].isEmpty,
      let size = UInt64(lines[1]), String(size) == lines[1],
      let root = Self.digest(base64: lines[2])
    else { return nil }
    self.init(origin: String(lines[0]), size: size, root: root)
  }

  /// The text that is signed.
  public var text: String { "\(origin)\n\(size)\n\(Self.base64(root))\n" }

  /// A hash as it stands in checkpoints and proofs.
  public static func base64(_ digest: SHA256Digest) -> String {
    unsafe Base64.encode(digest.withBytes { unsafe [UInt8]($0) })
  }

  /// Reads such a hash.
  public static func digest(base64 text: some StringProtocol) -> SHA256Digest? {
    guard let bytes = Base64.decode(text) else { return nil }
    return unsafe bytes.withUnsafeBytes { unsafe SHA256Digest($0) }
  }
}

/// An entry with all that shows it to be in a log: C2SP tlog-proof. The entry itself is the extra.
public struct InclusionProof: Equatable, Sendable {
  /// The entry as stored.
  public var entry: [UInt8]
  /// Its place in the tree.
  public var index: UInt64
  /// The hashes from the leaf to the root.
  public var path: [SHA256Digest]
  /// The signed checkpoint that they lead to.
  public var note: SignedNote

  private static let magic = "c2sp.org/tlog-proof@v1"

  /// Makes a proof.
  public init(entry: [UInt8], index: UInt64, path: [SHA256Digest], note: SignedNote) {
    self.entry = entry
    self.index = index
    self.path = path
    self.note = note
  }

  /// Reads a proof; nil when it is malformed.
  public init?(parsing text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let gap = lines.firstIndex(of: ""), gap >= 3, lines[0] == Self.magic,
      lines[1].hasPrefix("extra "), let entry = Base64.decode(lines[1].dropFirst(6)),
      lines[2].hasPrefix("index "), let index = UInt64(lines[2].dropFirst(6)),
      gap - 3 <= 63,
      let note = SignedNote(parsing: lines[(gap + 1)...].joined(separator: "\n"))
    else { return nil }
    let path = lines[3..<gap].compactMap { Checkpoint.digest(base64: $0) }
    guard path.count == gap - 3 else { return nil }
    self.init(entry: entry, index: index, path: path, note: note)
  }

  /// The proof as a text file.
  public var text: String {
    var lines = [Self.magic, "extra \(Base64.encode(entry))", "index \(index)"]
    lines += path.map(Checkpoint.base64)
    return lines.joined(separator: "\n") + "\n\n" + note.description
  }

  /// What a check found.
  public enum Verdict: Equatable, Sendable {
    /// The entry is in the log that `checkpoint` describes, and `key` signed that.
    case proved(Checkpoint)
    /// The note below is no checkpoint.
    case notACheckpoint
    /// The checkpoint is not signed by the key.
    case unsigned
    /// The hashes do not lead from the entry to the root.
    case notIncluded
  }

  /// Checks the proof offline; `key` gives the key by the origin that the checkpoint claims.
  public func check(key: (_ origin: String) -> NoteKey?) -> Verdict {
    check(keys: { origin in key(origin).map { [$0] } ?? [] })
  }

  /// The same with several keys, one of which must have signed.
  public func check(keys: (_ origin: String) -> [NoteKey]) -> Verdict {
    guard let checkpoint = Checkpoint(text: note.text) else { return .notACheckpoint }
    guard keys(checkpoint.origin).contains(where: note.isSigned) else { return .unsigned }
    var hasher = MerkleHasher()
    let leaf = hasher.leaf(entry)
    return MerkleProofs.isIncluded(
      leaf, index: index, size: checkpoint.size, proof: path, root: checkpoint.root)
      ? .proved(checkpoint) : .notIncluded
  }
}
