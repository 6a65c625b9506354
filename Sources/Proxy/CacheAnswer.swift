internal import Audit
public import Base
public import Cache
public import HTTP
public import Native
internal import Policy

extension Decision {
  /// Adds to a stored answer's head where it came from, how old it is, by which decision and rule
  /// it is served now.
  func describeHit(
    _ head: inout ResponseHead, _ hit: ServableHit, _ snapshot: Snapshot
  ) {
    if let name = snapshot.regionName(of: hit, self) {
      append(name, as: "ehr-region", to: &head.fields)
    }
    appendIdentity(to: &head.fields, snapshot)
    appendCacheFreshness(hit, to: &head.fields)
  }
}

extension Decision {
  /// Whether a stored answer is marked as stale: its plan says so, or it is past its time.
  func isMarkedStale(_ hit: ServableHit) -> Bool {
    let step = cacheStep.flatMap { plan?.candidates[Int($0)] }
    return step?.isMarkedStale == true || hit.remainingMilliseconds < 0
  }
}

extension Snapshot {
  /// The name of the region that a stored answer came from.
  func regionName(of hit: ServableHit, _ decision: borrowing Decision) -> [UInt8]? {
    guard let place = cachePlan(of: decision)?.place(of: hit.sourceRegion),
      Int(place.index) < names.regions.count
    else { return nil }
    return names.regions[Int(place.index)]
  }
}

extension CacheRecord {
  /// The evidence of one answer, in the log's words.
  init(
    _ outcome: Outcome.CacheOutcome, of decision: borrowing Decision, _ snapshot: Snapshot
  ) {
    self.init()
    verdict = .text(outcome.verdict.rawValue)
    if let detail = outcome.detail {
      reason = .text(detail.rawValue)
    } else if let bypass = outcome.bypass {
      reason = .text(bypass.rawValue)
    }
    guard let evidence = outcome.hit?.evidence else { return }
    row = evidence.rowNumber
    if evidence.policyAtStore != evidence.policyAtHit {
      storedUnder = .bytes(unsafe evidence.policyAtStore.withBytes { unsafe Array($0) })
    }
    storedBy = AuditID(
      high: UInt64(truncatingIfNeeded: evidence.storedByDecision >> 64),
      low: UInt64(truncatingIfNeeded: evidence.storedByDecision))
    storedAt = evidence.storedWall
    ageMilliseconds = evidence.ageMilliseconds
    if evidence.remainingMilliseconds >= 0 {
      freshMilliseconds = UInt64(evidence.remainingMilliseconds)
    }
    dataKey = evidence.dataKeyNumber
    if let store = snapshot.cacheSetting?.store {
      let name = store.recordName(of: evidence)
      entry = AuditID(high: name.high, low: name.low)
    }
    if let tag = evidence.validator { validator = .bytes(tag.opaque) }
  }
}

extension JudgedRequest {
  /// See `Decision.describeHit`.
  public func describeHit(
    _ head: inout ResponseHead, _ hit: ServableHit, _ snapshot: Snapshot
  ) {
    decision.describeHit(&head, hit, snapshot)
  }

  /// Takes from an origin's head what was between it and the edge.
  public func forwardResponse(_ head: inout ResponseHead) { Forwarding.prepareResponse(&head) }
}

extension Snapshot {
  /// What the rows of the versions say by which answers may be kept.
  public var cacheRowFingerprints: [SHA256Digest] {
    (cachePlan?.rowFingerprints ?? []) + (supersededCachePlan?.rowFingerprints ?? [])
  }

  /// The store's number of a region of the topology; nil where nothing is kept.
  public func cacheRegion(of region: RegionID) -> RegionNumber? {
    (cachePlan ?? supersededCachePlan)?.number(of: region)
  }
}
