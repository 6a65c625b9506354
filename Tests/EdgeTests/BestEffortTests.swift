import Audit
import Base
import Testing

@testable import Edge

private func get(_ path: String) -> String {
  "GET /fhir/\(path) HTTP/1.1\r\nhost: ehr.example\r\n\r\n"
}

private let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nvalue"

/// Requests whose decisions may go unrecorded, on a log that takes no more.
@Suite struct BestEffortTests {
  /// How the log comes to take no more.
  enum End: CaseIterable, Sendable { case full, failed }

  /// The shipped policy, whose R-02 is recorded with best effort for reads, and only for them.
  private static func edited(_ text: String) -> String {
    let (rule, next) = ("  - id: R-02\n", "  - id: R-03\n")
    guard let start = text.firstRange(of: rule), let end = text.firstRange(of: next) else {
      return text
    }
    let body = text[start.lowerBound..<end.lowerBound]
    let best = body.replacing("audit: standard", with: "audit: best-effort")
      .replacing("[$reads, history, operation]", with: "[$reads, history]")
    let operations = body.replacing("R-02", with: "R-02b")
      .replacing("[$reads, history, operation]", with: "[operation]")
    return String(text[..<start.lowerBound] + best + operations + text[end.lowerBound...])
  }

  /// What is recorded with best effort is served and counted; all else is refused.
  @Test(arguments: End.allCases, [true, false])
  func onlyBestEffortGoesOn(end: End, isBestEffort: Bool) throws {
    let bench = try EdgeBench(
      pendingByteCountMax: end == .full ? 1 : 1 << 20,
      edit: { isBestEffort ? Self.edited($0) : $0 })
    switch end {
    case .full:
      // The first record always fits.
      #expect(bench.auditLog.append(DecisionRecord()) == .accepted(sequence: 1))
    case .failed:
      _ = bench.auditLog.failed(.syncFailed)
      bench.worker.receive(.auditFailed)
    }
    let before = bench.auditLog.counters
    bench.client.send(get("ValueSet/v"))
    if isBestEffort {
      bench.when("a copy is asked") { bench.taken.values.joined().contains { !$0.text.isEmpty } }
      bench.when("it answers", { true }) {
        for wire in bench.taken.values.joined() { wire.send(answer) }
      }
      bench.when("the client has it") { bench.client.text.hasSuffix("\r\n\r\nvalue") }
    } else {
      bench.when("the client is refused") { bench.client.text.contains("audit-unavailable") }
    }
    bench.when("the exchange is over") { bench.worker.exchanges.isEmpty }
    bench.run()
    #expect(bench.client.text.hasPrefix(isBestEffort ? "HTTP/1.1 200" : "HTTP/1.1 503"))
    let after = bench.auditLog.counters
    #expect(after.decided == before.decided + 1)
    #expect(after.lost == before.lost + (isBestEffort ? 1 : 0))
    #expect(after.refused == before.refused + (isBestEffort ? 0 : 1))
    // The outcome of what has no record does not use the room for those that have one.
    #expect(after.dropped == before.dropped + (isBestEffort || end == .failed ? 1 : 0))
    #expect(after.decided == after.committed + after.refused + after.lost + after.pending)
  }

  /// A read of a patient's data under the same policy and the same log.
  @Test(arguments: End.allCases)
  func aPatientsRecordIsNotDisclosed(end: End) throws {
    let bench = try EdgeBench(
      pendingByteCountMax: end == .full ? 1 : 1 << 20, edit: Self.edited)
    switch end {
    case .full: #expect(bench.auditLog.append(DecisionRecord()) == .accepted(sequence: 1))
    case .failed: _ = bench.auditLog.failed(.diskFull)
    }
    bench.client.send(get("Observation?patient=az1&category=vital-signs"))
    bench.when("the client is refused") { bench.client.text.contains("audit-unavailable") }
    bench.run()
    #expect(bench.client.text.hasPrefix("HTTP/1.1 503") && bench.taken.isEmpty)
    #expect(bench.auditLog.counters.refused == 1 && bench.auditLog.counters.lost == 0)
  }
}
