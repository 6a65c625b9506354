public import Base
public import Origins
public import Policy

/// What the admin thread is told about the edge.
public enum AdminNews: Sendable {
  /// What is known of the endpoints, orders included.
  case health(HealthSnapshot)
  /// What one loop has counted of its endpoints since it began.
  case traffic([EndpointTraffic], loop: Int)
  /// The policy that decides from now on, and the version that is shadowed.
  case policy(Policy, shadow: Policy?)
  /// Orders have begun or ended.
  case orders
  /// The configuration with this content hash is in force.
  case configuration(String)
  /// The edge takes no more clients.
  case draining
  /// Something happens to a run that the edge carries.
  case progress(PlanProgress)
}

/// How the audit log stands.
public struct AuditAccount: Sendable {
  /// Decisions that were handed to the log.
  public var decidedCount = 0
  /// Those that are on disk.
  public var committedCount = 0
  /// Those that the log did not take.
  public var refusedCount = 0
  /// Those that were carried out without a record.
  public var lostCount = 0
  /// Whether the log has failed: nothing more reaches the disk before a restart.
  public var hasFailed = false

  /// An empty account.
  public init() {}
}

/// What the admin API knows of the edge around it. Owned by one `AdminDesk`.
public final class EdgeView {
  /// What never changes while the edge runs.
  public struct Identity: Sendable {
    /// The edge's name.
    public var instance: String
    /// Its process.
    public var process: Int
    /// Since when it runs.
    public var since: WallTime
    /// How many loops serve clients.
    public var loopCount: Int

    /// Makes an identity.
    public init(instance: String, process: Int, since: WallTime, loopCount: Int) {
      self.instance = instance
      self.process = process
      self.since = since
      self.loopCount = loopCount
    }
  }

  let identity: Identity
  private(set) var configurationHash: String
  private(set) var health: HealthSnapshot
  private(set) var policy: Policy
  private(set) var shadow: Policy?
  private(set) var isDraining = false
  private var traffic = TrafficBoard()
  private var known: (topology: Topology, policy: String, outline: RegionOutline)?

  /// Begins with what the edge starts with.
  public init(
    _ identity: Identity, configurationHash: String, health: HealthSnapshot, policy: Policy
  ) {
    self.identity = identity
    self.configurationHash = configurationHash
    self.health = health
    self.policy = policy
  }

  /// Takes news.
  func take(_ news: AdminNews, at now: Instant) {
    switch news {
    case .health(let health): self.health = health
    case .traffic(let sample, let loop): traffic.take(sample, loop: loop, at: now)
    case .policy(let policy, let shadow): (self.policy, self.shadow) = (policy, shadow)
    case .orders, .progress: break
    case .configuration(let hash): configurationHash = hash
    case .draining: isDraining = true
    }
  }

  /// The regions of the newest topology and policy; what the law allows is worked out once each.
  public func outline() -> RegionOutline {
    if let known, known.topology === health.topology, known.policy == policy.contentHash {
      return known.outline
    }
    let outline = RegionOutline(health.topology, policy)
    known = (health.topology, policy.contentHash, outline)
    return outline
  }

  /// What the edge sees.
  public func report(_ now: Instant, _ time: WallTime) -> RegionReport {
    RegionReport(health, traffic, process: identity.process, at: now, time)
  }
}
