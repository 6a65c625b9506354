public import Base
internal import Clinical
public import HTTP
internal import Identity
internal import Policy

/// An answer that the edge gives in an origin's place.
public struct LocalAnswer: Sendable {
  /// Status and fields, content-length included.
  public var head: ResponseHead
  /// An OperationOutcome for FHIR clients, a problem document (RFC 9457) for others.
  public var body: [UInt8]
}

extension Decision {
  /// The answer to a refused request at `time`: says which decision, which rule, what may help.
  public func localAnswer(
    _ refusal: Refusal, head request: borrowing RequestHead, snapshot: Snapshot, time: WallTime
  ) -> LocalAnswer {
    let isFHIR = wantsOutcome(request)
    let body = isFHIR ? operationOutcome(refusal, snapshot) : problem(refusal, snapshot)
    var head = ResponseHead(status: refusal.status)
    head.contentLength = UInt64(body.count)
    head.fields.append(
      "content-type", isFHIR ? "application/fhir+json" : "application/problem+json")
    head.fields.append("cache-control", "no-store")
    if refusal == .tunnelRefused {
      head.fields.append("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
    }
    if let challenge = challenge(refusal, snapshot) {
      head.fields.append("www-authenticate", challenge)
    }
    if let seconds = refusal.retryAfterSeconds { head.fields.append("retry-after", "\(seconds)") }
    var status = "homeward"
    if let error = refusal.proxyError { status += "; error=\(error)" }
    head.fields.append("proxy-status", "\(status); details=\"\(refusal.rawValue)\"")
    head.fields.append("ehr-region", "none")
    head.fields.append("ehr-freshness", "source=none")
    appendIdentity(to: &head.fields, snapshot)
    head.fields.append("date", byteCountMax: ByteWriter.httpDateByteCount) {
      $0.append(httpDate: time)
    }
    return LocalAnswer(head: head, body: body)
  }

  /// Whether the client is told by an OperationOutcome. A client whose request could not be read is
  /// taken for a FHIR client, unless it says that it takes no such answer.
  private func wantsOutcome(_ request: borrowing RequestHead) -> Bool {
    if classification.isFHIR || accepts("fhir+json", request) { return true }
    return isUnread && (request.fields.first(.accept) == nil || accepts("*/*", request))
  }

  private func accepts(_ type: String, _ request: borrowing RequestHead) -> Bool {
    guard let line = request.fields.first(.accept) else { return false }
    return request.fields.value(line).contains(type)
  }

  /// What led to the refusal, for those who look it up; no patient, no address, no value of theirs.
  private func diagnostics(_ refusal: Refusal, _ snapshot: Snapshot) -> String {
    let policy = snapshot.policy(of: self)
    var parts = ["decision \(id)", "policy \(policy.name) \(policy.version)"]
    if let index = plan?.ruleIndex { parts.append("rule \(policy.rules[index].id)") }
    if let malformed = classification.refusal { parts.append(malformed.rawValue) }
    if let entry = body?.refusedEntry { parts.append("entry \(entry), counted from 0") }
    if let fault = identification.fault { parts.append(fault.rawValue) }
    return parts.joined(separator: ", ")
  }

  /// The rule's own words when one decided, else the refusal's.
  private func sentence(_ refusal: Refusal, _ snapshot: Snapshot) -> String {
    guard refusal == .forbidden, let index = plan?.ruleIndex else { return "\(refusal.sentence)" }
    return snapshot.policy(of: self).rules[index].say
  }

  private func operationOutcome(_ refusal: Refusal, _ snapshot: Snapshot) -> [UInt8] {
    var json = ByteQueue()
    json.append(#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":""#)
    json.append("\(refusal.issueType)")
    json.append(#"","details":{"coding":[{"code":""#)
    json.append(refusal.rawValue)
    json.append(#""}],"text":""#)
    json.append(jsonText: sentence(refusal, snapshot))
    json.append(#""},"diagnostics":""#)
    json.append(jsonText: diagnostics(refusal, snapshot))
    json.append(#""}]}"#)
    return json.copyToArray()
  }

  private func problem(_ refusal: Refusal, _ snapshot: Snapshot) -> [UInt8] {
    var json = ByteQueue()
    json.append(#"{"type":"about:blank","status":"#)
    json.append(decimal: UInt64(refusal.status))
    json.append(#","title":""#)
    json.append(refusal.rawValue)
    json.append(#"","detail":""#)
    json.append(jsonText: sentence(refusal, snapshot))
    json.append(#"","instance":"urn:homeward:decision:"#)
    json.append("\(id)")
    json.append(#""}"#)
    return json.copyToArray()
  }
}

extension ByteQueue {
  /// Appends text as the inside of a JSON string (RFC 8259 section 7).
  mutating func append(jsonText text: String) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        append(UInt8(ascii: "\\"))
        append(byte)
      case 0..<0x20:
        append("\\u")
        append(hexadecimal: UInt64(byte), digits: 4)
      default: append(byte)
      }
    }
  }
}
