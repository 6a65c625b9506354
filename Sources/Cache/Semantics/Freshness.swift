public import Base

/// How old an answer is and how long it may be used: RFC 9111 section 4.2, bounded by its row.
///
/// Ages run on the monotonic clock; the wall clock is used once, when the answer comes.
public struct Freshness: Sendable, Equatable {
  /// What may be done with an entry for one request.
  public enum Use: Sendable, Equatable {
    /// Serve it; it stays fresh for so many milliseconds.
    case fresh(remainingMilliseconds: UInt64)
    /// Serve it, and fetch a new one behind the client's back.
    case staleWhileRevalidating
    /// Ask the origin first.
    case validate
  }

  /// The age it had when it came, in milliseconds.
  public var initialAgeMilliseconds: UInt64
  /// When it came.
  public var responseTime: Instant
  /// How long it is fresh, counted from age zero, in milliseconds.
  public var lifetimeMilliseconds: UInt64
  /// How long after that it may be served while a new one is fetched.
  public var staleWhileRevalidateMilliseconds: UInt64 = 0
  /// How long after that it may be served when no origin answers.
  public var staleIfErrorMilliseconds: UInt64 = 0
  /// Whether it is validated before each use.
  public var alwaysValidates: Bool

  /// Judges an answer to a request that was sent at `requestTime` and answered at `responseTime`,
  /// which was `wall`. `chance` shortens the lifetime by the row's jitter.
  public init(
    _ response: borrowing ResponseFacts, _ rules: RowRules, requestTime: Instant,
    responseTime: Instant, wall: WallTime, chance: UInt64
  ) {
    let directives = response.directives
    self.responseTime = responseTime
    let delay = responseTime.milliseconds(since: requestTime)
    let wallMilliseconds = wall.microseconds / 1000
    let apparent = response.dateSeconds.map { date in
      wallMilliseconds > date * 1000 ? wallMilliseconds - date * 1000 : 0
    }
    initialAgeMilliseconds = max(response.ageSeconds * 1000 + delay, apparent ?? 0)
    alwaysValidates = directives.noCache

    let isNegative = Storability.negative.contains(response.status)
    let ceiling =
      isNegative
      ? min(rules.negativeMilliseconds, CacheLimits.negativeMillisecondsMax)
      : rules.ttlMilliseconds
    let own = Self.ownLifetimeMilliseconds(response, wall: wall)
    let lifetime = min(own ?? .max, UInt64(ceiling))
    // Downward only: chance makes nothing fresher. 10 bits of it are enough.
    let shortening = lifetime * UInt64(rules.jitterPercent) / 100 * (chance & 1023) / 1023
    lifetimeMilliseconds = lifetime - min(shortening, lifetime)

    guard !directives.forbidsStale, !isNegative else { return }
    staleWhileRevalidateMilliseconds = Self.window(
      rules.staleWhileRevalidateMilliseconds, directives.staleWhileRevalidate)
    staleIfErrorMilliseconds = Self.window(
      rules.staleIfErrorMilliseconds, directives.staleIfError)
  }

  /// What the origin says about its answer's lifetime, in milliseconds; nil when it says nothing.
  static func ownLifetimeMilliseconds(
    _ response: borrowing ResponseFacts, wall: WallTime
  ) -> UInt64? {
    if let seconds = response.directives.sharedMaxAge ?? response.directives.maxAge {
      return seconds * 1000
    }
    guard !response.isTargeted else { return nil }
    switch response.expires {
    case .absent: return nil
    case .invalid: return 0
    case .at(let expiry):
      let date = response.dateSeconds ?? wall.microseconds / 1_000_000
      return expiry > date ? min(expiry - date, CacheLimits.deltaSecondsMax) * 1000 : 0
    }
  }

  /// The row's window, which the origin may shorten.
  private static func window(_ milliseconds: UInt32, _ seconds: UInt64?) -> UInt64 {
    min(UInt64(milliseconds), seconds.map { $0 * 1000 } ?? .max)
  }

  /// The age at `now`, in milliseconds.
  @inline(__always)
  public func ageMilliseconds(at now: Instant) -> UInt64 {
    initialAgeMilliseconds + now.milliseconds(since: responseTime)
  }

  /// Whether its time is not over, and it need not be validated anyway.
  func isFresh(at now: Instant) -> Bool {
    !alwaysValidates && ageMilliseconds(at: now) < lifetimeMilliseconds
  }

  /// What may be done with it at `now` for a request that asks for this.
  public func use(
    at now: Instant, for request: RequestDirectives, honoursNoCache: Bool = true
  ) -> Use {
    let age = ageMilliseconds(at: now)
    if alwaysValidates || (request.noCache && honoursNoCache) { return .validate }
    if let bound = request.maxAge, age > bound * 1000 { return .validate }
    if age < lifetimeMilliseconds {
      let remaining = lifetimeMilliseconds - age
      if let wanted = request.minFresh, remaining < wanted * 1000 { return .validate }
      return .fresh(remainingMilliseconds: remaining)
    }
    guard request.minFresh == nil, request.maxAge == nil,
      age - lifetimeMilliseconds < staleWhileRevalidateMilliseconds
    else { return .validate }
    return .staleWhileRevalidating
  }

  /// Whether it may stand in for an origin that failed: no connection, or 500, 502, 503, 504.
  public func mayReplaceError(at now: Instant, for request: RequestDirectives) -> Bool {
    let age = ageMilliseconds(at: now)
    if alwaysValidates || request.noCache || request.minFresh != nil { return false }
    if let bound = request.maxAge, age > bound * 1000 { return false }
    return age < lifetimeMilliseconds
      || age - lifetimeMilliseconds < staleIfErrorMilliseconds
  }

  /// From when on it is of no use without being validated.
  public var uselessMilliseconds: UInt64 {
    lifetimeMilliseconds + max(staleWhileRevalidateMilliseconds, staleIfErrorMilliseconds)
  }

  /// Statuses for which a stale answer may stand in (RFC 5861 section 4).
  public static func isError(status: UInt16) -> Bool {
    status == 500 || (502...504).contains(status)
  }

  /// Whether a status says nothing of the answer that is asked for: the origin failed, or wants to
  /// be asked again (408, 425, 429). What is stored stays as good as it was.
  static func saysNothing(status: UInt16) -> Bool {
    isError(status: status) || status == 408 || status == 425 || status == 429
  }
}
