public import Base
public import Origins

/// What requests did at one endpoint lately.
public struct Traffic: Hashable, Sendable {
  /// Attempts a second, in tenths, over the last full seconds.
  public var tenthsPerSecond = 0
  /// Attempts under way.
  public var underWayCount = 0
  /// Attempts of the last ten seconds that failed there.
  public var failureCount = 0

  /// No traffic.
  public init() {}

  /// Adds what another edge counts.
  mutating func add(_ other: Traffic) {
    tenthsPerSecond = Self.sum(tenthsPerSecond, other.tenthsPerSecond)
    underWayCount = Self.sum(underWayCount, other.underWayCount)
    failureCount = Self.sum(failureCount, other.failureCount)
  }
}

extension Traffic {
  /// The sum of two counts, or the greatest that there is.
  fileprivate static func sum(_ one: Int, _ other: Int) -> Int {
    let (sum, isOver) = one.addingReportingOverflow(other)
    return isOver ? .max : sum
  }
}

/// Sums what every loop counts of its endpoints: each tells its totals about once a second.
public struct TrafficBoard: Sendable {
  /// What happened in one second.
  private struct Second {
    var number: UInt64 = 0
    var startedCount: UInt64 = 0
    var failedCount: UInt64 = 0
  }

  /// What is known of one endpoint.
  private struct Endpoint {
    var seconds = [Second](repeating: Second(), count: secondCount)
    /// The last totals of each loop.
    var totals: [Int: EndpointTraffic] = [:]
  }

  private var endpoints: [String: Endpoint] = [:]

  /// Seconds that are remembered.
  private static let secondCount = 10
  /// Seconds over which a rate is taken.
  private static let rateSecondCount: UInt64 = 5

  /// Makes an empty board.
  public init() {}

  /// A loop tells its totals. Endpoints that it does not name are forgotten.
  public mutating func take(_ sample: [EndpointTraffic], loop: Int, at now: Instant) {
    let second = now.nanoseconds / 1_000_000_000
    let names = Set(sample.map(\.name))
    endpoints = endpoints.filter { names.contains($0.key) }
    for news in sample {
      var endpoint = endpoints[news.name] ?? Endpoint()
      let before = endpoint.totals[loop]
      endpoint.totals[loop] = news
      let index = Int(second % UInt64(Self.secondCount))
      if endpoint.seconds[index].number != second {
        endpoint.seconds[index] = Second(number: second)
      }
      endpoint.seconds[index].startedCount += Self.gain(news.startedCount, before?.startedCount)
      endpoint.seconds[index].failedCount += Self.gain(news.failedCount, before?.failedCount)
      endpoints[news.name] = endpoint
    }
  }

  /// How much a total grew; a smaller one was begun anew.
  private static func gain(_ total: UInt64, _ before: UInt64?) -> UInt64 {
    guard let before, before <= total else { return total }
    return total - before
  }

  /// What requests did at `endpoint` lately.
  public func traffic(of endpoint: String, at now: Instant) -> Traffic {
    var traffic = Traffic()
    guard let known = endpoints[endpoint] else { return traffic }
    let second = now.nanoseconds / 1_000_000_000
    var startedCount: UInt64 = 0
    for past in known.seconds where past.number <= second {
      let age = second - past.number
      if age < Self.rateSecondCount { startedCount += past.startedCount }
      if age < UInt64(Self.secondCount) { traffic.failureCount += Int(clamping: past.failedCount) }
    }
    traffic.tenthsPerSecond = Int(clamping: startedCount * 10 / Self.rateSecondCount)
    traffic.underWayCount = known.totals.values.reduce(0) { $0 + Int(clamping: $1.inFlightCount) }
    return traffic
  }
}
