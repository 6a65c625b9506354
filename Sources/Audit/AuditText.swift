public import Base

/// Renders records for people and tools. Slow paths only.
public enum AuditText {
  /// The record as one line of JSON, without a line end; `log` names its log among others.
  public static func json(_ record: AuditRecord, index: UInt64, log: String? = nil) -> String {
    var json = JSONText()
    json.add("log", log ?? "")
    json.add("index", index)
    switch record {
    case .decision(let decision): add(decision, to: &json)
    case .outcome(let outcome): add(outcome, to: &json)
    case .event(let event): add(event, to: &json)
    }
    return json.object
  }

  /// The record as a few lines for people; the first one says what happened, the others are
  /// indented. Ends in a line end. `log` names its log among others.
  public static func readable(
    _ record: AuditRecord, index: UInt64, log: String? = nil
  ) -> String {
    let lines: [String]
    switch record {
    case .decision(let decision): lines = self.lines(decision)
    case .outcome(let outcome): lines = self.lines(outcome)
    case .event(let event): lines = self.lines(event)
    }
    let place = log.map { "\($0) " } ?? ""
    return place + "#\(index) " + lines.map(plain).joined(separator: "\n    ") + "\n"
  }

  /// The time as RFC 3339 writes it, in UTC with microseconds.
  public static func timestamp(_ time: WallTime) -> String {
    let seconds = time.microseconds / 1_000_000
    // Days to a civil date: Hinnant, "chrono-compatible low-level date algorithms".
    let shifted = seconds / 86_400 + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    let civilMonth = month < 10 ? month + 3 : month - 9
    let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
    let rest = seconds % 86_400
    return pad(year, 4) + "-" + pad(civilMonth, 2) + "-" + pad(day, 2) + "T" + pad(rest / 3_600, 2)
      + ":" + pad(rest / 60 % 60, 2) + ":" + pad(rest % 60, 2) + "."
      + pad(time.microseconds % 1_000_000, 6) + "Z"
  }

  /// The address in its usual form (IPv6 after RFC 5952); empty when there is none.
  public static func address(_ address: ClientAddress) -> String {
    switch address.family {
    case 4:
      return stride(from: UInt64(24), through: 0, by: -8)
        .map { String(address.low >> $0 & 0xFF) }.joined(separator: ".")
    case 6:
      return v6(
        (0..<8).map { ($0 < 4 ? address.high : address.low) >> (48 - $0 % 4 * 16) & 0xFFFF })
    default: return ""
    }
  }

  /// Joins eight groups, the longest run of zeros (two at least, the first of equals) left out.
  private static func v6(_ groups: [UInt64]) -> String {
    var best = 0..<0
    var start = 0
    while start < groups.count {
      var end = start
      while end < groups.count, groups[end] == 0 { end += 1 }
      if end - start > max(best.count, 1) { best = start..<end }
      start = max(end, start + 1)
    }
    let words = groups.map { String($0, radix: 16) }
    if best.isEmpty { return words.joined(separator: ":") }
    return words[..<best.lowerBound].joined(separator: ":") + "::"
      + words[best.upperBound...].joined(separator: ":")
  }

