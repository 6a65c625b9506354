import Base

/// Writes boxes of requests as an officer would: attributes with values, his own named sets first.
struct SpaceText {
  let domains: Domains
  let groups: [NamedGroup]

  /// `data_class: [$chart, notes], location: all but [unknown]`, or `every request`. The sets hold
  /// value codes, by level of `RuleSpace.order`.
  func describe(_ box: [ValueSet]) -> String {
    let parts = RuleSpace.order.enumerated().compactMap { level, attribute -> String? in
      guard box[level].count < domains.count(attribute) else { return nil }
      return "\(attribute.key): \(describe(box[level], attribute))"
    }
    return parts.isEmpty ? "every request" : parts.joined(separator: ", ")
  }

  /// A set of values of one attribute.
  func describe(_ set: ValueSet, _ attribute: Attribute) -> String {
    let complement = ValueSet(count: domains.count(attribute), isFull: true).subtracting(set)
    let (shown, left) = (names(set, attribute), names(complement, attribute))
    if left.count < shown.count { return "all but [\(left.joined(separator: ", "))]" }
    return "[\(shown.joined(separator: ", "))]"
  }

  /// The fewest names that we can find for a set: named sets while they help, then values.
  private func names(_ set: ValueSet, _ attribute: Attribute) -> [String] {
    var rest = set
    var names: [String] = []
    let fitting = groups.filter { $0.kind == attribute.kind }
      .map { (name: $0.name, codes: codes($0, attribute)) }
      .filter { $0.codes.count > 1 && $0.codes.isSubset(of: set) }
      .sorted { ($1.codes.count, $0.name) < ($0.codes.count, $1.name) }
    for group in fitting where group.codes.intersection(rest).count > 1 {
      names.append("$\(group.name)")
      rest = rest.subtracting(group.codes)
    }
    return names + words(rest, attribute)
  }

  private func codes(_ group: NamedGroup, _ attribute: Attribute) -> ValueSet {
    let clause = Clause(
      attribute: attribute, values: group.values,
      places: attribute.kind == .places ? group.values.compactMap { Geography.place($0) } : [],
      ranges: group.ranges)
    return domains.set(clause, orUnknown: false)
  }

  /// Values one by one; neighbouring intervals of numbers as one range.
  private func words(_ set: ValueSet, _ attribute: Attribute) -> [String] {
    guard let cuts = domains.cuts(attribute) else {
      return set.values.map { domains.word(attribute, $0) }
    }
    var ranges: [NumberRange] = []
    for code in set.values where code < cuts.count {
      let interval = cuts.interval(code)
      if let last = ranges.last, last.upper == interval.lower {
        ranges[ranges.count - 1].upper = interval.upper
      } else {
        ranges.append(interval)
      }
    }
    let texts = ranges.map { range in
      guard case .numbers(let quantity) = attribute.kind else {
        return range.text { timestamp(WallTime(microseconds: $0)) }
      }
      return range.text(quantity.text)
    }
    let unknown = domains.unknownCode(attribute)
    return texts + (unknown.map { set.contains($0) } == true ? ["unknown"] : [])
  }
}
