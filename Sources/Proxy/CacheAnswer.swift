public import Base
public import Cache
public import HTTP
internal import Policy

extension Decision {
  /// Adds to a stored answer's head where it came from, how old it is, by which decision and rule it
  /// is served now.
  func describeHit(
    _ head: inout ResponseHead, _ evidence: HitEvidence, _ snapshot: Snapshot
  ) {
    if let place = snapshot.cachePlan(of: self)?.place(of: evidence.sourceRegion),
      Int(place.index) < snapshot.names.regions.count
    {
      append(snapshot.names.regions[Int(place.index)], as: "ehr-region", to: &head.fields)
    }
    appendIdentity(to: &head.fields, snapshot)
    appendCacheFreshness(evidence, to: &head.fields)
  }
}

extension JudgedRequest {
  /// See `Decision.describeHit`.
  public func describeHit(
    _ head: inout ResponseHead, _ evidence: HitEvidence, _ snapshot: Snapshot
  ) {
    decision.describeHit(&head, evidence, snapshot)
  }

  /// Takes from an origin's head what was between it and the edge.
  public func forwardResponse(_ head: inout ResponseHead) { Forwarding.prepareResponse(&head) }
}

extension Snapshot {
  /// The store's number of a region of the topology; nil where nothing is kept.
  public func cacheRegion(of region: RegionID) -> RegionNumber? {
    (cachePlan ?? supersededCachePlan)?.number(of: region)
  }
}
