internal import Base
internal import Clinical
internal import HTTP
internal import Identity
internal import Policy

/// Facts about who asks, and what a plan demands of him.
extension Decider {
  /// Facts of the request's subject; a refusal when there must be one and is none.
  func identify(
    _ head: borrowing RequestHead, _ snapshot: Snapshot, into decision: inout Decision
  ) {
    switch decision.identification {
    case .notConfigured: return
    case .refused(let fault):
      decision.refusal = fault.isOurs ? .identityUnavailable : .unauthenticated
    case .anonymous:
      // The server's description and an application's own files tell nothing about a patient.
      let isPublic = [.capabilities, .asset].contains(decision.facts.operation)
      if snapshot.identity?.isRequired == true, !isPublic { decision.refusal = .unauthenticated }
    case .proven(let subject):
      // Handed on as the reference that it is: its facts are many arrays.
      copy(subject, head, snapshot, into: &decision)
      judgePurpose(subject, head, into: &decision)
    }
  }

  /// The facts that do not depend on what the request says of itself.
  private func copy(
    _ subject: Subject, _ head: borrowing RequestHead, _ snapshot: Snapshot,
    into decision: inout Decision
  ) {
    decision.facts.role = subject.facts.role
    decision.facts.assurance = subject.facts.assurance
    decision.facts.device = subject.facts.device
    decision.facts.authenticationAgeSeconds = subject.facts.authenticationAgeSeconds(
      at: decision.time)
    if let tenant = subject.facts.tenant {
      decision.facts.tenant = snapshot.policy.tenant(named: tenant)
    }
    let classification = decision.classification
    let isLaunchPatient: Bool
    switch classification.patient {
    case .none: isLaunchPatient = true
    case .several, .unknown: isLaunchPatient = false
    case .one:
      let found = unsafe decision.withPatient(head) { patient in
        unsafe (subject.facts.ownsRecord(of: patient), subject.facts.isLaunchPatient(patient))
      }
      decision.facts.ownRecord = found?.0
      isLaunchPatient = found?.1 ?? false
    }
    if case .one = classification.patient {
    } else {
      decision.facts.ownRecord = unsafe subject.facts.ownsRecord(of: nil)
    }
    guard let scopes = subject.facts.scopes else { return }
    let type = classification.resourceType
    let pathCount = head.pathCount
    decision.facts.scope = unsafe head.target.withUnsafeBytes { target in
      // Past `mentioned`, something of the request was not understood, or it joins other resources.
      var query: UnsafeRawBufferPointer?
      if classification.operation == .search, classification.ambiguity <= .mentioned,
        classification.bodyUse == .none, pathCount < target.count
      {
        unsafe query = UnsafeRawBufferPointer(rebasing: target[(pathCount + 1)...])
      }
      return unsafe scopes.cover(
        classification.operation, type: type == .none ? "" : type.name,
        isLaunchPatient: isLaunchPatient, query: query)
    }
  }

  /// The purpose that the request uses, and whether it breaks the glass.
  private func judgePurpose(
    _ subject: Subject, _ head: borrowing RequestHead, into decision: inout Decision
  ) {
    var named: PurposeOfUse?
    switch StatedField.read("ehr-purpose", head, PurposeOfUse.init(rawValue:)) {
    case .absent: break
    case .stated(let purpose) where subject.facts.purposes.contains(purpose): named = purpose
    case .stated, .unreadable:
      decision.refusal = .purposeNotGranted
      return
    }
    let asked = subject.facts.purpose(named: named)
    decision.facts.purpose = asked?.purpose ?? .unknown
    let hasReason = asked == .breakTheGlass && Self.takeReason(head, into: &decision)
    switch BreakGlass.judge(subject.facts, asked: asked, hasReason: hasReason) {
    case .notAsked: decision.facts.breakGlass = false
    case .broken: decision.facts.breakGlass = true
    case .notEntitled: decision.refusal = .purposeNotGranted
    case .needsReason: decision.refusal = .reasonRequired
    case .needsStepUp: stepUp(to: .multiFactor, &decision)
    }
  }

  /// Obligations that this edge can carry out.
  private static let carriedOut: Obligations = [
    .requireReason, .stepUpMultiFactor, .stepUpPhishingResistant,
  ]

  /// Refuses what a plan permits under obligations that are not met: those that the request must
  /// meet, and those that nobody here can.
  func demand(
    _ obligations: Obligations, _ head: borrowing RequestHead, into decision: inout Decision
  ) {
    guard !obligations.isEmpty else { return }
    let assurance = decision.facts.assurance
    if obligations.contains(.stepUpPhishingResistant), assurance != .phishingResistant {
      stepUp(to: .phishingResistant, &decision)
    } else if obligations.contains(.stepUpMultiFactor), assurance != .phishingResistant,
      assurance != .multiFactor
    {
      stepUp(to: .multiFactor, &decision)
    } else if obligations.contains(.requireReason), !Self.takeReason(head, into: &decision) {
      decision.refusal = .reasonRequired
    } else if !obligations.isSubset(of: Self.carriedOut) {
      decision.refusal = .obligationUnmet
    }
  }

  /// Who has proved nothing must sign in; who has must sign in better.
  private func stepUp(to needed: Assurance, _ decision: inout Decision) {
    decision.neededAssurance = needed
    decision.refusal =
      decision.identification.subject == nil ? .unauthenticated : .stepUpRequired
  }

  /// Whether the request says why, once and in words; if so, the words go into the record. They are
  /// free text, and may name a patient: the record seals them, and nothing else shows them.
  @discardableResult
  static func takeReason(
    _ head: borrowing RequestHead, into decision: inout Decision
  ) -> Bool {
    // Said already, when the head was looked at before: what goes to an origin says it no more.
    if !decision.statedReason.isEmpty { return true }
    guard let line = StatedField.line("ehr-reason", head), !line.isRepeated else { return false }
    let words = unsafe head.fields.withValue(line.line) {
      unsafe BreakGlass.isReason($0) ? [UInt8]($0) : []
    }
    decision.statedReason = words
    return !words.isEmpty
  }
}

/// A field by which a request says something of itself. None of them grants anything that a token
/// did not, and none goes on to an origin.
enum StatedField<Value> {
  case absent
  case stated(Value)
  case unreadable

  /// What the field called `name` says, as `parse` reads it.
  static func read(
    _ name: StaticString, _ head: borrowing RequestHead, _ parse: (String) -> Value?
  ) -> StatedField {
    guard let (line, isRepeated) = StatedField<Never>.line(name, head) else { return .absent }
    guard !isRepeated, let value = parse(head.fields.value(line)) else { return .unreadable }
    return .stated(value)
  }
}

extension StatedField where Value == Never {
  /// The first line called `name`, one of ours, and whether there is another.
  static func line(
    _ name: StaticString, _ head: borrowing RequestHead
  ) -> (line: Fields.Line, isRepeated: Bool)? {
    var found: Fields.Line?
    for line in head.fields.lines where line.known == .ehr {
      let isNamed = unsafe head.fields.withName(line) { text in
        let wanted = unsafe UnsafeRawBufferPointer(
          start: name.utf8Start, count: name.utf8CodeUnitCount)
        return unsafe text.elementsEqual(wanted)
      }
      guard isNamed else { continue }
      if let found { return (found, true) }
      found = line
    }
    return found.map { ($0, false) }
  }
}
