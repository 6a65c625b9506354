import Base
import Clinical
import Directory
import Foundation
import HTTP
import Origins
import Policy
import Proxy

/// What an endpoint says when it is probed; nil when it does not answer.
typealias Report = @Sendable (Endpoint) -> ProbeReport?

/// The shipped policy over three regions of a replica and a primary each, with a few patients.
///
/// Patients: `az1` (home us-west), `ca1` (us-west, California), `ny1` (us-east), `tx1`
/// (us-central), `pt2` (us-east, 42 CFR Part 2), `wd1` (us-west, consent withdrawn),
/// `az0` (merged into `az1`).
struct World {
  /// Everything but health.
  let snapshot: Snapshot
  /// What probes have told so far.
  let health: HealthSnapshot
  /// No request is under way.
  let loads: EndpointLoads
  /// When requests come.
  let now: Instant
  /// The same on the wall clock: 2026-11-22T05:00:00Z.
  let time = WallTime(microseconds: 1_795_323_600_000_000)

  /// Probes everybody four times, a second apart; requests come half a second after the last.
  init(_ report: Report = World.well) throws {
    snapshot = try Self.made.get()
    let limits = OriginLimits()
    let start = Instant(nanoseconds: 1_000_000_000_000)
    var board = HealthBoard(topology: snapshot.topology, limits: limits, at: start, seed: 1)
    for round in 0..<4 as Range<UInt64> {
      let at = start.adding(milliseconds: round * 1_000)
      while let probe = board.nextProbe(at: at) {
        if let report = report(snapshot.topology[probe.endpoint]) {
          board.probeSucceeded(probe, report: report, at: at)
        } else {
          board.probeFailed(probe, .connectFailed, at: at)
        }
      }
    }
    guard let health = board.takeSnapshot() else { throw WorldError(reason: "no health") }
    self.health = health
    loads = EndpointLoads(topology: snapshot.topology, limits: limits, at: start)
    now = start.adding(milliseconds: 3_500)
  }

  /// All is well: replicas are two seconds behind, copies of other regions five.
  static let well: Report = { $0.report(lag: 2_000, copies: 5_000) }

  /// All is well except at some endpoints.
  static func except(
    _ names: String..., say report: @escaping Report = { _ in nil }
  ) -> Report {
    { names.contains($0.name) ? report($0) : well($0) }
  }

  /// The endpoints.
  static var topology: Topology { get throws { try made.get().topology } }

  /// Made once; a broken policy file fails each test and not the whole run.
  private static let made = Result { try makeSnapshot() }

  private static func makeSnapshot() throws -> Snapshot {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let file = root.appendingPathComponent("policies/clinical-routing/0002.yaml")
    let text = try String(contentsOf: file, encoding: .utf8)
    let (policy, complaints) = Policy.load(text: text, file: file.lastPathComponent, hash: "h-1")
    guard let policy else { throw WorldError(reason: "\(complaints.count) complaints") }
    let topology = try Topology.make(
      regionNames: policy.regions.map(\.name), definitions: definitions(policy))
    return Snapshot(
      policy: policy, topology: topology, classifier: Classifier(),
      directory: try directory(), locations: nil, trustedProxies: [], listeners: [],
      originContexts: Array(repeating: nil, count: topology.endpoints.count),
      healthTarget: "/health", limits: ProxyLimits(), timeouts: Timeouts())
  }

  private static func definitions(_ policy: Policy) -> [EndpointDefinition] {
    policy.regions.enumerated().flatMap { index, region in
      [Tier.replica, .primary].map { tier in
        EndpointDefinition(
          name: region.name + (tier == .primary ? "-p" : "-r1"), regionName: region.name,
          tier: tier, host: "127.0.\(index).\(tier == .primary ? 9 : 1)", port: 8080,
          protocol: tier == .primary ? .http2 : .http1)
      }
    }
  }

