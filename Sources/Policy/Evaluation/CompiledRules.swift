import Base

/// The consequences of a policy's rules, by rule, and where the layers begin.
struct CompiledRules: Sendable {
  /// The first `deny` rule, and the first route.
  let denyStart: Int
  let routeStart: Int
  /// Homes and nearest regions, each with `none`.
  let side: Int
  /// By rule.
  let durabilities: [Durability]
  /// By route.
  private let obligations: [Obligations]
  let windows: RouteWindows
  let prohibitions: Prohibitions

  /// Works out the consequences of checked rules, which stand in their order.
  init(_ regions: [Region], _ rules: [Rule]) {
    denyStart = rules.firstIndex { $0.layer != .never } ?? rules.count
    routeStart = rules.firstIndex { $0.layer == .route } ?? rules.count
    side = regions.count + 1
    func region(_ index: Int) -> RegionID? {
      index < regions.count ? RegionID(UInt8(index)) : nil
    }
    let surroundings = (0...regions.count).flatMap { home in
      (0...regions.count).map { nearest in
        Surroundings(regions: regions, home: region(home), nearest: region(nearest))
      }
    }
    durabilities = rules.map(\.durability)
    obligations = rules[routeStart...].map(\.obligations)
    windows = RouteWindows(rules[routeStart...], surroundings)
    prohibitions = Prohibitions(rules[..<denyStart], surroundings)
  }

  /// What the index needs of a route; the prohibitions it finds by itself.
  func outcome(ofRoute rule: Int) -> OutcomeTable.Outcome {
    OutcomeTable.Outcome(
      decider: Int32(rule), windowStart: windows.start(ofRoute: rule - routeStart),
      durability: durabilities[rule], obligations: obligations[rule - routeStart])
  }
}
