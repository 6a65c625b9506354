import Base
import Origins
import Testing

/// Random states of the world against the definition of what may serve.
@Suite struct NarrowingPropertyTests {
  @Test(arguments: 0..<50 as Range<UInt64>)
  func onlyRemovesAndReorders(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed &* 977 &+ 1)
    let table = LocalityTable(
      fallback: Array(demoRegions.shuffled(using: &random).prefix(2)),
      rows: [.init(try present(Place("US")), [demoRegions[Int(seed) % 3]])])
    var world = try World(seed: seed, locality: seed % 2 == 0 ? table : nil)
    for _ in 0..<200 {
      disturb(&world, &random)
      let steps = (0..<Int.random(in: 0...5, using: &random)).map { _ in
        Step(
          region: RegionID(UInt8.random(in: 0...3, using: &random)),
          tier: Tier.allCases.randomElement(using: &random) ?? .cache,
          stalenessMillisecondsMax: Bool.random(using: &random)
            ? UInt32.random(in: 0...8_000, using: &random) : nil,
          orderGroup: UInt8.random(in: 0...2, using: &random))
      }
      let intent: Intent = Bool.random(using: &random) ? .read : .write
      let home =
        Bool.random(using: &random) ? RegionID(UInt8.random(in: 0...2, using: &random)) : nil
      let place = Bool.random(using: &random) ? Place("US-NY") ?? .unknown : .unknown
      _ = world.narrow(steps, intent, home: home, at: place)
      check(world, steps, intent, home)
    }
  }

  private func disturb(_ world: inout World, _ random: inout SplitMix64) {
    for index in world.statuses.indices {
      var status = EndpointStatus(at: world.now)
      status.reach =
        ([.unknown, .healthy, .healthy, .suspect, .down, .ejected] as [Reach])
        .randomElement(using: &random) ?? .down
      status.freshness =
        ([.fresh, .lagging, .unmeasured] as [Freshness]).randomElement(using: &random) ?? .fresh
      let epoch = UInt64.random(in: 1...2, using: &random)
      status.role =
        ([.unknown, .primary(epoch: epoch), .replica(epoch: epoch), .conflict(epoch: epoch)]
        as [RoleClaim]).randomElement(using: &random) ?? .unknown
      status.isDraining = Int.random(in: 0..<6, using: &random) == 0
      status.reportedLagMilliseconds =
        Int.random(in: 0..<4, using: &random) == 0
        ? nil : UInt64.random(in: 0...9_000, using: &random)
      if Bool.random(using: &random) {
        status.load = .reported(.random(in: 0...1_200, using: &random), at: world.now)
      }
      status.homeLagsMilliseconds = [nil, 0, UInt64.random(in: 0...9_000, using: &random)]
      status.measuredAt = at(UInt64.random(in: 3_000...10_000, using: &random))
      world.statuses[index] = status
    }
    world.orders = RegionOrders()
    for name in demoRegions where Int.random(in: 0..<3, using: &random) == 0 {
      world.orders.regions[name] = RegionOrders.Region(
        replica: ServerOrder(rawValue: UInt8.random(in: 0..<64, using: &random)),
        primary: ServerOrder(rawValue: UInt8.random(in: 0..<64, using: &random)))
    }
    for region in world.epochs.indices {
      world.epochs[region] = ([nil, 1, 2] as [UInt64?]).randomElement(using: &random) ?? nil
    }
  }

  /// Whether the definition lets an endpoint serve a step, at all.
  private func mayServe(
    _ world: World, _ endpoint: Endpoint, _ step: Step, _ intent: Intent, _ home: RegionID?
  )
    -> Bool
  {
    let status = world.statuses[Int(endpoint.id.index)]
    let order = world.order(endpoint)
    guard endpoint.region == step.region, endpoint.tier == step.tier,
      order.isDisjoint(with: [.drained, .evacuated, .heldOut]),
      status.reach != .down || order.contains(.forcedIn),
      let epoch = status.role.epoch
    else { return false }
    if epoch < world.epochs[Int(endpoint.region.index)] ?? 0 { return false }
    let age = world.now.milliseconds(since: status.measuredAt)
    let isMeasured = status.reportedLagMilliseconds != nil && age <= 6_000
    var isPrimary = false
    switch status.role {
    case .unknown, .conflict: return false
    case .primary: isPrimary = true
    case .replica: break
    }
    if step.tier == .primary, !isPrimary { return false }
    if intent == .write, !isPrimary || step.tier != .primary || !isMeasured { return false }
    guard let bound = step.stalenessMillisecondsMax else { return true }
    if let home, home != endpoint.region {
      let copy = status.homeLagsMilliseconds[Int(home.index)]
      return age <= 6_000 && (copy.map { $0 + age <= UInt64(bound) } ?? false)
    }
    return isMeasured
      && (isPrimary || (status.reportedLagMilliseconds ?? .max) + age <= UInt64(bound))
  }

  private func check(
    _ world: World, _ steps: [Step], _ intent: Intent, _ home: RegionID?
  ) {
    let plan = world.plan
    for choice in plan.choices {
      let step = steps[Int(choice.step)]
      #expect(mayServe(world, world.topology[choice.endpoint], step, intent, home))
    }
    // Steps keep their order, but for neighbours of one group.
    #expect(
      zip(plan.choices, plan.choices.dropFirst()).allSatisfy { first, second in
        let group = steps[Int(first.step)].orderGroup
        return first.step <= second.step
          || group != 0
            && steps[Int(second.step)...Int(first.step)].allSatisfy {
              $0.orderGroup == group
            }
      })
    #expect(Set(plan.choices.map(\.endpoint)).count == plan.choices.count)
    var hasGood = false
    var hasAny = false
    for (index, step) in steps.enumerated() {
      for endpoint in world.topology.endpoints
      where endpoint.region == step.region && endpoint.tier == step.tier {
        let status = world.statuses[Int(endpoint.id.index)]
        let may = mayServe(world, endpoint, step, intent, home)
        let order = world.order(endpoint)
        let isGood =
          order.contains(.forcedIn)
          || (status.reach != .ejected || order.contains(.frozen)) && !status.isDraining
            && !(status.load.isSaturated && intent == .read)
        if may { hasAny = true }
        if may, isGood { hasGood = true }
        let isChosen = plan.choices.contains { $0.endpoint == endpoint.id }
        let isRemoved = plan.removed.contains {
          $0.endpoint == endpoint.id && $0.step == UInt8(index)
        }
        // Nobody vanishes without a reason, and nobody good is removed.
        if may, isGood { #expect(isChosen) }
        if !may { #expect(isRemoved) }
      }
    }
    #expect(plan.choices.isEmpty == !(hasGood || (intent == .read && hasAny)))
    #expect(plan.choices.allSatisfy { ($0.lastResort == nil) == hasGood })
  }
}
