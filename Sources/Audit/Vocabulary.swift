// The audit log's own words. Numbers and raw strings are stored: never change or reuse one.

/// What a record tells.
public enum RecordKind: UInt8, CaseIterable, Sendable {
  /// A request was judged.
  case decision = 1
  /// A decided request came to its end.
  case outcome = 2
  /// The edge started.
  case start = 3
  /// The edge stopped in order.
  case stop = 4
  /// A second has passed; carries the counters, so that silence is provable.
  case heartbeat = 5
  /// A torn tail was cut off.
  case recovery = 6
  /// Records were not kept; carries how many.
  case gap = 7
  /// A policy version came into force.
  case policyLoad = 8
  /// A configuration came into force.
  case configurationLoad = 9
  /// An operator changed something.
  case operatorAction = 10
  /// A log begins; carries the counters so far, and its predecessor's last checkpoint.
  case logOpen = 11
  /// The wall clock was set: from here on, times are not comparable with those before.
  case clockStep = 12
  /// A key was made, changed or destroyed.
  case keyEvent = 13

  /// The word for people and exports.
  public var word: StaticString {
    switch self {
    case .decision: "decision"
    case .outcome: "outcome"
    case .start: "start"
    case .stop: "stop"
    case .heartbeat: "heartbeat"
    case .recovery: "recovery"
    case .gap: "gap"
    case .policyLoad: "policy-load"
    case .configurationLoad: "configuration-load"
    case .operatorAction: "operator-action"
    case .logOpen: "log-open"
    case .clockStep: "clock-step"
    case .keyEvent: "key-event"
    }
  }
}

/// Where the client's address was taken from.
public enum AddressProvenance: String, CaseIterable, Sendable {
  /// The connection's peer.
  case connection
  /// A forwarding header or PROXY line of a trusted proxy.
  case trustedProxy = "trusted-proxy"
}

/// Where the user's location was taken from.
public enum LocationProvenance: String, CaseIterable, Sendable {
  /// The address, looked up in a geo database.
  case geoDatabase = "geo-database"
  /// A configured network of a known facility.
  case site
  /// A verified claim.
  case claim
  case unknown
}

/// Where it was taken from who the user is.
public enum IdentityProvenance: String, CaseIterable, Sendable {
  /// Nobody was established.
  case none
  /// The client's verified certificate.
  case certificate
  /// A verified token.
  case token
}

/// Where it was taken from where a patient is at home.
public enum PatientProvenance: String, CaseIterable, Sendable {
  /// No patient is concerned, or none that is known.
  case none
  /// The patient directory.
  case directory
}

/// Why narrowing took a candidate, or one endpoint of it, off the plan.
public enum RemovalReason: String, CaseIterable, Sendable {
  /// The region has no endpoint of the tier.
  case noEndpoint = "no-endpoint"
  /// Health checks or traffic say that it is down.
  case unhealthy
  /// Its lag is above the candidate's bound.
  case stale
  /// Its lag was not measured lately: unmeasured lag is infinite.
  case lagUnknown = "lag-unknown"
  /// It does not hold the write authority.
  case notAuthority = "not-authority"
  /// An operator drained it.
  case drained
  /// An operator override excludes it.
  case overridden
  /// Its breaker is open.
  case breakerOpen = "breaker-open"
  /// Its connections or queue are full.
  case saturated
  /// It was tried for this request and failed.
  case tried
  /// The request's form allows no replica.
  case replicaNotAllowed = "replica-not-allowed"
  case other
}

/// How an exchange ended.
public enum Termination: String, CaseIterable, Sendable {
  /// The whole answer was handed to the client.
  case completed
  /// The edge answered by itself (a refusal, an error).
  case answered
  /// The client went away or reset the stream.
  case clientAborted = "client-aborted"
  /// The client sent nonsense or passed a bound.
  case clientFault = "client-fault"
  /// The client was too slow.
  case clientTimeout = "client-timeout"
  /// No origin could be reached.
  case originUnreachable = "origin-unreachable"
  /// The origin broke off, or sent nonsense.
  case originFault = "origin-fault"
  /// The origin was too slow.
  case originTimeout = "origin-timeout"
  /// The record could not be made durable.
  case auditUnavailable = "audit-unavailable"
  /// The answer's labels said more than the request, and policy kept it back.
  case withheld
  /// The edge shut down.
  case shutdown
  /// The edge's own mistake.
  case internalFault = "internal-fault"
}
