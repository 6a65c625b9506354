public import Base
public import HTTP
public import Origins

/// One exchange from decision to answer: events in, the next action out.
///
/// The decision is taken already; what is left is the order of record, connection, request, retry
/// and answer. A struct over a private state; owned by one loop.
public struct ExchangeMachine: Sendable {
  /// What the driver does next. `acquire`, `answer` and `abandon` let go of the origin first.
  public enum Action: Equatable, Sendable {
    /// Nothing: an event will come.
    case none
    /// Tell `recordDurable` or `recordFailed` when the decision's record is on disk, or is not.
    case awaitRecord
    /// Look the answer up in the cache: tell `cacheHit`, `cacheMissed` or `cacheWaits`.
    case lookUp
    /// Send the stored answer to the client.
    case serveHit
    /// Look for a stored answer in place of an origin's error, or of a failure: tell `cacheHit` or
    /// `cacheCannotStandIn`.
    case standIn
    /// Get a connection to the narrowed plan's choice at this index.
    case acquire(choice: Int, requiresFresh: Bool)
    /// Wait a random part of so many milliseconds, then tell `timedOut`.
    case pause(millisecondsMax: UInt64)
    /// Send the request on the connection that was acquired.
    case sendRequest
    /// Send the origin's head, and what follows it, to the client.
    case forwardHead
    /// Answer in the origin's place.
    case answer(Refusal)
    /// End the client's stream early: what it has is incomplete and must look so.
    case resetClient
    /// Nobody waits for the origin any more.
    case abandon
  }

  private enum State: Equatable {
    case idle
    /// Nothing has left the edge; the record is on its way to disk.
    case recording
    /// The cache is being asked.
    case lookingUp
    /// Waiting for the answer that another request fetches.
    case collapsed
    /// A stored answer is here; the record is not yet on disk.
    case holdingHit
    /// No origin will answer better: a stored answer may stand in. What happens otherwise.
    case failing(Failure)
    /// Waiting for a connection to `choice`.
    case acquiring
    /// Waiting for a moment before `choice` is asked again.
    case pausing
    /// The request is on its way; no final head has come.
    case awaitingHead
    /// The final head is here; the record is not yet on disk.
    case holdingHead
    /// The head is on its way to the client: from here on there is no other origin.
    case responding
    case over
  }

  /// What a stored answer may stand in for.
  private enum Failure: Equatable {
    /// The origin's head is here, and says that it failed.
    case errorStatus
    /// There is no answer.
    case refusal(Refusal)
  }

  private var state = State.idle
  /// Whether a stored answer may stand in for an origin that fails.
  private var mayStandIn = false
  private var request = Request(method: .get, isDurable: false, choiceCount: 0)
  private var isRecorded = false
  private var isReused = false
  private var attemptCount: UInt8 = 0
  private var requeueCount: UInt8 = 0
  /// How often a keyed write was sent again that may have been carried out.
  private var repeatCount: UInt8 = 0
  /// What happened to the first sending of a write that may have been carried out, and was sent
  /// again: unless the same server says how it ended, this is the answer.
  public private(set) var doubt: Refusal?
  /// How urgent the request is.
  public var latency: LatencyClass { request.latency }
  /// The index of the choice in use, or last used.
  public private(set) var choice = 0

  /// Makes a machine for an exchange that `begin` starts.
  public init() {}

  /// The decision is taken and its record queued.
  public mutating func begin(_ request: Request) -> Action {
    self.request = request
    if request.usesCache {
      state = .lookingUp
      return .lookUp
    }
    guard request.choiceCount > 0 else { return answer(.unavailable) }
    if request.isDurable && !request.method.isSafe {
      state = .recording
      return .awaitRecord
    }
    return acquire(0, requiresFresh: false)
  }

  // MARK: The cache

  /// A stored answer may be served: found, found good by the origin, or found to stand in.
  public mutating func cacheHit() -> Action {
    switch state {
    case .lookingUp, .awaitingHead, .failing: break
    default: return .none
    }
    if request.isDurable && !isRecorded {
      state = .holdingHit
      return .awaitRecord
    }
    state = .responding
    return .serveHit
  }

