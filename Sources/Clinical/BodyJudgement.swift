import Base

/// Which patients a request concerns, each a bit of the body's `PatientSet`.
enum PatientScope: Equatable {
  /// None.
  case none
  /// These, and no others.
  case named(UInt64)
  /// Perhaps others beside these.
  case unknown(UInt64)

  /// The patients that are known.
  var bits: UInt64 {
    switch self {
    case .none: 0
    case .named(let bits), .unknown(let bits): bits
    }
  }
}

/// Joins what the head says with what was read of one resource, patch or operation's parameters.
struct BodyJudgement {
  /// What is known in the end; `patient` is set by who knows the bits' owners.
  private(set) var result: Classification
  /// The patients.
  private(set) var scope: PatientScope

  private let facts: ResourceFacts
  private let tables: ClassifierTables
  /// The patient that the head names; zero when it names none.
  private let headBit: UInt64

  /// Judges. `head` is the classification of method and target, `headBit` its patient.
  /// `hasOtherID` says that target and body name different resources.
  init(
    _ head: Classification, headBit: UInt64, facts: ResourceFacts, hasOtherID: Bool,
    tables: ClassifierTables
  ) {
    result = head
    self.headBit = headBit
    self.facts = facts
    self.tables = tables
    switch head.patient {
    case .none: scope = .none
    case .one: scope = .named(headBit)
    case .several, .unknown: scope = .unknown(headBit)
    }
    guard head.refusal == nil else {
      scope = .unknown(headBit | facts.mentions)
      return
    }
    switch head.bodyUse {
    case .none: addMentions()
    case .resource: judgeResource(hasOtherID: hasOtherID)
    case .patch:
      addMentions()
      addSpecial()
    case .parameters: judgeParameters()
    case .search, .bundle: scope = .unknown(headBit | facts.mentions)
    }
    conclude()
  }

  // MARK: Kinds

  /// A resource that is stored.
  private mutating func judgeResource(hasOtherID: Bool) {
    guard facts.exists, let type = facts.type else { return result.refuse(.malformedBody) }
    guard type == result.resourceType, !hasOtherID else { return result.refuse(.bodyContradicts) }
    if result.operation == .update, facts.hasBadID { return result.refuse(.malformedID) }
    settle()
    if type == .patient {
      judgePatient()
    } else if type.row.concernsPatient {
      judgeSubject()
    } else {
      addMentions()
    }
    classify(type)
  }

  /// A patient that is made or changed.
  private mutating func judgePatient() {
    if result.operation == .create, headBit == 0 {
      scope = .unknown(facts.mentions)
      result.note(.newPatient)
      return
    }
    addMentions()
  }

  /// A resource that belongs to a patient: its subject must be the one that the head names.
  private mutating func judgeSubject() {
    let all = headBit | facts.subjects | facts.mentions
    if let reason = facts.openSubject ?? (facts.hasNewSubject ? .newPatient : nil) {
      scope = .unknown(all)
      result.note(reason)
      return
    }
    if facts.subjects != 0 {
      if headBit != 0, facts.subjects & headBit == 0 { return result.refuse(.bodyContradicts) }
      scope = .named(all)
      if result.ambiguity == .derivedFromID { result.ambiguity = .none }
      if result.ambiguity == .none { result.confidence = .exact }
      if result.operation == .update, headBit == 0 {
        // What is stored under this id, or matches, may be another patient's so far.
        result.note(.noPatient)
        result.confidence = .inferred
      }
    } else if all != 0 {
      scope = .named(all)
      if headBit == 0 {
        result.note(.mentioned)
        result.lower(to: .inferred)
      }
    } else {
      scope = .unknown(0)
      result.note(.noPatient)
    }
  }

  /// What a named operation works on.
  private mutating func judgeParameters() {
    settle()
    if facts.exists, facts.type == nil { return result.refuse(.malformedBody) }
    let all = headBit | facts.subjects | facts.mentions
    if headBit != 0 {
      scope = .named(all)
    } else if all != 0, facts.openSubject == nil {
      scope = .named(all)
      result.note(.mentioned)
      result.lower(to: .inferred)
    } else {
      scope = .unknown(all)
      result.note(facts.openSubject ?? .noPatient)
    }
    addSpecial()
  }

  // MARK: Parts

  /// Takes back what the head said for want of the body.
  private mutating func settle() {
    let isNamed = if case .one = result.patient { true } else { false }
    let isKnown = result.resourceType != .unknown && result.ambiguity < .graphQL
    if result.ambiguity == .body || result.ambiguity == .noPatient { result.ambiguity = .none }
    guard isKnown, !isNamed else { return }
    result.confidence = result.ambiguity == .none ? .exact : .inferred
  }

  /// Patients that are mentioned beside those who are named.
  private mutating func addMentions() {
    let others = facts.mentions & ~scope.bits
    guard others != 0 else { return }
    switch scope {
    case .none:
      scope = .named(others)
      result.note(.mentioned)
      result.lower(to: .inferred)
    case .named(let bits): scope = .named(bits | others)
    case .unknown(let bits): scope = .unknown(bits | others)
    }
  }

  /// Class and sensitivity of a resource that was read.
  private mutating func classify(_ type: ResourceType) {
    let narrowing = facts.narrowed(type, tables)
    if let special = narrowing.special {
      result.dataClass = narrowing.dataClass ?? result.dataClass
      result.sensitivity = special
      result.mayContainRestricted = true
    } else if let named = narrowing.dataClass, !type.row.writesAreOrders {
      result.dataClass = named
      result.sensitivity = named == .mixed ? .unknown : .normal
      result.mayContainRestricted = narrowing.mayContainRestricted
    }
  }

  /// Special categories that the body names.
  private mutating func addSpecial() {
    guard let special = facts.narrowing.special else { return }
    if special.rank > result.sensitivity.rank { result.sensitivity = special }
    if let named = facts.narrowing.dataClass {
      result.dataClass = result.dataClass.isSpecial && result.dataClass != named ? .mixed : named
    }
    result.mayContainRestricted = true
  }

  /// What holds for every kind.
  private mutating func conclude() {
    if let reason = facts.openMention {
      scope = .unknown(scope.bits)
      result.note(reason)
    }
    if facts.hasUnknownLabel {
      if result.sensitivity == .normal { result.sensitivity = .unknown }
      result.mayContainRestricted = true
    }
    if case .unknown = scope { result.lower(to: .unknown) }
    if scope.bits.nonzeroBitCount > 1 { result.note(.severalPatients) }
  }
}