  private static func directory() throws -> PatientDirectory {
    let csv = """
      patient,home,residency,consent,flags,merged_into
      az1,us-west,US-AZ,granted,,
      ca1,us-west,US-CA,granted,,
      ny1,us-east,US-NY,granted,,
      tx1,us-central,US-TX,granted,,
      pt2,us-east,US-NY,granted,part2,
      wd1,us-west,US-CA,withdrawn,,
      az0,,,,,az1
      bh1,us-west,US-CA,granted,behavioral+reproductive,
      """
    let hash = PatientHash(key0: 3, key1: 4)
    let snapshot = try unsafe Array(csv.utf8).withUnsafeBytes { bytes in
      try unsafe DirectorySnapshot.reading(bytes, as: .csv, file: "patients.csv", hash: hash)
    }
    return try PatientDirectory(snapshot, hash: hash)
  }

  /// Decides `METHOD target` of a client at `place`.
  func decide(_ request: String, from place: String, seed: UInt64 = 1) -> Decision {
    var decider = Decider(seed: seed)
    return decide(RequestHead(request), from: place, by: &decider)
  }

  /// Decides a request of a client at `place`.
  func decide(
    _ head: RequestHead, from place: String, by decider: inout Decider
  ) -> Decision {
    var decision = Decision(client: ClientFacts(place: place))
    decider.decide(
      head, snapshot: snapshot, health: health, loads: loads, now: now, time: time,
      into: &decision)
    return decision
  }

  /// The names of a decision's endpoints, best first, with ` stale` where the answer says so; or
  /// the refusal.
  func describe(_ decision: Decision) -> String {
    if let refusal = decision.refusal { return refusal.rawValue }
    return decision.narrowed.choices.map { choice in
      snapshot.topology[choice.endpoint].name + (choice.isMarkedStale ? " stale" : "")
    }.joined(separator: ", ")
  }

  /// The id of the rule that decided.
  func rule(_ decision: Decision) -> String? {
    decision.plan?.ruleIndex.map { snapshot.policy.rules[$0].id }
  }
}

/// Why a world could not be made.
struct WorldError: Error {
  let reason: String
}

extension Endpoint {
  /// A report of this endpoint about itself.
  func report(
    lag: UInt64?, copies: UInt64?, epoch: UInt64 = 1, role: ProbeReport.Role? = nil,
    status: ProbeReport.Status = .ok
  ) -> ProbeReport {
    var homes: [String: UInt64] = [:]
    for region in ["us-west", "us-central", "us-east"] where region != regionName {
      homes[region] = copies
    }
    return ProbeReport(
      region: regionName, name: name, role: role ?? (tier == .primary ? .primary : .replica),
      epoch: epoch, position: 9, lagMilliseconds: tier == .primary ? 0 : lag,
      homeLagsMilliseconds: homes, status: status)
  }
}

extension ClientFacts {
  /// A client at a place; `unknown` is one.
  init(place: String) {
    self.init(
      address: ClientAddress(address: IPAddress(ipv4: 0xC633_6407), provenance: .connection),
      place: Place(place) ?? .unknown, subject: nil)
  }
}

extension RequestHead {
  /// The head of `METHOD target`.
  init(_ request: String) {
    self.init()
    let parts = request.split(separator: " ", maxSplits: 1)
    method = Method(rawValue: String(parts[0])) ?? .other
    methodName = String(parts[0])
    target = Array(parts[1].utf8)
    pathCount = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
    authority = Array("ehr.example".utf8)
  }
}

extension Fields {
  /// Appends a line as a peer sent it.
  mutating func add(_ name: String, _ value: String) {
    unsafe Array(name.utf8).withUnsafeBytes { name in
      unsafe Array(value.utf8).withUnsafeBytes { unsafe append(name: name, value: $0) }
    }
  }

  /// All values of the field called `name`.
  func values(named name: String) -> [String] {
    lines.filter { line in
      unsafe withName(line) { unsafe $0.elementsEqual(Array(name.utf8)) }
    }.map { value($0) }
  }

  /// All names, sorted.
  var names: [String] {
    lines.map { line in
      unsafe withName(line) { unsafe String(decoding: $0, as: UTF8.self) }
    }.sorted()
  }
}
