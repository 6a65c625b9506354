public import HTTP
public import Origins

extension ExchangeMachine {
  /// What the machine needs to know of the request.
  public struct Request: Sendable {
    /// The method; a search by POST counts as GET.
    public var method: Method
    /// Whether the record must be on disk before the request (unsafe) or its answer (safe) leaves.
    public var isDurable: Bool
    /// How many choices the narrowed plan holds.
    public var choiceCount: Int
    /// Whether the cache may answer.
    public var usesCache: Bool
    /// How long an attempt may take while another choice is left.
    public var latency: LatencyClass
    /// Whether it is a write that its server carries out once, however often it comes.
    public var isKeyed = false

    /// Makes the description of a request.
    public init(
      method: Method, isDurable: Bool, choiceCount: Int, usesCache: Bool = false,
      latency: LatencyClass = .bulk
    ) {
      self.method = method
      self.isDurable = isDurable
      self.choiceCount = choiceCount
      self.usesCache = usesCache
      self.latency = latency
    }
  }

  /// What retries are judged with: the loop's budget, the limits and the time.
  public struct Judge: ~Copyable {
    /// Retries that the loop can still afford.
    public var budget: RetryBudget
    /// Thresholds.
    public let limits: OriginLimits

    /// Makes the judge of one loop.
    public init(budget: RetryBudget, limits: OriginLimits) {
      self.budget = budget
      self.limits = limits
    }
  }
}
