import Base
import StrictYAML

/// Rules in plain English, for readers who did not write them.
struct English {
  /// The regions that rules name by index.
  let regions: [Region]

  /// `a`, `a or b`, `a, b or c`.
  static func list(_ words: [String], _ last: String = "or") -> String {
    guard words.count > 1, let final = words.last else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(last) \(final)"
  }

  /// What a condition asks for; nil when it asks for nothing.
  func condition(_ condition: Condition) -> String? {
    guard !condition.clauses.isEmpty else { return nil }
    return Self.list(condition.clauses.map(clause), "and")
  }

  /// Which requests a rule is about, as the start of a sentence.
  func scope(_ when: Condition, _ unless: Condition?) -> String {
    let start = condition(when).map { "When \($0)" } ?? "For every request"
    guard let exception = unless.flatMap(condition) else { return start }
    return "\(start), unless \(exception)"
  }

  private func clause(_ clause: Clause) -> String {
    let name = Self.name(clause.attribute)
    if case .words(let all) = clause.attribute.kind, clause.values.count * 2 > all.count {
      let others = all.filter { !clause.values.contains($0) }.map(word)
      return others.isEmpty ? "\(name) is anything" : "\(name) is not \(Self.list(others))"
    }
    let values = clause.values.filter { $0 != "unknown" }
    let ranges = clause.ranges.map { range($0, clause.attribute) }
    return "\(name) is "
      + Self.list(values + ranges + (clause.namesUnknown ? [word("unknown")] : []))
  }

  private func word(_ value: String) -> String { value == "unknown" ? "not known" : value }

  private func range(_ range: NumberRange, _ attribute: Attribute) -> String {
    func text(_ value: UInt64) -> String {
      switch attribute.kind {
      case .numbers(.hourOfDay): "\(value):00"
      case .numbers(let quantity): quantity.text(value)
      default: timestamp(WallTime(microseconds: value))
      }
    }
    return switch (range.lower, range.upper) {
    case (let lower, .max): "\(text(lower)) or more"
    case (0, let upper): "below \(text(upper))"
    case (let lower, let upper): "from \(text(lower)) to below \(text(upper))"
    }
  }

  /// An attribute in the words of a reader.
  static func name(_ attribute: Attribute) -> String {
    switch attribute {
    case .operation: "the operation"
    case .dataClass: "the data class"
    case .sensitivity: "the sensitivity"
    case .home: "the patient's home region"
    case .residency: "the patient's residency"
    case .location: "the user's location"
    case .role: "the user's role"
    case .purpose: "the purpose"
    case .consent: "the patient's consent"
    case .breakGlass: "the glass being broken"
    case .userInHomeRegion: "the user being in the home region"
    case .assurance: "the user's assurance"
    case .device: "the device"
    case .ownRecord: "the record being the user's own"
    case .scope: "the token's scope"
    case .tenant: "the tenant"
    case .directoryAge: "the age of the patient directory"
    case .authenticationAge: "the age of the user's sign-in"
    case .hour: "the hour (UTC)"
    case .time: "the time"
    }
  }

  /// One step of a route: `a copy in the nearest region or the home region, at most 10s behind`.
  func step(_ step: Step) -> String {
    let places = step.destinations.map(destination)
    let server =
      switch step.tier {
      case .cache: "the cache in"
      case .replica: "a copy in"
      case .primary: "the primary in"
      }
    var text = "\(server) \(Self.list(places, "or else"))"
    if step.isOrderedByLoad { text += ", the least busy first" }
    if let bound = step.stalenessMillisecondsMax {
      text += ", at most \(durationText(milliseconds: Int(bound))) behind"
    }
    return text + (step.isMarkedStale ? ", marked as stale" : "")
  }

  private func destination(_ destination: Destination) -> String {
    switch destination {
    case .nearest: "the region nearest to the user"
    case .home: "the patient's home region"
    case .backupOfHome: "the home region's backup"
    case .any: "any region, nearest first"
    case .leastLoaded: "any region"
    case .named(let region): regions[Int(region.index)].name
    }
  }