  /// Nothing that is stored may be served now; with `mayStandIn` there is something for an origin
  /// that fails.
  public mutating func cacheMissed(mayStandIn: Bool) -> Action {
    guard state == .lookingUp else { return .none }
    self.mayStandIn = mayStandIn
    return fetch()
  }

  /// Another request fetches the answer, and this one waits for it.
  public mutating func cacheWaits() -> Action {
    if state == .lookingUp { state = .collapsed }
    return .none
  }

  /// The request waits no longer: it looks up again, or asks an origin by itself.
  public mutating func cacheReleased(looksUp: Bool) -> Action {
    guard state == .collapsed else { return .none }
    guard looksUp else { return fetch() }
    state = .lookingUp
    return .lookUp
  }

  /// Nothing stored may stand in.
  public mutating func cacheCannotStandIn() -> Action {
    guard case .failing(let failure) = state else { return .none }
    mayStandIn = false
    switch failure {
    case .refusal(let refusal): return answer(refusal)
    case .errorStatus: return deliver()
    }
  }

  /// The origin's answer to our own condition is of no use: it is asked again without one.
  public mutating func asksAgain() -> Action {
    guard state == .awaitingHead else { return .none }
    return acquire(choice, requiresFresh: false)
  }

  /// Asks the plan's first choice.
  private mutating func fetch() -> Action {
    request.choiceCount > 0 ? acquire(0, requiresFresh: false) : fail(.unavailable)
  }

  /// No origin answers: a stored answer may do, else the edge answers.
  private mutating func fail(_ refusal: Refusal) -> Action {
    if let doubt { return answer(doubt) }
    guard mayStandIn else { return answer(refusal) }
    state = .failing(.refusal(refusal))
    return .standIn
  }

  /// Lets the origin's head go to the client as soon as the record allows.
  private mutating func deliver() -> Action {
    if request.isDurable && !isRecorded {
      state = .holdingHead
      return .awaitRecord
    }
    state = .responding
    return .forwardHead
  }

  // MARK: The record

  /// The decision's record is on disk.
  public mutating func recordDurable() -> Action {
    isRecorded = true
    switch state {
    case .recording: return acquire(0, requiresFresh: false)
    case .holdingHead:
      state = .responding
      return .forwardHead
    case .holdingHit:
      state = .responding
      return .serveHit
    default: return .none
    }
  }

  /// The decision's record will not reach the disk: nothing may be disclosed.
  public mutating func recordFailed() -> Action {
    switch state {
    case .idle, .responding, .over: .none
    default: answer(.auditUnavailable)
    }
  }

  // MARK: The origin

  /// A connection to the choice is ready; `isReused` if it carried a request before.
  public mutating func acquired(isReused: Bool) -> Action {
    precondition(state == .acquiring, "a connection came that nobody waited for")
    self.isReused = isReused
    state = .awaitingHead
    return .sendRequest
  }

  /// No connection to the choice could be had.
  public mutating func acquireFailed(
    _ refusal: Refusal, judge: inout Judge, at now: Instant
  ) -> Action {
    guard state == .acquiring else { return .none }
    let isFull = refusal == .overloaded || refusal == .classLimit
    return retry(
      after: isFull ? .noRoom : .notConnected, isReplayable: true, judge: &judge, at: now)
      ?? fail(refusal)
  }

  /// The origin sent its final head. A gateway's error is tried elsewhere if the rules allow;
  /// otherwise it is the answer. So is that of an overloaded server, unless most are.
  public mutating func originAnswered(
    status: UInt16, overload: Overload? = nil, isReplayable: Bool, judge: inout Judge,
    at now: Instant
  ) -> Action {
    guard state == .awaitingHead else { return .none }
    if let failure = AttemptFailure(status: status, overload),
      let again = retry(after: failure, isReplayable: isReplayable, judge: &judge, at: now)
    {
      return again
    }
    if mayStandIn, status == 500 || (502...504).contains(status) {
      state = .failing(.errorStatus)
      return .standIn
    }
    return deliver()
  }

  /// The origin's side ended before its message was complete.
  public mutating func originFailed(
    _ fault: StreamFault, isReplayable: Bool, judge: inout Judge, at now: Instant
  ) -> Action {
    switch state {
    case .awaitingHead, .holdingHead:
      return retry(
        after: AttemptFailure(fault, isReused: isReused), isReplayable: isReplayable, judge: &judge,
        at: now)
        ?? fail(Refusal(fault))
    case .responding:
      state = .over
      return .resetClient
    default: return .none
    }
  }

