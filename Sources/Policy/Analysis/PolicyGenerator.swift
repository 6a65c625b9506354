import Base

/// Writes policies of any size that look like what officers write, for benchmarks and tests.
///
/// The requests are cut again and again, each time one attribute into named groups; most pieces
/// become a route, so routes are disjoint by construction. Some routes get exceptions, which
/// override them and one another. A few `deny` and `never` rules stand above; none of the
/// `never` rules is violated.
public struct PolicyGenerator {
  private var random: SplitMix64
  private var text = ""
  private var number = 0

  /// Named groups that cut an attribute, as set names or words.
  private struct Partition {
    let key: String
    let groups: [(name: String, values: [String])]
    /// How readily rules use it.
    let weight: Int
  }

  /// A piece of the requests: the group by attribute.
  private typealias Piece = [String: String]

  /// Writes a policy with about `ruleCount` rules; equal seeds give equal texts.
  public static func text(ruleCount: Int, seed: UInt64) -> String {
    var generator = PolicyGenerator(random: SplitMix64(seed: seed))
    generator.write(ruleCount)
    return generator.text
  }

  private init(random: SplitMix64) { self.random = random }

  private static let partitions: [Partition] = [
    Partition(
      key: "data_class",
      groups: [
        ("public", ["reference", "scheduling", "asset"]),
        ("chart", ["demographics", "encounters", "vitals", "laboratory", "problems"]),
        ("prevention", ["allergies", "immunizations"]),
        ("authoritative", ["medications", "orders", "consent", "audit"]),
        ("documents", ["notes", "imaging"]), ("money", ["billing"]),
        ("protected", ["behavioral-health", "substance-use", "reproductive-health"]),
        ("other-data", ["mixed", "bulk", "unknown"]),
      ], weight: 0),
    Partition(
      key: "operation",
      groups: [
        ("reads", ["read", "vread", "search"]), ("looking-back", ["history"]),
        ("writes", ["create", "update", "patch", "delete"]),
        ("groups", ["batch", "transaction", "operation"]),
        ("rest", ["export", "capabilities", "asset", "unknown"]),
      ], weight: 6),
    Partition(
      key: "home",
      groups: [
        ("western", ["us-west", "us-mountain"]), ("middle", ["us-central", "us-lakes"]),
        ("eastern", ["us-east", "us-south"]), ("nowhere", ["unknown"]),
      ], weight: 4),
    Partition(
      key: "residency",
      groups: [
        ("pacific", ["US-CA", "US-OR", "US-WA", "US-HI"]),
        ("desert", ["US-AZ", "US-NM", "US-NV", "US-UT"]),
        ("gulf", ["US-TX", "US-LA", "US-FL"]), ("atlantic", ["US-NY", "US-MA", "US-NJ", "US-VA"]),
      ], weight: 3),
    Partition(
      key: "sensitivity",
      groups: [
        ("plain", ["normal"]), ("confidential", ["restricted", "very-restricted", "unknown"]),
      ],
      weight: 3),
    Partition(
      key: "location",
      groups: [
        ("coast", ["US-CA", "US-OR", "US-WA"]), ("plains", ["US-TX", "US-KS", "US-NE", "US-OK"]),
        ("north-east", ["US-NY", "US-MA", "US-NJ", "US-CT", "US-VT"]),
        ("nobody-knows", ["unknown"]),
      ], weight: 3),
    Partition(
      key: "role",
      groups: [
        ("caring", ["clinician", "nurse", "pharmacist"]), ("office", ["administrator", "billing"]),
        ("patients", ["patient"]), ("machines", ["support", "system", "unknown"]),
      ], weight: 4),
    Partition(
      key: "purpose",
      groups: [
        ("care", ["treatment", "emergency"]), ("business", ["payment", "operations"]),
        ("study", ["research", "unknown"]),
      ], weight: 3),
    Partition(
      key: "consent",
      groups: [("agreed", ["granted"]), ("not-agreed", ["withdrawn", "unknown"])], weight: 2),
    Partition(
      key: "break_glass",
      groups: [("glass-broken", ["true"]), ("glass-whole", ["false", "unknown"])],
      weight: 1),
    Partition(
      key: "assurance",
      groups: [
        ("strong", ["multi-factor", "phishing-resistant"]), ("weak", ["single-factor", "unknown"]),
      ], weight: 1),
    Partition(
      key: "device",
      groups: [("looked-after", ["managed"]), ("strange", ["unmanaged", "unknown"])], weight: 1),
  ]

  /// Writes the whole file.
  private mutating func write(_ ruleCount: Int) {
    writeHead()
    let (neverCount, denyCount) = (max(1, ruleCount / 50), max(1, ruleCount / 30))
    text += "never:\n"
    for index in 0..<neverCount { writeNever(index) }
    text += "deny:\n"
    for index in 0..<denyCount {
      var piece: Piece = [:]
      for partition in pick(6) { piece[partition.key] = group(of: partition) }
      piece["data_class"] = group(of: Self.partitions[0])
      text += "  - id: D-\(index)\n    say: Refused by agreement \(index)\n"
      text += "    when: \(condition(piece))\n"
    }
    text += "routes:\n"
    let routeCount = max(8, ruleCount - neverCount - denyCount)
    var pieces: [Piece] = Self.partitions[0].groups.map { ["data_class": $0.name] }
    // Every fourth route is an exception, and one piece in thirty stays a gap.
    while pieces.count < routeCount * 3 / 4 {
      let index = Int.random(in: pieces.indices, using: &random)
      let piece = pieces[index]
      guard let partition = pick(1).first(where: { piece[$0.key] == nil }) else { continue }
      pieces.remove(at: index)
      for group in partition.groups {
        pieces.append(piece.merging([partition.key: group.name]) { $1 })
      }
      if let rest = rest(of: partition) {
        pieces.append(piece.merging([partition.key: rest]) { $1 })
      }
    }
    var leftCount = routeCount - pieces.count
    for (index, piece) in pieces.enumerated() {
      if index % 30 == 29 { continue }
      var written = [(id: writeRoute(piece, overriding: []), piece: piece)]
      while leftCount > 0, Int.random(in: 0..<3, using: &random) == 0 {
        let free = pick(2).filter { piece[$0.key] == nil }
        if free.isEmpty { break }
        var exception = piece
        for partition in free { exception[partition.key] = group(of: partition) }
        // An exception that leaves nothing of an earlier one would make that one useless.
        if written.contains(where: { other in exception.allSatisfy { other.piece[$0] == $1 } }) {
          break
        }
        let met = written.filter { other in
          exception.allSatisfy { other.piece[$0] == nil || other.piece[$0] == $1 }
        }
        written.append((writeRoute(exception, overriding: met.map(\.id)), exception))
        leftCount -= 1
      }
    }
  }

