public import Base
public import HTTP

/// How an attempt ended without a complete, acceptable response.
public enum AttemptFailure: String, CaseIterable, Sendable {
  /// No connection was made or given: the origin saw nothing.
  case notConnected = "not-connected"
  /// The connection ended before a byte of the request was written.
  case unsent
  /// The origin says that it did not act: REFUSED_STREAM, or above GOAWAY's last stream.
  case neverProcessed = "never-processed"
  /// A reused connection ended after the request was sent, before a byte of the response.
  case lostOnReused = "lost-on-reused"
  /// The same on a connection made for this request.
  case lost
  /// No response in time.
  case timeout
  /// 502, 503 or 504 from the origin.
  case gatewayStatus = "gateway-status"
  /// A byte of the response had come.
  case responseStarted = "response-started"

  /// Whether the origin provably did nothing.
  public var isProvablyUnprocessed: Bool {
    self == .notConnected || self == .unsent || self == .neverProcessed
  }
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

  /// Describes an attempt.
  public init(
    method: Method, isKeyHonoured: Bool = false, isBodyReplayable: Bool = true,
    isClientHeadSent: Bool = false, attemptCount: UInt8 = 1
  ) {
    self.method = method
    self.isKeyHonoured = isKeyHonoured
    self.isBodyReplayable = isBodyReplayable
    self.isClientHeadSent = isClientHeadSent
    self.attemptCount = attemptCount
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
}

/// What happens after a failed attempt.
public enum RetryDecision: Hashable, Sendable {
  /// Again to the same endpoint, on a fresh connection.
  case retrySameCandidate
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
    let isBodyTouched = failure != .notConnected && failure != .unsent
    if isBodyTouched, !context.isBodyReplayable { return .giveUp(.bodyGone) }
    if context.attemptCount >= limits.attemptCountMax { return .giveUp(.attemptsExhausted) }
    if !failure.isProvablyUnprocessed, !budget.withdraw(at: now) {
      return .giveUp(.budgetExhausted)
    }
    return isWrite || staysForRead(failure, context) ? .retrySameCandidate : .nextCandidate
  }

  /// Whether a key makes a second sending harmless. A gateway status is an answer to a keyed write.
  private static func mayRepeat(_ context: AttemptContext, after failure: AttemptFailure) -> Bool {
    context.isKeyHonoured && failure != .gatewayStatus
  }

  /// Whether a read tries the same endpoint again: a connection that died while idle, or one that
  /// was going away, does not speak against its endpoint. Once: then the next one is asked.
  private static func staysForRead(
    _ failure: AttemptFailure, _ context: AttemptContext
  ) -> Bool {
    switch failure {
    case .unsent, .neverProcessed, .lostOnReused: context.attemptCount == 1
    case .notConnected, .lost, .timeout, .gatewayStatus, .responseStarted: false
    }
  }
}
