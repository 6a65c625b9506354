public import Base

/// The approvals file of a version: one line for each officer.
public struct Approvals: Equatable, Sendable {
  /// The lines that are approvals, in the file's order.
  public private(set) var approvals: [Approval] = []
  /// The numbers of the lines that are none, from 1.
  public private(set) var unreadableLines: [Int] = []

  /// Makes an empty file.
  public init() {}

  /// Makes the file of these approvals.
  public init(_ approvals: [Approval]) { self.approvals = approvals }

  /// Reads a file's bytes; empty lines and comments after `#` are passed over.
  public init(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
      if let approval = Approval(line: line) {
        approvals.append(approval)
      } else {
        unreadableLines.append(index + 1)
      }
    }
  }

  /// Adds an approval in place of the same officer's earlier one.
  public mutating func add(_ approval: Approval) {
    approvals.removeAll { $0.officer == approval.officer }
    approvals.append(approval)
  }

  /// The file's bytes.
  public var bytes: [UInt8] { Array(approvals.map { $0.line + "\n" }.joined().utf8) }
}

/// Why one line of an approvals file does not count.
public enum ApprovalDefect: Hashable, Sendable {
  /// The line is not an approval.
  case unreadable(line: Int)
  /// The key is none of the officers'.
  case unknownKey(officer: String, fingerprint: String)
  /// The key belongs to somebody else.
  case otherOfficer(officer: String, owner: String)
  /// The key was given up.
  case retiredKey(officer: String, retired: String)
  /// The officer approved a file with other content.
  case otherContent(officer: String, approved: ContentHash)
  /// The officer approved on the ground of another report.
  case otherReport(officer: String, approved: ContentHash)
  /// The signature is not over this version by this key at this time.
  case badSignature(officer: String)
  /// The officer stands there already.
  case twice(officer: String)
}

extension ApprovalDefect: CustomStringConvertible {
  /// What is wrong and what to do.
  public var description: String {
    switch self {
    case .unreadable(let line):
      "line \(line) is no approval; remove it"
    case .unknownKey(let officer, let fingerprint):
      "`\(officer)` signed with \(fingerprint), which is no officer's key; add it to the officers"
        + " file or remove the line"
    case .otherOfficer(let officer, let owner):
      "`\(officer)` signed with the key of `\(owner)`; each officer signs with their own"
    case .retiredKey(let officer, let retired):
      "the key of `\(officer)` is retired since \(retired); approve with the new one"
    case .otherContent(let officer, let approved):
      "`\(officer)` approved other content (\(approved.short)): the file was changed afterwards;"
        + " approve it again"
    case .otherReport(let officer, let approved):
      "`\(officer)` approved with another analysis report (\(approved.short)); look at this one and"
        + " approve again"
    case .badSignature(let officer):
      "the signature of `\(officer)` is not over this version; approve it again"
    case .twice(let officer):
      "`\(officer)` stands there twice and counts once"
    }
  }

  /// A stable word for programs.
  public var code: String {
    switch self {
    case .unreadable: "unreadable"
    case .unknownKey: "unknown-key"
    case .otherOfficer: "other-officer"
    case .retiredKey: "retired-key"
    case .otherContent: "other-content"
    case .otherReport: "other-report"
    case .badSignature: "bad-signature"
    case .twice: "twice"
    }
  }
}

/// What an approvals file is worth under a rule.
public struct ApprovalVerdict: Equatable, Sendable {
  /// The officers whose approval counts, in the file's order.
  public let officers: [String]
  /// The lines that do not count.
  public let defects: [ApprovalDefect]
  /// How many officers are needed.
  public let required: Int

  /// Whether enough officers have approved.
  public var isEnough: Bool { officers.count >= required }
}

extension ApprovalRule {
  /// What `file` says about `subject`. Retired keys count only when `time` is nil: for a version
  /// that came into force while they were good.
  public func verdict(
    on subject: ApprovalSubject, _ file: Approvals, at time: WallTime?
  ) -> ApprovalVerdict {
    var defects = file.unreadableLines.map { ApprovalDefect.unreadable(line: $0) }
    var names: [String] = []
    for approval in file.approvals {
      if let defect = defect(of: approval, subject, at: time) {
        defects.append(defect)
      } else if names.contains(approval.officer) {
        defects.append(.twice(officer: approval.officer))
      } else {
        names.append(approval.officer)
      }
    }
    return ApprovalVerdict(officers: names, defects: defects, required: required)
  }

  /// Why `approval` does not count; nil when it does.
  private func defect(
    of approval: Approval, _ subject: ApprovalSubject, at time: WallTime?
  ) -> ApprovalDefect? {
    guard let owner = officers.first(where: { $0.key.fingerprint == approval.fingerprint }) else {
      return .unknownKey(officer: approval.officer, fingerprint: approval.fingerprint)
    }
    guard owner.name == approval.officer else {
      return .otherOfficer(officer: approval.officer, owner: owner.name)
    }
    if let time, owner.isRetired(at: time), let retired = owner.retired {
      return .retiredKey(officer: owner.name, retired: retired)
    }
    guard approval.content == subject.content else {
      return .otherContent(officer: owner.name, approved: approval.content)
    }
    guard approval.report == subject.report else {
      return .otherReport(officer: owner.name, approved: approval.report)
    }
    return approval.isValid(for: subject, key: owner.key)
      ? nil : .badSignature(officer: owner.name)
  }
}
