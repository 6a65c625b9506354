internal import ArgumentParser
internal import Audit
internal import Base
internal import Edge
internal import Native
internal import Reactor

/// `homeward audit verify`: recomputes everything that a log claims.
struct AuditVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Prove that an audit log is whole and unaltered.",
    discussion: """
      Recomputes checksums, every leaf and node of the tree, the files of tile hashes, the signed \
      checkpoint, and the account of each heartbeat (decided = committed + refused + lost + \
      pending, recounted). Without --key the log's own published key is used, which finds damage \
      but not a forger who made a new key. Logs of several retention classes are also held against \
      each other: their heartbeats must add up to what the edge states. With --since, the log \
      must contain the tree of an earlier checkpoint: keep one elsewhere now and then, and \
      nobody can rewrite the history before it.

      A shredded log is whole, and said to be shredded. Of an expired one the checkpoint, the \
      first entry under it and the control log's record of its expiry are checked; entries that \
      are gone without such a record are a fault.

      Processes that ended without a stop record are named (not with --json, which is a list of \
      logs): their accounts hold up to their last heartbeat.

      Examples:
        homeward audit verify deploy/run/audit --key deploy/run/signing.key.pub
        homeward audit verify copy/ --since checkpoint-of-last-month

      Exit status: 0 whole, 1 the first fault is named on stderr, 2 wrong usage.
      """)

  @Argument(help: ArgumentHelp("The log's folder.", valueName: "dir"))
  var directory: String

  @OptionGroup var keyOption: AuditKeyOption

  @Option(
    name: .long,
    help: ArgumentHelp("A checkpoint that was kept; may be repeated.", valueName: "checkpoint"))
  var since: [String] = []

  @Flag(name: .long, help: "The result as JSON, a list with one object a log.")
  var json = false

  /// Verifies each log of the folder.
  func run() throws {
    let key = try keyOption.lookup()
    var kept: [(path: String, note: SignedNote, value: Checkpoint)] = []
    for path in since {
      let text: String
      do throws(SystemError) {
        text = String(decoding: try FileSystem.read(path, byteCountMax: 1 << 16), as: UTF8.self)
      } catch {
        throw ValidationError("`\(path)`: \(error)")
      }
      do throws(AuditReadError) {
        let (note, value) = try AuditFolder.checkpoint(text, path: path)
        kept.append((path, note, value))
      } catch {
        throw ValidationError("\(error)")
      }
    }
    try readingAudit {
      var reports: [JSONValue] = []
      var totals = TotalCheck()
      let folders = try AuditFolder.logs(in: directory)
      let ledger = try AuditLedger.read(folders)
      for chain in try AuditFolder.chains(folders) {
        var last: (path: String, value: Checkpoint)?
        for (name, folder) in chain {
          guard !folder.isExpired else {
            let deed = try AuditVerification.expired(folder, name, ledger, keys: key)
            kept.removeAll { $0.value.origin == name.origin }
            try checkPredecessor(of: folder, last)
            if let (_, value) = try folder.checkpoint() { last = (folder.path, value) }
            if json { reports.append(value(name, deed)) } else { write(name, deed) }
            continue
          }
          var verification = try AuditVerification(folder, keys: key)
          var others: [(path: String, note: SignedNote, value: Checkpoint)] = []
          for one in kept {
            let isOfThisLog = try verification.demand(one.note, one.value, path: one.path)
            if !isOfThisLog { others.append(one) }
          }
          kept = others
          totals.begin(name.origin, follows: last != nil)
          let report = try verification.run(isKeyTrusted: key != nil, totals: &totals)
          try checkPredecessor(of: folder, last)
          if let (_, value) = try folder.checkpoint() { last = (folder.path, value) }
          let standing = try AuditVerification.standing(folder, name, ledger)
          if json {
            reports.append(value(of: report, standing))
          } else {
            write(report, standing)
          }
        }
      }
      if let finding = totals.finish().finding {
        throw AuditReadError(path: directory, finding: finding)
      }
      if json {
        StandardStream.output.write("\(JSONValue.list(reports))\n")
      } else {
        write(totals.breaks)
      }
      guard let stray = kept.first else { return }
      throw AuditReadError(
        path: stray.path, finding: "it is of the log `\(stray.value.origin)`, which is not there")
    }
  }

  /// A log that follows another one in the folder names its last checkpoint.
  private func checkPredecessor(
    of folder: AuditFolder, _ last: (path: String, value: Checkpoint)?
  ) throws {
    guard let last else { return }
    let opening = try folder.opening()
    let named = opening.flatMap { SignedNote(parsing: $0.predecessor.string) }
      .flatMap { Checkpoint(text: $0.text) }
    guard named == last.value else {
      throw AuditReadError(
        path: folder.path,
        finding: "its first entry does not name the last checkpoint of `\(last.path)`: entries were"
          + " removed from that log's end, or a log between them")
    }
  }

  /// Says of the last processes that ended without saying so up to when their accounts hold.
  private func write(_ breaks: [TotalCheck.Break]) {
    guard !breaks.isEmpty else { return }
    let shown = breaks.suffix(5).map {
      "  started \(AuditText.timestamp($0.start)), last heartbeat \(AuditText.timestamp($0.last))\n"
    }
    StandardStream.output.write(
      "processes that ended without a stop record (killed, or their log failed): \(breaks.count)\n"
        + shown.joined()
        + "  their accounts hold up to that heartbeat; what was carried out unrecorded after it,"
        + "\n  under `audit: best-effort`, only the edge's own log counts\n")
  }

  private func write(
    _ report: AuditVerification.Report, _ standing: AuditVerification.Standing
  ) {
    var lines = [
      "\(report.origin): whole",
      "  \(report.entryCount) entries in \(report.segmentCount) segments, \(report.signedCount)"
        + " under the checkpoint; \(report.decisionCount) decisions, \(report.heartbeatCount)"
        + " heartbeats, their accounts recounted",
    ]
    switch standing {
    case .whole, .expired: break
    case .shredded(let deed):
      lines[0] = "\(report.origin): whole, shredded"
      lines.append("  its keys were destroyed\(told(deed))")
    case .withoutKeys:
      lines.append(
        "  its keys are not there and no record says why: who and whose cannot be read")
    }
    if report.tornByteCount > 0 {
      lines.append(
        "  \(report.tornByteCount) bytes of an unfinished write at the end: one under way, or one"
          + " that the next start cuts off")
    }
    if !report.isKeyTrusted {
      lines.append(
        "  signed by the key that the log itself publishes; give --key to exclude a forger")
    }
    StandardStream.output.write(lines.map { $0 + "\n" }.joined())
  }

  /// Who did what to a log, when and why.
  private func told(_ deed: AuditLedger.Deed) -> String {
    " by \(deed.author) at \(AuditText.timestamp(deed.time)): \(deed.reason)"
      + (deed.isDone ? "" : " (begun and not finished: run the command again)")
  }

  private func write(_ name: LogName, _ deed: AuditLedger.Deed) {
    StandardStream.output.write(
      "\(name.origin): expired\n  its entries were removed\(told(deed))\n"
        + "  its checkpoint and its first entry under it hold\n")
  }

  private func value(_ name: LogName, _ deed: AuditLedger.Deed) -> JSONValue {
    .object([
      ("origin", .text(name.origin)), ("whole", .boolean(true)), ("state", .text("expired")),
      ("author", .text(deed.author)), ("reason", .text(deed.reason)),
      ("finished", .boolean(deed.isDone)),
    ])
  }

  private func value(
    of report: AuditVerification.Report, _ standing: AuditVerification.Standing
  ) -> JSONValue {
    let state: String
    switch standing {
    case .whole, .expired: state = "whole"
    case .shredded: state = "shredded"
    case .withoutKeys: state = "keys missing"
    }
    return .object([
      ("origin", .text(report.origin)), ("whole", .boolean(true)), ("state", .text(state)),
      ("entries", .number(Int(report.entryCount))), ("signed", .number(Int(report.signedCount))),
      ("segments", .number(report.segmentCount)),
      ("decisions", .number(Int(report.decisionCount))),
      ("heartbeats", .number(Int(report.heartbeatCount))),
      ("tornBytes", .number(report.tornByteCount)), ("keyTrusted", .boolean(report.isKeyTrusted)),
    ])
  }
}

/// `homeward audit keys`: makes the pair of keys for checkpoints.
struct AuditKeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "Make the key that signs the audit log's checkpoints.",
    discussion: """
      Writes the private key to FILE (mode 0600, for `audit.signing_key`) and the public one to \
      FILE.pub, which auditors get. Never replaces a file. To change keys, make new ones, name \
      them as `audit.signing_key` and the old ones as `audit.retiring_signing_key` until all \
      readers have the new public key: both sign, and the log records the change.

      Example:
        homeward audit keys deploy/run/signing.key

      Exit status: 0 done, 1 a file could not be written.
      """)

  @Argument(help: ArgumentHelp("Where the private key goes.", valueName: "file"))
  var path: String

  /// Makes both files and prints where they are.
  func run() throws {
    do {
      let key = SigningKey()
      try key.save(toPEMFile: path)
      try FileSystem.replace(
        path + ".pub", with: Array(key.verifyingKey.pem.utf8), isPublic: true)
    } catch {
      StandardStream.error.write("homeward: \(error)\n")
      throw ExitCode(1)
    }
    StandardStream.output.write(
      "\(path): keep it secret, name it as `audit.signing_key`\n\(path).pub: give it to auditors\n")
  }
}
