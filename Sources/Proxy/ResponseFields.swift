internal import Base
internal import Cache
public import HTTP
internal import Origins
internal import Policy

extension Decision {
  /// Makes an origin's head fit for the client: strips what was between us and the origin, adds who
  /// answered, how fresh, by which decision and rule.
  public func prepareResponse(
    _ head: inout ResponseHead, choice index: Int, snapshot: Snapshot
  ) {
    Forwarding.prepareResponse(&head)
    describeResponse(&head, choice: index, snapshot: snapshot)
  }

  /// Adds who answered, how fresh, by which decision and rule.
  func describeResponse(
    _ head: inout ResponseHead, choice index: Int, snapshot: Snapshot
  ) {
    let choice = narrowed.choices[index]
    let region = snapshot.topology.region(of: choice.endpoint)
    let names = snapshot.names
    append(names.regions[Int(region.index)], as: "ehr-region", to: &head.fields)
    appendIdentity(to: &head.fields, snapshot)
    appendFreshness(choice, snapshot.topology.tier(of: choice.endpoint), to: &head.fields)
    let nextHop = names.nextHops[Int(choice.endpoint.index)]
    let status = UInt64(head.status)
    head.fields.append("proxy-status", byteCountMax: nextHop.count + 3) { value in
      value.append(nextHop)
      value.append(decimal: status)
    }
  }

  /// `EHR-Decision-Id` and `EHR-Policy`: on every answer.
  func appendIdentity(to fields: inout Fields, _ snapshot: Snapshot) {
    fields.append("ehr-decision-id", isUnique: true, byteCountMax: 32) { value in
      value.append(hexadecimal: id.high)
      value.append(hexadecimal: id.low)
    }
    append(snapshot.names(of: self).policy(plan?.ruleIndex), as: "ehr-policy", to: &fields)
  }

  /// `EHR-Freshness`: which tier answered, how far it may lag now, as of when, and the bound.
  private func appendFreshness(
    _ choice: NarrowedPlan.Choice, _ tier: Tier, to fields: inout Fields
  ) {
    let bound = plan?.candidates[Int(choice.step)].stalenessMillisecondsMax
    let isUnique = tier == .replica
    fields.append("ehr-freshness", isUnique: isUnique, byteCountMax: Self.freshnessByteCountMax) {
      text in
      text.append("source=")
      text.append(tier.word)
      guard tier == .replica else { return }
      if let lag = choice.lagMilliseconds {
        text.append(";lag=")
        text.append(secondsOfMilliseconds: lag)
        text.append(";as-of=")
        text.append(rfc3339: WallTime(microseconds: time.microseconds - lag * 1000))
      } else {
        text.append(";lag=unknown")
      }
      if let bound {
        text.append(";bound=")
        text.append(secondsOfMilliseconds: UInt64(bound))
      }
      if choice.isMarkedStale { text.append(";stale") }
    }
  }

  /// `EHR-Freshness` of a stored answer: its age, as of when it was true, and the bound.
  func appendCacheFreshness(_ hit: ServableHit, to fields: inout Fields) {
    let step = cacheStep.flatMap { plan?.candidates[Int($0)] }
    let age = hit.ageMilliseconds
    fields.append("ehr-freshness", isUnique: true, byteCountMax: Self.freshnessByteCountMax) {
      text in
      text.append("source=cache;lag=")
      text.append(secondsOfMilliseconds: age)
      text.append(";as-of=")
      let ageMicroseconds = min(time.microseconds, age * 1000)
      text.append(rfc3339: WallTime(microseconds: time.microseconds - ageMicroseconds))
      if let bound = step?.stalenessMillisecondsMax {
        text.append(";bound=")
        text.append(secondsOfMilliseconds: UInt64(bound))
      }
      if isMarkedStale(hit) { text.append(";stale") }
    }
  }

  /// Bytes in the longest `EHR-Freshness`: its words, one instant and two times.
  private static let freshnessByteCountMax =
    64 + ByteWriter.rfc3339ByteCountMax + 2 * ByteWriter.secondsByteCountMax

  func append(_ value: [UInt8], as name: StaticString, to fields: inout Fields) {
    fields.append(name, byteCountMax: value.count) { $0.append(value) }
  }
}

extension Tier {
  /// The tier's name as a literal.
  fileprivate var word: StaticString {
    switch self {
    case .cache: "cache"
    case .replica: "replica"
    case .primary: "primary"
    }
  }
}
