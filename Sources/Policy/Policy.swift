// Policy: what officers write, as the plan of a request.
//
// Problem: which region and which kind of server may lawfully serve a request must be readable by
// people who answer for it, checked before it counts, and decided in nanoseconds.
// Shape: in `Language`, `PolicyReader` turns strict YAML over a closed vocabulary into rules
// (`Rule.swift`), `Checker` and `CacheLint` look at them together. In `Evaluation`,
// `CompiledPolicy` tabulates them: facts become value codes (`Domains`; numbers are cut at every
// threshold that a rule names), a diagram finds the deciding rule (or `RuleIndex`, when it would
// be too large), and a plan is a window into candidate lists expanded at load. `Analysis` builds
// that diagram, proves invariants and guarantees with it and compares versions. `Interpreter`
// evaluates the same rules word by word; it explains decisions and referees the compiled form in
// the tests. `Requests` writes and reads requests and decisions as lines of JSON; `Testing` runs
// the tests that stand in the file.
// Limits: a plan depends on facts only, never on a clock or on health, which may only remove or
// reorder its candidates. Bounds are in `Limits.swift`; the language is in `policies/README.md`.

public import Base
public import StrictYAML

/// One version of a policy, checked and ready for decisions. Immutable; any thread may use it.
public final class Policy: Sendable {
  /// The policy's name.
  public let name: String
  /// The version number that the officers gave it.
  public let version: Int
  /// The hash of the file's content, as the caller computed it: the version's identity.
  public let contentHash: String
  /// The change ticket, if the file names one.
  public let ticket: String?
  /// The officers' summary, if the file has one.
  public let say: String?
  /// Who wrote the version, if the file says.
  public let author: String?
  /// The hash of the version before, as `sha256:` and hexadecimal digits; nil for version 1.
  public let supersedes: String?
  /// Whether `policy test` demands that every rule is exercised.
  public let requiresFullCoverage: Bool
  /// When the version may come into force; nil when the file does not say.
  public let effectiveFrom: WallTime?
  /// When it goes out of force; nil when the file does not say.
  public let effectiveUntil: WallTime?
  /// The regions; a `RegionID` is an index into this list.
  public let regions: [Region]
  /// The tenants that the file declares; `Tenant.named` is an index into this list.
  public let tenants: [String]
  /// The rows of the cache matrix; `Plan.cacheRow` is an index into this list.
  public let cacheRows: [CacheRow]
  /// What the plans must offer, to be proved.
  public let guarantees: [Guarantee]
  /// The file's own tests.
  public let tests: [PolicyTest]
  /// By data class.
  private let phases: [Phase]
  /// All rules, in the order of evaluation; `Plan.ruleIndex` is an index into this list.
  public let rules: [Rule]
  /// The named sets that rules use, by name.
  let groups: [NamedGroup]
  /// The value codes of its attributes.
  let domains: Domains
  let compiled: CompiledPolicy
  /// The rules' conditions over value codes.
  let boxes: [(when: Box, unless: Box?)]
  /// The decisions as a diagram, for proofs; or why there is none.
  let diagram: Result<RulesDiagram, DiagramError>
  /// The referee of the compiled form.
  let interpreter: Interpreter

  /// Reads and checks the policy in `text`; `hash` is the hash of the file's bytes.
  ///
  /// Gives the policy unless there are errors, and every complaint, warnings included, in the
  /// order of the file.
  public static func load(
    text: String, file: String, hash: String
  ) -> (Policy?, [Diagnostic]) {
    let diagnostics = Diagnostics(file: file, text: text)
    let root = Document.parse(diagnostics)
    guard root != nil else { return (nil, diagnostics.sorted()) }
    let read = PolicyReader(diagnostics).read(root)
    if read.placeCount > Limits.placeCountMax {
      diagnostics.error(
        Code.tooMany.rawValue, at: .start,
        "at most \(Limits.placeCountMax) places are possible, not \(read.placeCount)")
    }
    for (attribute, count) in read.cutCounts where count > Limits.cutCountMax {
      diagnostics.error(
        Code.tooMany.rawValue, at: .start,
        "at most \(Limits.cutCountMax) thresholds of `\(attribute.key)` are possible, not \(count)")
    }
    // A place or region that was refused would only lead to further complaints.
    guard !diagnostics.hasErrors else { return (nil, diagnostics.sorted()) }
    let policy = Policy(read, hash: hash, diagnostics)
    return (policy, diagnostics.sorted())
  }

  /// Checks the rules together and compiles them; nil after complaints.
  private init?(_ text: PolicyText, hash: String, _ diagnostics: Diagnostics) {
    let domains = Domains(text.regions, tenants: text.tenants, text.rules, text.guarantees)
    let checker = Checker(text: text, domains: domains, diagnostics: diagnostics)
    let rules = checker.orderedRules()
    guard !diagnostics.hasErrors else { return nil }
    let boxes = rules.map { $0.boxes(domains) }
    let routeStart = rules.firstIndex { $0.layer == .route } ?? rules.count
    checker.checkOverlaps(Array(rules[routeStart...]), Array(boxes[routeStart...]))
    guard !diagnostics.hasErrors else { return nil }
    name = text.name
    version = text.version
    contentHash = hash
    ticket = text.ticket
    say = text.say
    author = text.author
    supersedes = text.supersedes
    requiresFullCoverage = text.requiresFullCoverage
    guarantees = text.guarantees
    tests = text.tests
    phases = text.phases
    effectiveFrom = text.effectiveFrom
    effectiveUntil = text.effectiveUntil
    regions = text.regions
    tenants = text.tenants
    cacheRows = text.cacheRows
    self.rules = rules
    groups = text.groups
    self.domains = domains
    let conditions = zip(rules, boxes).map { DiagramRule($0, $1, domains) }
    let promised = text.guarantees.map { $0.points(domains) }.flatMap { $0.whens + $0.unlesses }
    let diagram = Result { () throws(DiagramError) in
      try RulesDiagram(conditions, telling: promised, domains)
    }
    self.boxes = boxes
    self.diagram = diagram
    compiled = CompiledPolicy(
      text.regions, rules, text.cacheRows, domains, boxes: boxes, diagram: try? diagram.get())
    interpreter = Interpreter(
      regions: text.regions, tenants: text.tenants, cacheRows: text.cacheRows, rules: rules,
      nearness: domains.nearness)
  }

  /// What may be done with a request of these facts. Allocates nothing; any thread.
  ///
  /// `facts.home` must be a region of this policy.
  public func plan(for facts: borrowing Facts) -> Plan { compiled.plan(facts) }

  /// How far this version is in force for the class.
  public func phase(of dataClass: DataClass) -> Phase { phases[dataClass.ordinal] }

  /// When a request in text takes place if it does not say: when the version comes into force, or
  /// at the start of 2026.
  public var defaultTime: WallTime { effectiveFrom ?? PolicyReader.testTime }

  /// The name of a region of this policy.
  public func regionName(_ region: RegionID) -> String { regions[Int(region.index)].name }

  /// The region of this name, or nil.
  public func region(named name: String) -> RegionID? {
    regions.firstIndex { $0.name == name }.map { RegionID(UInt8($0)) }
  }

  /// The tenant of this name: `other` when the policy does not declare it.
  public func tenant(named name: String) -> Tenant {
    tenants.firstIndex(of: name).map { .named(UInt8($0)) } ?? .other
  }

  /// The region whose `near` list holds the place or its country, or nil.
  public func nearest(to place: Place) -> RegionID? {
    place == .unknown ? nil : interpreter.nearness.region(nearestTo: place)
  }
}
