public import Base

/// Whether an endpoint answers.
public enum Reach: String, Sendable {
  /// Not probed often enough yet.
  case unknown
  /// Answers probes and requests.
  case healthy
  /// A failure was seen and is being looked into; still used, after its peers.
  case suspect
  /// Does not answer; not used.
  case down
  /// Answers probes but failed requests; used only when nothing else is left to read from.
  case ejected
  /// Answers probes again; one real read at a time shows whether it answers requests.
  case probing
  /// Answers both again; takes its share of the load little by little.
  case warming

  /// Whether requests go there as a matter of course.
  public var isFit: Bool { self == .healthy || self == .warming }
}

/// Why an endpoint that fails requests is not ejected.
public enum EjectionHold: String, Sendable {
  /// Its region would have no fresh endpoint left to read from.
  case lastFresh = "last-fresh"
  /// Most endpoints look dead: the edge is more likely to be cut off itself.
  case selfDoubt = "self-doubt"
}

/// How current an endpoint's data is, against the edge's own limit.
public enum Freshness: String, Sendable {
  /// Measured, and within the limit.
  case fresh
  /// Measured, and beyond the limit.
  case lagging
  /// Not measured: the same as infinite lag.
  case unmeasured
}

/// What an endpoint says it is.
public enum RoleClaim: Hashable, Sendable {
  /// It has not said yet.
  case unknown
  /// It takes writes in this epoch.
  case primary(epoch: UInt64)
  /// It follows a primary, and knows this epoch.
  case replica(epoch: UInt64)
  /// It and another endpoint of the region both take writes in this epoch.
  case conflict(epoch: UInt64)

  /// The epoch it knows; nil when it has not said yet.
  public var epoch: UInt64? {
    switch self {
    case .unknown: nil
    case .primary(let epoch), .replica(let epoch), .conflict(let epoch): epoch
    }
  }

  /// A stable word for status views: `unknown`, `primary`, `replica`, `conflict`.
  public var name: String {
    switch self {
    case .unknown: "unknown"
    case .primary: "primary"
    case .replica: "replica"
    case .conflict: "conflict"
    }
  }
}

/// Why a probe did not succeed.
public enum ProbeFailure: String, CaseIterable, Sendable {
  /// No connection.
  case connectFailed = "connect-failed"
  /// No complete answer in time.
  case timeout
  /// The connection ended early.
  case reset
  /// The answer was not 200.
  case badStatus = "bad-status"
  /// The answer was not a health report.
  case malformedReport = "malformed-report"
  /// The endpoint says that it does not serve.
  case unready
  /// Another endpoint or another region answered. DOWN at once: sending it a request may be
  /// unlawful.
  case wrongEndpoint = "wrong-endpoint"
  /// The certificate was not accepted. DOWN at once: there is no weaker way.
  case untrusted

  /// Whether one such failure is enough.
  var isConclusive: Bool { self == .wrongEndpoint || self == .untrusted }
}

/// Why a request to an endpoint failed, as far as health is concerned. A 4xx never is a failure.
public enum RequestFailure: String, CaseIterable, Sendable {
  /// No connection.
  case connectFailed = "connect-failed"
  /// No first byte, or no further byte, in time.
  case timeout
  /// The connection ended before the response did.
  case reset
  /// 502, 503 or 504 came from the endpoint.
  case gatewayStatus = "gateway-status"
  /// No first byte within the patience of the request's class, and another endpoint was asked: a
  /// reason to look, not a fault.
  case slow

  /// Whether the failure says something about reach: an answer, even 503, came from a live server.
  var isUnreached: Bool { self != .gatewayStatus && self != .slow }
}

/// What was last held against an endpoint.
public enum EndpointFailure: Hashable, Sendable {
  /// A probe failed.
  case probe(ProbeFailure)
  /// A request failed.
  case request(RequestFailure)
}

/// One endpoint's state at one moment, as every loop sees it.
public struct EndpointStatus: Hashable, Sendable {
  /// Whether it answers.
  public var reach: Reach = .unknown
  /// When `reach` took its value.
  public var reachSince: Instant
  /// How current its data is, against the edge's own limit.
  public var freshness: Freshness = .unmeasured
  /// What it says it is.
  public var role: RoleClaim = .unknown
  /// Until when it is WARMING, while it is.
  public var warmUntil = Instant(nanoseconds: 0)
  /// Whether it fell so often that it serves only where nobody else may.
  public var isSuppressed = false
  /// Whether it was DOWN and waits until an operator lets it in, as configured.
  public var isHeldOut = false
  /// Whether it is DOWN and will wait so when it is back.
  public var willBeHeldOut = false
  /// Why it is not ejected though it failed as many requests; nil when it did not.
  public var ejectionHold: EjectionHold?
  /// Whether it announced that it will stop.
  public var isDraining = false
  /// The lag it reported at `measuredAt`, milliseconds: zero for a primary, nil when unmeasured.
  public var reportedLagMilliseconds: UInt64?
  /// The same for its copies of other regions' data, by `RegionID`; nil or missing is unmeasured.
  public var homeLagsMilliseconds: [UInt64?] = []
  /// What it says it is for other regions' data, by `RegionID`; empty when it says nothing of that.
  public var homeClaims: [RoleClaim] = []
  /// The log positions of other regions' data that it had applied at `measuredAt`, by `RegionID`;
  /// nil or missing is unmeasured.
  public var homePositions: [UInt64?] = []
  /// When the last good report was asked for; never later than the state it describes.
  public var measuredAt: Instant
  /// The log position it had applied then.
  public var position: UInt64 = 0
  /// How busy it says it is.
  public var load = ReportedLoad()
  /// How long that probe took, microseconds.
  public var probeMicroseconds: UInt64 = 0
  /// What was last held against it.
  public var lastFailure: EndpointFailure?

  /// The state of an endpoint that nothing is known about.
  public init(at now: Instant) {
    reachSince = now
    measuredAt = now
  }

  /// Whether the last good probe says that it is near: a connection is then made at once or not.
  public func isNear(within microseconds: UInt64) -> Bool {
    probeMicroseconds > 0 && probeMicroseconds < microseconds
  }

  /// An upper bound of the lag of its own region's data at `now`: the reported lag and the report's
  /// age. A primary is current by definition. Nil (infinite) when unmeasured or older than
  /// `ageMillisecondsMax`.
  @inline(__always)
  public func lagMilliseconds(at now: Instant, ageMillisecondsMax: UInt64) -> UInt64? {
    let lag = Self.aged(reportedLagMilliseconds, since: measuredAt, at: now, ageMillisecondsMax)
    if lag != nil, case .primary = role { return 0 }
    return lag
  }

  /// The same for its copy of the data of `home`, another region: there no role makes it current.
  @inline(__always)
  public func lagMilliseconds(
    of home: RegionID, at now: Instant, ageMillisecondsMax: UInt64
  ) -> UInt64? {
    let index = Int(home.index)
    guard index < homeLagsMilliseconds.count else { return nil }
    return Self.aged(homeLagsMilliseconds[index], since: measuredAt, at: now, ageMillisecondsMax)
  }

  private static func aged(
    _ lag: UInt64?, since measuredAt: Instant, at now: Instant, _ ageMillisecondsMax: UInt64
  ) -> UInt64? {
    let age = now.milliseconds(since: measuredAt)
    guard let lag, age <= ageMillisecondsMax else { return nil }
    let (sum, overflow) = lag.addingReportingOverflow(age)
    return overflow ? nil : sum
  }
}
