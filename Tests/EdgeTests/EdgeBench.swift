import Audit
import Base
import Clinical
import Directory
import Foundation
import HTTP
import Logging
import Native
import Origins
import Policy
import Reactor
import Testing

@testable import Edge
@testable import Proxy

/// A real worker on a real loop, with origins and a client in the same loop. The test is the disk:
/// records become durable when it says so.
///
/// A test is a list of steps: each waits for a condition and then acts. Nothing waits for time.
final class EdgeBench: TimerTarget {
  let worker: Worker
  /// What the worker appends to; nobody commits it.
  let auditLog: AuditLog
  private let loop: EventLoop
  private let folder: TemporaryFolder
  private var doors: [Door] = []
  private var steps: [(name: String, condition: () -> Bool, action: () -> Void)] = []
  private let giveUpAt: Instant
  /// The client's end.
  private(set) var client: Wire!
  /// Connections that each endpoint took, by its name.
  private(set) var taken: [String: [Wire]] = [:]

  /// All endpoints of the shipped policy's regions, healthy and current.
  /// `edit` changes the policy's text.
  init(
    timeouts: Timeouts = EdgeBench.patience, pendingByteCountMax: Int = 1 << 20,
    change: (inout EndpointDefinition) -> Void = { _ in }, edit: (String) -> String = { $0 }
  ) throws {
    folder = try TemporaryFolder()
    let context = try LoopContext()
    loop = context.loop
    giveUpAt = loop.now.adding(milliseconds: 20_000)
    let log = try AuditLog(folder.options(pendingByteCountMax: pendingByteCountMax))
    auditLog = log
    let ports = Ports()
    var doors: [String: Door] = [:]
    for name in Self.endpointNames {
      doors[name] = try Door(on: loop) { socket, _ in ports.took(name, socket) }
    }
    let snapshot = try Self.snapshot(
      Self.definitions(doors.mapValues(\.address.port), change), timeouts, edit)
    let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    worker = Worker(
      context: context, snapshot: snapshot, health: Self.health(snapshot.topology, loop.now),
      audit: AuditPort(loop: 0, log: log),
      identity: IdentityPort(loop: 0, keeper: try Mailbox(), rules: nil),
      log: EdgeLog(logger: silent), seed: 1, reports: try Mailbox())
    let front = try Door(on: loop) { [unowned worker] socket, peer in
      worker.accept(
        socket, peer: peer,
        ListenerDefinition(address: peer.address, port: peer.port, tls: nil))
    }
    self.doors = [front] + doors.values
    client = try Wire(try Socket.connect(to: front.address), on: loop)
    ports.took = { [unowned self] name, socket in
      if let wire = try? Wire(socket, on: loop) { taken[name, default: []].append(wire) }
    }
  }

  /// So patient that a busy machine is not taken for a slow origin.
  static let patience = {
    var timeouts = Timeouts()
    timeouts.alarmTryMilliseconds = 10_000
    timeouts.interactiveTryMilliseconds = 10_000
    timeouts.chartTryMilliseconds = 10_000
    return timeouts
  }()

  /// Whoever takes connections, once there is somebody.
  private final class Ports {
    var took: (String, consuming Socket) -> Void = { _, _ in }
  }

  private static let endpointNames = ["us-west", "us-central", "us-east"].flatMap {
    ["\($0)-r1", "\($0)-p"]
  }

  private static func definitions(
    _ ports: [String: UInt16], _ change: (inout EndpointDefinition) -> Void
  ) -> [EndpointDefinition] {
    endpointNames.map { name in
      var definition = EndpointDefinition(
        name: name, regionName: String(name[..<(name.lastIndex(of: "-") ?? name.endIndex)]),
        tier: name.hasSuffix("-p") ? .primary : .replica, host: "127.0.0.1",
        port: ports[name] ?? 0)
      change(&definition)
      return definition
    }
  }

  private static func snapshot(
    _ definitions: [EndpointDefinition], _ timeouts: Timeouts, _ edit: (String) -> String
  ) throws -> Snapshot {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let file = root.appendingPathComponent("policies/clinical-routing/0002.yaml")
    let text = edit(try String(contentsOf: file, encoding: .utf8))
    let policy = try #require(Policy.load(text: text, file: "policy", hash: "h").0)
    let topology = try Topology.make(
      regionNames: policy.regions.map(\.name),
      definitions: definitions)
    let csv = Array("patient,home,residency,consent,flags\naz1,us-west,US-AZ,granted,\n".utf8)
    let hash = PatientHash(key0: 1, key1: 2)
    let patients = try unsafe csv.withUnsafeBytes {
      try unsafe DirectorySnapshot.reading($0, as: .csv, file: "p", hash: hash)
    }
    let directory = try PatientDirectory(patients, hash: hash)
    return Snapshot(
      policy: policy, topology: topology, classifier: Classifier(), directory: directory,
      locations: nil, trustedProxies: [], listeners: [],
      originContexts: Array(repeating: nil, count: topology.endpoints.count),
      healthTarget: "/health", limits: ProxyLimits(), timeouts: timeouts)
  }

  private static func health(_ topology: Topology, _ now: Instant) -> HealthSnapshot {
    HealthSnapshot(
      number: 1, topology: topology,
      statuses: topology.endpoints.map { endpoint in
        var status = EndpointStatus(at: now)
        status.reach = .healthy
        status.freshness = .fresh
        status.role = endpoint.tier == .primary ? .primary(epoch: 1) : .replica(epoch: 1)
        status.reportedLagMilliseconds = 0
        return status
      },
      epochs: topology.regionNames.map { _ in 1 }, sampleAgeMillisecondsMax: 600_000)
  }

  // MARK: The script

  /// Waits until `condition` holds, then does `action`.
  func when(
    _ name: String, _ condition: @escaping () -> Bool, then action: @escaping () -> Void = {}
  ) {
    steps.append((name, condition, action))
  }

  /// Waits for a whole request head at an endpoint; the newest connection is handed on.
  func whenAsked(_ endpoint: String, _ action: @escaping (Wire) -> Void) {
    when("\(endpoint) is asked") { [unowned self] in
      taken[endpoint]?.last?.text.contains("\r\n\r\n") == true
    } then: { [unowned self] in
      if let wire = taken[endpoint]?.last { action(wire) }
    }
  }

  /// Runs until every step is done; a step whose condition never holds fails the test.
  func run(location: SourceLocation = #_sourceLocation) {
    // The script runs before the worker's clock does, and at every turn.
    loop.schedule(at: loop.now, self)
    worker.run()
    #expect(steps.map(\.name) == [], sourceLocation: location)
  }

  func timerFired(token: Int) {
    while let step = steps.first, step.condition() {
      steps.removeFirst()
      step.action()
    }
    if steps.isEmpty || loop.now >= giveUpAt { return loop.stop() }
    loop.schedule(at: loop.now.adding(milliseconds: 1), self)
  }

  /// The records up to this one are on disk.
  func becomeDurable(_ sequence: UInt64) { worker.receive(.durable(sequence)) }

  /// Whether the loop holds no connection to an endpoint.
  func isIdle(_ endpoint: String) -> Bool {
    let endpoints = worker.snapshot.topology.endpoints
    guard let index = endpoints.firstIndex(where: { $0.name == endpoint }) else { return false }
    return worker.generation.pools[index].isEmpty
  }
}
