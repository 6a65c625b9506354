internal import Audit
internal import Base
internal import Clinical
internal import Directory
internal import HTTP
internal import Native
internal import Origins
internal import Proxy

/// What `homeward facts explain` says about one request.
struct FactsReport {
  /// One fact, where it comes from.
  struct Row {
    var name: String
    var value: String
    var source: String
  }

  private let request: FactsRequest
  private let judgement: FactsJudgement
  private let load: ConfigurationLoad?

  /// Judges a request by the configuration that was read, or by the defaults.
  init(_ request: FactsRequest, load: ConfigurationLoad?) {
    self.request = request
    self.load = load
    let classifier = load?.configuration.map { Classifier($0) } ?? Classifier()
    judgement = request.judged(by: classifier)
  }

  /// Whether the edge would refuse the request before any policy is asked.
  var isRefused: Bool {
    judgement.targetRefusal != nil || judgement.facts.refusal != nil || homes == .several
  }

  /// The facts for people.
  var text: String {
    if let reason = judgement.targetRefusal {
      return "refused: \(reason.rawValue); the edge answers 400 and records nothing\n"
    }
    let header = ["fact", "value", "source"]
    var lines = Table(rows: [header] + rows.map { [$0.name, $0.value, $0.source] }).lines
    lines += [""] + notes.map { "\($0.0): \($0.1)" }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The facts for programs.
  var json: JSONValue {
    .object([
      ("refused", .boolean(isRefused)),
      ("catalogue", .text(TokenCatalogue.version)),
      (
        "facts",
        .list(
          (judgement.targetRefusal == nil ? rows : []).map {
            .object([
              ("name", .text($0.name)), ("value", .text($0.value)), ("source", .text($0.source)),
            ])
          })
      ),
      ("notes", .list(notes.map { .object([("kind", .text($0.0)), ("text", .text($0.1))]) })),
    ])
  }

  /// What was assumed, and why the request is refused.
  private var notes: [(String, String)] {
    if let reason = judgement.targetRefusal { return [("refused", reason.rawValue)] }
    let facts = judgement.facts
    var notes: [(String, String)] = []
    if let refusal = facts.refusal {
      let entry = judgement.verdict?.refusedEntry.map { " (entry \($0), counted from 0)" } ?? ""
      notes.append(("refused", "\(refusal.rawValue): \(refusal.sentence)\(entry)"))
    } else if homes == .several {
      notes.append(("refused", "several-patients: their homes are different regions"))
    }
    if let fault = judgement.verdict?.fault { notes.append(("body", "\(fault.sentence)")) }
    notes.append(("safe default", "\(facts.ambiguity.word): \(facts.ambiguity.safeDefault)"))
    return notes
  }

  // MARK: Rows

  /// All facts.
  private var rows: [Row] { clinicalRows + patientRows + userRows }

  /// Where a fact that head and body decide comes from.
  private var source: String {
    switch judgement.need {
    case .none: "method and URL"
    case .form: "URL and form"
    case .json: "URL and body"
    case .unjudged: "URL; the body is not judged"
    }
  }

  /// What the request is about.
  private var clinicalRows: [Row] {
    let facts = judgement.facts
    let catalogue = "\(source), catalogue \(TokenCatalogue.version)"
    var rows = [
      Row(name: "operation", value: facts.operation.rawValue, source: source),
      Row(name: "resource_type", value: "\(facts.resourceType.name)", source: source),
      Row(name: "data_class", value: facts.dataClass.rawValue, source: catalogue),
      Row(name: "sensitivity", value: facts.sensitivity.rawValue, source: catalogue),
      Row(
        name: "may_contain_restricted", value: facts.mayContainRestricted ? "yes" : "no",
        source: catalogue),
      Row(
        name: "replica_allowed", value: facts.canUseReplica ? "yes" : "no",
        source: "the request's form; policy decides within that"),
      Row(name: "confidence", value: facts.confidence.rawValue, source: "the least sure fact"),
      Row(name: "body", value: need, source: "method, URL, content type and length"),
    ]
    if let verdict = judgement.verdict, facts.bodyUse == .bundle {
      rows.append(Row(name: "entries", value: "\(verdict.entryCount)", source: "body"))
    }
    return rows
  }

  /// What the body is needed for.
  private var need: String {
    switch judgement.need {
    case .none: "not needed"
    case .form(let most): "form of \(most) bytes at most"
    case .json(let most): "JSON of \(most) bytes at most"
    case .unjudged(let reason): "not judged: \(reason.word)"
    }
  }

  /// Whose data it is, and what the directory knows of them.
  private var patientRows: [Row] {
    let patient: String
    switch judgement.facts.patient {
    case .none: patient = "none"
    case .one: patient = String(decoding: judgement.patientID ?? [], as: UTF8.self)
    case .several: patient = "\(max(2, judgement.verdict?.patientCount ?? 2)) patients"
    case .unknown: patient = "unknown"
    }
    var rows = [Row(name: "patient", value: patient, source: source)]
    guard let directory = load?.directory else {
      return rows + [Row(name: "home", value: "unknown", source: "no directory was given")]
    }
    let source = load?.configuration?.directory
    let file = source?.signed?.snapshot ?? source?.file ?? "directory"
    switch homes {
    case .none: rows.append(Row(name: "home", value: "none", source: "no patient is concerned"))
    case .unknown: rows.append(Row(name: "home", value: "unknown", source: file))
    case .several: rows.append(Row(name: "home", value: "several", source: file))
    case .one(let name): rows.append(Row(name: "home", value: name, source: file))
    }
    guard let id = judgement.patientID,
      let entry = unsafe id.withUnsafeBytes({ unsafe directory.lookup($0) })
    else { return rows }
    let flags = PatientFlags.words.filter { entry.flags.contains($0.1) }.map { "\($0.0)" }
    rows += [
      Row(name: "residency", value: "\(entry.residency)", source: file),
      Row(name: "consent", value: entry.consent.rawValue, source: file),
      Row(
        name: "patient_flags", value: flags.isEmpty ? "none" : flags.joined(separator: " "),
        source: file),
    ]
    let facts = judgement.facts
    if facts.mayContainRestricted,
      let protected = entry.flags.protectedClass(insteadOf: facts.dataClass)
    {
      let source = "the patient's flags; they win over the URL"
      rows.append(Row(name: "data_class", value: protected.rawValue, source: source))
      rows.append(Row(name: "sensitivity", value: "restricted", source: source))
    }
    return rows
  }

  /// The home of all patients concerned.
  private var homes: JointHome<String> {
    guard let directory = load?.directory else { return .unknown }
    func home(_ id: UnsafeRawBufferPointer) -> String? {
      guard let entry = unsafe directory.lookup(id) else { return nil }
      let index = Int(entry.homeIndex)
      return index < directory.homeNames.count ? directory.homeNames[index] : nil
    }
    if let scan = judgement.scan { return unsafe scan.home { unsafe home($0) } }
    switch judgement.facts.patient {
    case .none: return .none
    case .several, .unknown: return .unknown
    case .one:
      let id = judgement.patientID ?? []
      return unsafe id.withUnsafeBytes { unsafe home($0) }.map { .one($0) } ?? .unknown
    }
  }

  /// Who asks, and from where.
  private var userRows: [Row] {
    [location] + nearest
      + ["role", "purpose", "break_glass"].map {
        Row(name: $0, value: "unknown", source: "tokens are not read here")
      }
  }

  /// Which of regions that a plan allows as equals comes first; no row without a table.
  private var nearest: [Row] {
    guard let table = load?.configuration?.locality else { return [] }
    let place = Place(location.value) ?? .unknown
    let names = table.regionNames(of: place)
    return [
      Row(
        name: "nearest_regions",
        value: names.isEmpty ? "by measured time" : names.joined(separator: " "),
        source: "locality, among those that a plan allows as equals")
    ]
  }

  /// Where the user is.
  private var location: Row {
    guard let client = request.client else {
      return Row(name: "location", value: "unknown", source: "no client address was given")
    }
    guard let location = load?.configuration?.location, let locator = try? Locator(location) else {
      return Row(name: "location", value: "unknown", source: "no location database was given")
    }
    let found = locator.find(client)
    let source =
      switch found.doubt {
      case .anonymous: "\(location.anonymizers ?? location.database): the network hides its user"
      case .radius(let radius):
        "\(location.database): radius of \(radius) km, over"
          + " \(ProxyLimits().accuracyRadiusKilometresMax)"
      case nil: found.provenance == .site ? "a facility's network" : location.database
      }
    return Row(name: "location", value: "\(found.place)", source: source)
  }
}
