internal import Base
internal import Clinical
internal import Directory
internal import HTTP
internal import Origins
internal import Policy
internal import Proxy

/// The policy that the simulated edges obey, the patients and servers that it is about, and an
/// independent reading of the same law, by which everything that happens is judged.
///
/// The edge gets the text and reads it with the real language, compiler and narrowing. `allowed`
/// is written by hand from the sentences of the text: it shares no code with them.
struct Law: Sendable {
  /// The regions' names, in the policy's order; a region's index is also its home's domain.
  static let regionNames = ["west", "central", "east"]
  /// The backup of each region.
  static let backups = [1, 2, 1]
  /// Where a user of each region sits; then one abroad, and one that nobody can place.
  static let places = ["US-CA", "US-TX", "US-NY", "DE", ""]

  /// The configuration of every edge; shared by all runs, immutable.
  let snapshot: Snapshot
  /// What it allows, for the operators' safety rules.
  let rows: [ServiceRow]?

  /// The law of runs in which no write authority moves. Read and compiled once: that takes longer
  /// than a run.
  static let fixed = Law(make(text))
  /// The law of runs in which it may: writes, and what is read where it is true, may go to the
  /// primary that the backup region has of the home's data.
  static let movable = Law(make(movableText))
  /// The same with little patience for writes that wait, so that random runs come to rest soon.
  static let hasty = Law(make(movableText, authorityMilliseconds: 4_500))

  /// What every edge seals session tokens with.
  static let sessionKeys = SessionKeys(
    [Array("the key of simulated session tokens".utf8)], lifetimeSeconds: 28_800)

  private static let movableText = text.replacing(
    "    audit: durable # movable",
    with: "      - { region: backup-of-home, tier: primary }\n    audit: durable")

  /// What the edge is configured with.
  static let text = """
    policy: simulated
    version: 1
    say: Every shape of plan that narrowing can meet, over three regions.
    regions:
      west: { near: [US-CA], backup: central, jurisdiction: US }
      central: { near: [US-TX], backup: east, jurisdiction: US }
      east: { near: [US-NY], backup: central, jurisdiction: US }
    sets:
      reads: { operation: [read, vread, search] }
      writes: { operation: [create, update, patch, delete] }
      chart: { data_class: [demographics, vitals, problems] }
      protected: { data_class: [behavioral-health, substance-use, reproductive-health, mixed] }
    never:
      - id: N-1
        say: Protected records never leave home, and never come from a copy
        when: { data_class: [$protected] }
        serve: { region_not_in: [home], tier_not_in: [primary] }
      - id: N-2
        say: Medications never come from a copy
        when: { data_class: [medications] }
        serve: { tier_not_in: [primary] }
      - id: N-3
        say: A user whose location is unknown is served by the home region only
        when: { data_class: [$chart, medications, scheduling], location: [unknown] }
        serve: { region_not_in: [home] }
    deny:
      - id: D-1
        say: A known location abroad gets nothing about a patient
        when: { data_class: [$chart, $protected, medications, scheduling] }
        unless: { location: [US, unknown] }
      - id: D-2
        say: Without a known home nothing about a patient is served
        when: { home: [unknown] }
        unless: { data_class: [reference] }
    routes:
      - id: R-1
        say: The chart comes from the nearest copy, from home, then marked from the backup
        when: { operation: [$reads], data_class: [$chart] }
        serve:
          - { region: [nearest, home], tier: replica, staleness: 2s }
          - { region: home, tier: primary }
          - { region: backup-of-home, tier: replica, staleness: 6s, marked: stale }
        audit: durable
      - id: R-2
        say: Medications come from the primary
        when: { operation: [$reads], data_class: [medications] }
        serve:
          - { region: home, tier: primary }
        audit: durable # movable
      - id: R-6
        say: Protected records come from the home primary
        when: { operation: [$reads], data_class: [$protected] }
        serve:
          - { region: home, tier: primary }
        audit: durable
      - id: R-3
        say: Appointments come from the nearest copy
        when: { operation: [$reads], data_class: [scheduling] }
        serve:
          - { region: [nearest, home], tier: replica, staleness: 3s }
          - { region: home, tier: primary }
        audit: standard
      - id: R-4
        say: Reference data comes from anywhere
        when: { operation: [$reads], data_class: [reference] }
        serve:
          - { region: any, tier: replica, staleness: 5m }
          - { region: any, tier: primary }
        audit: best-effort
      - id: R-5
        say: Records are written where their authority is
        when: { operation: [$writes], data_class: [$chart, medications, scheduling] }
        serve:
          - { region: home, tier: primary }
        audit: durable # movable
    """

  /// A server that may lawfully serve a request, and on which terms.
  struct Target: Equatable {
    /// Its region's index.
    let region: Int
    /// Its tier.
    let tier: Tier
    /// How far behind its data may be; nil for any.
    let lagMillisecondsMax: UInt64?
    /// Whether the answer must say that it may be stale.
    let isMarked: Bool
  }

