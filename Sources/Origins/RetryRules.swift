public import Base
public import HTTP

/// How an attempt ended without a complete, acceptable response.
public enum AttemptFailure: String, CaseIterable, Sendable {
  /// No connection was made or given: the origin saw nothing.
  case notConnected = "not-connected"
  /// The connection ended before a byte of the request was written.
  case unsent
  /// The origin says that it did not act: above GOAWAY's last stream.
  case neverProcessed = "never-processed"
  /// The same by REFUSED_STREAM: it has too much to do.
  case refused
  /// The origin ended a connection with an error at its first request, which it did not process: it
  /// would do so again.
  case turnedAway = "turned-away"
  /// The edge itself has no place for such a request there.
  case noRoom = "no-room"
  /// A reused connection ended after the request was sent, before a byte of the response.
  case lostOnReused = "lost-on-reused"
  /// The same on a connection made for this request.
  case lost
  /// No response in time.
  case timeout
  /// 502, 503 or 504 from the origin.
  case gatewayStatus = "gateway-status"
  /// 429 or 503 with Retry-After, while at most half of the plan's servers are overloaded.
  case overloaded
  /// A byte of the response had come.
  case responseStarted = "response-started"

  /// Whether the origin provably did nothing.
  public var isProvablyUnprocessed: Bool {
    switch self {
    case .notConnected, .unsent, .neverProcessed, .refused, .turnedAway, .noRoom: true
    case .lostOnReused, .lost, .timeout, .gatewayStatus, .overloaded, .responseStarted: false
    }
  }

  /// Whether another try costs an origin work, or cost it some already.
  var isCostly: Bool { !isProvablyUnprocessed || self == .refused || self == .turnedAway }
}

/// What decides, beside the failure, whether a request may be sent again.
public struct AttemptContext: Hashable, Sendable {
  /// The request's method.
  public var method: Method
  /// Whether the request has an idempotency key that this endpoint is configured to honour.
  public var isKeyHonoured: Bool
  /// Whether the body can be sent again: there is none, or all of it is still held.
  public var isBodyReplayable: Bool
  /// Whether a final response head has been sent to the client.
  public var isClientHeadSent: Bool
  /// Attempts so far, the failed one included.
  public var attemptCount: UInt8
  /// How often it was sent again because it had not been processed.
  public var requeueCount: UInt8
  /// Whether the plan has a choice behind this one.
  public var hasNext: Bool

  /// Describes an attempt.
  public init(
    method: Method, isKeyHonoured: Bool = false, isBodyReplayable: Bool = true,
    isClientHeadSent: Bool = false, attemptCount: UInt8 = 1, requeueCount: UInt8 = 0,
    hasNext: Bool = true
  ) {
    self.method = method
    self.isKeyHonoured = isKeyHonoured
    self.isBodyReplayable = isBodyReplayable
    self.isClientHeadSent = isClientHeadSent
    self.attemptCount = attemptCount
    self.requeueCount = requeueCount
    self.hasNext = hasNext
  }
}

/// Why a request is not sent again.
public enum GiveUp: String, CaseIterable, Sendable {
  /// The client or the origin began to see a response; two are never spliced.
  case responseStarted = "response-started"
  /// A write may have happened, and sending it again could do it twice.
  case outcomeUnknown = "outcome-unknown"
  /// The body is gone.
  case bodyGone = "body-gone"
  /// `OriginLimits.attemptCountMax` is reached.
  case attemptsExhausted = "attempts-exhausted"
  /// The loop's retry budget is used up.
  case budgetExhausted = "budget-exhausted"
  /// `OriginLimits.requeueCountMax` is reached.
  case requeuesExhausted = "requeues-exhausted"
  /// The only server there is turned the connection away.
  case turnedAway = "turned-away"
  /// There is no place for such a request at the only server there is.
  case noRoom = "no-room"
}

/// What happens after a failed attempt.
public enum RetryDecision: Hashable, Sendable {
  /// Again to the same endpoint, on a fresh connection.
  case retrySameCandidate
  /// Again to the same endpoint after a random part of this pause.
  case retryAfterPause(millisecondsMax: UInt64)
  /// To the plan's next choice; when there is none, the failure is the answer.
  case nextCandidate
  /// No more attempt. After `gatewayStatus` the origin's own response is passed on.
  case giveUp(GiveUp)
}

/// Decides after a failure whether a request may be sent again, and where.
///
/// A write is sent again only when it provably was not processed or its key makes it harmless, and
/// only to the same primary. Idempotent methods count as writes: a second PUT makes a second
/// version of a record. Anything else (reads) moves on to the next choice, or stays when the
/// endpoint is not to blame.
public enum RetryRules {
  /// The decision; takes from `budget` only for a retry that costs an origin work again.
  public static func decide(
    after failure: AttemptFailure, _ context: AttemptContext, limits: borrowing OriginLimits,
    budget: inout RetryBudget, at now: Instant
  ) -> RetryDecision {
    if failure == .responseStarted || context.isClientHeadSent {
      return .giveUp(.responseStarted)
    }
    let isWrite = !context.method.isSafe
    if isWrite, !failure.isProvablyUnprocessed, !mayRepeat(context, after: failure) {
      return .giveUp(.outcomeUnknown)
    }
    if isWrite, failure == .turnedAway { return .giveUp(.turnedAway) }
    if isWrite, failure == .noRoom { return .giveUp(.noRoom) }
    let isBodyTouched = failure != .notConnected && failure != .unsent && failure != .noRoom
    if isBodyTouched, !context.isBodyReplayable { return .giveUp(.bodyGone) }
    if context.attemptCount >= limits.attemptCountMax { return .giveUp(.attemptsExhausted) }
    let isRequeue = failure == .neverProcessed || failure == .refused
    if isRequeue, context.requeueCount >= limits.requeueCountMax {
      return .giveUp(.requeuesExhausted)
    }
    if failure.isCostly, !budget.withdraw(at: now) { return .giveUp(.budgetExhausted) }
    if failure == .refused, isWrite || !context.hasNext {
      return .retryAfterPause(
        millisecondsMax: limits.refusedPauseMilliseconds << UInt64(context.requeueCount))
    }
    return isWrite || staysForRead(failure, context) ? .retrySameCandidate : .nextCandidate
  }

  /// Whether a key makes a second sending harmless. A gateway status is an answer to a keyed write.
  private static func mayRepeat(_ context: AttemptContext, after failure: AttemptFailure) -> Bool {
    context.isKeyHonoured && failure != .gatewayStatus && failure != .overloaded
  }

  /// Whether a read tries the same endpoint again: a connection that died while idle, or one that
  /// was going away, does not speak against its endpoint. Once: then the next one is asked.
  private static func staysForRead(
    _ failure: AttemptFailure, _ context: AttemptContext
  ) -> Bool {
    switch failure {
    case .unsent, .neverProcessed, .lostOnReused: context.attemptCount == 1
    case .notConnected, .refused, .turnedAway, .noRoom, .lost, .timeout, .gatewayStatus,
      .overloaded, .responseStarted:
      false
    }
  }
}
