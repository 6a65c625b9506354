public import Base
public import Clinical
public import Directory
public import HTTP
public import Identity
public import Native
public import Origins
public import Policy

/// Everything that a decision depends on besides the request and the regions' health: immutable,
/// and swapped as a whole. An exchange keeps the snapshot that it began with until it ends.
public final class Snapshot: Sendable {
  /// The active policy version, with the one that it supersedes where a phase asks for that, and
  /// the one that is shadowed.
  public let policies: PolicyPair
  /// The active policy version.
  public var policy: Policy { policies.active }
  /// The content hash of the version that is shadowed; nil without one.
  public var shadowHash: String? { policies.successor?.policy.contentHash }
  /// The endpoints behind the edge; region indices are the policy's.
  public let topology: Topology
  /// Reads requests.
  public let classifier: Classifier
  /// Knows patients' homes; nil when none is configured.
  public let directory: PatientDirectory?
  /// Knows where addresses are; nil when nothing about that is configured.
  public let locations: Locator?
  /// Peers whose forwarding headers are believed.
  public let trustedProxies: [CIDR]
  /// Who may ask; nil when nothing is said about identities.
  public let identity: IdentityRules?
  /// The keys of session tokens; nil where there are none.
  public let sessionKeys: SessionKeys?
  /// Where clients connect.
  public let listeners: [ListenerDefinition]
  /// TLS towards each endpoint by its index; nil for cleartext.
  public let originContexts: [TLSContext?]
  /// The target of health requests.
  public let healthTarget: [UInt8]
  /// Bounds.
  public let limits: ProxyLimits
  /// How long to wait for what.
  public let timeouts: Timeouts
  /// Where answers are kept; nil for an edge that keeps none.
  public let cacheSetting: CacheSetting?
  /// What the active version lets the cache do; nil when it keeps nothing here.
  public let cachePlan: CachePlan?
  /// The same of the superseded version.
  let supersededCachePlan: CachePlan?
  /// The directory's homes as the policy's regions; nil for a home that the policy does not know.
  private let homeRegions: [RegionID?]
  /// Names as bytes, for records and answers.
  let names: SnapshotNames
  /// The same for decisions of the superseded version; nil without one.
  let supersededNames: SnapshotNames?

  /// Joins the parts of one configuration.
  public init(
    policy: Policy, superseded: Policy? = nil, successor: Policy? = nil, topology: Topology,
    classifier: Classifier, directory: PatientDirectory?,
    locations: Locator?, trustedProxies: [CIDR], listeners: [ListenerDefinition],
    originContexts: [TLSContext?], healthTarget: String, limits: ProxyLimits, timeouts: Timeouts,
    identity: IdentityRules? = nil, cache: CacheSetting? = nil, sessionKeys: SessionKeys? = nil
  ) {
    precondition(originContexts.count == topology.endpoints.count, "one context per endpoint")
    policies = PolicyPair(active: policy, superseded: superseded, successor: successor)
    self.topology = topology
    self.classifier = classifier
    self.directory = directory
    self.locations = locations
    self.trustedProxies = trustedProxies
    self.identity = identity
    self.sessionKeys = sessionKeys
    self.listeners = listeners
    self.originContexts = originContexts
    self.healthTarget = Array(healthTarget.utf8)
    self.limits = limits
    self.timeouts = timeouts
    let regionNames = policy.regions.map(\.name)
    homeRegions = (directory?.homeNames ?? []).map { home in
      regionNames.firstIndex(of: home).map { RegionID(UInt8($0)) }
    }
    cacheSetting = cache
    cachePlan = cache.flatMap { CachePlan($0, policy, topology, numbering: policy) }
    supersededCachePlan = cache.flatMap { setting in
      superseded.flatMap { CachePlan(setting, $0, topology, numbering: policy) }
    }
    names = SnapshotNames(policy: policy, topology: topology)
    supersededNames = policies.superseded.map {
      SnapshotNames(policy: $0.policy, topology: topology)
    }
  }

  /// The version that took a decision.
  func policy(of decision: borrowing Decision) -> Policy {
    guard decision.source == .superseded, let view = policies.superseded else { return policy }
    return view.policy
  }

  /// The names of the version that took a decision: its rules, and its regions in plans.
  func names(of decision: borrowing Decision) -> SnapshotNames {
    guard decision.source == .superseded, let names = supersededNames else { return names }
    return names
  }

  /// What the version that took a decision lets the cache do.
  func cachePlan(of decision: borrowing Decision) -> CachePlan? {
    decision.source == .superseded ? supersededCachePlan : cachePlan
  }

  /// The region that is home to a patient; nil when directory or policy do not know it.
  func home(of patient: PatientEntry) -> RegionID? {
    let index = Int(patient.homeIndex)
    return index < homeRegions.count ? homeRegions[index] : nil
  }

  /// The place that an address grants its user; see `Locator`.
  public func place(of address: IPAddress) -> Locator.Finding {
    locations?.find(address) ?? .unknown
  }
}