  /// Decimal digits with leading zeros.
  private static func pad(_ value: UInt64, _ digits: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  /// The line with every character that does something replaced.
  private static func plain(_ line: String) -> String {
    var text = ""
    for scalar in line.unicodeScalars {
      text.unicodeScalars.append(JSONText.isControl(scalar) ? "\u{FFFD}" : scalar)
    }
    return text
  }

  // MARK: JSON

  /// The members of a decision.
  private static func add(_ record: DecisionRecord, to json: inout JSONText) {
    json.add("kind", "decision")
    json.add("id", "\(record.id)")
    json.add("time", timestamp(record.time))
    json.add("loop", UInt64(record.loop))
    if record.isSealed { json.add("sealed", true) }
    json.add("address", address(record.address))
    json.add("addressFrom", record.addressProvenance.rawValue)
    json.add("location", "\(record.location)")
    json.add("locationFrom", record.locationProvenance.rawValue)
    json.add("subject", record.subject.string)
    json.add("subjectToken", record.subjectToken.map { "\($0)" } ?? "")
    json.add("statedReason", record.statedReason.string)
    json.add("role", record.role.rawValue)
    json.add("purpose", record.purpose.rawValue)
    json.add("method", record.method.string)
    json.add("operation", record.operation.rawValue)
    json.add("resourceType", record.resourceType.string)
    json.add("patient", record.patient.map { "\($0)" } ?? "")
    json.add("patientId", record.patientID.string)
    json.add("dataClass", record.dataClass.rawValue)
    json.add("sensitivity", record.sensitivity.rawValue)
    json.add("mayContainRestricted", record.mayContainRestricted)
    json.add("confidence", record.confidence.string)
    json.add("ambiguity", record.ambiguity.string)
    json.add("home", record.home.string)
    json.add("residency", "\(record.residency)")
    json.add("consent", record.consent.rawValue)
    add(record.conditions, to: &json)
    json.add("policy", record.policyName.string)
    json.add("policyVersion", record.policyVersion)
    json.add("policyHash", hexadecimal(record.policyHash))
    json.add("rule", record.rule.string)
    json.add("verdict", record.verdict.word)
    json.add("reason", record.reason.string)
    json.add("durability", record.durability.rawValue)
    json.add("obligations", record.obligations.words.joined(separator: ","))
    json.add("phase", record.phase.string)
    json.add("cacheVerdict", record.cacheVerdict.string)
    json.add("candidates", record.candidates.map(object))
    json.add("removed", record.removals.map(object))
    json.add("region", record.region.string)
    json.add("endpoint", record.endpoint.string)
    if record.isTruncated { json.add("truncated", true) }
  }

  /// What else was asked, as far as it is known.
  private static func add(_ conditions: RecordedConditions, to json: inout JSONText) {
    if let broken = conditions.breakGlass { json.add("breakGlass", broken) }
    if conditions.assurance != .unknown { json.add("assurance", conditions.assurance.rawValue) }
    if conditions.device != .unknown { json.add("device", conditions.device.rawValue) }
    if let own = conditions.ownRecord { json.add("ownRecord", own) }
    if conditions.scope != .unknown { json.add("scope", conditions.scope.rawValue) }
    json.add("tenant", conditions.isTenantOther ? "other" : conditions.tenant.string)
    json.add("directoryAgeSeconds", conditions.directoryAgeSeconds.map(UInt64.init))
    json.add("authenticationAgeSeconds", conditions.authenticationAgeSeconds.map(UInt64.init))
    json.add("hour", conditions.hour.map(UInt64.init))
    if conditions.identityProvenance != .none {
      json.add("identityFrom", conditions.identityProvenance.rawValue)
    }
    if conditions.patientProvenance != .none {
      json.add("patientFrom", conditions.patientProvenance.rawValue)
    }
  }

  /// A candidate as an object.
  private static func object(_ candidate: RecordedCandidate) -> JSONText {
    var json = JSONText()
    json.add("region", candidate.region.string)
    json.add("tier", candidate.tier.rawValue)
    json.add("stalenessMilliseconds", candidate.stalenessMilliseconds.map(UInt64.init))
    if candidate.isMarked { json.add("marked", true) }
    return json
  }

  /// A removal as an object.
  private static func object(_ removal: RecordedRemoval) -> JSONText {
    var json = JSONText()
    json.add("candidate", UInt64(removal.candidateIndex))
    json.add("endpoint", removal.endpoint.string)
    json.add("reason", removal.reason.rawValue)
    return json
  }

  /// The hash as hexadecimal digits when it is 32 raw bytes, else as it is.
  private static func hexadecimal(_ name: Name) -> String {
    guard case .bytes(let bytes) = name, bytes.count == 32 else { return name.string }
    return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The members of an outcome.
  private static func add(_ record: OutcomeRecord, to json: inout JSONText) {
    json.add("kind", "outcome")
    json.add("id", "\(record.id)")
    json.add("time", timestamp(record.time))
    json.add("loop", UInt64(record.loop))
    json.add("status", UInt64(record.status))
    json.add("region", record.region.string)
    json.add("endpoint", record.endpoint.string)
    json.add("tier", record.tier?.rawValue ?? "")
    json.add("lagMilliseconds", record.lagMilliseconds)
    json.add("asOf", record.asOf.map(timestamp) ?? "")
    if record.isMarked { json.add("marked", true) }
    json.add("bytesIn", record.bytesIn)
    json.add("bytesOut", record.bytesOut)
    var timings = JSONText()
    timings.add("decide", record.decideMicroseconds)
    timings.add("connect", record.connectMicroseconds)
    timings.add("firstByte", record.firstByteMicroseconds)
    timings.add("total", record.totalMicroseconds)
    json.add("microseconds", timings)
    json.add("attempts", UInt64(record.attempts))
    if record.isHedged { json.add("hedged", true) }
    json.add("termination", record.termination.rawValue)
    json.add("proxyError", record.proxyError.string)
    json.add("labelledClass", record.labelledClass?.rawValue ?? "")
    json.add("labelledSensitivity", record.labelledSensitivity?.rawValue ?? "")
    if let cache = record.cache { add(cache, to: &json) }
  }

  /// What the cache had to do with an outcome.
  private static func add(_ record: CacheRecord, to json: inout JSONText) {
    var cache = JSONText()
    cache.add("verdict", record.verdict.string)
    cache.add("reason", record.reason.string)
    if record.row > 0 { cache.add("row", UInt64(record.row)) }
    cache.add("storedUnder", hexadecimal(record.storedUnder))
    cache.add("storedBy", record.storedBy.map { "\($0)" } ?? "")
    cache.add("storedAt", record.storedAt.map(timestamp) ?? "")
    cache.add("ageMilliseconds", record.ageMilliseconds)
    cache.add("freshMilliseconds", record.freshMilliseconds)
    cache.add("dataKey", record.dataKey)
    cache.add("entry", record.entry.map { "\($0)" } ?? "")
    cache.add("validator", record.validator.string)
    json.add("cache", cache)
  }

  /// The members of an event.
  private static func add(_ record: EventRecord, to json: inout JSONText) {
    json.add("kind", "\(record.kind.word)")
    json.add("time", timestamp(record.time))
    json.add("loop", UInt64(record.loop))
    if record.kind == .heartbeat || record.counters != AuditCounters() {
      json.add("decided", record.counters.decided)
      json.add("committed", record.counters.committed)
      json.add("refused", record.counters.refused)
      json.add("lost", record.counters.lost)
      json.add("pending", record.counters.pending)
      json.add("dropped", record.counters.dropped)
    }
    if record.logCount > 0 {
      var total = JSONText()
      total.add("logs", UInt64(record.logCount))
      total.add("decided", record.total.decided)
      total.add("committed", record.total.committed)
      total.add("refused", record.total.refused)
      total.add("lost", record.total.lost)
      total.add("pending", record.total.pending)
      total.add("dropped", record.total.dropped)
      json.add("total", total)
    }
    if record.keepDays > 0 { json.add("keepDays", UInt64(record.keepDays)) }
    json.add("author", record.author.string)
    json.add("scope", record.scope.string)
    if record.kind == .expiry || record.kind == .shredding { json.add("done", record.isDone) }
    json.add("since", record.since.map(timestamp) ?? "")
    if record.bytesDropped > 0 { json.add("bytesDropped", record.bytesDropped) }
    json.add("subject", record.subject.string)
    json.add("detail", record.detail.string)
    json.add("predecessor", record.predecessor.string)
  }

  // MARK: Lines

  /// A decision for people.
  private static func lines(_ record: DecisionRecord) -> [String] {
    let type = record.resourceType == .empty ? "" : " \(record.resourceType.string)"
    let place = record.region == .empty ? "" : " -> \(record.region.string)"
    let endpoint = record.endpoint == .empty ? "" : " (\(record.endpoint.string))"
    var lines = [
      "\(timestamp(record.time)) \(record.verdict.word): \(record.operation.rawValue)\(type)"
        + place + endpoint
    ]
    lines.append("decision \(record.id)")
    if record.reason != .empty { lines.append("why: \(record.reason.string)") }
    if record.policyName != .empty {
      lines.append(
        "policy \(record.policyName.string) version \(record.policyVersion),"
          + " rule \(record.rule == .empty ? "none" : record.rule.string)")
    }
    lines.append(who(record))
    if record.statedReason != .empty {
      lines.append("reason given: \(record.statedReason.string)")
    }
    let pseudonym = record.patient.map { "\($0)" } ?? "none or unknown"
    let patient =
      record.patientID.byteCount == 0
      ? pseudonym : "\(record.patientID.string) (\(pseudonym))"
    let home = record.home == .empty ? "unknown" : record.home.string
    lines.append(
      "patient: \(patient), home \(home), residency \(record.residency),"
        + " consent \(record.consent.rawValue)")
    let restricted = record.mayContainRestricted ? ", may contain restricted" : ""
    lines.append(
      "data: class \(record.dataClass.rawValue), sensitivity \(record.sensitivity.rawValue)"
        + "\(restricted), confidence \(record.confidence.string),"
        + " ambiguity \(record.ambiguity.string)")
    for (index, candidate) in record.candidates.enumerated() {
      lines.append(line(candidate, index: index, removals: record.removals))
    }
    return lines
  }

  /// Who asks, from where and why.
  private static func who(_ record: DecisionRecord) -> String {
    let subject =
      record.isSealed
      ? record.subjectToken.map { "sealed (\($0))" } ?? "nobody established"
      : record.subject == .empty ? "nobody established" : record.subject.string
    let address = record.isSealed ? "sealed" : address(record.address)
    return "who: \(subject), role \(record.role.rawValue), purpose \(record.purpose.rawValue),"
      + " from \(address) (\(record.addressProvenance.rawValue)),"
      + " in \(record.location) (\(record.locationProvenance.rawValue))"
  }

  /// A candidate with what narrowing did to it.
  private static func line(
    _ candidate: RecordedCandidate, index: Int, removals: [RecordedRemoval]
  ) -> String {
    let bound = candidate.stalenessMilliseconds.map { ", at most \($0) ms stale" } ?? ""
    let marked = candidate.isMarked ? ", marked" : ""
    let removed = removals.filter { Int($0.candidateIndex) == index }
      .map { "\($0.endpoint == .empty ? "all" : $0.endpoint.string) \($0.reason.rawValue)" }
    let without = removed.isEmpty ? "" : "; without \(removed.joined(separator: ", "))"
    return "plan \(index + 1): \(candidate.region.string) \(candidate.tier.rawValue)"
      + bound + marked + without
  }

  /// An outcome for people.
  private static func lines(_ record: OutcomeRecord) -> [String] {
    let place = record.region == .empty ? "the edge" : record.region.string
    let tier = record.tier.map { " \($0.rawValue)" } ?? ""
    let endpoint = record.endpoint == .empty ? "" : " (\(record.endpoint.string))"
    let total = record.totalMicroseconds.map { " in \($0) us" } ?? ""
    var lines = [
      "\(timestamp(record.time)) outcome: \(record.status) from \(place)\(tier)\(endpoint)"
        + "\(total), \(record.termination.rawValue)",
      "decision \(record.id)",
      "bytes: \(record.bytesIn) in, \(record.bytesOut) out; attempts: \(record.attempts)"
        + (record.isHedged ? ", hedged" : ""),
    ]
    if let lag = record.lagMilliseconds {
      lines.append("freshness: \(lag) ms behind\(record.isMarked ? ", marked as stale" : "")")
    }
    if let named = record.labelledClass, let level = record.labelledSensitivity {
      lines.append("labelled: \(named.rawValue), \(level.rawValue)")
    }
    if let cache = record.cache { lines.append(line(cache)) }
    if record.proxyError != .empty { lines.append("error: \(record.proxyError.string)") }
    return lines
  }

  /// What the cache had to do with an outcome, for people.
  private static func line(_ record: CacheRecord) -> String {
    var line = "cache: \(record.verdict.string)"
    if record.reason != .empty { line += " (\(record.reason.string))" }
    if record.row > 0 { line += ", row \(record.row)" }
    if let age = record.ageMilliseconds { line += ", \(age) ms old" }
    if let storedBy = record.storedBy { line += ", stored by decision \(storedBy)" }
    if record.storedUnder != .empty {
      line += " under policy \(hexadecimal(record.storedUnder))"
    }
    if let dataKey = record.dataKey { line += ", sealed by key \(dataKey)" }
    return line
  }
}
