internal import ArgumentParser
internal import Base
internal import Control
internal import Native
internal import Policy
internal import Reactor

/// `homeward policy approve`: an officer's signature.
struct PolicyApproveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve",
    abstract: "Sign a version of a policy as one of its officers.",
    discussion: """
      Checks the version as `activate` will, shows the hashes that are signed, and adds a line to \
      the approvals beside the file. The signature is over the policy's name and version, the \
      file's content and the analysis report: a change of either needs approval anew. With \
      `--config` the officer is found by the key, and a retired or unknown key is refused at once.

      Examples:
        homeward policy approve policies/clinical-routing/0002.yaml --key amina.key --officer amina
        homeward policy approve policies/clinical-routing/0002.yaml --key amina.key \\
          --config deploy/homeward.yaml

      Exit status: 0 it is approved, 1 the version or the key was refused, 2 wrong usage.
      """)

  @Argument(help: "The version's policy file.")
  var file: String

  @Option(
    name: .long, help: ArgumentHelp("The officer's private key, PEM.", valueName: "file"))
  var key: String

  @Option(name: .long, help: "The officer's name, as the officers file has it.")
  var officer: String?

  @Option(
    name: .long,
    help: ArgumentHelp("An edge's configuration, which names the officers.", valueName: "file"))
  var config: String?

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  /// A name must come from somewhere.
  func validate() throws {
    if officer == nil && config == nil {
      throw ValidationError("say who approves with --officer, or name the officers with --config")
    }
    if let officer, !Officer.isName(officer) {
      throw ValidationError("`\(officer)` is no officer's name")
    }
  }

  /// Checks, signs, writes.
  func run() throws {
    let settings = try config.map { try LifecycleSettings.required($0) }
    let signer = try readKey()
    let name = try officerName(signer.verifyingKey, settings)
    let version: VersionFile
    do throws(StateFault) { version = try VersionFile(file, SystemStorage()) } catch {
      try fail(error.code, "\(error)")
    }
    let subject = try checked(version, .standard(regionNames: settings?.regionNames))
    var approvals = version.approvals
    let isNew = !approvals.approvals.contains {
      $0.officer == name && $0.content == subject.content && $0.report == subject.report
        && $0.fingerprint == signer.verifyingKey.fingerprint
    }
    if isNew {
      approvals.add(Approval(of: subject, by: name, with: signer, at: Clock.wall()))
      do throws(SystemError) {
        try FileSystem.replace(
          version.approvalsPath, with: approvals.bytes, isPublic: true)
      } catch {
        try fail("storage", "`\(version.approvalsPath)`: \(error)")
      }
    }
    report(subject, name, signer.verifyingKey, version.approvalsPath, isNew: isNew)
  }

  private func readKey() throws -> SigningKey {
    do throws(TLSError) { return try SigningKey(pemFile: key) } catch {
      try fail("key", "\(error)")
    }
  }

  /// Whose key it is.
  private func officerName(
    _ verifying: VerifyingKey, _ settings: LifecycleSettings?
  ) throws -> String {
    guard let settings else { return officer ?? "" }
    guard let owner = settings.rule.officers.first(where: { $0.key == verifying }) else {
      try fail(
        "unknown-key",
        "\(verifying.fingerprint) is no officer's key; add it to the officers file first")
    }
    if let officer, officer != owner.name {
      try fail("other-officer", "\(verifying.fingerprint) is the key of `\(owner.name)`")
    }
    if let retired = owner.retired, owner.isRetired(at: Clock.wall()) {
      try fail("retired-key", "the key of `\(owner.name)` is retired since \(retired)")
    }
    return owner.name
  }

  /// What is signed, after everything that an activation would check except time and approvals.
  private func checked(_ version: VersionFile, _ checks: VersionChecks) throws -> ApprovalSubject {
    guard let policy = version.policy else {
      StandardStream.error.write(version.complaints.map { $0 + "\n" }.joined())
      try fail("invalid", "`\(version.path)` cannot be approved: it has errors")
    }
    if let number = version.number, number != policy.version {
      let refusal = ActivationRefusal.misnumbered(path: version.path, version: policy.version)
      try fail(refusal.code, "\(refusal)")
    }
    let proofs = checks.proofs(policy)
    let failures = checks.tests(policy)
    for refusal in [ActivationRefusal.proofs(proofs.violations), .tests(failures)] {
      switch refusal {
      case .proofs(let lines) where !lines.isEmpty, .tests(let lines) where !lines.isEmpty:
        try fail(refusal.code, "\(refusal)")
      default: break
      }
    }
    return ApprovalSubject(
      policy: policy.name, version: policy.version, content: version.hash,
      report: ContentHash(of: Array(proofs.text.utf8)))
  }

  private func report(
    _ subject: ApprovalSubject, _ name: String, _ key: VerifyingKey, _ path: String, isNew: Bool
  ) {
    if json {
      let result = JSONValue.object([
        ("ok", .boolean(true)), ("changed", .boolean(isNew)), ("policy", .text(subject.policy)),
        ("version", .number(subject.version)), ("content", .text("\(subject.content)")),
        ("report", .text("\(subject.report)")), ("officer", .text(name)),
        ("key", .text(key.fingerprint)), ("file", .text(path)),
      ])
      StandardStream.output.write("\(result)\n")
      return
    }
    let rows = [
      ["policy", "\(subject.policy) version \(subject.version)"],
      ["content", "\(subject.content)"],
      ["report", "\(subject.report)"], ["officer", "\(name) with \(key.fingerprint)"],
    ]
    StandardStream.output.write(
      (isNew ? "approved in `\(path)`\n" : "approved already in `\(path)`\n")
        + Table(rows: rows).lines.map { "  \($0)\n" }.joined())
  }

  private func fail(_ code: String, _ message: String) throws -> Never {
    if json {
      let result = JSONValue.object([
        ("ok", .boolean(false)), ("code", .text(code)), ("message", .text(message)),
      ])
      StandardStream.output.write("\(result)\n")
    } else {
      StandardStream.error.write("homeward: \(message) [\(code)]\n")
    }
    throw ExitCode(1)
  }
}