  /// The rest of the request broke off or never came: no origin is to blame, and the client hears
  /// why.
  public mutating func clientFailed(_ refusal: Refusal) -> Action {
    switch state {
    case .responding:
      state = .over
      return .resetClient
    case .idle, .over: return .none
    default: return answer(refusal)
    }
  }

  /// The client's side ended: nobody waits for an answer.
  public mutating func clientGone() -> Action {
    guard state != .over else { return .none }
    state = .over
    return .abandon
  }

  /// Nothing happened for too long.
  public mutating func timedOut(
    isReplayable: Bool, judge: inout Judge, at now: Instant
  ) -> Action {
    switch state {
    case .recording, .holdingHead, .holdingHit: return answer(.auditUnavailable)
    case .collapsed: return fetch()
    case .acquiring:
      return retry(after: .notConnected, isReplayable: true, judge: &judge, at: now)
        ?? fail(.originConnect)
    case .pausing: return acquire(choice, requiresFresh: false)
    case .awaitingHead:
      return retry(after: .timeout, isReplayable: isReplayable, judge: &judge, at: now)
        ?? fail(.originTimeout)
    case .responding:
      state = .over
      return .resetClient
    case .idle, .lookingUp, .failing, .over: return .none
    }
  }

  /// The class by which an attempt is timed; nil when waiting is all that is left: for a write, and
  /// at the last choice.
  public var tryClass: LatencyClass? {
    guard state == .awaitingHead, request.method.isSafe, choice + 1 < request.choiceCount
    else { return nil }
    return request.latency
  }

  /// The attempt took longer than its class allows, or its endpoint was found dead. Nil when no
  /// other attempt is granted: then the answer may still come.
  public mutating func tryTimedOut(
    isReplayable: Bool, judge: inout Judge, at now: Instant
  ) -> Action? {
    guard tryClass != nil else { return nil }
    return retry(after: .timeout, isReplayable: isReplayable, judge: &judge, at: now)
  }

  /// Whether another choice of a read is left behind the one in use: nobody need try a dead one.
  public var mayPassBy: Bool {
    state == .acquiring && choice + 1 < request.choiceCount && request.method.isSafe
  }

  /// A second copy of the request, at another choice, is the request from here on.
  public mutating func moved(to choice: Int) {
    precondition(state == .awaitingHead && request.method.isSafe, "a write, or too late")
    self.choice = choice
    attemptCount += 1
    isReused = false
  }

  private mutating func acquire(_ choice: Int, requiresFresh: Bool) -> Action {
    self.choice = choice
    attemptCount += 1
    state = .acquiring
    return .acquire(choice: choice, requiresFresh: requiresFresh)
  }

  private mutating func answer(_ refusal: Refusal) -> Action {
    state = .over
    return .answer(refusal)
  }

  /// The next attempt; nil when the rules, the budget or the plan allow none.
  private mutating func retry(
    after failure: AttemptFailure, isReplayable: Bool, judge: inout Judge, at now: Instant
  ) -> Action? {
    let context = AttemptContext(
      method: request.method,
      isKeyHonoured: request.isKeyed && repeatCount < judge.limits.repeatCountMax,
      isBodyReplayable: isReplayable, attemptCount: attemptCount,
      requeueCount: requeueCount, hasNext: choice + 1 < request.choiceCount)
    if failure == .neverProcessed || failure == .refused { requeueCount += 1 }
    switch RetryRules.decide(
      after: failure, context, limits: judge.limits, budget: &judge.budget, at: now)
    {
    case .retrySameCandidate:
      if !request.method.isSafe, !failure.isProvablyUnprocessed {
        repeatCount += 1
        doubt = doubt ?? (failure == .timeout ? .originTimeout : .originReset)
      }
      return acquire(choice, requiresFresh: true)
    case .retryAfterPause(let milliseconds):
      state = .pausing
      return .pause(millisecondsMax: milliseconds)
    case .nextCandidate where choice + 1 < request.choiceCount:
      return acquire(choice + 1, requiresFresh: false)
    case .nextCandidate, .giveUp: return nil
    }
  }
}