  /// Who may serve `kind` about `patient` to a user at `place`, read from the sentences above.
  static func allowed(
    _ kind: RequestKind, _ patient: Patient, place: Int, isMovable: Bool
  ) -> [Target] {
    if kind == .valueSet {
      return regionNames.indices.flatMap { region in
        [
          Target(region: region, tier: .replica, lagMillisecondsMax: 300_000, isMarked: false),
          Target(region: region, tier: .primary, lagMillisecondsMax: nil, isMarked: false),
        ]
      }
    }
    if places[place] == "DE" { return [] }
    let home = patient.home
    let primary = Target(region: home, tier: .primary, lagMillisecondsMax: nil, isMarked: false)
    let isPlaced = place < regionNames.count
    if patient.isProtected, kind == .conditions || kind == .medications { return [primary] }
    if kind == .update || kind == .medications {
      guard isMovable, isPlaced else { return [primary] }
      let backup = backups[home]
      return [
        primary, Target(region: backup, tier: .primary, lagMillisecondsMax: nil, isMarked: false),
      ]
    }
    let near = isPlaced ? [place, home] : [home]
    let bound: UInt64 = kind == .appointments ? 3_000 : 2_000
    var targets = near.map {
      Target(region: $0, tier: .replica, lagMillisecondsMax: bound, isMarked: false)
    }
    targets.append(primary)
    if kind != .appointments, isPlaced {
      targets.append(
        Target(
          region: backups[home], tier: .replica, lagMillisecondsMax: 6_000, isMarked: true))
    }
    return targets
  }

  /// Whether the record of such a request must be on disk before anything is disclosed.
  static func isDurable(_ kind: RequestKind) -> Bool {
    kind != .valueSet && kind != .appointments
  }
}

/// A patient of the simulated directory.
struct Patient {
  /// The id in targets.
  let id: String
  /// The home region's index.
  let home: Int
  /// Whether what may be protected is: conditions and medications.
  let isProtected: Bool

  /// All patients; two of each home, and one whose records are protected.
  static let all = [
    Patient(id: "w1", home: 0, isProtected: false), Patient(id: "w2", home: 0, isProtected: false),
    Patient(id: "c1", home: 1, isProtected: false), Patient(id: "c2", home: 1, isProtected: false),
    Patient(id: "e1", home: 2, isProtected: false), Patient(id: "p1", home: 0, isProtected: true),
  ]
}

/// What clients ask for.
enum RequestKind: Int, CaseIterable {
  case demographics, vitals, conditions, medications, appointments, valueSet, update

  /// The method.
  var method: HTTP.Method { self == .update ? .put : .get }

  /// The target of a request about `patient`.
  func target(_ patient: Patient) -> String {
    switch self {
    case .demographics, .update: "/fhir/Patient/\(patient.id)"
    case .vitals: "/fhir/Observation?patient=\(patient.id)&category=vital-signs"
    case .conditions: "/fhir/Condition?patient=\(patient.id)"
    case .medications: "/fhir/MedicationRequest?patient=\(patient.id)"
    case .appointments: "/fhir/Appointment?patient=\(patient.id)"
    case .valueSet: "/fhir/ValueSet/sex"
    }
  }
}

extension Law {
  private init(_ snapshot: Snapshot) {
    self.snapshot = snapshot
    rows = snapshot.policy.serviceRows()
  }

  /// Whether the language refuses a text.
  static func isRefused(_ text: String) -> Bool {
    Policy.load(text: text, file: "simulated.yaml", hash: "other").0 == nil
  }

  /// How many replicas each region has; each has one primary beside them.
  private static let replicaCounts = [2, 1, 1]

  private static func make(
    _ text: String, authorityMilliseconds: UInt64 = Timeouts().authorityMilliseconds
  ) -> Snapshot {
    let (policy, complaints) = Policy.load(text: text, file: "simulated.yaml", hash: "simulated")
    guard let policy else {
      preconditionFailure(complaints.map { "\($0)" }.joined(separator: "; "))
    }
    do {
      let topology = try Topology.make(
        regionNames: policy.regions.map(\.name), definitions: definitions)
      var limits = ProxyLimits()
      limits.origins.idleMilliseconds = 5_000
      var timeouts = Timeouts()
      timeouts.firstByteMilliseconds = 800
      timeouts.originStallMilliseconds = 1_200
      timeouts.authorityMilliseconds = authorityMilliseconds
      return Snapshot(
        policy: policy, topology: topology, classifier: Classifier(), directory: try directory(),
        locations: nil, trustedProxies: [], listeners: [],
        originContexts: Array(repeating: nil, count: topology.endpoints.count),
        healthTarget: "/health", limits: limits, timeouts: timeouts)
    } catch {
      preconditionFailure("the simulated configuration is wrong: \(error)")
    }
  }

  /// The servers of all regions.
  private static var definitions: [EndpointDefinition] {
    regionNames.enumerated().flatMap { index, region in
      var all = (1...replicaCounts[index]).map { number in
        EndpointDefinition(
          name: "\(region)-r\(number)", regionName: region, tier: .replica,
          host: "127.0.\(index).\(number)", port: 8080, protocol: .http1, connectionCountMax: 8)
      }
      all.append(
        EndpointDefinition(
          name: "\(region)-p", regionName: region, tier: .primary, host: "127.0.\(index).9",
          port: 8080, protocol: index == 1 ? .http1 : .http2, connectionCountMax: 4,
          requestCountMax: 8))
      return all
    }
  }

  private static func directory() throws -> PatientDirectory {
    let lines = Patient.all.map { patient in
      "\(patient.id),\(regionNames[patient.home]),\(places[patient.home]),granted,"
        + (patient.isProtected ? "behavioral" : "") + ","
    }
    let csv = "patient,home,residency,consent,flags,merged_into\n" + lines.joined(separator: "\n")
    let hash = PatientHash(key0: 3, key1: 4)
    let snapshot = try unsafe Array(csv.utf8).withUnsafeBytes { bytes in
      try unsafe DirectorySnapshot.reading(bytes, as: .csv, file: "patients.csv", hash: hash)
    }
    return try PatientDirectory(snapshot, hash: hash)
  }
}
