public import Base

/// What a server said of one domain when it was asked.
public struct DomainView: Hashable, Sendable {
  /// Whether it takes itself for the domain's primary.
  public let isPrimary: Bool
  /// The epoch that it knows.
  public let epoch: UInt64
  /// The last position that it has; nil when it does not say.
  public let position: UInt64?
  /// How far it is behind, milliseconds; nil when that is not measured.
  public let lagMilliseconds: UInt64?

  /// Makes a view.
  public init(isPrimary: Bool, epoch: UInt64, position: UInt64?, lagMilliseconds: UInt64?) {
    self.isPrimary = isPrimary
    self.epoch = epoch
    self.position = position
    self.lagMilliseconds = lagMilliseconds
  }
}

/// A server as it answered just now.
public struct SeenServer: Hashable, Sendable {
  /// Its region.
  public let region: String
  /// What it said of each domain; nil when it did not answer.
  public let domains: [String: DomainView]?

  /// Makes a server.
  public init(region: String, domains: [String: DomainView]?) {
    self.region = region
    self.domains = domains
  }
}

/// What is known of the world at one moment of a run.
public struct PlanScene: Sendable {
  /// When.
  public var now: WallTime
  /// The same by the clock that counts suspension, which nobody sets.
  public var moment: Instant
  /// What is there to serve, and what the law allows.
  public var serving: ServingWorld
  /// Every configured server, by name.
  public var servers: [String: SeenServer]
  /// The edges that follow the operators' folder.
  public var edges: [EdgeRegistration]
  /// Whether a record could be written and synced just now; nil when nobody tried.
  public var isAuditWritable: Bool?
  /// Requests a second at the recent peak, by the region that served them; nil when unknown.
  public var peaks: [String: Int]?
  /// The files of alarms that are there.
  public var alarmFiles: Set<String>

  /// Makes a scene; nothing is known but what is there to serve.
  public init(
    now: WallTime, moment: Instant, serving: ServingWorld, servers: [String: SeenServer] = [:]
  ) {
    self.now = now
    self.moment = moment
    self.serving = serving
    self.servers = servers
    edges = []
    peaks = nil
    alarmFiles = []
  }

  /// What a server said of a domain; nil when it did not answer or said nothing of it.
  func view(_ server: String, of domain: String) -> DomainView? {
    servers[server]?.domains?[domain]
  }

  /// The first alarm of `plan` that is on; nil while all is quiet.
  func alarm(of plan: FailoverPlan) -> String? {
    for alarm in plan.alarms {
      switch alarm {
      case .down(let server) where servers[server]?.domains == nil:
        return "`\(server)` does not answer"
      case .lagging(let server, let milliseconds):
        let views = servers[server]?.domains ?? [:]
        let lag = views[servers[server]?.region ?? ""]?.lagMilliseconds
        if lag.map({ $0 > UInt64(milliseconds) }) ?? true {
          return "`\(server)` is behind by \(lag.map { "\($0) ms" } ?? "nobody knows how much")"
        }
      case .file(let path) where alarmFiles.contains(path): return "`\(path)` is there"
      case .down, .file: break
      }
    }
    return nil
  }
}
