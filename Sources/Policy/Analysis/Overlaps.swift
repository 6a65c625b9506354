import Base
import StrictYAML

/// Pairs of routes that match one request.
///
/// For each value of an attribute there is a row with a bit per route, as in `RuleIndex`; the rows
/// of a route's values, joined with OR, and the attributes, joined with AND, give the routes whose
/// `when` meets its own. Only those pairs are looked at one by one, and routes written with the
/// same named sets share the joined rows.
struct Overlaps {
  /// The routes, in any order.
  let routes: [Rule]
  /// Their conditions.
  let boxes: [(when: Box, unless: Box?)]
  let domains: Domains
  /// By attribute and set: the routes that admit one of its values.
  private var joined: [[ValueSet: [UInt64]]]
  /// Routes with equal numbers say the same.
  private let outcomes: [Int]

  /// A pair that says different things about `example`, without either overriding the other.
  struct Conflict {
    /// Positions in `routes`; the first stands further down in the file.
    let later: Int
    let earlier: Int
    /// Value codes by attribute.
    let example: [Int]
  }

  /// Prepares to compare `routes`.
  init(_ routes: [Rule], _ boxes: [(when: Box, unless: Box?)], _ domains: Domains) {
    self.routes = routes
    self.boxes = boxes
    self.domains = domains
    joined = Attribute.allCases.map { attribute in
      var rows: [ValueSet: [UInt64]] = [:]
      let sets = Dictionary(grouping: routes.indices) { boxes[$0].when.sets[attribute.rawValue] }
      // Distinct sets are few, so pairs of them are too.
      for set in sets.keys {
        var row = [UInt64](repeating: 0, count: (routes.count + 63) / 64)
        for (other, members) in sets where other.intersects(set) {
          for index in members { row[index / 64] |= 1 << UInt64(index % 64) }
        }
        rows[set] = row
      }
      return rows
    }
    var numbers: [Outcome: Int] = [:]
    outcomes = routes.map { route in
      let outcome = Outcome(
        serve: route.serve, durability: route.durability, obligations: route.obligations)
      let number = numbers[outcome] ?? numbers.count
      numbers[outcome] = number
      return number
    }
  }

  private struct Outcome: Hashable {
    let serve: [Step]
    let durability: Durability
    let obligations: Obligations
  }

  /// The routes before `index` whose `when` meets its own.
  func meeting(_ index: Int) -> [Int] {
    var row = [UInt64](repeating: .max, count: index / 64 + 1)
    row[index / 64] = (1 << UInt64(index % 64)) - 1
    for attribute in Attribute.allCases {
      let set = boxes[index].when.sets[attribute.rawValue]
      guard let other = joined[attribute.rawValue][set] else { continue }
      for word in row.indices { row[word] &= other[word] }
    }
    var found: [Int] = []
    for (word, bits) in row.enumerated() {
      var rest = bits
      while rest != 0 {
        found.append(word * 64 + rest.trailingZeroBitCount)
        rest &= rest &- 1
      }
    }
    return found
  }

  /// A request that both routes match, as value codes by attribute; nil when there is none.
  func example(_ one: Int, _ other: Int) -> [Int]? {
    let shared = boxes[one].when.intersection(boxes[other].when)
    let excluded = [boxes[one].unless, boxes[other].unless].compactMap { $0 }
    return shared.example(outside: excluded[...], domains)
  }

  /// Whether the routes say the same.
  func hasSameOutcome(_ one: Int, _ other: Int) -> Bool { outcomes[one] == outcomes[other] }

  /// The first conflicts, at most `countMax`.
  func conflicts(countMax: Int) -> [Conflict] {
    var conflicts: [Conflict] = []
    let overrides = routes.map { Set($0.overrides) }
    for index in routes.indices {
      for other in meeting(index) where !hasSameOutcome(index, other) {
        if overrides[index].contains(routes[other].id) { continue }
        if overrides[other].contains(routes[index].id) { continue }
        guard let example = example(index, other) else { continue }
        let isLater = routes[index].mark > routes[other].mark
        conflicts.append(
          Conflict(
            later: isLater ? index : other, earlier: isLater ? other : index, example: example))
        if conflicts.count == countMax { return conflicts }
      }
    }
    return conflicts
  }

  /// Declared overrides between routes that no request matches both: positions of the overriding
  /// and of the overridden route.
  func emptyOverrides() -> [(high: Int, low: Int)] {
    let positions = Dictionary(
      routes.indices.map { (routes[$0].id, $0) }, uniquingKeysWith: { first, _ in first })
    return routes.indices.flatMap { high in
      routes[high].overrides.compactMap { positions[$0] }.filter { example(high, $0) == nil }
        .map { (high, $0) }
    }
  }
}
