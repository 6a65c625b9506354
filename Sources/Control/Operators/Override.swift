public import Base

/// What an operator can order about a region; without an order it is in `auto`.
public enum OverrideKind: String, CaseIterable, Sendable {
  /// Nothing goes there; requests under way elsewhere retry elsewhere. Its expiry leaves the region
  /// in `hold-out`.
  case evacuate
  /// Goes on serving whatever health says; law, role and epoch still count.
  case forceIn = "force-in"
  /// No lower order and no passive ejection changes anything there.
  case freeze
  /// No new requests; those under way finish.
  case drain
  /// Recovered, and waiting for a person.
  case holdOut = "hold-out"
  /// First among equals.
  case prefer

  /// How strong an order is; between two levels stand the steps of plans.
  public enum Level: Int, Comparable, Sendable {
    case preference, soft, hard

    /// Orders by strength.
    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
  }

  /// Its level. Of one level only one order can stand on a scope.
  public var level: Level {
    switch self {
    case .evacuate, .forceIn, .freeze: .hard
    case .drain, .holdOut: .soft
    case .prefer: .preference
    }
  }

  /// Whether it takes servers out of service.
  public var takesOut: Bool { self == .evacuate || self == .drain || self == .holdOut }

  /// Position in the total order of precedence; smaller wins.
  var ordinal: Int {
    switch self {
    case .evacuate: 0
    case .forceIn: 1
    case .freeze: 2
    case .drain: 3
    case .holdOut: 4
    case .prefer: 5
    }
  }
}

/// Which servers of a region an order is about.
public enum OverrideTiers: String, CaseIterable, Sendable {
  case all, replica, primary

  /// Whether it is about `tier`.
  public func contains(_ tier: Tier) -> Bool {
    switch self {
    case .all: tier != .cache
    case .replica: tier == .replica
    case .primary: tier == .primary
    }
  }

  /// Whether two share a server.
  func intersects(_ other: OverrideTiers) -> Bool {
    self == other || self == .all || other == .all
  }
}

/// Where an order holds.
public struct OverrideScope: Hashable, Sendable, CustomStringConvertible {
  /// The region's name, which outlives versions of the policy.
  public let region: String
  /// Which of its servers; `.all` when one is named.
  public let tiers: OverrideTiers
  /// The one server that it is about; nil for all of the tiers.
  public let endpoint: String?

  /// Makes a scope of a region's servers.
  public init(_ region: String, _ tiers: OverrideTiers = .all) {
    self.region = region
    self.tiers = tiers
    endpoint = nil
  }

  /// Makes a scope of one server of a region.
  public init(_ region: String, endpoint: String) {
    self.region = region
    tiers = .all
    self.endpoint = endpoint
  }

  /// Reads what `place` writes: a tier, or `@` and a server's name.
  init?(_ region: String, place: String) {
    if place.hasPrefix("@"), place.utf8.count > 1 {
      self.init(region, endpoint: String(place.dropFirst()))
    } else if let tiers = OverrideTiers(rawValue: place) {
      self.init(region, tiers)
    } else {
      return nil
    }
  }

  /// The scope's part of the region, as a history has it.
  var place: String { endpoint.map { "@" + Chain.clean($0) } ?? tiers.rawValue }

  /// Whether it is about a server of this tier and name.
  public func contains(_ tier: Tier, _ server: String?) -> Bool {
    endpoint.map { $0 == server } ?? tiers.contains(tier)
  }

  /// Whether two may share a server: one that is named may be of any tier.
  func intersects(_ other: OverrideScope) -> Bool {
    guard region == other.region else { return false }
    if let endpoint, let name = other.endpoint { return endpoint == name }
    return endpoint != nil || other.endpoint != nil || tiers.intersects(other.tiers)
  }

  /// `us-west`, `us-west/replica` or `us-west/us-west-2`.
  public var description: String {
    if let endpoint { return "\(region)/\(endpoint)" }
    return tiers == .all ? region : "\(region)/\(tiers.rawValue)"
  }
}

/// Who orders something, and why.
public struct Warrant: Hashable, Sendable {
  /// Who.
  public let author: String
  /// Why; no patient's data.
  public let reason: String
  /// Under which ticket; empty when there is none.
  public let ticket: String

  /// Makes a warrant; control characters become spaces.
  public init(author: String, reason: String, ticket: String = "") {
    self.author = Chain.clean(author)
    self.reason = Chain.clean(reason)
    self.ticket = Chain.clean(ticket)
  }

  /// Whether it says who and why, and fits a record.
  var isComplete: Bool {
    [author, reason].allSatisfy { text in
      text.utf8.count <= Limits.wordsByteCountMax && text.contains { !$0.isWhitespace }
    } && ticket.utf8.count <= Limits.wordsByteCountMax
  }
}

/// An operator's order in force.
public struct Override: Hashable, Sendable {
  /// The number of the act that gave it: `O-7` for people.
  public let number: Int
  /// What is ordered.
  public internal(set) var kind: OverrideKind
  /// Where.
  public let scope: OverrideScope
  /// By whom, and why.
  public let warrant: Warrant
  /// Since when.
  public internal(set) var since: WallTime
  /// Until when; nil only for the `hold-out` that an evacuation leaves, which a person ends.
  public internal(set) var until: WallTime?

  /// The identifier for people.
  public var id: String { "O-\(number)" }
}
