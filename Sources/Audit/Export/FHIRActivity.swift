internal import Base

/// What happened to the edge or its log, as an AuditEvent.
struct FHIRActivity {
  /// The resource.
  let resource: JSONText

  private typealias System = FHIRAuditEvent.System

  /// An event; nil for a heartbeat.
  init?(place: EntryPlace, event: EventRecord) {
    guard let (type, subtype, action) = Self.codes(event.kind) else { return nil }
    var json = Self.begin(type, [subtype, Self.own("\(event.kind.word)")])
    json.add("action", action)
    json.add("recorded", AuditText.timestamp(event.time))
    // A gap and a torn tail are the edge's own failures.
    json.add("outcome", event.kind == .gap || event.kind == .recovery ? "8" : "0")
    json.add("outcomeDesc", event.detail.string)
    json.add("agent", [Self.edge(place)])
    json.add("source", FHIRAuditEvent.source(place, site: ""))
    json.add(
      "entity",
      [
        FHIRAuditEvent.details(
          "\(event.kind.word)",
          [
            ("subject", event.subject.string), ("detail", event.detail.string),
            ("bytes-dropped", event.bytesDropped == 0 ? "" : "\(event.bytesDropped)"),
            ("predecessor", event.predecessor.string), ("log-origin", place.origin),
            ("log-index", "\(place.index)"),
          ])
      ])
    resource = json
  }

  /// An outcome whose decision is not exported.
  init(place: EntryPlace, outcome: OutcomeRecord) {
    var json = Self.begin(
      FHIRAuditEvent.coding(System.lifecycle, "access", "Access/View"), [Self.own("outcome")])
    json.add("action", "E")
    json.add("recorded", AuditText.timestamp(outcome.time))
    json.add("outcome", outcome.status < 400 ? "0" : outcome.status < 500 ? "4" : "8")
    json.add("outcomeDesc", "the decision lies in a log that is not exported here")
    json.add("agent", [Self.edge(place)])
    json.add("source", FHIRAuditEvent.source(place, site: outcome.region.string))
    json.add(
      "entity",
      [
        FHIRAuditEvent.details(
          "outcome",
          [
            ("decision", "\(outcome.id)"), ("status", "\(outcome.status)"),
            ("termination", outcome.termination.rawValue), ("log-origin", place.origin),
            ("log-index", "\(place.index)"),
          ])
      ])
    resource = json
  }

  private static func begin(_ type: JSONText, _ subtypes: [JSONText]) -> JSONText {
    var json = JSONText()
    json.add("resourceType", "AuditEvent")
    json.add("type", type)
    json.add("subtype", subtypes)
    return json
  }

  private static func own(_ word: String) -> JSONText {
    FHIRAuditEvent.coding(System.kind, word)
  }

  private static func edge(_ place: EntryPlace) -> JSONText {
    var json = JSONText()
    json.add("type", FHIRAuditEvent.concept(System.dicom, "110150", "Application"))
    json.add("who", FHIRAuditEvent.reference(identifier: place.instance))
    json.add("requestor", false)
    return json
  }

  /// Type, subtype and action of a kind (DICOM PS3.15 A.5.2); nil when it is no event of security.
  private static func codes(_ kind: RecordKind) -> (JSONText, JSONText, String)? {
    func dicom(_ code: String, _ display: String) -> JSONText {
      FHIRAuditEvent.coding(System.dicom, code, display)
    }
    let activity = dicom("110100", "Application Activity")
    let alert = dicom("110113", "Security Alert")
    switch kind {
    case .start: return (activity, dicom("110120", "Application Start"), "E")
    case .stop: return (activity, dicom("110121", "Application Stop"), "E")
    case .recovery, .gap:
      return (alert, dicom("110135", "Object Security Attributes Changed"), "U")
    case .clockStep: return (alert, dicom("110130", "Hardware Configuration"), "U")
    case .policyLoad: return (alert, dicom("110129", "Security Configuration"), "U")
    case .configurationLoad: return (alert, dicom("110131", "Software Configuration"), "U")
    case .operatorAction: return (alert, dicom("110132", "Use of Restricted Function"), "E")
    case .keyEvent: return (alert, dicom("110129", "Security Configuration"), "U")
    case .logOpen: return (activity, dicom("110101", "Audit Log Used"), "C")
    case .heartbeat, .decision, .outcome: return nil
    }
  }
}
