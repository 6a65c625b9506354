import Base

/// The candidates of all routes in all surroundings; equal lists are stored once.
struct RouteWindows: Sendable {
  /// A part of `candidates`.
  struct Window: Sendable {
    let offset: UInt32
    let count: UInt8
  }

  /// By route: where its windows start in `windows`; routes with the same `serve` share them.
  private let starts: [UInt32]
  /// By (home, nearest) from there.
  private let windows: [Window]
  /// The storage of all plans.
  let candidates: [Candidate]

  /// Expands the `serve` of `routes` in each of the `surroundings`.
  init(_ routes: ArraySlice<Rule>, _ surroundings: [Surroundings]) {
    var windows: [Window] = []
    var candidates: [Candidate] = []
    var known: [[Step]: UInt32] = [:]
    var windowByList: [[Candidate]: Window] = [:]
    starts = routes.map { rule in
      if let start = known[rule.serve] { return start }
      let start = UInt32(windows.count)
      known[rule.serve] = start
      for place in surroundings {
        let list = place.candidates(rule.serve)
        let window =
          windowByList[list] ?? Window(offset: UInt32(candidates.count), count: UInt8(list.count))
        if windowByList.updateValue(window, forKey: list) == nil { candidates += list }
        windows.append(window)
      }
      return start
    }
    self.windows = windows
    self.candidates = candidates
  }

  /// Where the windows of a route start.
  func start(ofRoute route: Int) -> UInt32 { starts[route] }

  /// The candidates of a route whose windows start there, in these surroundings.
  @inline(__always)
  func window(_ start: UInt32, _ place: Int) -> Window { windows[Int(start) + place] }

  /// A bit for each candidate of `window` that no ban on these regions and tiers covers.
  func kept(
    _ window: Window, _ bannedRegions: UInt64, _ bannedTiers: UInt8
  ) -> UInt64 {
    var kept = CandidateList.bits(Int(window.count))
    if bannedRegions == 0 && bannedTiers == 0 { return kept }
    let ban = Prohibitions.Ban(regions: bannedRegions, tiers: bannedTiers, isRefusal: false)
    for position in 0..<Int(window.count) {
      let candidate = candidates[Int(window.offset) + position]
      if ban.covers(candidate.region, candidate.tier) { kept &= ~(1 << UInt64(position)) }
    }
    return kept
  }
}
