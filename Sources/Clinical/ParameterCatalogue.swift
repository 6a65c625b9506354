/// What a search parameter can tell about a request.
enum ParameterKind: UInt16, Sendable {
  /// Known, and neutral for patient and class.
  case neutral
  /// `patient`: a reference to a patient, typed or not.
  case patient
  /// `subject`: a patient unless another type is named.
  case subject
  /// `beneficiary` of a coverage.
  case beneficiary
  /// `individual` of a study.
  case individual
  /// `actor` of an appointment: a patient when the reference says so.
  case actor
  /// `_id`.
  case id
  /// `identifier`: names a patient by business identifier when the type is Patient.
  case identifier
  /// `category`: may narrow the class.
  case category
  /// `code`: may narrow the class.
  case code
  /// `type`: may narrow the class.
  case type
  /// Another coded value: shows a special category, never narrows.
  case token
  /// `_security` and `_tag`: labels.
  case security
  /// `_include`: brings what the matches refer to.
  case include
  /// `_revinclude`: brings what refers to the matches.
  case reverseInclude
  /// `_has`.
  case has
  /// An opaque paging token: it alone decides what is returned.
  case paging
  /// `_query`: a named query of the server's own.
  case query

  /// The way to name a patient that the parameter is; nil when it is none.
  var patientParameter: PatientParameters? {
    switch self {
    case .patient: .patient
    case .subject: .subject
    case .beneficiary: .beneficiary
    case .individual: .individual
    case .actor: .actor
    default: nil
    }
  }
}

/// The search parameters that the classifier knows (FHIR R4 search, US Core).
enum ParameterCatalogue {
  /// Parameters with a meaning here.
  private static let meaningful: [(StaticString, ParameterKind)] = [
    ("patient", .patient), ("subject", .subject), ("beneficiary", .beneficiary),
    ("individual", .individual), ("actor", .actor), ("_id", .id), ("identifier", .identifier),
    ("category", .category), ("code", .code), ("combo-code", .token), ("type", .type),
    ("class", .token), ("reason-code", .token), ("medication-code", .token),
    ("_security", .security), ("_tag", .security),
    ("_include", .include), ("_revinclude", .reverseInclude), ("_has", .has),
    ("_getpages", .paging), ("_getpagesoffset", .paging), ("ct", .paging), ("_cursor", .paging),
    ("cursor", .paging), ("__t", .paging), ("_page_token", .paging), ("_pageId", .paging),
    ("_continuation", .paging), ("_query", .query),
  ]

  /// Parameters that change neither patient nor class.
  private static let neutral: [StaticString] = [
    "_lastUpdated", "_count", "_sort", "_elements", "_summary", "_total", "_format", "_pretty",
    "_profile", "_source", "_text", "_content", "_list", "_type", "_since", "_at", "_offset",
    "_page", "page", "_contained", "_containedType", "_score", "_maxresults",
    "abatement-date", "active", "address", "address-city", "address-country",
    "address-postalcode", "address-state", "address-use", "agent", "appointment", "asserter",
    "author", "authored", "authoredon", "authenticator", "based-on", "birthdate", "body-site",
    "bodysite", "clinical-status", "code-value-concept", "code-value-quantity",
    "code-value-string", "component-code", "conclusion", "context", "count", "criticality",
    "custodian", "data", "date", "death-date", "deceased", "definition", "description", "device",
    "effective", "email", "encounter", "end", "endpoint", "entity", "event", "evidence",
    "facility", "family", "fill-date", "filter", "focus", "format", "gender",
    "general-practitioner", "given", "goal", "has-member", "instance", "intended-performer",
    "intent", "issued", "item", "language", "last-date", "lifecycle-status", "link", "location",
    "lot-number", "managing-organization", "manifestation", "manufacturer", "medication",
    "member", "method", "modality", "name", "near", "offset", "onset", "onset-age", "onset-date",
    "onset-info", "organization", "outcome", "owner", "part-of", "participant", "partof",
    "payee", "payor", "performer", "period", "phone", "phonetic", "policy-holder",
    "practitioner", "prescriber", "primary-organization", "provider", "reason-given",
    "reason-reference", "recipient", "recorded", "recorded-date", "recorder", "ref", "reference",
    "relatesto", "relation", "relationship", "replaces", "requester", "requisition", "response",
    "result", "route", "schedule", "sender", "sent", "received", "service-category",
    "service-provider", "service-type", "setting", "severity", "site", "slot", "source",
    "special-arrangement", "specialty", "specimen", "stage", "start", "status", "status-reason",
    "subscriber", "supporting-info", "target", "target-date", "telecom", "title", "url",
    "vaccine-code", "value-concept", "value-date", "value-quantity", "value-string",
    "verification-status", "version", "whenhandedover", "whenprepared", "activeOnly", "system",
    "valueSet",
    "includeDesignations", "displayLanguage", "property", "context-type", "jurisdiction",
    "publisher", "_outputFormat", "_typeFilter", "_jobId", "excludeNested", "max",
  ]

  /// The table from name to `ParameterKind`.
  static func table() -> NameTable {
    NameTable(
      meaningful.map { ($0.0, $0.1.rawValue) }
        + neutral.map { ($0, ParameterKind.neutral.rawValue) })
  }

  /// Joins that can only add shared resources (or what the row already is), by `Source:parameter`.
  private static let harmlessJoins: [StaticString] = [
    "PractitionerRole:practitioner", "PractitionerRole:organization", "PractitionerRole:location",
    "PractitionerRole:endpoint", "PractitionerRole:service", "Location:organization",
    "Location:endpoint", "Location:partof", "Organization:partof", "Organization:endpoint",
    "HealthcareService:organization", "HealthcareService:location", "HealthcareService:endpoint",
    "Slot:schedule", "Encounter:service-provider", "Encounter:location",
    "Patient:organization", "MedicationRequest:medication", "MedicationStatement:medication",
    "MedicationDispense:medication", "MedicationAdministration:medication",
  ]

  /// The table of harmless joins.
  static func harmlessJoinTable() -> NameTable {
    NameTable(harmlessJoins.map { ($0, 0) })
  }
}
