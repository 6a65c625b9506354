import Base

extension Verdict {
  /// `permit`, `forbidden`, `no-rule` or `unavailable`.
  public var word: String {
    switch self {
    case .permit: "permit"
    case .refuse(let kind): kind.rawValue
    }
  }
}

extension Policy {
  /// The candidate in words: `us-west replica 10s`, `us-west primary`, `us-east replica 60s stale`.
  public func text(_ candidate: Candidate) -> String { interpreter.text(candidate) }

  /// The decision about `facts` as one JSON object on a line: `decision`, `rule`, `reason`,
  /// `candidates`, `groups`, `obligations`, `audit`, `cache`, `phase`, in this order.
  public func decisionJSON(_ facts: Facts) -> String {
    let plan = plan(for: facts)
    let rule = plan.ruleIndex.map { rules[$0] }
    var object = JSONLine()
    object.add("decision", text: plan.verdict.word)
    object.add("rule", text: rule?.id)
    object.add("reason", text: rule?.say ?? "no route covers the request")
    object.add("candidates", texts: plan.candidates.map(text))
    object.add(
      "groups",
      raw: "[\(plan.candidates.map { String($0.orderGroup) }.joined(separator: ","))]")
    object.add("obligations", texts: plan.obligations.words)
    object.add("audit", text: plan.durability.rawValue)
    object.add("cache", number: plan.cacheRow.map { $0 + 1 })
    object.add("phase", text: phase(of: facts.dataClass).rawValue)
    return object.text
  }
}

extension Interpreter {
  /// The candidate in words, as tests and decisions write it.
  func text(_ candidate: Candidate) -> String {
    var text = "\(regions[Int(candidate.region.index)].name) \(candidate.tier.rawValue)"
    if let bound = candidate.stalenessMillisecondsMax { text += " \(boundText(bound))" }
    return text + (candidate.isMarkedStale ? " stale" : "")
  }
}

/// A staleness bound as tests and decisions write it: whole seconds, else milliseconds.
func boundText(_ milliseconds: UInt32) -> String {
  milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
}
