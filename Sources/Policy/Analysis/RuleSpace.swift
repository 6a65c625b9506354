import Base

/// The requests of a policy as a space with one variable per attribute, in the diagrams' order.
///
/// `user_in_home_region` is no variable: it follows from home and location, and a condition on it
/// becomes a box per group of homes. So every point of the space is a request that can happen.
struct RuleSpace: Sendable {
  /// The attributes by level. The order decides over the size of diagrams, by a factor of a hundred
  /// between good and bad: what most rules name first, thresholds and dates last.
  static let order: [Attribute] = [
    .dataClass, .home, .operation, .residency, .sensitivity, .location, .role, .purpose, .consent,
    .breakGlass, .ownRecord, .scope, .assurance, .device, .tenant, .directoryAge,
    .authenticationAge, .hour, .time,
  ]
  /// The level of the home region.
  static let homeLevel = 1
  /// The level of the time; the last.
  static let timeLevel = order.count - 1
  /// The level of the user's location; behind the home's.
  static let locationLevel = 5

  let domains: Domains
  /// The value classes by level; homes are all apart, locations with different nearest regions too.
  let classes: [ValueClasses]

  /// The space in which `rules` are told apart, and the points of these `boxes` from others.
  init(_ rules: [DiagramRule], and boxes: [[ValueSet]], _ domains: Domains) {
    precondition(Self.order.count == Attribute.count - 1, "each attribute but the derived one")
    precondition(Self.order[Self.timeLevel] == .time)
    precondition(Self.order[Self.homeLevel] == .home && Self.order[Self.locationLevel] == .location)
    self.domains = domains
    classes = Self.order.indices.map { level in
      let attribute = Self.order[level]
      var classes = ValueClasses(
        valueCount: domains.count(attribute), isMerged: attribute != .home)
      if attribute == .location {
        classes.split { domains.nearest(placeCode: $0, homeCode: domains.noRegion) }
      }
      let sets = Set(rules.flatMap { ($0.whens + $0.unlesses).map { $0[level] } })
        .union(boxes.map { $0[level] })
      for set in sets where set.count < domains.count(attribute) {
        classes.split { set.contains($0) ? 1 : 0 }
      }
      return classes.inOrder
    }
  }

  /// How many levels there are.
  var levelCount: Int { Self.order.count }

  /// How many requests there are, each combination of value codes counted once.
  var pointCount: UInt128 { classes.reduce(1) { $0 * UInt128($1.classes.count) } }

  /// The value codes by attribute of the request with these value classes by level; where the class
  /// is left open, and where it allows it, the value is `unknown`: so an example says what matters.
  func codes(_ point: [Int?]) -> [Int] {
    var codes = [Int](repeating: 0, count: Attribute.count)
    for (level, attribute) in Self.order.enumerated() {
      codes[attribute.rawValue] = classes[level].code(
        in: point[level], unknown: domains.unknownCode(attribute))
    }
    codes[Attribute.userInHomeRegion.rawValue] = domains.answer(
      homeCode: codes[Attribute.home.rawValue], placeCode: codes[Attribute.location.rawValue])
    return codes
  }

  /// A point of a box of value classes by level; unknown where the box allows it.
  func point(in box: [ValueSet]) -> [Int?] {
    Self.order.indices.map { level in
      let unknown = domains.unknownCode(Self.order[level]).map { classes[level].classes[$0] }
      return unknown.flatMap { box[level].contains($0) ? $0 : nil } ?? box[level].first
    }
  }

  /// The value classes by level of these value codes.
  func point(_ codes: Codes) -> [Int] {
    Self.order.indices.map { classes[$0].classes[codes[Self.order[$0]]] }
  }

  /// The region nearest to a location class, with this home; or `noRegion`.
  func nearest(locationClass: Int, home: Int) -> Int {
    let place = classes[Self.locationLevel].classes.firstIndex(of: locationClass) ?? 0
    return domains.nearest(placeCode: place, homeCode: home)
  }