  /// What a `never` rule forbids: `no region but us-west serves it`.
  func forbidden(_ forbidden: Forbidden?) -> String {
    guard let forbidden else { return "it is refused" }
    var parts: [String] = []
    if let list = forbidden.regionIn {
      parts.append("\(Self.list(list.map(destination))) never serves it")
    }
    if let list = forbidden.regionNotIn {
      parts.append(
        list.isEmpty
          ? "no region serves it"
          : "no region but \(Self.list(list.map(destination))) serves it")
    }
    if !forbidden.tierIn.isEmpty {
      parts.append("no \(Self.list(forbidden.tierIn.map(\.rawValue))) serves it")
    }
    return Self.list(parts, "and")
  }

  /// What a guarantee promises: `at least 2 regions can serve it`.
  func promise(_ guarantee: Guarantee) -> String {
    let count = guarantee.regionCountMin
    var text =
      count == 1 ? "at least one region may serve it" : "at least \(count) regions may serve it"
    if guarantee.tiers.count < Tier.allCases.count {
      text += ", from the \(Self.list(guarantee.tiers.map(\.rawValue)))"
    }
    if let bound = guarantee.stalenessMillisecondsMax {
      text += ", at most \(durationText(milliseconds: Int(bound))) behind"
    }
    return text
  }

  /// What a route demands besides serving: the record, and obligations.
  func consequences(_ rule: Rule) -> String {
    let record =
      switch rule.durability {
      case .durable: "The decision is on disk before the answer leaves."
      case .standard: "The decision is recorded within the group interval."
      case .bestEffort:
        "The decision is recorded within the group interval; when the log takes no more, it is"
          + " carried out all the same, and counted."
      }
    let duties = rule.obligations.words
    let overridden =
      rule.overrides.isEmpty ? "" : " This route stands above \(Self.list(rule.overrides, "and"))."
    return record + overridden
      + (duties.isEmpty ? "" : " Obligations: \(Self.list(duties, "and")).")
  }

  /// How answers of a row's classes are stored.
  func storage(_ row: CacheRow) -> String {
    guard let store = row.store else { return "never" }
    var places = store.regions.map { regions[Int($0.index)].name }
    if store.isAtHome { places.insert("the patient's home region", at: 0) }
    if store.isEverywhere { places = ["any region"] }
    var parts = ["in \(Self.list(places, "and"))"]
    if row.sensitivities != [.normal] {
      parts.append("of sensitivity \(Self.list(row.sensitivities.map(\.rawValue)))")
    }
    parts.append("for \(duration(store.ttlMilliseconds))")
    let key = CacheKeyParts.vocabulary.filter { store.key.contains($0.part) }.map(\.word)
    if !key.isEmpty { parts.append("apart for each \(Self.list(key, "and"))") }
    parts.append(store.seal == .none ? "not sealed" : "sealed for each \(store.seal.rawValue)")
    if store.disk == .sealed { parts.append("on disk, too, when memory is full") }
    if let roles = store.readerRoles {
      parts.append("for the roles \(Self.list(roles.map(\.rawValue), "and"))")
    }
    if let purposes = store.readerPurposes {
      parts.append("for the purposes \(Self.list(purposes.map(\.rawValue), "and"))")
    }
    if store.staleIfErrorMilliseconds > 0 {
      parts.append(
        "up to \(duration(store.staleIfErrorMilliseconds)) longer when no origin answers")
    }
    if store.staleWhileRevalidateMilliseconds > 0 {
      let time = duration(store.staleWhileRevalidateMilliseconds)
      parts.append("up to \(time) longer while a new one is fetched")
    }
    if store.negativeMilliseconds > 0 {
      parts.append("what does not exist for \(duration(store.negativeMilliseconds))")
    }
    let ends = CacheInvalidations.vocabulary
      .filter { store.invalidations.contains($0.event) }.map(\.word)
    if !ends.isEmpty { parts.append("until one of: \(ends.joined(separator: ", "))") }
    return parts.joined(separator: "; ")
  }

  private func duration(_ milliseconds: UInt32) -> String {
    durationText(milliseconds: Int(milliseconds))
  }
}
