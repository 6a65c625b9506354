internal import Base

/// A judged request and what came of it, as an AuditEvent.
struct FHIRExchange {
  let place: EntryPlace
  let decision: DecisionRecord
  let outcome: OutcomeRecord?

  private typealias System = FHIRAuditEvent.System

  /// How an operation is told: BALP's action and roles.
  private struct Shape {
    /// C, R, U, D or E.
    let action: String
    /// The interaction by FHIR's code; empty for what is no FHIR request.
    let interaction: String
    /// BALP's name for it; empty where BALP has none.
    let pattern: String
  }

  private var shape: Shape {
    switch decision.operation {
    case .read: Shape(action: "R", interaction: "read", pattern: "Read")
    case .vread: Shape(action: "R", interaction: "vread", pattern: "Read")
    case .history: Shape(action: "R", interaction: "history", pattern: "")
    case .search: Shape(action: "E", interaction: "search", pattern: "Query")
    case .create: Shape(action: "C", interaction: "create", pattern: "Create")
    case .update: Shape(action: "U", interaction: "update", pattern: "Update")
    case .patch: Shape(action: "U", interaction: "patch", pattern: "Update")
    case .delete: Shape(action: "D", interaction: "delete", pattern: "Delete")
    case .batch: Shape(action: "E", interaction: "batch", pattern: "")
    case .transaction: Shape(action: "E", interaction: "transaction", pattern: "")
    case .operation, .export: Shape(action: "E", interaction: "operation", pattern: "")
    case .capabilities: Shape(action: "R", interaction: "capabilities", pattern: "")
    case .asset: Shape(action: "R", interaction: "", pattern: "")
    case .unknown: Shape(action: "E", interaction: "", pattern: "")
    }
  }

  /// The resource.
  var resource: JSONText {
    let shape = shape
    var json = JSONText()
    json.add("resourceType", "AuditEvent")
    json.add("id", "\(decision.id)")
    if let profile = profile(shape) {
      var meta = JSONText()
      meta.add("profile", texts: [profile])
      json.add("meta", meta)
    }
    if shape.interaction.isEmpty {
      json.add("type", FHIRAuditEvent.coding(System.lifecycle, "access", "Access/View"))
      json.add(
        "subtype", [FHIRAuditEvent.coding(System.kind, "\(decision.operation.rawValue)")])
    } else {
      json.add("type", FHIRAuditEvent.coding(System.rest, "rest", "Restful Operation"))
      json.add(
        "subtype",
        [FHIRAuditEvent.coding(System.interaction, shape.interaction, shape.interaction)])
    }
    json.add("action", shape.action)
    if let outcome {
      var period = JSONText()
      period.add("start", AuditText.timestamp(decision.time))
      period.add("end", AuditText.timestamp(max(outcome.time, decision.time)))
      json.add("period", period)
    }
    json.add("recorded", AuditText.timestamp(decision.time))
    json.add("outcome", code)
    json.add("outcomeDesc", explanation)
    if let purpose { json.add("purposeOfEvent", [purpose]) }
    json.add("agent", agents(shape))
    json.add(
      "source", FHIRAuditEvent.source(place, site: (outcome?.region ?? decision.region).string))
    json.add("entity", entities(shape))
    return json
  }

  /// The pattern whose demands are met; nil when none are.
  private func profile(_ shape: Shape) -> String? {
    guard code == "0", !shape.pattern.isEmpty, shape.pattern != "Query",
      decision.address.family != 0, decision.resourceType != .empty
    else { return nil }
    let patient = decision.patientID.byteCount > 0 ? "Patient" : ""
    // With a patient who is known by a token only, neither pattern is met.
    if patient.isEmpty, decision.patient != nil { return nil }
    return "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
      + patient + shape.pattern
  }

  /// Whether it succeeded: 0, 4 (the request's fault, or a refusal), 8 (ours or an origin's); empty
  /// when that is not known.
  private var code: String {
    guard let outcome else { return decision.verdict == .permit ? "" : "4" }
    switch outcome.termination {
    case .completed, .answered: break
    case .clientAborted, .clientFault, .clientTimeout: return "4"
    default: return "8"
    }
    switch outcome.status {
    case 100..<400: return "0"
    case 400..<500: return "4"
    default: return "8"
    }
  }

  private var explanation: String {
    var parts: [String] = []
    if decision.verdict != .permit {
      parts.append(
        "\(decision.verdict.word) by \(decision.rule == .empty ? "the edge" : decision.rule.string)"
      )
    }
    parts.append(decision.reason.string)
    if let outcome {
      if code != "0" { parts.append("status \(outcome.status), \(outcome.termination.rawValue)") }
    } else {
      parts.append("the outcome is unknown")
    }
    return parts.filter { !$0.isEmpty }.joined(separator: "; ")
  }

  /// Why data was asked for.
  private var purpose: JSONText? {
    let (code, display): (String, String)
    switch decision.purpose {
    case .treatment: (code, display) = ("TREAT", "treatment")
    case .payment: (code, display) = ("HPAYMT", "healthcare payment")
    case .operations: (code, display) = ("HOPERAT", "healthcare operations")
    case .research: (code, display) = ("HRESCH", "healthcare research")
    case .emergency: (code, display) = ("ETREAT", "Emergency Treatment")
    case .unknown: return nil
    }
    return FHIRAuditEvent.concept(System.reason, code, display)
  }

  // MARK: Agents

