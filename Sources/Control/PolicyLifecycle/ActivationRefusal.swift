public import Policy

/// What a version must pass that is not the lifecycle's own business; given by the caller.
public struct VersionChecks {
  /// What an analysis found.
  public struct Proofs: Sendable {
    /// The report's text: what the officers sign.
    public var text: String
    /// What must not be, a line each; empty when every proof holds.
    public var violations: [String]

    /// Makes a report.
    public init(text: String, violations: [String] = []) {
      self.text = text
      self.violations = violations
    }
  }

  /// Analyses a policy.
  public var proofs: (Policy) -> Proofs
  /// Runs a policy's own tests and gives the failures.
  public var tests: (Policy) -> [String]
  /// Compares a policy with the edge that shall run it and gives what does not fit.
  public var fit: (Policy) -> [String]

  /// Makes the set of checks.
  public init(
    proofs: @escaping (Policy) -> Proofs, tests: @escaping (Policy) -> [String],
    fit: @escaping (Policy) -> [String]
  ) {
    self.proofs = proofs
    self.tests = tests
    self.fit = fit
  }
}

/// Why a version does not come into force. The one before stays.
public enum ActivationRefusal: Error, Equatable, Sendable {
  /// The file has errors.
  case invalid(path: String, complaints: [String])
  /// The file's name and its `version` differ.
  case misnumbered(path: String, version: Int)
  /// The file is of another policy than the one in force.
  case otherPolicy(name: String, active: String)
  /// The version's number is not above that of the one in force.
  case notNewer(version: Int, active: Int)
  /// The version follows another one than the one in force.
  case followsOther(says: String?, active: ContentHash, activeVersion: Int)
  /// A phase gives the word to the version before, which this edge does not have.
  case noPredecessor(says: String?)
  /// An invariant does not hold, or another proof fails.
  case proofs([String])
  /// Tests in the file fail.
  case tests([String])
  /// The edge lacks what the policy names, or has more.
  case doesNotFit([String])
  /// Too few officers have approved.
  case approvals(ApprovalVerdict, path: String)
  /// It is too early.
  case notYetEffective(from: String)
  /// It is too late.
  case noLongerEffective(until: String)
  /// There is no such version in the folder.
  case noSuchVersion(path: String)
  /// Nothing was in force before.
  case nothingBefore
  /// A rollback goes to what was in force, and this was not.
  case neverInForce(String)
}

extension ActivationRefusal: CustomStringConvertible {
  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .invalid(let path, let complaints):
      (["`\(path)` cannot be used"] + complaints).joined(separator: "\n")
    case .misnumbered(let path, let version):
      "`\(path)` says `version: \(version)`; the file of that version is called"
        + " `\(VersionFolder.name(version))`"
    case .otherPolicy(let name, let active):
      "the file is of policy `\(name)`, but this edge runs `\(active)`"
    case .notNewer(let version, let active):
      "version \(version) is not newer than version \(active), which is in force; to go back, use"
        + " `homeward policy rollback`"
    case .followsOther(let says, let active, let version):
      (says.map { "the version says `supersedes: \($0)`" } ?? "the version has no `supersedes`")
        + ", but version \(version) with \(active) is in force; compare with that one and name it"
    case .noPredecessor(let says):
      "`phases` ask for the version before (\(says ?? "none")), which was never in force on this"
        + " edge; activate that one first"
    case .proofs(let lines): list("the proofs fail", lines, "correct the rules and approve again")
    case .tests(let lines): list("tests fail", lines, "correct rules or tests and approve again")
    case .doesNotFit(let lines):
      list(
        "the policy does not fit this edge", lines,
        "bring `regions` of the configuration in line")
    case .approvals(let verdict, let path):
      list(
        "\(verdict.officers.count) of \(verdict.required) needed approvals count in `\(path)`"
          + (verdict.officers.isEmpty ? "" : " (\(verdict.officers.joined(separator: ", ")))"),
        verdict.defects.map(\.description), "`homeward policy approve` adds one")
    case .notYetEffective(let from):
      "the version is effective from \(from); repeat the command then"
    case .noLongerEffective(let until):
      "the version was effective until \(until) only; write its successor"
    case .noSuchVersion(let path):
      "there is no version at `\(path)`"
    case .nothingBefore:
      "no other version was in force before this one; there is nothing to go back to"
    case .neverInForce(let text):
      "`\(text)` was never in force here; `homeward policy history` shows what was"
    }
  }

  private func list(_ what: String, _ lines: [String], _ advice: String) -> String {
    ([what] + lines.map { "  " + $0 } + [advice]).joined(separator: "\n")
  }

  /// A stable word for programs and for the history.
  public var code: String {
    switch self {
    case .invalid: "invalid"
    case .misnumbered: "misnumbered"
    case .otherPolicy: "other-policy"
    case .notNewer: "not-newer"
    case .followsOther: "follows-other"
    case .noPredecessor: "no-predecessor"
    case .proofs: "proofs"
    case .tests: "tests"
    case .doesNotFit: "does-not-fit"
    case .approvals: "approvals"
    case .notYetEffective: "not-yet-effective"
    case .noLongerEffective: "no-longer-effective"
    case .noSuchVersion: "no-such-version"
    case .nothingBefore: "nothing-before"
    case .neverInForce: "never-in-force"
    }
  }
}
