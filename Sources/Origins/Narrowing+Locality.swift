internal import Base

/// Nearness among equals; see `Locality`.
extension Narrowing {
  /// Says of each choice of a group, from `first` on, how far it is from the user. Nothing without
  /// a table: then all ranks are 0, and cost alone orders.
  static func rank(
    from first: Int, _ user: Place, _ plan: inout NarrowedPlan, _ snapshot: HealthSnapshot,
    _ loads: borrowing EndpointLoads, _ now: Instant, _ random: inout SplitMix64
  ) {
    guard let locality = snapshot.topology.locality else { return }
    let row = locality.row(of: user)
    plan.isRanked = true
    for place in first..<plan.choices.count {
      let id = plan.choices[place].endpoint
      var rank = locality.rank(snapshot.topology.region(of: id), in: row)
      let share = loads.nearSharePermille(
        id, warmUntil: snapshot.statuses[Int(id.index)].warmUntil,
        load: snapshot.statuses[Int(id.index)].load, at: now)
      if share < 1_000, random.next() % 1_000 >= share { rank |= crowded }
      plan.choices[place].rank = rank
    }
  }

  /// Added to the rank of a server with little room left.
  private static let crowded: UInt8 = 128

  /// Orders a run of choices by rank, and by load those of one rank.
  static func orderByRank(
    _ run: Range<Int>, of plan: inout NarrowedPlan, _ snapshot: HealthSnapshot,
    loads: borrowing EndpointLoads, at now: Instant, using random: inout SplitMix64
  ) {
    guard plan.isRanked else {
      return orderByLoad(run, of: &plan, snapshot, loads: loads, at: now, using: &random)
    }
    var start = run.lowerBound
    while start < run.upperBound {
      var lowest = UInt8.max
      for place in start..<run.upperBound { lowest = min(lowest, plan.choices[place].rank) }
      var end = start
      for place in start..<run.upperBound where plan.choices[place].rank == lowest {
        plan.choices.swapAt(place, end)
        end += 1
      }
      orderByLoad(start..<end, of: &plan, snapshot, loads: loads, at: now, using: &random)
      start = end
    }
  }

  /// Orders last resorts that became choices: by load those of one step that are so for one reason,
  /// so that not all requests meet the same server when all of them are at their limit.
  static func orderLastResorts(
    of plan: inout NarrowedPlan, _ snapshot: HealthSnapshot, loads: borrowing EndpointLoads,
    at now: Instant, using random: inout SplitMix64
  ) {
    var start = 0
    while start < plan.choices.count {
      let first = plan.choices[start]
      var end = start + 1
      while end < plan.choices.count, plan.choices[end].step == first.step,
        plan.choices[end].lastResort == first.lastResort
      { end += 1 }
      orderByLoad(start..<end, of: &plan, snapshot, loads: loads, at: now, using: &random)
      start = end
    }
  }
}
