import Base
import Native
import StrictYAML
import Testing

@testable import Control

@Suite struct ApprovalTests {
  private let content = ContentHash(of: [1])
  private let report = ContentHash(of: [2])

  private var subject: ApprovalSubject {
    ApprovalSubject(policy: "ward", version: 7, content: content, report: report)
  }

  private func sign(
    _ name: String, _ subject: ApprovalSubject, keyOf signer: String? = nil
  ) -> Approval {
    Approval(of: subject, by: name, with: Office.key(signer ?? name), at: Office.now)
  }

  @Test func linesReadBack() throws {
    let approval = sign("amina", subject)
    #expect(Approval(line: approval.line[...]) == approval)
    let file = Approvals([approval, sign("bela", subject)])
    #expect(Approvals(file.bytes) == file)
    #expect(file.bytes.split(separator: 0x0A).count == 2)
  }

  @Test func twoOfThree() {
    let rule = Office().rule
    let one = Approvals([sign("amina", subject)])
    #expect(!rule.verdict(on: subject, one, at: Office.now).isEnough)
    var two = one
    two.add(sign("chidi", subject))
    let verdict = rule.verdict(on: subject, two, at: Office.now)
    #expect(verdict.isEnough && verdict.defects.isEmpty)
    #expect(verdict.officers == ["amina", "chidi"])
  }

  @Test func everySubjectOfASignatureMatters() {
    let approval = sign("amina", subject)
    let key = Office.key("amina").verifyingKey
    #expect(approval.isValid(for: subject, key: key))
    for other in [
      ApprovalSubject(policy: "war", version: 7, content: content, report: report),
      ApprovalSubject(policy: "ward", version: 8, content: content, report: report),
      ApprovalSubject(policy: "ward", version: 7, content: report, report: report),
      ApprovalSubject(policy: "ward", version: 7, content: content, report: content),
    ] { #expect(!approval.isValid(for: other, key: key)) }
  }

  @Test func whatDoesNotCountIsNamed() throws {
    let rule = Office(retired: ["chidi": "2026-11-01T00:00:00Z"]).rule
    let otherContent = ApprovalSubject(
      policy: "ward", version: 7, content: ContentHash(of: [9]), report: report)
    let otherReport = ApprovalSubject(
      policy: "ward", version: 7, content: content, report: ContentHash(of: [9]))
    let moved = sign("amina", subject).line.replacing("2026-11-22", with: "2026-11-21")
    let cases: [(String, ApprovalDefect)] = [
      ("nonsense", .unreadable(line: 1)),
      (
        sign("dora", subject).line,
        .unknownKey(
          officer: "dora", fingerprint: Office.key("dora").verifyingKey.fingerprint)
      ),
      (sign("amina", subject, keyOf: "bela").line, .otherOfficer(officer: "amina", owner: "bela")),
      (
        sign("chidi", subject).line,
        .retiredKey(officer: "chidi", retired: "2026-11-01T00:00:00Z")
      ),
      (
        sign("amina", otherContent).line,
        .otherContent(officer: "amina", approved: ContentHash(of: [9]))
      ),
      (
        sign("amina", otherReport).line,
        .otherReport(officer: "amina", approved: ContentHash(of: [9]))
      ),
      (moved, .badSignature(officer: "amina")),
    ]
    for (line, defect) in cases {
      let file = Approvals(Array((line + "\n").utf8))
      let verdict = rule.verdict(on: subject, file, at: Office.now)
      #expect(verdict.officers.isEmpty && verdict.defects == [defect], "\(line)")
      #expect(!"\(defect)".isEmpty && !defect.code.isEmpty)
    }
    let twice = Approvals(
      Array("\(sign("bela", subject).line)\n\(sign("bela", subject).line)\n".utf8))
    let verdict = rule.verdict(on: subject, twice, at: Office.now)
    #expect(verdict.officers == ["bela"] && verdict.defects == [.twice(officer: "bela")])
    #expect(!verdict.isEnough)
  }

  @Test func aRetiredKeyCountsForWhatIsInForceOnly() throws {
    let office = Office(retired: ["amina": "2026-11-22T05:00:00Z"])
    try office.write(1)
    do {
      try office.activate(1)
      Issue.record("activated with a retired key")
    } catch let error as LifecycleError {
      #expect("\(error)".contains("the key of `amina` is retired since 2026-11-22T05:00:00Z"))
      #expect("\(error)".contains("1 of 2 needed approvals"))
    }
    #expect(try office.active() == nil)
    try office.approve(1, ["chidi"])
    try office.activate(1)
    #expect(try office.active() == 1)
  }

  @Test func aChangedFileLosesItsApprovals() throws {
    let office = Office()
    try office.write(1)
    office.storage.tamper(
      office.folder.path(1), Office.text(1, after: nil) + Array("# harmless\n".utf8))
    do {
      try office.activate(1)
      Issue.record("activated a file that nobody approved")
    } catch let error as LifecycleError {
      #expect("\(error)".contains("`amina` approved other content"))
    }
    #expect(try office.events() == ["refused 1"])
  }

  @Test func anotherReportNeedsApprovalAnew() throws {
    var office = Office()
    try office.write(1)
    office.reportText = "another report"
    #expect(throws: LifecycleError.self) { try office.activate(1) }
  }

  @Test func officersAreRead() throws {
    let key = Office.key("amina").verifyingKey
    let text = """
      officers:
        - { name: amina, key: \(key.text), retired: 2026-01-01T00:00:00Z }
        - name: amina
          key: |
      \(Office.key("bela").verifyingKey.pem.split(separator: "\n").map { "      " + $0 }
        .joined(separator: "\n"))

      """
    let diagnostics = Diagnostics(file: "officers.yaml", text: text)
    let officers = Officer.read(diagnostics)
    #expect(diagnostics.sorted().map(\.description) == [])
    #expect(officers.map(\.key) == [key, Office.key("bela").verifyingKey])
    #expect(officers.map { $0.isRetired(at: Office.now) } == [true, false])
  }

  @Test(arguments: [
    ("officers: []", "1:11", "E505"),
    ("officers:\n  - { name: a b, key: KEY }", "2:13", "E503"),
    ("officers:\n  - { name: a, key: AAAA }", "2:21", "E501"),
    ("officers:\n  - { name: a, key: KEY, retired: soon }", "2:76", "E504"),
    ("officers:\n  - { name: a, key: KEY }\n  - { name: b, key: KEY }", "3:5", "E502"),
    ("officers:\n  - { name: a, key: KEY }\n  - { name: a, key: KEZ }", "3:5", "E502"),
    ("officers:\n  - { name: a, key: KEY, role: x }", "2:67", "E201"),
    ("officials: []", "1:1", "E201"),
  ])
  func mistakesHaveAPlace(text: String, place: String, code: String) {
    let key = Office.key("amina").verifyingKey.text
    let other = Office.key("bela").verifyingKey.text
    let diagnostics = Diagnostics(
      file: "officers.yaml",
      text: text.replacing("KEY", with: key).replacing("KEZ", with: other))
    _ = Officer.read(diagnostics)
    let first = diagnostics.sorted().first.map { "\($0.line):\($0.column) \($0.code)" }
    #expect(first == "\(place) \(code)")
  }
}
