internal import Base

/// Records as events of the Open Cybersecurity Schema Framework (OCSF 1.3.0), a line of JSON each:
/// judged requests as API Activity (6003), starts, stops and faults as Application Lifecycle (6002),
/// what operators and policies change as Entity Management (3004).
public enum OCSFEvent {
  private static let version = "1.3.0"

  /// The event as one line, without a line end; nil for heartbeats.
  public static func json(_ record: ExportedRecord) -> String? {
    switch record.subject {
    case .exchange(let decision, let outcome):
      activity(decision, outcome, record.place).object
    case .outcome(let outcome): orphan(outcome, record.place).object
    case .event(let event): self.event(event, record.place)?.object
    }
  }

  /// What every event has.
  private static func begin(
    category: UInt64, uid: UInt64, name: StaticString, activity: UInt64, severity: UInt64,
    time: WallTime, id: String, _ place: EntryPlace
  ) -> JSONText {
    var json = JSONText()
    json.add("category_uid", category)
    json.add("class_uid", uid)
    json.add("class_name", "\(name)")
    json.add("activity_id", activity)
    json.add("type_uid", uid * 100 + activity)
    json.add("severity_id", severity)
    json.add("time", time.microseconds / 1_000)
    var product = JSONText()
    product.add("name", "Homeward")
    product.add("vendor_name", "Homeward")
    var metadata = JSONText()
    metadata.add("version", version)
    metadata.add("product", product)
    metadata.add("uid", id)
    metadata.add("log_name", place.origin)
    metadata.add("log_provider", place.instance)
    metadata.add("sequence", place.index)
    if uid == 6_003 { metadata.add("profiles", texts: ["security_control"]) }
    json.add("metadata", metadata)
    return json
  }

  // MARK: API Activity

  private static func activity(
    _ decision: DecisionRecord, _ outcome: OutcomeRecord?, _ place: EntryPlace
  ) -> JSONText {
    let isAllowed = decision.verdict == .permit
    let status = outcome.map(\.status) ?? 0
    var json = begin(
      category: 6, uid: 6_003, name: "API Activity", activity: activityID(decision.operation),
      severity: isAllowed ? (status >= 500 ? 3 : 1) : 2, time: decision.time,
      id: "\(decision.id)", place)
    json.add("actor", actor(decision))
    var service = JSONText()
    service.add("name", place.instance)
    var api = JSONText()
    api.add("operation", decision.operation.rawValue)
    api.add("service", service)
    json.add("api", api)
    json.add("src_endpoint", source(decision))
    if let name = [outcome?.endpoint, decision.endpoint].compactMap({ $0?.string })
      .first(where: { !$0.isEmpty })
    {
      var endpoint = JSONText()
      endpoint.add("name", name)
      json.add("dst_endpoint", endpoint)
    }
    var request = JSONText()
    request.add("http_method", decision.method.string)
    json.add("http_request", request)
    if status > 0 {
      var response = JSONText()
      response.add("code", UInt64(status))
      json.add("http_response", response)
    }
    json.add("resources", [resource(decision)])
    json.add("action_id", isAllowed ? 1 : 2)
    json.add("disposition_id", isAllowed ? 1 : 2)
    json.add("authorizations", [authorization(decision)])
    // Unknown while no outcome is known.
    json.add("status_id", outcome == nil ? 0 : isAllowed && (100..<400).contains(status) ? 1 : 2)
    json.add("status_detail", detail(decision, outcome))
    if let total = outcome?.totalMicroseconds { json.add("duration", total / 1_000) }
    json.add("unmapped", unmapped(decision, outcome))
    return json
  }

  private static func activityID(_ operation: Operation) -> UInt64 {
    switch operation {
    case .create: 1
    case .read, .vread, .history, .search, .export, .capabilities, .asset: 2
    case .update, .patch: 3
    case .delete: 4
    case .batch, .transaction, .operation: 99
    case .unknown: 0
    }
  }

  private static func actor(_ decision: DecisionRecord) -> JSONText {
    var user = JSONText()
    if decision.subject != .empty {
      user.add("uid", decision.subject.string)
    } else if let token = decision.subjectToken {
      user.add("uid", "token:\(token)")
    } else {
      user.add("name", "unknown")
    }
    if decision.role != .unknown { user.add("type", decision.role.rawValue) }
    var actor = JSONText()
    actor.add("user", user)
    return actor
  }

