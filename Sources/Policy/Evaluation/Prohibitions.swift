import Base

/// What `never` rules forbid, worked out for all surroundings. Rules that forbid alike share one
/// prohibition: large policies repeat a few of them under many conditions.
struct Prohibitions: Sendable {
  /// What a `never` rule forbids in some surroundings.
  struct Ban: Sendable {
    /// A bit for each region.
    let regions: UInt64
    /// A bit for each tier's ordinal.
    let tiers: UInt8
    let isRefusal: Bool

    /// Whether it forbids a server in this region of this tier.
    @inline(__always)
    func covers(_ region: RegionID, _ tier: Tier) -> Bool {
      regions >> UInt64(region.index) & 1 != 0 || tiers >> UInt8(tier.ordinal) & 1 != 0
    }
  }

  /// By `never` rule: the number of its prohibition.
  private let numbers: [Int]
  /// By prohibition, home and nearest region.
  private let bans: [Ban]
  private let placeCount: Int

  /// Works out what `rules`, all of the layer `never`, forbid in each of the `surroundings`.
  init(_ rules: ArraySlice<Rule>, _ surroundings: [Surroundings]) {
    var kinds: [Forbidden?] = []
    var known: [Forbidden?: Int] = [:]
    numbers = rules.map { rule in
      if let number = known[rule.forbidden] { return number }
      known[rule.forbidden] = kinds.count
      kinds.append(rule.forbidden)
      return kinds.count - 1
    }
    bans = kinds.flatMap { forbidden in surroundings.map { Self.ban(forbidden, $0) } }
    placeCount = surroundings.count
  }

  /// The number of the prohibition of a `never` rule.
  func number(of rule: Int) -> Int { numbers[rule] }

  /// What the prohibition of this number forbids in these surroundings.
  @inline(__always)
  func ban(_ number: Int, _ place: Int) -> Ban { bans[number * placeCount + place] }

  /// What a `never` rule forbids in these surroundings.
  func ban(ofRule rule: Int, _ place: Int) -> Ban { ban(numbers[rule], place) }

  private static func ban(_ forbidden: Forbidden?, _ place: Surroundings) -> Ban {
    guard let forbidden else { return Ban(regions: .max, tiers: .max, isRefusal: true) }
    var regions: UInt64 = 0
    for region in place.regions.indices {
      // Whether the region alone is forbidden: asked with a tier that the rule does not name.
      var regionOnly = forbidden
      regionOnly.tierIn = []
      let candidate = Candidate(
        region: RegionID(UInt8(region)), tier: .primary, stalenessMillisecondsMax: nil)
      if place.isForbidden(candidate, by: regionOnly) { regions |= 1 << UInt64(region) }
    }
    let tiers = forbidden.tierIn.reduce(UInt8(0)) { $0 | 1 << UInt8($1.ordinal) }
    return Ban(regions: regions, tiers: tiers, isRefusal: false)
  }
}