  /// `box` as boxes over the levels: several when it asks about `user_in_home_region`.
  static func boxes(_ box: Box, _ domains: Domains) -> [[ValueSet]] {
    if box.isEmpty { return [] }
    let sets = order.map { box.sets[$0.rawValue] }
    let answers = box.sets[Attribute.userInHomeRegion.rawValue]
    if answers.count == domains.count(.userInHomeRegion) { return [sets] }
    // Homes from which the same locations are left share a box.
    var homesByLocations: [ValueSet: ValueSet] = [:]
    for home in sets[homeLevel].values {
      var locations = ValueSet(count: domains.count(.location))
      for place in sets[locationLevel].values
      where answers.contains(domains.answer(homeCode: home, placeCode: place)) {
        locations.insert(place)
      }
      guard !locations.isEmpty else { continue }
      homesByLocations[locations, default: ValueSet(count: domains.count(.home))].insert(home)
    }
    return homesByLocations.sorted { ($0.value.first ?? 0) < ($1.value.first ?? 0) }.map { part in
      var sets = sets
      sets[homeLevel] = part.value
      sets[locationLevel] = part.key
      return sets
    }
  }
}

extension DiagramRule {
  /// The rule as the builder sees it.
  init(_ rule: Rule, _ boxes: (when: Box, unless: Box?), _ domains: Domains) {
    role =
      switch rule.layer {
      case .never: rule.forbidden == nil ? .collectedAlways : .collected
      case .deny: .decidesAlone
      case .route: .decides
      }
    whens = RuleSpace.boxes(boxes.when, domains)
    unlesses = boxes.unless.map { RuleSpace.boxes($0, domains) } ?? []
  }
}

extension Guarantee {
  /// The requests that it is about, as the builder sees a rule. Its `unless` exempts only what it
  /// certainly matches.
  func points(_ domains: Domains) -> DiagramRule {
    DiagramRule(
      role: .decides,
      whens: RuleSpace.boxes(Box(when, domains, orUnknown: false), domains),
      unlesses: unless.map { RuleSpace.boxes(Box($0, domains, orUnknown: false), domains) } ?? [])
  }
}

/// The decisions of a policy's rules as a diagram, its numbers being positions in the order of
/// evaluation. What `never` rules do to candidates is left to the reader of a terminal.
struct RulesDiagram: Sendable {
  let space: RuleSpace
  let diagram: DecisionDiagram
  let terminals: [DiagramTerminal]

  /// Builds the diagram of ordered rules, with value classes that tell the points of `boxes` from
  /// others; `progress` hears now and then how many states are done.
  init(
    _ rules: [DiagramRule], telling boxes: [[ValueSet]] = [], _ domains: Domains,
    nodeCountMax: Int = Limits.diagramNodeCountMax, progress: (Int) -> Void = { _ in }
  ) throws(DiagramError) {
    space = RuleSpace(rules, and: boxes, domains)
    var builder = DiagramBuilder(rules, space.classes, nodeCountMax: nodeCountMax)
    try builder.build(progress: progress)
    diagram = builder.diagram
    terminals = builder.terminals
  }

  /// The points that `rule` matches, as a diagram with the terminals 0 and 1.
  func points(of rule: DiagramRule) throws(DiagramError) -> DecisionDiagram {
    let alone = DiagramRule(role: .decides, whens: rule.whens, unlesses: rule.unlesses)
    var builder = DiagramBuilder([alone], space.classes, nodeCountMax: Limits.diagramNodeCountMax)
    try builder.build { _ in }
    let terminals = builder.terminals
    return try builder.diagram.mapped { terminals[$0].decider == nil ? 0 : 1 }
  }

  /// What the request with these codes comes to.
  func terminal(_ codes: Codes) -> DiagramTerminal {
    terminals[diagram.terminal(space.point(codes))]
  }
}
