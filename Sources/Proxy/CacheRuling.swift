internal import Base
public import Cache
internal import Clinical
internal import Directory
internal import HTTP
internal import Identity
internal import Origins
internal import Policy

/// What the cache may do for one request: the plan's step of tier `cache`, the matrix row and who
/// asks, joined to a `Ruling`. What the edge answers itself, broken glass, answers that are read
/// for labels and whatever may hold a protected record get none: they neither store nor are served.
extension Decision {
  /// Index of the plan's candidate of tier `cache` in this edge's region, when its answer may be
  /// kept at all; nil for all other requests, after a comparison or two.
  @inline(__always)
  func findCacheStep(_ method: HTTP.Method, _ snapshot: Snapshot) -> UInt8? {
    guard let plan, plan.cacheRow != nil, method == .get || method == .head else { return nil }
    return findCacheStep(plan, snapshot)
  }

  /// The same for a plan with a row.
  private func findCacheStep(_ plan: Plan, _ snapshot: Snapshot) -> UInt8? {
    guard let cache = snapshot.cachePlan(of: self), let index = plan.cacheRow,
      let row = cache.rows[index], facts.breakGlass != true,
      row.storage.allows(region: cache.here, home: home(snapshot)),
      classification.canUseReplica, !classification.mayContainRestricted,
      classification.ambiguity <= .mentioned, Self.isKept(facts.operation)
    else { return nil }
    for (index, candidate) in plan.candidates.enumerated()
    where candidate.tier == .cache && candidate.region == cache.here { return UInt8(index) }
    return nil
  }

  /// Operations whose answers mean the same to the next who asks. A history grows with each write,
  /// an export is one client's.
  private static func isKept(_ operation: Base.Operation) -> Bool {
    switch operation {
    case .read, .vread, .search, .capabilities, .asset: true
    case .history, .create, .update, .patch, .delete, .batch, .transaction, .operation, .export,
      .unknown:
      false
    }
  }

  /// The patient's home as the version numbers it that decided.
  private func home(_ snapshot: Snapshot) -> RegionID? {
    guard source == .superseded, let view = snapshot.policies.superseded else { return facts.home }
    return facts.home.flatMap { view.own($0) }
  }
}

extension JudgedRequest {
  /// What the policy and the proven identity say about keeping this answer; nil when it may neither
  /// be stored nor served from the cache.
  public func cacheRuling(_ snapshot: Snapshot) -> Ruling? {
    guard let step = decision.cacheStep, decision.refusal == nil, !decision.judgesAnswer,
      let plan = decision.plan, let cache = snapshot.cachePlan(of: decision),
      let row = plan.cacheRow.flatMap({ cache.rows[$0]?.row })
    else { return nil }
    var sources = RegionSet()
    // What a cache may answer came from one of those whom the plan lets answer.
    for candidate in plan.candidates where candidate.tier != .cache {
      sources.insert(cache.regions[Int(candidate.region.index)])
    }
    let facts = decision.facts
    var ruling = Ruling(
      row: row, policy: cache.policy, dataClass: facts.dataClass, sensitivity: facts.sensitivity,
      region: cache.region, sourceRegions: sources)
    if case .named(let index) = facts.tenant {
      guard let tenant = cache.tenants[Int(index)] else { return nil }
      ruling.tenant = tenant
    }
    ruling.role = facts.role
    ruling.purpose = facts.purpose
    if let subject = decision.identification.subject { ruling.user = subject.recordName }
    if row.dependsOnPatient { takePatient(&ruling, snapshot) }
    ruling.view = view(tenant: ruling.tenant, rule: plan.ruleIndex)
    ruling.stalenessMillisecondsMax =
      plan.candidates[Int(step)].stalenessMillisecondsMax.map { UInt64($0) } ?? .max
    ruling.mayServe = true
    ruling.mayStore = true
    ruling.decision = UInt128(decision.id.high) << 64 | UInt128(decision.id.low)
    return ruling
  }

  /// Why an answer of the choice at `index` must not be kept, though it may be passed on; nil when
  /// it may. The request may have waited since it was decided, for another one's answer or for a
  /// connection: its choice is as good, and its lag as small, as they were then.
  public func cacheDoubt(choice index: Int, _ snapshot: Snapshot) -> NotStored? {
    guard let store = snapshot.cacheSetting?.store else { return nil }
    if store.generations.newestFailover != decision.failoverSeen { return .fenced }
    let choice = decision.narrowed.choices[index]
    guard snapshot.topology.tier(of: choice.endpoint) != .primary else { return nil }
    return store.changes.mayLackChange(
      lagMilliseconds: choice.lagMilliseconds, seen: decision.narrowedAt) ? .lagging : nil
  }

  /// Whom the request is about, and what of him decides.
  private func takePatient(_ ruling: inout Ruling, _ snapshot: Snapshot) {
    ruling.consent = decision.facts.consent
    let entry = unsafe decision.withPatient(head) { id in
      (unsafe snapshot.personBytes(id), unsafe snapshot.directory?.lookup(id))
    }
    guard let (person, known) = entry else { return }
    ruling.patient = person
    ruling.consentFingerprint = known.map { $0.cacheFingerprint } ?? 0
  }

  /// What the user's authorisation shows, as far as requests may wait for each other: the facts
  /// themselves, side by side.
  private func view(tenant: TenantNumber, rule: Int?) -> UInt64 {
    let facts = decision.facts
    var view = UInt64(tenant.index) << 48
    view |= UInt64(Self.ordinal(facts.role)) << 40
    view |= UInt64(Self.ordinal(facts.purpose)) << 32
    view |= UInt64(Self.ordinal(facts.scope)) << 30
    view |= UInt64(Self.ordinal(facts.assurance)) << 28
    view |= decision.identification.subject == nil ? 0 : 1 << 27
    return view | UInt64((rule ?? -1) + 1) & 0x7FF_FFFF
  }

  /// The place of a word in its vocabulary, whose words have no payloads.
  @inline(__always)
  private static func ordinal<Word: CaseIterable>(_ word: Word) -> UInt8 {
    precondition(MemoryLayout<Word>.size == 1, "a vocabulary of 2 to 256 words without payloads")
    return unsafe withUnsafeBytes(of: word) { unsafe $0[0] }
  }
}

extension PatientEntry {
  /// Changes whenever anything does that decides about the patient's records.
  fileprivate var cacheFingerprint: UInt64 {
    var word = UInt64(homeIndex) << 56 | UInt64(flags.rawValue) << 32
    word |= residency.packed &* 0x9E37_79B9_7F4A_7C15 >> 32 & 0xFFFF_FF00
    switch consent {
    case .granted: word |= 1
    case .withdrawn: word |= 2
    case .unknown: break
    }
    return word
  }
}

extension Snapshot {
  /// The person of an id, in a form that is his alone, whichever of his ids is used.
  func personBytes(_ id: UnsafeRawBufferPointer) -> [UInt8] {
    guard let directory else { return unsafe Array(id) }
    return unsafe directory.personKey(of: id)?.bytes ?? []
  }
}
