// Configuration: what the operator wrote for one edge, checked before anything starts.
//
// Problem: a mistyped setting that is silently ignored shows up at night, under load.
// Shape: `Configuration` and its sections are plain values with every default filled in; units
// stand in the names, paths are resolved against the file's folder. Each section reads itself from
// strict YAML (`Configuration+Section.swift`); `ConfigurationLoad` joins file, policy and directory
// and collects every complaint in one pass.
// Limits: read at start and on reload by one thread; the values are Sendable and never change.
internal import Origins
internal import Reactor
internal import StrictYAML

/// One edge's configuration, complete and checked.
struct Configuration: Sendable, Equatable {
  /// This edge's name in records and answers; unique in the fleet.
  var instance = ""
  /// Event loops to run; nil means one for each core.
  var loopCount: Int?
  /// Where clients connect; at least one.
  var listeners: [Listener] = []
  /// Whose word about a client's address is taken.
  var trust = Trust()
  /// Who may ask; nil: nobody is asked.
  var identity: Identity?
  /// How requests name patients and resources.
  var fhir = FHIR()
  /// What lies outside FHIR.
  var paths: [Outside] = []
  /// Where users are; nil: every location is unknown.
  var location: Location?
  /// Where patients belong.
  var directory = Directory()
  /// The rules.
  var policy = PolicySource()
  /// Where operators act; nil: nobody can.
  var operators: Operators?
  /// Where operators and auditors ask; nil: nobody can.
  var admin: Admin?
  /// What is kept of answers; nil: nothing.
  var cache: Cache?
  /// How clients read what they wrote; nil: no tokens.
  var sessions: Sessions?
  /// Where and how decisions are recorded.
  var audit = Audit()
  /// The regions in the file's order, each with at least one endpoint.
  var regions: [Region] = []
  /// Which regions are near to whom; nil: measured times decide among equals.
  var locality: LocalityTable?
  /// How endpoints are probed.
  var health = Health()
  /// How long anybody may take.
  var timeouts = Timeouts()
  /// How much anybody may use.
  var limits = Limits()
}

extension Configuration {
  /// What differs in `next` and is read at the start only.
  func keysOfRestart(before next: Configuration) -> [String] {
    [
      ("instance", instance == next.instance), ("loops", loopCount == next.loopCount),
      ("audit", audit == next.audit), ("operators.directory", folder == next.folder),
      ("cache.size", cache?.byteCountMax == next.cache?.byteCountMax),
      ("cache.sealing_key", cache?.sealingKey == next.cache?.sealingKey),
      ("cache.disk", cache?.disk == next.cache?.disk),
    ].filter { !$0.1 }.map(\.0)
  }

  private var folder: String? { operators?.directory }
}

extension Configuration {
  /// Listeners of one edge: a typing error makes no more than this.
  static let listenerCountMax = 64
  /// Event loops of one edge: above any machine's cores is a mistake.
  static let loopCountMax = 256

  /// Reads a whole file; use the result only if `diagnostics` holds no error afterwards.
  static func read(
    _ root: Node?, _ diagnostics: Diagnostics, _ paths: ConfigurationPaths
  ) -> Configuration {
    let reader = MappingReader(root, "the configuration", diagnostics)
    var configuration = Configuration()
    configuration.instance = reader.name("instance")
    configuration.loopCount = loopCount(reader)
    configuration.trust = Trust(reader.section("trust"))
    configuration.listeners = listeners(reader, paths, configuration.trust)
    configuration.identity = reader.optionalMapping("identity", "`identity`")
      .map { Identity($0, paths) }
    configuration.fhir = FHIR(reader.section("fhir"))
    configuration.paths = Outside.all(reader, base: configuration.fhir.base)
    configuration.location = reader.optionalMapping("location", "`location`")
      .map { Location($0, paths) }
    configuration.directory = Directory(reader.mapping("directory", "`directory`"), paths)
    configuration.policy = PolicySource(reader.mapping("policy", "`policy`"), paths)
    configuration.operators = reader.optionalMapping("operators", "`operators`")
      .map { Operators($0, paths) }
    configuration.admin = reader.optionalMapping("admin", "`admin`").map { Admin($0, paths) }
    configuration.checkAdminAddress(reader)
    configuration.cache = reader.optionalMapping("cache", "`cache`").map { Cache($0, paths) }
    configuration.sessions = reader.optionalMapping("sessions", "`sessions`")
      .map { Sessions($0, paths) }
    configuration.audit = Audit(reader.mapping("audit", "`audit`"), paths)
    configuration.regions = Region.all(reader, paths)
    configuration.locality = locality(
      reader, configuration.regions, hasPlaces: configuration.location != nil)
    configuration.health = Health(reader.section("health"))
    configuration.checkRecovery(reader)
    configuration.timeouts = Timeouts(reader.section("timeouts"))
    configuration.limits = Limits(reader.section("limits"))
    reader.finish()
    return configuration
  }

  /// `auto` or a number.
  private static func loopCount(_ reader: MappingReader) -> Int? {
    guard let scalar = reader.scalar("loops", isRequired: false), scalar.text != "auto" else {
      return nil
    }
    guard let count = Int(scalar.text), (1...loopCountMax).contains(count) else {
      reader.diagnostics.error(
        Code.kind.rawValue, at: scalar.mark,
        "`loops` must be `auto` or a whole number from 1 to \(loopCountMax), not `\(scalar.text)`",
        suggestion: Spelling.nearest(to: scalar.text, among: ["auto"]))
      return nil
    }
    return count
  }

  /// The listeners, without repetitions.
  private static func listeners(
    _ reader: MappingReader, _ paths: ConfigurationPaths, _ trust: Trust
  ) -> [Listener] {
    let items = reader.mappings("listeners", "a listener")
    reader.requireItems("listeners", items.count, max: listenerCountMax)
    var addresses = Uniqueness()
    return items.map { item in
      let listener = Listener(item, paths)
      if let address = listener.address, address.port != 0 {
        addresses.note("\(address)", at: item.mark(of: "address"), "address", item.diagnostics)
      }
      if listener.requiresProxyHeader, trust.proxies.isEmpty {
        item.diagnostics.error(
          .combination, at: item.mark(of: "proxy_protocol"),
          "`proxy_protocol: require` needs `trust.proxies`, the balancers to believe;"
            + " nobody else could connect")
      }
      return listener
    }
  }
}
