import Base

/// The regions that symbolic words stand for, given a patient's home and the nearest region.
struct Surroundings {
  let regions: [Region]
  /// The patient's home; nil when not known.
  let home: RegionID?
  /// The region nearest to the user, or the home when there is none.
  let nearest: RegionID?

  /// The regions of `destination`, best first; empty when they cannot be told.
  func resolve(_ destination: Destination) -> [RegionID] {
    switch destination {
    case .named(let region): return [region]
    case .home: return home.map { [$0] } ?? []
    case .nearest: return nearest.map { [$0] } ?? []
    case .backupOfHome:
      return home.flatMap { regions[Int($0.index)].backup }.map { [$0] } ?? []
    case .any, .leastLoaded:
      let all = regions.indices.map { RegionID(UInt8($0)) }
      let front = [nearest, home].compactMap { $0 }
      return front + all.filter { !front.contains($0) }
    }
  }

  /// The candidates of a route, each once, best first.
  func candidates(_ steps: [Step]) -> [Candidate] {
    var candidates: [Candidate] = []
    for (index, step) in steps.enumerated() {
      for destination in step.destinations {
        let isByLoad = step.isOrderedByLoad || destination == .leastLoaded
        for region in resolve(destination) {
          let candidate = Candidate(
            region: region, tier: step.tier,
            stalenessMillisecondsMax: step.stalenessMillisecondsMax,
            isMarkedStale: step.isMarkedStale,
            // Steps are counted from 1: zero is no group.
            orderGroup: isByLoad ? UInt8(index + 1) : 0)
          if !candidates.contains(where: candidate.isSame) { candidates.append(candidate) }
        }
      }
    }
    return candidates
  }

  /// Whether `forbidden` removes `candidate`: any of its parts is enough.
  ///
  /// A list with a word that cannot be told here forbids every region: what cannot be evaluated
  /// is refused.
  func isForbidden(_ candidate: Candidate, by forbidden: Forbidden) -> Bool {
    if forbidden.tierIn.contains(candidate.tier) { return true }
    if let list = forbidden.regionIn {
      if list.contains(where: { resolve($0).isEmpty }) { return true }
      if list.flatMap(resolve).contains(candidate.region) { return true }
    }
    if let list = forbidden.regionNotIn {
      if list.contains(where: { resolve($0).isEmpty }) { return true }
      if !list.flatMap(resolve).contains(candidate.region) { return true }
    }
    return false
  }
}
