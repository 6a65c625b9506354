import Base

/// The requests of two versions as one space, so that their diagrams can be walked side by side.
///
/// Regions and tenants are matched by name, places and thresholds of both versions are told apart.
/// A region that one version does not have is an unknown home to it, a tenant `other`.
struct JointSpace: Sendable {
  /// One version as the joint space sees it.
  struct Side: Sendable {
    let policy: Policy
    let rules: RulesDiagram
    /// By level: this version's value class for each joint class.
    let classes: [[Int]]
    /// The joint index of each of its regions.
    let regions: [UInt8]
  }

  /// The joint values; its regions' surroundings mean nothing.
  let domains: Domains
  let regionNames: [String]
  let tenantNames: [String]
  /// The joint value classes by level.
  let classes: [ValueClasses]
  let old: Side
  let new: Side

  /// Joins two versions.
  init(_ old: Policy, _ new: Policy) throws(DiagramError) {
    let (oldRules, newRules) = (try old.diagram.get(), try new.diagram.get())
    let added = old.regions.filter { region in !new.regions.contains { $0.name == region.name } }
    let regions = new.regions + added
    let tenants = new.tenants + old.tenants.filter { !new.tenants.contains($0) }
    let domains = try Self.domains(old, new, regions, tenants)
    let names = regions.map(\.name)
    let oldCodes = Self.codes(domains, names, tenants, in: old)
    let newCodes = Self.codes(domains, names, tenants, in: new)
    classes = RuleSpace.order.indices.map { level in
      var classes = ValueClasses(valueCount: oldCodes[level].count, isMerged: true)
      classes.split { oldRules.space.classes[level].classes[oldCodes[level][$0]] }
      classes.split { newRules.space.classes[level].classes[newCodes[level][$0]] }
      return classes.inOrder
    }
    let representatives = classes.map(\.representatives)
    func side(_ policy: Policy, _ rules: RulesDiagram, _ codes: [[Int]]) -> Side {
      Side(
        policy: policy, rules: rules,
        classes: RuleSpace.order.indices.map { level in
          representatives[level].map { rules.space.classes[level].classes[codes[level][$0]] }
        },
        regions: policy.regions.map { region in
          UInt8(names.firstIndex(of: region.name) ?? names.count)
        })
    }
    self.old = side(old, oldRules, oldCodes)
    self.new = side(new, newRules, newCodes)
    self.domains = domains
    regionNames = names
    tenantNames = tenants
  }

  /// The values of both versions.
  private static func domains(
    _ old: Policy, _ new: Policy, _ regions: [Region], _ tenants: [String]
  ) throws(DiagramError) -> Domains {
    // Most edits name no new value; collecting them again would take longer than comparing.
    if old.domains.tellsSameValues(as: new.domains) { return new.domains }
    let places = Set((old.rules + new.rules).flatMap(\.clauses).flatMap(\.places))
      .union((old.regions + new.regions).flatMap(\.near))
    guard places.count <= Limits.placeCountMax else {
      throw .tooManyPlaces(max: Limits.placeCountMax)
    }
    // The `near` lists of both versions, so that all their places are told apart.
    return Domains(
      regions, tenants: tenants, old.rules + new.rules, old.guarantees + new.guarantees,
      near: (regions + old.regions).flatMap(\.near))
  }

  /// By level: a version's code for each joint code.
  private static func codes(
    _ joint: Domains, _ regions: [String], _ tenants: [String], in policy: Policy
  ) -> [[Int]] {
    RuleSpace.order.map { attribute in
      let own = policy.domains
      return (0..<joint.count(attribute)).map { code in
        switch attribute.kind {
        case .words: return code
        case .regions:
          guard code < regions.count else { return own.noRegion }
          return policy.regions.firstIndex { $0.name == regions[code] } ?? own.noRegion
        case .names:
          guard code < tenants.count else { return own.tenantNames.count + code - tenants.count }
          return own.tenantNames.firstIndex(of: tenants[code]) ?? own.tenantNames.count
        case .places: return own.places.code(joint.place(code))
        case .numbers, .time:
          guard let cuts = joint.cuts(attribute), let ownCuts = own.cuts(attribute) else {
            preconditionFailure("numbers have thresholds")
          }
          return code < cuts.count ? ownCuts.code(cuts.interval(code).lower) : ownCuts.count
        }
      }
    }
  }

  /// The facts of a request with these joint codes by attribute, as `side` numbers regions and
  /// tenants.
  func facts(_ codes: [Int], for side: Side) -> Facts {
    var plain = codes
    let (home, tenant) = (codes[Attribute.home.rawValue], codes[Attribute.tenant.rawValue])
    plain[Attribute.home.rawValue] = domains.noRegion
    plain[Attribute.tenant.rawValue] = tenantNames.count + 1
    var facts = domains.facts(plain)
    if home < regionNames.count { facts.home = side.policy.region(named: regionNames[home]) }
    if tenant < tenantNames.count {
      facts.tenant = side.policy.tenant(named: tenantNames[tenant])
    } else if tenant == tenantNames.count {
      facts.tenant = .other
    }
    return facts
  }

  /// When a request with these joint codes takes place: at `usual` if it is one of them then, too,
  /// so that an example names a time only where it matters.
  func time(_ codes: [Int], preferring usual: WallTime) -> WallTime {
    let classes = classes[RuleSpace.timeLevel].classes
    return classes[domains.time.code(usual.microseconds)] == classes[codes[Attribute.time.rawValue]]
      ? usual : domains.facts(codes).time
  }

  /// The joint value classes by level of a request in the old version's numbers.
  func point(_ facts: Facts) -> [Int] {
    var plain = facts
    plain.home = nil
    plain.tenant = .unknown
    var codes = domains.codes(plain)
    if let home = facts.home { codes[.home] = Int(old.regions[Int(home.index)]) }
    switch facts.tenant {
    case .named(let index):
      let name = old.policy.tenants[Int(index)]
      codes[.tenant] = tenantNames.firstIndex(of: name) ?? tenantNames.count
    case .other: codes[.tenant] = tenantNames.count
    case .unknown: break
    }
    return RuleSpace.order.indices.map { classes[$0].classes[codes[RuleSpace.order[$0]]] }
  }

  /// The joint codes by attribute of a point; unknown where the point leaves it open.
  func codes(_ point: [Int?]) -> [Int] {
    var codes = [Int](repeating: 0, count: Attribute.count)
    for (level, attribute) in RuleSpace.order.enumerated() {
      codes[attribute.rawValue] = classes[level].code(
        in: point[level], unknown: domains.unknownCode(attribute))
    }
    return codes
  }

  /// Whether symbolic regions mean the same in both versions.
  var hasSameGeography: Bool {
    let (one, other) = (old.policy.regions, new.policy.regions)
    return one.count == other.count
      && zip(one, other).allSatisfy {
        $0.name == $1.name && $0.backup == $1.backup && Set($0.near) == Set($1.near)
      }
  }
}

extension Domains {
  /// Whether each attribute has the same values in the same order.
  fileprivate func tellsSameValues(as other: Domains) -> Bool {
    regionNames == other.regionNames && tenantNames == other.tenantNames
      && places.atoms == other.places.atoms
      && Attribute.allCases.allSatisfy { cuts($0)?.starts == other.cuts($0)?.starts }
  }
}
