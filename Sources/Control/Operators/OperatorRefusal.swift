extension OperatorRefusal: CustomStringConvertible {
  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .taken(let other):
      "\(other.id) (\(other.kind.rawValue) \(other.scope), by \(other.warrant.author)) stands there"
        + " already; ask its author, or release it first"
    case .frozen(let other):
      "\(other.id) freezes \(other.scope), by \(other.warrant.author); ask its author, or release"
        + " it first"
    case .changed(let expected, let present):
      "revision \(expected) was expected, but it is \(present) by now; look at `homeward region"
        + " status` and decide again"
    case .unknownRegion(let name, let known):
      "there is no region `\(name)`; there are \(known.joined(separator: ", "))"
    case .unknownEndpoint(let name, let region, let known):
      "`\(region)` has no server `\(name)`; it has \(known.joined(separator: ", "))"
    case .noSuchOrder(let number):
      "no order O-\(number) is in force; `homeward region status` lists them"
    case .duration: "an order lasts longer than no time and at most seven days"
    case .warrant:
      "author and reason must say something, in \(Limits.wordsByteCountMax) bytes at most each"
    case .tooMany: "\(Limits.overrideCountMax) orders are in force; release some first"
    case .waiverDuration: "rules are set aside for an hour at most"
    case .noSuchWaiver(let number):
      "no waiver B-\(number) waits for a second person; `homeward region status` lists them"
    case .sameAuthor: "who asks for a waiver does not agree to it; somebody else must"
    case .firmRule(let rule):
      "\(rule.rawValue) keeps data from harm and is never set aside: \(rule.text)"
    case .plan(let refusal): "\(refusal)"
    case .authority(let refusal): "\(refusal)"
    case .rule(let rule, let complaint, let wayOut):
      "\(rule.rawValue): \(complaint); \(wayOut)"
    }
  }

  /// A stable word for programs.
  public var code: String {
    switch self {
    case .taken: "order-taken"
    case .frozen: "region-frozen"
    case .changed: "revision-changed"
    case .unknownRegion: "unknown-region"
    case .unknownEndpoint: "unknown-endpoint"
    case .noSuchOrder: "no-such-order"
    case .duration: "duration"
    case .warrant: "warrant"
    case .tooMany: "too-many-orders"
    case .waiverDuration: "waiver-duration"
    case .noSuchWaiver: "no-such-waiver"
    case .sameAuthor: "same-author"
    case .firmRule: "firm-rule"
    case .plan(let refusal): refusal.code
    case .authority(let refusal): refusal.code
    case .rule(let rule, _, _): "rule-\(rule.rawValue.lowercased())"
    }
  }
}
