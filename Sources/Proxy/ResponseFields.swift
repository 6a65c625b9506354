public import Base
public import HTTP
internal import Origins
internal import Policy

extension Decision {
  /// Makes an origin's head fit for the client: strips what was between us and the origin, adds who
  /// answered, how fresh, by which decision and rule.
  public func prepareResponse(
    _ head: inout ResponseHead, choice index: Int, snapshot: Snapshot, scratch: inout ByteQueue
  ) {
    Forwarding.prepareResponse(&head)
    let choice = narrowed.choices[index]
    let endpoint = snapshot.topology[choice.endpoint]
    let names = snapshot.names
    append(names.regions[Int(endpoint.region.index)], as: "ehr-region", to: &head.fields)
    appendIdentity(to: &head.fields, snapshot, scratch: &scratch)
    appendFreshness(choice, endpoint, to: &head.fields, text: &scratch)
    scratch.append(names.nextHops[Int(choice.endpoint.index)])
    scratch.append(decimal: UInt64(head.status))
    move(&scratch, as: "proxy-status", to: &head.fields)
  }

  /// `EHR-Decision-Id` and `EHR-Policy`: on every answer.
  func appendIdentity(to fields: inout Fields, _ snapshot: Snapshot, scratch: inout ByteQueue) {
    scratch.append(hexadecimal: id.high)
    scratch.append(hexadecimal: id.low)
    move(&scratch, as: "ehr-decision-id", to: &fields)
    append(snapshot.names.policy(plan?.ruleIndex), as: "ehr-policy", to: &fields)
  }

  /// `EHR-Freshness`: which tier answered, how far it may lag now, as of when, and the bound.
  private func appendFreshness(
    _ choice: NarrowedPlan.Choice, _ endpoint: Endpoint, to fields: inout Fields,
    text: inout ByteQueue
  ) {
    text.append("source=")
    text.append(endpoint.tier.rawValue)
    if endpoint.tier == .replica {
      text.append(";lag=")
      if let lag = choice.lagMilliseconds {
        text.append(secondsOfMilliseconds: lag)
        text.append(";as-of=")
        text.append(rfc3339: WallTime(microseconds: time.microseconds - lag * 1000))
      } else {
        text.append("unknown")
      }
      if let bound = plan?.candidates[Int(choice.step)].stalenessMillisecondsMax {
        text.append(";bound=")
        text.append(secondsOfMilliseconds: UInt64(bound))
      }
      if choice.isMarkedStale { text.append(";stale") }
    }
    move(&text, as: "ehr-freshness", to: &fields)
  }

  /// Appends the scratch's bytes as a value and empties it; its memory is used again.
  func move(_ value: inout ByteQueue, as name: StaticString, to fields: inout Fields) {
    unsafe value.withReadable { unsafe fields.append(name, bytes: $0) }
    value.removeAll()
  }

  private func append(_ value: [UInt8], as name: StaticString, to fields: inout Fields) {
    unsafe value.withUnsafeBytes { unsafe fields.append(name, bytes: $0) }
  }
}