  private static func source(_ decision: DecisionRecord) -> JSONText {
    let address = AuditText.address(decision.address)
    var json = JSONText()
    if address.isEmpty { json.add("name", "sealed") } else { json.add("ip", address) }
    return json
  }

  private static func resource(_ decision: DecisionRecord) -> JSONText {
    var json = JSONText()
    let type = decision.resourceType.string
    json.add("type", type.isEmpty ? decision.dataClass.rawValue : type)
    if decision.patientID.byteCount > 0 {
      json.add("uid", "Patient/\(decision.patientID.string)")
    } else if let token = decision.patient {
      json.add("uid", "patient-token:\(token)")
    }
    json.add("labels", texts: [decision.dataClass.rawValue, decision.sensitivity.rawValue])
    return json
  }

  private static func authorization(_ decision: DecisionRecord) -> JSONText {
    var policy = JSONText()
    policy.add("name", decision.policyName.string)
    policy.add("uid", decision.policyHash.string)
    policy.add("version", "\(decision.policyVersion)")
    policy.add("desc", decision.rule.string)
    var json = JSONText()
    json.add("decision", decision.verdict.word)
    json.add("policy", policy)
    return json
  }

  private static func detail(_ decision: DecisionRecord, _ outcome: OutcomeRecord?) -> String {
    [
      decision.reason.string,
      outcome.map { $0.termination.rawValue } ?? "the outcome is unknown",
    ].filter { !$0.isEmpty }.joined(separator: "; ")
  }

  private static func unmapped(
    _ decision: DecisionRecord, _ outcome: OutcomeRecord?
  ) -> JSONText {
    var json = JSONText()
    json.add("home", decision.home.string)
    json.add("region", (outcome?.region ?? decision.region).string)
    json.add("phase", decision.phase.string)
    json.add("purpose", decision.purpose.rawValue)
    json.add("consent", decision.consent.rawValue)
    json.add("durability", decision.durability.rawValue)
    json.add("removed", texts: decision.removals.map(\.reason.rawValue))
    json.add("bytes_in", outcome?.bytesIn)
    json.add("bytes_out", outcome?.bytesOut)
    return json
  }

  private static func orphan(_ outcome: OutcomeRecord, _ place: EntryPlace) -> JSONText {
    var json = begin(
      category: 6, uid: 6_003, name: "API Activity", activity: 0, severity: 1,
      time: outcome.time, id: "\(outcome.id)", place)
    var user = JSONText()
    user.add("name", "unknown")
    var actor = JSONText()
    actor.add("user", user)
    json.add("actor", actor)
    var api = JSONText()
    api.add("operation", "unknown")
    json.add("api", api)
    var source = JSONText()
    source.add("name", "unknown")
    json.add("src_endpoint", source)
    json.add("status_id", (100..<400).contains(outcome.status) ? 1 : 2)
    json.add("status_detail", "the decision lies in a log that is not exported here")
    return json
  }

  // MARK: Events

  private static func event(_ event: EventRecord, _ place: EntryPlace) -> JSONText? {
    let id = "\(place.origin)#\(place.index)"
    switch event.kind {
    case .heartbeat, .decision, .outcome: return nil
    case .start, .stop, .recovery, .gap, .logOpen, .clockStep:
      let isFault = event.kind == .gap || event.kind == .recovery || event.kind == .clockStep
      var json = begin(
        category: 6, uid: 6_002, name: "Application Lifecycle",
        activity: event.kind == .start ? 3 : event.kind == .stop ? 4 : 99,
        severity: isFault ? 4 : 1, time: event.time, id: id, place)
      var app = JSONText()
      app.add("name", "Homeward")
      app.add("vendor_name", "Homeward")
      app.add("uid", place.instance)
      json.add("app", app)
      return ended(json, event)
    case .policyLoad, .configurationLoad, .operatorAction, .keyEvent:
      var json = begin(
        category: 3, uid: 3_004, name: "Entity Management", activity: 3, severity: 2,
        time: event.time, id: id, place)
      var entity = JSONText()
      entity.add("name", event.subject == .empty ? place.instance : event.subject.string)
      entity.add("type", "\(event.kind.word)")
      json.add("entity", entity)
      return ended(json, event)
    }
  }

  private static func ended(_ begun: JSONText, _ event: EventRecord) -> JSONText {
    var json = begun
    json.add("activity_name", "\(event.kind.word)")
    json.add("status_id", 1)
    json.add("message", event.detail.string)
    return json
  }
}