  private func agents(_ shape: Shape) -> [JSONText] {
    let user = user
    var client = JSONText()
    var server = JSONText()
    // Who sends the data is the source: for reads the server, for searches the other way round,
    // for what is said in them.
    let source = FHIRAuditEvent.concept(System.dicom, "110153", "Source Role ID")
    let destination = FHIRAuditEvent.concept(System.dicom, "110152", "Destination Role ID")
    switch shape.action {
    case "R":
      client.add("type", destination)
      server.add("type", source)
    case "D":
      client.add("type", FHIRAuditEvent.concept(System.dicom, "110150", "Application"))
      server.add("type", FHIRAuditEvent.concept(System.participant, "custodian", "Custodian"))
    default:
      client.add("type", source)
      server.add("type", destination)
    }
    let address = AuditText.address(decision.address)
    client.add("who", FHIRAuditEvent.reference(identifier: address.isEmpty ? "sealed" : address))
    client.add("requestor", user == nil)
    if !address.isEmpty { client.add("network", network(address, type: "2")) }
    let answering = outcome?.endpoint ?? .empty
    let name =
      answering != .empty
      ? answering.string : decision.endpoint != .empty ? decision.endpoint.string : place.instance
    server.add("who", FHIRAuditEvent.reference(identifier: name))
    server.add("requestor", false)
    server.add("network", network(name, type: "1"))
    return [client, server] + (user.map { [$0] } ?? [])
  }

  private func network(_ address: String, type: String) -> JSONText {
    var json = JSONText()
    json.add("address", address)
    json.add("type", type)
    return json
  }

  /// Who asks, if anybody was established.
  private var user: JSONText? {
    guard decision.subject != .empty || decision.subjectToken != nil else { return nil }
    var json = JSONText()
    json.add(
      "type", FHIRAuditEvent.concept(System.participation, "IRCP", "information recipient"))
    if decision.role != .unknown {
      var role = JSONText()
      role.add("text", decision.role.rawValue)
      json.add("role", [role])
    }
    json.add(
      "who",
      decision.subject != .empty
        ? FHIRAuditEvent.reference(identifier: decision.subject.string)
        : FHIRAuditEvent.reference(
          identifier: decision.subjectToken.map { "\($0)" } ?? "", system: System.subjectToken))
    json.add("requestor", true)
    if let purpose { json.add("purposeOfUse", [purpose]) }
    return json
  }

  // MARK: Entities

  private func entities(_ shape: Shape) -> [JSONText] {
    var list: [JSONText] = []
    var transaction = JSONText()
    transaction.add("what", FHIRAuditEvent.reference(identifier: "\(decision.id)"))
    transaction.add("type", FHIRAuditEvent.coding(System.balpEntity, "XrequestId"))
    list.append(transaction)
    if let patient = patient { list.append(patient) }
    list.append(shape.pattern == "Query" ? query : data)
    list.append(FHIRAuditEvent.details("routing-decision", facts))
    return list
  }

  private var patient: JSONText? {
    var json = JSONText()
    if decision.patientID.byteCount > 0 {
      var what = JSONText()
      what.add("reference", "Patient/\(decision.patientID.string)")
      json.add("what", what)
    } else if let token = decision.patient {
      json.add(
        "what",
        FHIRAuditEvent.reference(
          identifier: "\(token)", system: System.patientToken, type: "Patient"))
    } else {
      return nil
    }
    json.add("type", FHIRAuditEvent.coding(System.entityType, "1", "Person"))
    json.add("role", FHIRAuditEvent.coding(System.role, "1", "Patient"))
    return json
  }

  /// What was read or written. The record holds its type and not its id.
  private var data: JSONText {
    var json = JSONText()
    let type = decision.resourceType.string
    var what = JSONText()
    what.add("type", type)
    what.add("display", type.isEmpty ? decision.dataClass.rawValue : type)
    json.add("what", what)
    json.add("type", FHIRAuditEvent.coding(System.entityType, "2", "System Object"))
    json.add("role", FHIRAuditEvent.coding(System.role, "4", "Domain Resource"))
    json.add("securityLabel", label)
    return json
  }

  /// What was searched for, as far as the record knows: type, and patient when opened.
  private var query: JSONText {
    var json = JSONText()
    json.add("type", FHIRAuditEvent.coding(System.entityType, "2", "System Object"))
    json.add("role", FHIRAuditEvent.coding(System.role, "24", "Query"))
    json.add("securityLabel", label)
    json.add("description", "type and patient of the search; the rest of it is not recorded")
    var text = decision.resourceType.string
    if decision.patientID.byteCount > 0 { text += "?patient=\(decision.patientID.string)" }
    json.add("query", Base64.encode(Array(text.utf8)))
    return json
  }

  private var label: [JSONText] {
    switch decision.sensitivity {
    case .normal: [FHIRAuditEvent.coding(System.confidentiality, "N", "normal")]
    case .restricted: [FHIRAuditEvent.coding(System.confidentiality, "R", "restricted")]
    case .veryRestricted:
      [FHIRAuditEvent.coding(System.confidentiality, "V", "very restricted")]
    case .unknown: []
    }
  }

  /// What led to the decision and where its proof is.
  private var facts: [(String, String)] {
    [
      ("verdict", decision.verdict.word), ("rule", decision.rule.string),
      ("policy", decision.policyName.string), ("policy-version", "\(decision.policyVersion)"),
      ("policy-hash", decision.policyHash.string), ("phase", decision.phase.string),
      ("data-class", decision.dataClass.rawValue), ("home", decision.home.string),
      ("consent", decision.consent.rawValue),
      ("region", (outcome?.region ?? decision.region).string),
      ("candidates", decision.candidates.map(\.region.string).joined(separator: " ")),
      ("removed", decision.removals.map(\.reason.rawValue).joined(separator: " ")),
      ("durability", decision.durability.rawValue),
      ("status", outcome.map { "\($0.status)" } ?? ""),
      ("log-origin", place.origin), ("log-index", "\(place.index)"),
    ]
  }
}
