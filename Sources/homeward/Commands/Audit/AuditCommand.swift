internal import ArgumentParser
internal import Audit
internal import Edge
internal import Native
internal import Reactor

/// `homeward audit`: what was decided, and why; and the proof that nothing is missing or altered.
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Read, verify and prove the audit log.",
    discussion: """
      `hold`, `expire` and `shred` write the control log beside those of the edge, which may run; \
      `index`, `keys` and `bench` make files of their own. All others read only, and work on the \
      log of a running edge and on a copy. \
      DIR is the folder of the configuration (`audit.directory`), or one log's folder in it.
      """,
    subcommands: [
      AuditShowCommand.self, AuditTailCommand.self, AuditVerifyCommand.self,
      AuditProveCommand.self, AuditCheckProofCommand.self, AuditExportCommand.self,
      AuditStatsCommand.self, AuditReplayCommand.self, AuditSearchCommand.self,
      AuditIndexCommand.self, AuditKeysCommand.self, AuditBenchCommand.self,
      AuditHoldCommand.self, AuditExpireCommand.self, AuditShredCommand.self,
    ])
}

/// The public key by which a reader checks a log.
struct AuditKeyOption: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The public key that the log must be signed with, got from its operator: the PEM file that"
        + " `audit keys` made, or a verifier key. May be repeated: one of them must have signed.",
      valueName: "file"))
  var key: [String] = []

  /// The keys by a log's origin; nil without the option.
  func lookup() throws -> ((String) -> [NoteKey])? {
    if key.isEmpty { return nil }
    let all = try key.map(lookup)
    return { origin in all.compactMap { $0(origin) } }
  }

  /// The key of one file by a log's origin.
  private func lookup(_ path: String) throws -> (String) -> NoteKey? {
    let bytes: [UInt8]
    do throws(SystemError) { bytes = try FileSystem.read(path, byteCountMax: 1 << 16) } catch {
      throw ValidationError("`\(path)`: \(error)")
    }
    let text = String(decoding: bytes, as: UTF8.self)
    if let key = NoteKey(text: text.hasSuffix("\n") ? text.dropLast() : text[...]) {
      return { $0 == key.name ? key : nil }
    }
    do throws(TLSError) {
      let key = try VerifyingKey(pemFile: path)
      return { NoteKey(name: $0, key: key) }
    } catch {
      throw ValidationError("`\(path)` is neither an Ed25519 public key (PEM) nor a verifier key")
    }
  }
}

/// The operator's key that opens sealed fields.
struct AuditUnsealOption: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The key of `audit.pseudonym_key`: shows addresses, subjects, stated reasons and"
        + " patients, which are sealed otherwise.", valueName: "file"))
  var unseal: String?

  /// The keys of a log; nil without the option, or when they were shredded.
  func keys(of folder: AuditFolder) throws -> LogKeys? {
    guard let path = unseal else { return nil }
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try FileSystem.read(path, byteCountMax: PseudonymKey.fileByteCountMax)
    } catch {
      throw ValidationError("`\(path)`: \(error)")
    }
    guard let key = PseudonymKey.key(from: bytes) else {
      throw ValidationError("`\(path)` is too short for a key")
    }
    return try folder.keys(operatorKey: key)
  }
}

/// Runs a reading command's body: what is wrong with the log goes to stderr, with status 1.
func readingAudit(_ body: () throws -> Void) throws {
  do { try body() } catch let error as AuditReadError {
    StandardStream.error.write("homeward: \(error)\n")
    throw ExitCode(1)
  }
}

/// The record of an entry; nil when this program cannot read it.
func auditRecord(
  _ entry: UnsafeRawBufferPointer, _ keys: inout LogKeys?
) -> AuditRecord? {
  let opened = unsafe keys?.open(entry) ?? []
  return try? unsafe AuditRecord(decoding: entry, opened: opened)
}