/// One place where clients connect.
public struct ListenerDefinition: Sendable {
  /// The configured address.
  public let address: IPAddress
  /// The configured port; 0 lets the kernel pick.
  public let port: UInt16
  /// TLS for clients; nil for cleartext.
  public let tls: TLSContext?
  /// Whether each connection must begin with a PROXY header, from one of the trusted proxies.
  public let requiresProxyHeader: Bool

  /// Makes the definition of a listener.
  public init(
    address: IPAddress, port: UInt16, tls: TLSContext?, requiresProxyHeader: Bool = false
  ) {
    self.address = address
    self.port = port
    self.tls = tls
    self.requiresProxyHeader = requiresProxyHeader
  }
}

/// Bounds of the whole edge, beside those of one connection.
public struct ProxyLimits: Sendable, Equatable {
  /// Bounds of one HTTP connection.
  public var http = HTTPLimits()
  /// Health, pool and retry thresholds.
  public var origins = OriginLimits()
  /// Client connections per loop: at 40 KiB each, a bound on memory.
  public var clientConnectionsMax = 20_000
  /// Requests under way per loop: past it new ones are told to come back.
  public var exchangesMax = 10_000
  /// A location with a larger radius counts as unknown: it may lie in several states.
  public var accuracyRadiusKilometresMax = 250

  /// Bytes of bodies that one loop holds back, those of requests until they are judged and those of
  /// answers until their labels are: some thirty of the longest at once. Past it a request is told
  /// to come back, and an answer is let go as far as it was read.
  public var heldBytesMax = 256 << 20
  /// Bytes of an answer that are held back while it is read for labels: a single resource has
  /// some KiB, a page of a thousand observations about this much.
  public var labelBytesMax = 1 << 20
  /// Writes that one loop holds back while a write authority moves: more is an outage, and who is
  /// told so can decide better.
  public var heldWritesMax = 1_000
  /// Writes that one loop lets go at once when the authority has moved, so that the new primary is
  /// not overrun and the pool's queue has room for others.
  public var releasedWritesMax = 32

  /// How many may be held for one more of the kind to be: reads that only a primary may serve leave
  /// half of the room to writes.
  public func heldCountMax(isWrite: Bool) -> Int { isWrite ? heldWritesMax : heldWritesMax / 2 }

  /// Makes the default bounds.
  public init() {}
}

/// How long the edge waits, in milliseconds, before it gives up.
public struct Timeouts: Sendable, Equatable {
  /// For a client's TLS handshake.
  public var handshakeMilliseconds: UInt64 = 10_000
  /// For a client's first request.
  public var clientHeaderMilliseconds: UInt64 = 10_000
  /// For a client that has nothing under way.
  public var clientIdleMilliseconds: UInt64 = 60_000
  /// For a client that takes nothing of what waits for it.
  public var clientStallMilliseconds: UInt64 = 30_000
  /// For the peer's end after our last byte.
  public var lingerMilliseconds: UInt64 = 2_000
  /// For TCP and TLS with an origin. Short: a region is a few tens of milliseconds away.
  public var connectMilliseconds: UInt64 = 500
  /// The same with an origin whose last probe says that it is near.
  public var connectNearMilliseconds: UInt64 = 250
  /// For a place on a connection, dialling included.
  public var acquireMilliseconds: UInt64 = 1_000
  /// For the first byte of an origin's answer.
  public var firstByteMilliseconds: UInt64 = 10_000
  /// For the first byte of one attempt of a read while another choice is left, by latency class:
  /// what a monitor, a click and a page can spare, and still be answered by the next choice.
  public var alarmTryMilliseconds: UInt64 = 100
  /// See `alarmTryMilliseconds`.
  public var interactiveTryMilliseconds: UInt64 = 200
  /// See `alarmTryMilliseconds`.
  public var chartTryMilliseconds: UInt64 = 800
  /// For the next byte of an origin's answer, or for an origin to take the next of a request.
  public var originStallMilliseconds: UInt64 = 30_000
  /// For a whole body that decides, from its head to its end: 8 MiB at 2 Mbit/s take 34 s.
  public var bodyMilliseconds: UInt64 = 45_000
  /// For a token to be verified.
  public var identityMilliseconds: UInt64 = 2_000
  /// For a write authority to move while a write waits.
  public var authorityMilliseconds: UInt64 = 10_000
  /// For a record to reach the disk.
  public var auditMilliseconds: UInt64 = 2_000
  /// For exchanges under way when the edge is told to end.
  public var drainMilliseconds: UInt64 = 30_000

  /// For the first byte of one attempt of a read of this class while another choice is left.
  public func tryMilliseconds(_ latency: LatencyClass) -> UInt64 {
    let bound =
      switch latency {
      case .alarm: alarmTryMilliseconds
      case .interactive: interactiveTryMilliseconds
      case .chart: chartTryMilliseconds
      case .bulk: firstByteMilliseconds
      }
    return min(bound, firstByteMilliseconds)
  }

  /// Makes the default patience.
  public init() {}
}
