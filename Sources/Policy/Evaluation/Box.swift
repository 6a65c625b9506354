/// A condition over value codes: the product of one value set per attribute.
struct Box: Sendable {
  /// By attribute.
  var sets: [ValueSet]

  /// The codes that `condition` matches; with `orUnknown` also those it cannot rule out.
  init(_ condition: Condition, _ domains: Domains, orUnknown: Bool) {
    sets = Attribute.allCases.map { ValueSet(count: domains.count($0), isFull: true) }
    for clause in condition.clauses {
      sets[clause.attribute.rawValue] = domains.set(clause, orUnknown: orUnknown)
    }
  }

  /// Whether no request is in the box.
  var isEmpty: Bool { sets.contains { $0.isEmpty } }

  /// Whether the boxes share a point.
  func intersects(_ other: Box) -> Bool {
    for index in sets.indices where !sets[index].intersects(other.sets[index]) { return false }
    return true
  }

  /// What is in both boxes.
  func intersection(_ other: Box) -> Box {
    var result = self
    for index in sets.indices {
      result.sets[index] = sets[index].intersection(other.sets[index])
    }
    return result
  }

  /// A request in this box and in none of `excluded`, or nil when there is none.
  ///
  /// The derived attribute is kept consistent with home and location, so that every answer is a
  /// request that can happen.
  func example(outside excluded: ArraySlice<Box>, _ domains: Domains) -> [Int]? {
    if isEmpty { return nil }
    guard let first = excluded.first else { return consistentExample(domains) }
    for index in sets.indices {
      var rest = self
      rest.sets[index] = sets[index].subtracting(first.sets[index])
      if let example = rest.example(outside: excluded.dropFirst(), domains) { return example }
    }
    return nil
  }

  private func consistentExample(_ domains: Domains) -> [Int]? {
    let answers = sets[Attribute.userInHomeRegion.rawValue]
    for home in sets[Attribute.home.rawValue].values {
      for location in sets[Attribute.location.rawValue].values {
        let answer = domains.answer(homeCode: home, placeCode: location)
        guard answers.contains(answer) else { continue }
        var example = sets.map { $0.first ?? 0 }
        example[Attribute.home.rawValue] = home
        example[Attribute.location.rawValue] = location
        example[Attribute.userInHomeRegion.rawValue] = answer
        return example
      }
    }
    return nil
  }
}