  private mutating func writeHead() {
    text = """
      policy: generated
      version: 1
      say: A policy for measurements
      regions:
        us-west: { near: [US-CA, US-OR, US-WA, US-HI], backup: us-mountain, jurisdiction: US }
        us-mountain: { near: [US-AZ, US-NM, US-NV, US-UT], backup: us-west, jurisdiction: US }
        us-central: { near: [US-TX, US-KS, US-OK, US-LA], backup: us-lakes, jurisdiction: US }
        us-lakes: { near: [US-MI, US-IL, US-WI], backup: us-central, jurisdiction: US }
        us-east: { near: [US-NY, US-MA, US-NJ, US-CT, US-VT], backup: us-south, jurisdiction: US }
        us-south: { near: [US-FL, US-VA, US-GA], backup: us-east, jurisdiction: US }
      sets:

      """
    for partition in Self.partitions {
      let key =
        switch partition.key {
        case "residency", "location": "places"
        case "home": "regions"
        default: partition.key
        }
      for group in partition.groups {
        text += "  \(group.name): { \(key): [\(group.values.joined(separator: ", "))] }\n"
      }
    }
  }

  /// A `never` rule that the routes keep: no route serves from a cache, protected and authoritative
  /// records come from home, and authoritative ones from its primary.
  private mutating func writeNever(_ index: Int) {
    let kinds = [
      ("public", "tier_in: [cache]"), ("chart", "tier_in: [cache]"),
      ("protected", "region_not_in: [home]"), ("authoritative", "tier_not_in: [primary]"),
    ]
    let (group, consequence) = kinds[index % kinds.count]
    var piece: Piece = ["data_class": group]
    if index >= kinds.count {
      for partition in pick(2) where partition.key != "data_class" {
        piece[partition.key] = self.group(of: partition)
      }
    }
    text += "  - id: N-\(index)\n    say: An invariant, number \(index)\n"
    text += "    when: \(condition(piece))\n    serve: { \(consequence) }\n"
  }

  private mutating func writeRoute(_ piece: Piece, overriding: [String]) -> String {
    let id = "R-\(number)"
    number += 1
    text += "  - id: \(id)\n    say: As agreed in paragraph \(number)\n"
    text += "    when: \(condition(piece))\n"
    if !overriding.isEmpty { text += "    overrides: [\(overriding.joined(separator: ", "))]\n" }
    let home = "      - { region: home, tier: primary }\n"
    let bound = ["5s", "10s", "30s", "60s"][Int.random(in: 0..<4, using: &random)]
    text += "    serve:\n"
    switch piece["data_class"] {
    case "protected", "authoritative", "other-data": text += home
    default:
      if Bool.random(using: &random) {
        text += "      - { region: [nearest, home], tier: replica, staleness: \(bound) }\n"
      }
      text += home
      if Bool.random(using: &random) {
        text += "      - { region: backup-of-home, tier: replica, staleness: 5m, marked: stale }\n"
      }
    }
    if !overriding.isEmpty {
      // An exception that demands nothing else would be needless.
      let words = Obligations.vocabulary.map(\.word).shuffled(using: &random)
      let count = Int.random(in: 1...3, using: &random)
      text += "    obligations: [\(words.prefix(count).joined(separator: ", "))]\n"
    }
    text += "    audit: \(Bool.random(using: &random) ? "durable" : "standard")\n"
    return id
  }

  private func condition(_ piece: Piece) -> String {
    let clauses = Self.partitions.compactMap { partition -> String? in
      guard let group = piece[partition.key] else { return nil }
      return "\(partition.key): [\(group.contains(",") ? group : "$\(group)")]"
    }
    return "{ \(clauses.joined(separator: ", ")) }"
  }

  /// Different attributes by chance, the weights deciding; never the data class.
  private mutating func pick(_ count: Int) -> [Partition] {
    var chosen: [Partition] = []
    let total = Self.partitions.reduce(0) { $0 + $1.weight }
    while chosen.count < count {
      var ticket = Int.random(in: 0..<total, using: &random)
      guard
        let partition = Self.partitions.first(where: {
          ticket -= $0.weight
          return ticket < 0
        })
      else { continue }
      if !chosen.contains(where: { $0.key == partition.key }) { chosen.append(partition) }
    }
    return chosen
  }

  private mutating func group(of partition: Partition) -> String {
    partition.groups[Int.random(in: partition.groups.indices, using: &random)].name
  }

  /// The values that no group holds, for attributes of places: states that no group names.
  private func rest(of partition: Partition) -> String? {
    switch partition.key {
    case "residency": "US-IL, US-MI, US-GA, unknown"
    case "location": "US-IL, US-MI, US-GA, US-FL"
    default: nil
    }
  }
}
