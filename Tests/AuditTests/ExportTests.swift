import Base
import Testing

@testable import Audit

/// Exports to other programs: what belongs together is told together, and no value breaks out of
/// its place. The forms themselves are checked end to end, by programs that know them.
@Suite struct ExportTests {
  private let place = EntryPlace(
    instance: "edge", origin: "edge/audit/c/20261122T000000Z", index: 7)

  private func decision(_ number: UInt64) -> AuditRecord {
    var record = DecisionRecord()
    record.id = AuditID(high: 1, low: number)
    return .decision(record)
  }

  private func outcome(_ number: UInt64) -> AuditRecord {
    var record = OutcomeRecord()
    record.id = AuditID(high: 1, low: number)
    record.status = 200
    return .outcome(record)
  }

  /// `3`: decision 3 with its outcome, `3?`: without, `!3`: the outcome alone, else a kind.
  private func text(_ records: [ExportedRecord]) -> [String] {
    records.map { record in
      switch record.subject {
      case .exchange(let decision, let outcome):
        "\(decision.id.low)" + (outcome == nil ? "?" : "")
      case .outcome(let outcome): "!\(outcome.id.low)"
      case .event(let event): "\(event.kind.word)"
      }
    }
  }

  @Test func decisionsAreJoinedToTheirOutcomes() {
    var join = RecordJoin()
    var told: [[String]] = []
    let start = AuditRecord.event(EventRecord(kind: .start, time: WallTime(microseconds: 1)))
    for record in [
      decision(1), decision(2), outcome(2), outcome(1), outcome(9), decision(3), decision(4), start,
      decision(5),
    ] {
      told.append(text(join.take(record, at: place)))
    }
    #expect(told == [[], [], ["2"], ["1"], ["!9"], [], [], ["3?", "4?", "start"], []])
    #expect(text(join.finish()) == ["5?"] && join.finish().isEmpty)
  }

  @Test func whoWaitsTooLongIsToldWithoutAnOutcome() {
    var join = RecordJoin(waitingCountMax: 2)
    var told: [String] = []
    for number in 0..<10 as Range<UInt64> {
      told += text(join.take(decision(number), at: place))
      if number.isMultiple(of: 3) { told += text(join.take(outcome(number), at: place)) }
    }
    #expect(told == ["0", "1?", "3", "2?", "4?", "6", "5?", "7?", "9"])
    #expect(text(join.finish()) == ["8?"])
  }

  /// Whatever a subject holds, a message stays one line of one element.
  @Test(arguments: ["a\"]\nb", "\\", "]]]\"\"\"", "\u{202E}x\u{7}\r\n", "é\u{2028}"])
  func noValueBreaksOut(subject: String) throws {
    var record = DecisionRecord()
    record.subject = .text(subject)
    record.reason = .text(subject)
    let exported = ExportedRecord(place: place, subject: .exchange(record, nil))
    let line = SyslogLine.text(exported, enterprise: 1, framing: .lines)
    #expect(line.unicodeScalars.filter(JSONText.isControl) == ["\n"] && line.hasSuffix("\n"))
    // Quotes that are not escaped come in pairs, and brackets that are not stand outside of them.
    var (isQuoted, isEscaped, depth) = (false, false, 0)
    for character in line.unicodeScalars {
      switch (character, isQuoted, isEscaped) {
      case (_, true, true): isEscaped = false
      case ("\\", true, false): isEscaped = true
      case ("\"", _, false): isQuoted.toggle()
      case ("[", false, _): depth += 1
      case ("]", false, _): depth -= 1
      case ("]", true, false): Issue.record("a bracket is not escaped: \(line)")
      default: break
      }
    }
    #expect(!isQuoted && depth == 0)
    let framed = SyslogLine.text(exported, enterprise: 1, framing: .octets)
    #expect(framed == "\(line.utf8.count - 1) \(line.dropLast())")
    for json in [FHIRAuditEvent.json(exported), OCSFEvent.json(exported)] {
      let json = try #require(json)
      #expect(!json.unicodeScalars.contains(where: JSONText.isControl))
    }
  }

  @Test(arguments: RecordKind.allCases)
  func everyKindIsToldOrLeftOutOnPurpose(kind: RecordKind) {
    guard kind != .decision, kind != .outcome else { return }
    let record = ExportedRecord(
      place: place, subject: .event(EventRecord(kind: kind, time: WallTime(microseconds: 5))))
    #expect((FHIRAuditEvent.json(record) == nil) == (kind == .heartbeat))
    #expect((OCSFEvent.json(record) == nil) == (kind == .heartbeat))
    #expect(
      SyslogLine.text(record, enterprise: 1, framing: .lines).contains(" \(kind.word) [homeward@1"))
  }
}
