internal import Base

/// Records as FHIR R4 AuditEvents, in the shapes of IHE's Basic Audit Log Patterns (BALP 1.1.4).
///
/// A profile is claimed only when everything that it demands is known: the request succeeded, and
/// the address was opened with the key. What the log never holds is not made up: a search's own
/// text is not recorded, so its query says type and patient only and claims no profile.
public enum FHIRAuditEvent {
  /// The resource as one line of JSON, without a line end; nil for heartbeats, which are no events
  /// of security: each log proves by itself that none is missing.
  public static func json(_ record: ExportedRecord) -> String? {
    switch record.subject {
    case .exchange(let decision, let outcome):
      FHIRExchange(place: record.place, decision: decision, outcome: outcome).resource.object
    case .outcome(let outcome):
      FHIRActivity(place: record.place, outcome: outcome).resource.object
    case .event(let event):
      FHIRActivity(place: record.place, event: event)?.resource.object
    }
  }

  /// The code systems.
  enum System {
    static let rest = "http://terminology.hl7.org/CodeSystem/audit-event-type"
    static let interaction = "http://hl7.org/fhir/restful-interaction"
    static let lifecycle = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
    static let dicom = "http://dicom.nema.org/resources/ontology/DCM"
    static let participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
    static let participant = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
    static let reason = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
    static let confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    static let entityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
    static let role = "http://terminology.hl7.org/CodeSystem/object-role"
    static let source = "http://terminology.hl7.org/CodeSystem/security-source-type"
    static let balpEntity = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
    /// Our own words: kinds of records, pseudonyms.
    static let kind = "urn:homeward:audit:kind"
    static let patientToken = "urn:homeward:audit:patient-token"
    static let subjectToken = "urn:homeward:audit:subject-token"
  }

  /// A Coding.
  static func coding(_ system: String, _ code: String, _ display: String = "") -> JSONText {
    var json = JSONText()
    json.add("system", system)
    json.add("code", code)
    json.add("display", display)
    return json
  }

  /// A CodeableConcept of one coding.
  static func concept(_ system: String, _ code: String, _ display: String = "") -> JSONText {
    var json = JSONText()
    json.add("coding", [coding(system, code, display)])
    return json
  }

  /// A Reference to somebody or something that is known by an identifier only.
  static func reference(identifier: String, system: String = "", type: String = "") -> JSONText {
    var inner = JSONText()
    inner.add("system", system)
    inner.add("value", identifier)
    var json = JSONText()
    json.add("type", type)
    json.add("identifier", inner)
    return json
  }

  /// Who recorded: the edge.
  static func source(_ place: EntryPlace, site: String) -> JSONText {
    var json = JSONText()
    json.add("site", site.isEmpty ? place.instance : site)
    json.add("observer", reference(identifier: place.instance))
    json.add("type", [coding(System.source, "4", "Application Server")])
    return json
  }

  /// The entity that says more than FHIR has elements for.
  static func details(_ name: String, _ values: [(String, String)]) -> JSONText {
    var json = JSONText()
    json.add("type", coding(System.entityType, "4", "Other"))
    json.add("name", name)
    json.add(
      "detail",
      values.filter { !$0.1.isEmpty }.map { type, value in
        var detail = JSONText()
        detail.add("type", type)
        detail.add("valueString", value)
        return detail
      })
    return json
  }
}
