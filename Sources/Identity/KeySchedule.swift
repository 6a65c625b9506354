public import Base

/// Where an issuer publishes its keys, and how it is reached. Immutable; any thread may use it.
///
/// The address is configured, not looked up, and no token and no answer can change it.
public struct KeyEndpoint: Sendable, Equatable {
  /// The host, with a port unless it is 443: what `Host` says.
  public var authority: String
  /// The name that the certificate must bear.
  public var serverName: String
  /// The request's target: path and query.
  public var target: String
  /// Where to connect.
  public var address: IPAddress
  /// The port there.
  public var port: UInt16
  /// PEM file of the authorities to believe; nil for the system's.
  public var authoritiesPath: String?
  /// How long an answer is used before the next is fetched; a shorter `max-age` counts.
  public var refreshMilliseconds: UInt64

  /// Describes where keys are.
  public init(
    authority: String, serverName: String, target: String, address: IPAddress, port: UInt16,
    authoritiesPath: String?, refreshMilliseconds: UInt64
  ) {
    self.authority = authority
    self.serverName = serverName
    self.target = target
    self.address = address
    self.port = port
    self.authoritiesPath = authoritiesPath
    self.refreshMilliseconds = refreshMilliseconds
  }

  /// The address for people.
  public var url: String { "https://\(authority)\(target)" }
}

/// When an issuer's keys are fetched: when they get old, soon after a failure, and when a token
/// names a key that is not among them, but never more often than a bound.
///
/// A pure machine: fetching is the driver's.
public struct KeySchedule: Sendable {
  private var dueAt: Instant
  /// When the last fetch began; nil before the first.
  private var beganAt: Instant?
  /// Whether a fetch has begun and not ended.
  public private(set) var isUnderWay = false
  private var failureCount = 0

  /// The first fetch is due at once.
  public init(at now: Instant) { dueAt = now }

  /// Whether a fetch must begin.
  public func isDue(at now: Instant) -> Bool { !isUnderWay && now >= dueAt }

  /// A fetch began.
  public mutating func began(at now: Instant) {
    beganAt = now
    isUnderWay = true
  }

  /// A fetch gave keys, which their server calls fresh for `maxAgeSeconds`, if it says that.
  public mutating func succeeded(
    at now: Instant, refreshMilliseconds: UInt64, maxAgeSeconds: UInt64?
  ) {
    isUnderWay = false
    failureCount = 0
    var wait = refreshMilliseconds
    if let maxAgeSeconds, maxAgeSeconds < wait / 1_000 { wait = maxAgeSeconds * 1_000 }
    wait = max(wait, min(IdentityLimits.keyFetchMillisecondsMin, refreshMilliseconds))
    dueAt = now.adding(milliseconds: wait)
  }

  /// A fetch failed: again after one second, then after twice as long each time, up to the usual
  /// interval or a minute.
  public mutating func failed(at now: Instant, refreshMilliseconds: UInt64) {
    isUnderWay = false
    let wait = UInt64(1_000) << UInt64(min(failureCount, 6))
    failureCount += 1
    dueAt = now.adding(
      milliseconds: min(wait, refreshMilliseconds, IdentityLimits.keyRetryMillisecondsMax))
  }

  /// A token names a key that is not known. Whether waiting for a fetch can help: one is under way,
  /// or the last began long enough ago for another. Whoever makes up key names causes no more than
  /// one fetch in that time.
  public mutating func wanted(at now: Instant) -> Bool {
    if isUnderWay { return true }
    if let beganAt, now.milliseconds(since: beganAt) < IdentityLimits.keyFetchMillisecondsMin {
      return false
    }
    dueAt = min(dueAt, now)
    return true
  }
}
