internal import Base

/// Records as syslog messages (RFC 5424), their fields as structured data.
public enum SyslogLine {
  /// How messages follow each other on a stream.
  public enum Framing: String, CaseIterable, Sendable {
    /// A line feed behind each: files, and what reads lines.
    case lines
    /// The length in front of each (RFC 6587 section 3.4.1), as RFC 5425 demands over TLS.
    case octets
  }

  /// `log audit` of RFC 5424 section 6.2.1.
  private static let facility = 13

  /// The message; heartbeats too, for whoever watches for silence.
  ///
  /// `enterprise` is the number of the structured data's name (RFC 5424 section 7.2.2).
  public static func text(
    _ record: ExportedRecord, enterprise: Int, framing: Framing
  ) -> String {
    let (time, kind, severity, fields, told) = parts(record)
    let place = record.place
    let data = (fields + [("origin", place.origin), ("index", "\(place.index)")])
      .filter { !$0.1.isEmpty }.map { " \($0.0)=\"\(escaped($0.1))\"" }.joined()
    let message =
      "<\(facility * 8 + severity)>1 \(AuditText.timestamp(time))"
      + " \(header(place.instance, byteCountMax: 255)) homeward - \(header(kind, byteCountMax: 32))"
      + " [homeward@\(enterprise)\(data)] \(ascii(told))"
    switch framing {
    case .lines: return message + "\n"
    case .octets: return "\(message.utf8.count) \(message)"
    }
  }

  /// When, what, how grave (RFC 5424 section 6.2.1), the fields, and a line for people.
  private static func parts(
    _ record: ExportedRecord
  ) -> (WallTime, String, Int, [(String, String)], String) {
    switch record.subject {
    case .exchange(let decision, let outcome):
      let severity =
        decision.verdict != .permit ? 5 : (outcome?.status ?? 0) >= 500 ? 4 : 6
      let place = (outcome?.region ?? decision.region).string
      let told =
        "\(decision.verdict.word): \(decision.operation.rawValue)"
        + " \(decision.resourceType.string)\(place.isEmpty ? "" : " from \(place)")"
      return (
        decision.time, "decision", severity, fields(decision) + (outcome.map(fields) ?? []), told
      )
    case .outcome(let outcome):
      let told = "outcome: \(outcome.status), its decision is not exported here"
      return (outcome.time, "outcome", 6, [("id", "\(outcome.id)")] + fields(outcome), told)
    case .event(let event):
      let isFault = event.kind == .gap || event.kind == .recovery || event.kind == .clockStep
      let word = "\(event.kind.word)"
      return (event.time, word, isFault ? 4 : 6, fields(event), "\(word) \(event.detail.string)")
    }
  }

  private static func fields(_ decision: DecisionRecord) -> [(String, String)] {
    [
      ("id", "\(decision.id)"), ("verdict", decision.verdict.word),
      ("rule", decision.rule.string), ("reason", decision.reason.string),
      ("policy", decision.policyName.string), ("policyVersion", "\(decision.policyVersion)"),
      ("phase", decision.phase.string), ("method", decision.method.string),
      ("operation", decision.operation.rawValue), ("resource", decision.resourceType.string),
      ("dataClass", decision.dataClass.rawValue), ("sensitivity", decision.sensitivity.rawValue),
      ("address", AuditText.address(decision.address)), ("subject", decision.subject.string),
      ("subjectToken", decision.subjectToken.map { "\($0)" } ?? ""),
      ("role", decision.role.rawValue), ("purpose", decision.purpose.rawValue),
      ("patient", decision.patientID.string),
      ("patientToken", decision.patient.map { "\($0)" } ?? ""),
      ("home", decision.home.string), ("consent", decision.consent.rawValue),
    ]
  }

  private static func fields(_ outcome: OutcomeRecord) -> [(String, String)] {
    [
      ("status", "\(outcome.status)"), ("region", outcome.region.string),
      ("endpoint", outcome.endpoint.string), ("tier", outcome.tier?.rawValue ?? ""),
      ("termination", outcome.termination.rawValue), ("attempts", "\(outcome.attempts)"),
      ("bytesIn", "\(outcome.bytesIn)"), ("bytesOut", "\(outcome.bytesOut)"),
      ("microseconds", outcome.totalMicroseconds.map { "\($0)" } ?? ""),
    ]
  }

  private static func fields(_ event: EventRecord) -> [(String, String)] {
    var fields = [("subject", event.subject.string), ("detail", event.detail.string)]
    fields += [
      ("author", event.author.string), ("scope", event.scope.string),
      ("done", event.isDone ? "true" : ""),
    ]
    guard event.kind == .heartbeat || event.kind == .gap else { return fields }
    let sums = event.counters
    fields += [
      ("decided", "\(sums.decided)"), ("committed", "\(sums.committed)"),
      ("refused", "\(sums.refused)"), ("lost", "\(sums.lost)"), ("pending", "\(sums.pending)"),
      ("dropped", "\(sums.dropped)"),
    ]
    return fields
  }

  /// A value of structured data: RFC 5424 section 6.3.3 escapes three characters; what does
  /// something instead of showing something would break a line.
  private static func escaped(_ value: String) -> String {
    var text = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"", "\\", "]": text += "\\\(scalar)"
      default: text.unicodeScalars.append(JSONText.isControl(scalar) ? "\u{FFFD}" : scalar)
      }
    }
    return text
  }

  /// A field of the header: visible ASCII only.
  private static func header(_ value: String, byteCountMax: Int) -> String {
    let text = String(
      decoding: value.utf8.prefix(byteCountMax).map { (33...126).contains($0) ? $0 : 0x5F },
      as: UTF8.self)
    return text.isEmpty ? "-" : text
  }

  /// Text for people without the mark that other than ASCII would need.
  private static func ascii(_ value: String) -> String {
    String(
      decoding: value.utf8.map { (32...126).contains($0) ? $0 : 0x3F }, as: UTF8.self)
  }
}
