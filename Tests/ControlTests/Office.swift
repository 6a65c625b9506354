import Base
import Native
import Policy
import Reactor

@testable import Control

/// Three officers, of whom two must sign, and a folder of versions.
struct Office {
  let storage = MemoryStorage()
  let folder = VersionFolder("policies/ward")
  let state = PolicyState("state")
  var rule: ApprovalRule
  /// What the proofs and tests of a version say, by its number.
  var violations: [Int: [String]] = [:]
  var failures: [Int: [String]] = [:]
  var misfits: [Int: [String]] = [:]
  var reportText = "report"

  static let names = ["amina", "bela", "chidi"]
  /// 2026-11-22T05:00:00Z.
  static let now = WallTime(microseconds: 1_795_323_600_000_000)

  static func key(_ name: String) -> SigningKey {
    var seed = [UInt8](repeating: 7, count: 32)
    for (index, byte) in name.utf8.enumerated() { seed[index] = byte }
    guard let key = try? SigningKey(rawBytes: seed) else { preconditionFailure("32 bytes") }
    return key
  }

  init(required: Int = 2, retired: [String: String] = [:]) {
    rule = ApprovalRule(
      required: required,
      officers: Self.names.map {
        Officer(name: $0, key: Self.key($0).verifyingKey, retired: retired[$0])
      })
  }

  /// The checks, as this office has them.
  var checks: VersionChecks {
    VersionChecks(
      proofs: { [violations, reportText] in
        VersionChecks.Proofs(
          text: "\(reportText) \($0.version)", violations: violations[$0.version] ?? [])
      },
      tests: { [failures] in failures[$0.version] ?? [] },
      fit: { [misfits] in misfits[$0.version] ?? [] })
  }

  /// A policy file.
  static func text(
    _ version: Int, after previous: ContentHash?, name: String = "ward", effective: String = ""
  ) -> [UInt8] {
    Array(
      """
      policy: \(name)
      version: \(version)
      \(previous.map { "supersedes: \($0)" } ?? "say: The first one")
      \(effective)
      regions: { west: { jurisdiction: US } }
      routes:
        - id: R-\(version)
          say: Everything at home
          when: {}
          serve: [{ region: home, tier: primary }]

      """.utf8)
  }

  /// Writes a version; gives its hash.
  @discardableResult
  func write(
    _ version: Int, after previous: ContentHash? = nil, name: String = "ward",
    effective: String = "", approvedBy officers: [String] = ["amina", "bela"]
  ) throws -> ContentHash {
    let bytes = Self.text(version, after: previous, name: name, effective: effective)
    storage.tamper(folder.path(version), bytes)
    storage.tamper(VersionFile.approvalsPath(of: folder.path(version)), [])
    try approve(version, officers)
    return ContentHash(of: bytes)
  }

  /// The file of a version.
  func file(_ version: Int) throws -> VersionFile {
    try VersionFile(folder.path(version), storage)
  }

  /// What a signature of the version is over.
  func subject(_ version: Int) throws -> ApprovalSubject {
    let file = try file(version)
    return ApprovalSubject(
      policy: file.policy?.name ?? "", version: version, content: file.hash,
      report: ContentHash(of: Array("\(reportText) \(version)".utf8)))
  }

  /// Signs a version for these officers.
  func approve(_ version: Int, _ officers: [String]) throws {
    guard try file(version).policy != nil else { return }
    var approvals = try file(version).approvals
    for name in officers {
      approvals.add(
        Approval(of: try subject(version), by: name, with: Self.key(name), at: Self.now))
    }
    storage.tamper(VersionFile.approvalsPath(of: folder.path(version)), approvals.bytes)
  }

  /// One command at `time`.
  func command(at time: WallTime = now) throws(LifecycleError) -> PolicyLifecycle {
    try PolicyLifecycle(state, rule: rule, checks: checks, storage: storage, at: time)
  }

  @discardableResult
  func activate(
    _ version: Int, at time: WallTime = now
  ) throws -> PolicyLifecycle.Outcome {
    var command = try command(at: time)
    return try command.activate(try file(version))
  }

  @discardableResult
  func rollback(
    to target: RollbackTarget = .previous, at time: WallTime = now
  ) throws -> PolicyLifecycle.Outcome {
    var command = try command(at: time)
    return try command.rollback(to: target)
  }

  /// The version that an edge would run; nil when there is none.
  func active() throws -> Int? {
    let version = try ActiveVersion(state, storage, rule: rule) { bytes in
      VersionFile.load(bytes, file: "active").0.map { ($0.name, $0.version) }
    }
    return version?.subject.version
  }

  /// `event version` of every line of the history.
  func events() throws -> [String] {
    try state.history(storage).entries.map { "\($0.event.rawValue) \($0.version)" }
  }
}
