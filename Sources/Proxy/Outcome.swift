public import Base
public import Cache
public import Origins

/// How an exchange went: collected on the way, recorded at the end.
public struct Outcome: Sendable {
  /// How an exchange ended.
  public enum End: String, CaseIterable, Sendable {
    /// The origin's answer went to the client, whole.
    case complete
    /// The edge answered by itself.
    case refused
    /// The origin failed in the middle of its answer, or a stored one did not open to its end; the
    /// client saw a reset.
    case originAborted = "origin-aborted"
    /// The answer's labels say that it must not be disclosed: none of it was, or the client saw a
    /// reset behind what was not labelled.
    case withheld
    /// The client went away first.
    case clientAborted = "client-aborted"
  }

  /// When the request's head was complete.
  public var startedAt = Instant(nanoseconds: 0)
  /// When a connection carried the request; nil when none did.
  public var connectedAt: Instant?
  /// When the origin's final head was complete; nil when none came.
  public var answeredAt: Instant?
  /// When the exchange ended.
  public var endedAt = Instant(nanoseconds: 0)
  /// The status that the client was sent, or was about to be; 0 when there was none.
  public var status: UInt16 = 0
  /// Why the edge answered by itself; nil when an origin did.
  public var refusal: Refusal?
  /// How it ended.
  public var end = End.complete
  /// Whether it was sent to a second server because the first one was slow.
  public var isHedged = false
  /// Connections asked for.
  public var attemptCount: UInt8 = 0
  /// The endpoint that answered, or was asked last.
  public var endpoint: EndpointID?
  /// What the answer's labels said beyond the request; nil for nothing, or nothing that mattered.
  public var finding: LabelFinding?
  /// What the cache had to do with the answer; nil when it was not asked.
  public var cache: CacheOutcome?
  /// Body bytes from the client.
  public var requestBytes: UInt64 = 0
  /// Body bytes to the client.
  public var responseBytes: UInt64 = 0

  /// What the cache had to do with an answer.
  public struct CacheOutcome: Sendable {
    /// What happened.
    public var verdict: CacheVerdict
    /// Why nothing was stored.
    public var detail: NotStored?
    /// Why a stored answer was passed by.
    public var bypass: CacheBypass?
    /// The stored answer that was served; nil when none was.
    public var hit: ServableHit?

    /// Joins them.
    public init(
      verdict: CacheVerdict, detail: NotStored? = nil, bypass: CacheBypass? = nil,
      hit: ServableHit? = nil
    ) {
      self.verdict = verdict
      self.detail = detail
      self.bypass = bypass
      self.hit = hit
    }
  }

  /// What the cache did for an answer; the words of records.
  public enum CacheVerdict: String, CaseIterable, Sendable {
    case hit
    case staleHit = "stale-hit"
    /// An origin said that the stored answer is still good.
    case confirmed
    /// No origin answered, and a stored answer did instead.
    case stoodIn = "stood-in"
    case stored
    /// An origin answered, and nothing was stored.
    case passed
    /// A stale answer was served before, and a new one is stored now. Nobody was sent it.
    case refreshed
    /// The same, and none could be had.
    case notRefreshed = "not-refreshed"
  }

  /// The outcome of the next decision about the same request, taken at `now`.
  public func next(at now: Instant) -> Outcome {
    var next = Outcome()
    next.startedAt = now
    next.requestBytes = requestBytes
    return next
  }

  /// Makes the outcome of an exchange that has just begun.
  public init() {}
}
