internal import ArgumentParser
internal import Audit
internal import Edge
internal import Reactor

/// `homeward audit prove`: one entry with all that shows it to be in the log.
struct AuditProveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prove",
    abstract: "Print a proof that an entry is in the log.",
    discussion: """
      The proof is a text (c2sp.org/tlog-proof@v1) that anybody can check offline with the \
      operator's public key: the entry, its index, the hashes up to the root, and the signed \
      checkpoint. It shows nothing of other entries.

      Example:
        homeward audit prove deploy/run/audit 01a201a871162daac83c032db1421b67 > decision.proof

      Exit status: 0 done, 1 no such entry or it is not signed yet, 2 wrong usage.
      """)

  @Argument(help: ArgumentHelp("The log's folder.", valueName: "dir"))
  var directory: String

  @Argument(help: ArgumentHelp("A decision's id, or an entry's index.", valueName: "id"))
  var id: String

  @Flag(name: .long, help: "Prove the decision's outcome instead.")
  var outcome = false

  /// Finds the entry and prints its proof.
  func run() throws {
    try readingAudit {
      let folders = try AuditFolder.logs(in: directory)
      if isIndex, folders.count > 1 {
        throw ValidationError(
          "`\(directory)` holds \(folders.count) logs, each with an entry \(id); name the log's own"
            + " folder, or a decision's id")
      }
      for folder in folders.reversed() {
        guard let index = try find(in: folder) else { continue }
        guard let proof = try folder.proof(of: index) else {
          throw AuditReadError(
            path: folder.path,
            finding: "entry \(index) is not under a checkpoint yet; ask again in a second")
        }
        StandardStream.output.write(proof.text)
        return
      }
      throw AuditReadError(path: directory, finding: "holds no \(id)")
    }
  }

  /// Whether an entry is named by its place in a log.
  private var isIndex: Bool { id.utf8.count < 20 && UInt64(id) != nil }

  /// Where the entry stands.
  private func find(in folder: AuditFolder) throws -> UInt64? {
    if isIndex { return UInt64(id) }
    var query = SearchQuery()
    query.decision = try decisionID(id)
    var found: UInt64?
    var keys: LogKeys?
    _ = try AuditSearch.run(query, in: folder, keys: &keys) { hit in
      if case .outcome = hit.record, !outcome { return true }
      if case .decision = hit.record, outcome { return true }
      found = hit.index
      return false
    }
    return found
  }
}

/// `homeward audit check-proof`: checks a proof, offline.
struct AuditCheckProofCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-proof",
    abstract: "Check a proof that an entry is in a log, and print the entry.",
    discussion: """
      Needs the proof and the operator's public key, and nothing else.

      Example:
        homeward audit check-proof decision.proof --key deploy/run/signing.key.pub

      Exit status: 0 proved, 1 not, 2 wrong usage.
      """)

  @Argument(help: ArgumentHelp("The proof.", valueName: "file"))
  var path: String

  @OptionGroup var keyOption: AuditKeyOption

  @Flag(name: .long, help: "The entry as one JSON object.")
  var json = false

  /// Checks and prints.
  func run() throws {
    guard let keys = try keyOption.lookup() else {
      throw ValidationError("a proof is worth the key it is checked with; give --key")
    }
    let bytes: [UInt8]
    do throws(SystemError) { bytes = try FileSystem.read(path, byteCountMax: 1 << 20) } catch {
      throw ValidationError("`\(path)`: \(error)")
    }
    try readingAudit {
      guard let proof = InclusionProof(parsing: String(decoding: bytes, as: UTF8.self)) else {
        throw AuditReadError(path: path, finding: "it is no proof (c2sp.org/tlog-proof@v1)")
      }
      switch proof.check(keys: keys) {
      case .notACheckpoint:
        throw AuditReadError(path: path, finding: "it ends in no checkpoint")
      case .unsigned:
        throw AuditReadError(path: path, finding: "its checkpoint is not signed by that key")
      case .notIncluded:
        throw AuditReadError(
          path: path, finding: "its hashes do not lead from the entry to the signed root")
      case .proved(let checkpoint):
        try show(proof, checkpoint)
      }
    }
  }

  private func show(_ proof: InclusionProof, _ checkpoint: Checkpoint) throws {
    var keys: LogKeys?
    let record = unsafe proof.entry.withUnsafeBytes { unsafe auditRecord($0, &keys) }
    guard let record else {
      throw AuditReadError(path: path, finding: "the entry is of a kind that is not known here")
    }
    if json {
      StandardStream.output.write(AuditText.json(record, index: proof.index) + "\n")
      return
    }
    StandardStream.output.write(
      "proved: entry \(proof.index) of \(checkpoint.origin), which had \(checkpoint.size) entries\n"
        + AuditText.readable(record, index: proof.index))
  }
}
