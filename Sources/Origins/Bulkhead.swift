internal import Base

/// The places of one region and tier for the requests of one loop, by latency class: so many may be
/// under way or wait at once. What nobody waits for has at most half of the places on connections,
/// so that exports never keep a monitor from its answer.
///
/// Owned by `EndpointLoads`.
struct Bulkhead: Sendable {
  /// By class: how many there may be, and are.
  private var counts: SIMD4<Int32> = .zero
  private let bounds: SIMD4<Int32>

  /// Makes the empty places of `endpoints`.
  init(endpoints: some Sequence<EndpointDefinition>, limits: OriginLimits) {
    var places = 0
    var waiting = 0
    for endpoint in endpoints {
      places += endpoint.placeCount
      waiting += limits.waiterCountMax + limits.waiterCountConnectingMax
    }
    bounds = SIMD4(
      Int32(clamping: places + waiting), Int32(clamping: places + waiting * 3 / 4),
      Int32(clamping: places + waiting / 2), Int32(clamping: max(1, places / 2)))
  }

  /// How many of a class there may be at once.
  func bound(_ latency: LatencyClass) -> Int { Int(bounds[Int(latency.rawValue)]) }

  /// How many of a class there are.
  func count(_ latency: LatencyClass) -> Int { Int(counts[Int(latency.rawValue)]) }

  /// Takes a place; false when the class has its share.
  mutating func take(_ latency: LatencyClass) -> Bool {
    let index = Int(latency.rawValue)
    guard counts[index] < bounds[index] else { return false }
    counts[index] &+= 1
    return true
  }

  /// Gives a place back.
  mutating func giveBack(_ latency: LatencyClass) {
    let index = Int(latency.rawValue)
    precondition(counts[index] > 0, "a place was given back that nobody had")
    counts[index] &-= 1
  }
}
