public import Base
import StrictYAML

/// Which layer of the policy a rule belongs to.
public enum Layer: String, CaseIterable, Sendable {
  /// An invariant: it forbids a request, or candidates, whatever the other layers say.
  case never
  /// A refusal.
  case deny
  /// A permission with its destinations.
  case route
}

/// A rule as the officer wrote it.
public struct Rule: Sendable {
  /// The identifier, unique in the policy.
  public let id: String
  /// The officer's sentence.
  public let say: String
  /// The layer.
  public let layer: Layer
  /// Which requests it is about.
  let when: Condition
  /// Which of them it leaves out.
  let unless: Condition?
  /// How surely its decisions are recorded.
  let durability: Durability
  /// Where a route sends the request, best first; empty in other layers.
  let serve: [Step]
  /// What a `never` rule forbids; nil when it refuses the request, and in other layers.
  let forbidden: Forbidden?
  /// The routes that this one stands above.
  let overrides: [String]
  /// Where the rule stands.
  let mark: Mark
}

/// A conjunction of clauses; an empty one holds for every request.
struct Condition: Sendable, Equatable {
  /// At most one clause per attribute, in the order of the attributes.
  var clauses: [Clause] = []
}

/// `attribute: [values]`: the attribute has one of the values.
struct Clause: Sendable, Equatable {
  let attribute: Attribute
  /// The words, region names or place codes, sets expanded; never empty.
  let values: [String]
  /// `values` as places, without `unknown`; empty for other attributes.
  let places: [Place]

  /// Whether `unknown` is among the values.
  var namesUnknown: Bool { values.contains("unknown") }
}

/// A region as a step or a `never` rule names it.
enum Destination: Sendable, Hashable {
  /// The region whose `near` list holds the user's location; home when no list does.
  case nearest
  /// The patient's home region.
  case home
  /// The region that the home region names as its backup.
  case backupOfHome
  /// Every region, nearest first.
  case any
  /// This region.
  case named(RegionID)

  /// The symbolic words, which cannot be names of regions.
  static let words = ["nearest", "home", "backup-of-home", "any"]
}

/// One entry of a route's `serve` list.
struct Step: Sendable, Hashable {
  /// The regions, in order.
  let destinations: [Destination]
  let tier: Tier
  let stalenessMillisecondsMax: UInt32?
  let isMarkedStale: Bool
}

/// The destinations that a `never` rule forbids: each part forbids on its own.
struct Forbidden: Sendable, Equatable {
  /// No region of this list may serve.
  var regionIn: [Destination]?
  /// No region outside this list may serve.
  var regionNotIn: [Destination]?
  /// No such tier may serve.
  var tierIn: [Tier] = []
}

/// A region as the policy describes it.
public struct Region: Sendable {
  /// The name, unique in the policy.
  public let name: String
  /// The places whose users this region is nearest to.
  public let near: [Place]
  /// The region that stands in for this one, if any.
  public internal(set) var backup: RegionID?
  /// The country or state whose law the region is under.
  public let jurisdiction: Place
}

/// A whole policy file, checked word by word but not yet as a whole.
struct PolicyText: Sendable {
  var name = ""
  var version = 0
  var ticket: String?
  var say: String?
  var effectiveFrom: WallTime?
  var effectiveUntil: WallTime?
  var regions: [Region] = []
  var never: [Rule] = []
  var deny: [Rule] = []
  var routes: [Rule] = []

  /// The rules of all layers.
  var rules: [Rule] { never + deny + routes }

  /// How many places the conditions and the `near` lists name.
  var placeCount: Int {
    let clauses = rules.flatMap { $0.when.clauses + ($0.unless?.clauses ?? []) }
    return Set(clauses.flatMap(\.places) + regions.flatMap(\.near)).count
  }
}
