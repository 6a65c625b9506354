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
  /// What a route demands besides serving; empty in other layers.
  let obligations: Obligations
  /// Where a route sends the request, best first; empty in other layers.
  let serve: [Step]
  /// What a `never` rule forbids; nil when it refuses the request, and in other layers.
  let forbidden: Forbidden?
  /// The routes that this one stands above.
  let overrides: [String]
  /// Where the rule stands.
  let mark: Mark
}

extension Rule {
  /// The clauses of `when` and `unless`.
  var clauses: [Clause] { when.clauses + (unless?.clauses ?? []) }

  /// Whether both routes say the same about the requests that both match.
  func hasSameOutcome(as other: Rule) -> Bool {
    serve == other.serve && durability == other.durability && obligations == other.obligations
  }
}

/// A conjunction of clauses; an empty one holds for every request.
struct Condition: Sendable, Equatable {
  /// At most one clause per attribute, in the order of the attributes.
  var clauses: [Clause] = []
}

/// `attribute: [values]`: the attribute has one of the values, or lies in one of the ranges.
struct Clause: Sendable, Equatable {
  let attribute: Attribute
  /// The words, names or place codes, sets expanded; of a number at most `unknown`.
  var values: [String] = []
  /// `values` as places, without `unknown`; empty for other attributes.
  var places: [Place] = []
  /// The ranges of a number, or of the time in microseconds; empty for other attributes.
  var ranges: [NumberRange] = []

  /// Whether `unknown` is among the values.
  var namesUnknown: Bool { values.contains("unknown") }
}

/// A named set of values; findings are told in the officer's own words.
struct NamedGroup: Sendable {
  let name: String
  let kind: Attribute.Kind
  /// Words, names or place codes; of a number at most `unknown`.
  let values: [String]
  /// Ranges of a number.
  let ranges: [NumberRange]
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
  /// Every region, in the order of load.
  case leastLoaded
  /// This region.
  case named(RegionID)

  /// The symbolic words, which cannot be names of regions.
  static let words = ["nearest", "home", "backup-of-home", "any", "least-loaded"]
}

/// One entry of a route's `serve` list.
struct Step: Sendable, Hashable {
  /// The regions, in order.
  let destinations: [Destination]
  let tier: Tier
  let stalenessMillisecondsMax: UInt32?
  let isMarkedStale: Bool
  /// Whether the candidates of the step may be reordered by load.
  let isOrderedByLoad: Bool
}

extension Destination {
  /// Whether it may stand for every region, and not for one at most.
  var isEvery: Bool { self == .any || self == .leastLoaded }
}

/// The destinations that a `never` rule forbids: each part forbids on its own.
struct Forbidden: Sendable, Hashable {
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
  var author: String?
  var supersedes: String?
  var requiresFullCoverage = false
  var say: String?
  var effectiveFrom: WallTime?
  var effectiveUntil: WallTime?
  var tenants: [String] = []
  var regions: [Region] = []
  var cacheRows: [CacheRow] = []
  var never: [Rule] = []
  var deny: [Rule] = []
  var routes: [Rule] = []
  var guarantees: [Guarantee] = []
  /// By data class.
  var phases: [Phase] = []
  var tests: [PolicyTest] = []
  /// The named sets that rules use, by name.
  var groups: [NamedGroup] = []

  /// The rules of all layers.
  var rules: [Rule] { never + deny + routes }

  /// Every clause of rules and guarantees.
  private var clauses: [Clause] {
    rules.flatMap(\.clauses) + guarantees.flatMap(\.clauses)
  }

  /// How many thresholds the conditions name, by attribute.
  var cutCounts: [(attribute: Attribute, count: Int)] {
    Dictionary(grouping: clauses.filter { !$0.ranges.isEmpty }, by: \.attribute)
      .map { ($0.key, Cuts($0.value.flatMap(\.ranges)).starts.count) }
      .sorted { $0.attribute.rawValue < $1.attribute.rawValue }
  }

  /// How many places the conditions and the `near` lists name.
  var placeCount: Int {
    Set(clauses.flatMap(\.places) + regions.flatMap(\.near)).count
  }
}
