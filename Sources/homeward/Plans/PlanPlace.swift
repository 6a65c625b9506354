internal import Admin
internal import Base
internal import Control
internal import Edge
internal import Native
internal import Origins
internal import Policy
internal import Reactor
internal import Synchronization

/// The world in which this process carries a run: the configured servers, asked directly, the
/// operators' folder, and the programs and addresses that hooks name. One thread.
final class PlanPlace: PlanSurroundings {
  private let configuration: Configuration
  private let folder: OperatorFolder
  private let outline: RegionOutline
  private let contexts: [String: TLSContext]
  private let says: (PlanRun, String) -> Void
  /// Files that the plan's alarms name.
  private let alarmFiles: [String]
  /// Servers that kept the last look waiting, and until when they are not asked again.
  private var silent: [String: Instant] = [:]
  private var writable: (isWritable: Bool, at: Instant)?
  /// Requests a second at the recorded peak; nil when nobody counted.
  var peaks: [String: Int]?

  /// How long a server may take to say what it is.
  private static let probeMilliseconds: UInt64 = 300
  /// How long one that did not is left alone.
  private static let silenceMilliseconds: UInt64 = 1_500
  /// How long a written record proves that records can be written.
  private static let writableMilliseconds: UInt64 = 5_000

  /// For an edge's configuration and what the policy in force allows; `says` hears what happens.
  init(
    _ configuration: Configuration, _ folder: OperatorFolder, _ outline: RegionOutline,
    _ plan: FailoverPlan, says: @escaping (PlanRun, String) -> Void
  ) throws {
    self.configuration = configuration
    self.folder = folder
    self.outline = outline
    self.says = says
    alarmFiles = plan.alarms.compactMap { if case .file(let path) = $0 { path } else { nil } }
    var contexts: [String: TLSContext] = [:]
    for endpoint in configuration.regions.flatMap(\.endpoints) {
      guard let tls = endpoint.tls else { continue }
      var options = ClientTLSOptions()
      options.authoritiesPath = tls.authorities
      options.certificate = tls.certificate.map { CertificatePair($0) }
      options.alpn = endpoint.protocol == .http2 ? [.http2] : [.http1]
      contexts[endpoint.name] = try TLSContext.client(options)
    }
    self.contexts = contexts
  }

  func look(at state: OperatorState) -> PlanScene {
    let wall = now()
    var scene = PlanScene(
      now: wall, moment: bootTime(),
      serving: outline.world(folder.report(at: wall), state, outline.rows))
    scene.servers = ask()
    // What the edge reported is older than this answer, or was never said.
    for region in scene.serving.regions.indices {
      for index in scene.serving.regions[region].servers.indices
      where scene.servers[scene.serving.regions[region].servers[index].name]?.domains == nil {
        scene.serving.regions[region].servers[index].isFit = false
      }
    }
    // A wait that ended since the scene began is later than it.
    scene.now = now()
    scene.edges = (try? registrations()) ?? []
    scene.isAuditWritable = isAuditWritable()
    scene.alarmFiles = Set(alarmFiles.filter(FileSystem.exists))
    scene.peaks = peaks
    return scene
  }

  /// Asks every server what it is, all at once.
  private func ask() -> [String: SeenServer] {
    let began = Clock.monotonic()
    let servers = configuration.regions.flatMap { region in
      region.endpoints.map { (region.name, $0) }
    }
    let asked = servers.filter { began >= silent[$0.1.name] ?? began }
    let answers = try? CallLoop.perform(asked.map { call($0.1) })
    var seen: [String: SeenServer] = [:]
    for (region, endpoint) in servers {
      seen[endpoint.name] = SeenServer(region: region, domains: nil)
    }
    for (index, (region, endpoint)) in asked.enumerated() {
      guard case .success(let answer)? = answers?[index], answer.status == 200,
        let report = try? ProbeReport(parsing: answer.body), report.name == endpoint.name,
        report.region == region
      else {
        let isLate = Clock.monotonic().milliseconds(since: began) >= Self.probeMilliseconds
        if isLate {
          silent[endpoint.name] = Clock.monotonic().adding(milliseconds: Self.silenceMilliseconds)
        }
        continue
      }
      silent[endpoint.name] = nil
      seen[endpoint.name] = SeenServer(region: region, domains: DomainView.all(report))
    }
    return seen
  }

  private func call(_ endpoint: Configuration.Endpoint) -> OutboundCall {
    guard let address = endpoint.address else {
      preconditionFailure("a checked endpoint has an address")
    }
    var call = OutboundCall(address, target: configuration.health.path)
    call.fields = [("accept", "application/json"), ("user-agent", "homeward-plan")]
    call.timeoutMilliseconds = Self.probeMilliseconds
    call.isHTTP2 = endpoint.protocol == .http2
    if let tls = endpoint.tls, let context = contexts[endpoint.name] {
      call.tls = (context, tls.serverName)
      call.authority = tls.serverName
    }
    return call
  }

  /// Whether the disk of the records takes a file now.
  private func isAuditWritable() -> Bool {
    let moment = Clock.monotonic()
    if let writable, moment.milliseconds(since: writable.at) < Self.writableMilliseconds {
      return writable.isWritable
    }
    let isWritable = Self.takesFile(configuration.audit.directory)
    writable = (isWritable, moment)
    return isWritable
  }

  /// Tells the files of this process's threads apart.
  private static let fileCount = Atomic<Int>(0)
  private static let filePrefix = ".plan-"

  /// Whether a folder takes a file, to the disk. Takes away what killed processes left of such: one
  /// that is being written needs its name no more.
  static func takesFile(_ directory: String) -> Bool {
    for name in (try? FileSystem.names(in: directory)) ?? [] where name.hasPrefix(filePrefix) {
      try? FileSystem.remove("\(directory)/\(name)")
    }
    let number = fileCount.add(1, ordering: .relaxed).newValue
    let path = "\(directory)/\(filePrefix)\(processIdentifier())-\(number)"
    defer { try? FileSystem.remove(path) }
    do throws(SystemError) {
      let file = try AppendFile(path: path, isNew: true)
      try file.write(Array("homeward\n".utf8))
      try file.synchronize()
      return true
    } catch { return false }
  }

  func call(_ hook: Hook) -> String? { Self.call(hook) }

  /// Does what a hook says; nil when it succeeded, else why not.
  static func call(_ hook: Hook) -> String? {
    switch hook.call {
    case .http(let text, let target, let method, let body):
      guard let address = SocketAddress(text: text) else { return "`\(text)` is no address" }
      var call = OutboundCall(address, target: target)
      call.method = method
      call.body = Array(body.utf8)
      call.fields = [("user-agent", "homeward-plan")]
      if !body.isEmpty { call.fields.append(("content-type", "application/json")) }
      call.timeoutMilliseconds = UInt64(hook.timeoutMilliseconds)
      do {
        switch try CallLoop.perform([call])[0] {
        case .success(let answer):
          return (200...299).contains(answer.status) ? nil : "\(hook.words) gave \(answer.status)"
        case .failure(let failure): return "\(hook.words): \(failure.words)"
        }
      } catch { return "\(error)" }
    case .command(let words):
      do {
        switch try Subprocess.run(words, timeoutMilliseconds: hook.timeoutMilliseconds) {
        case .exited(0): return nil
        case .exited(let status): return "`\(words[0])` ended with \(status)"
        case .killed: return "`\(words[0])` took longer than \(hook.timeoutMilliseconds) ms"
        }
      } catch { return "`\(words[0])`: \(error)" }
    case .manual(let text): return "waits for a person: \(text)"
    }
  }

  func pause(milliseconds: Int) { Thread.pause(milliseconds: milliseconds) }

  func now() -> WallTime { Clock.wall() }

  func bootTime() -> Instant { Clock.boot() }

  func registrations() throws(StateFault) -> [EdgeRegistration] {
    try folder.registrations(SystemStorage())
  }

  func tell(_ run: PlanRun, _ words: String) { says(run, words) }
}

extension DomainView {
  /// What a report says of its own region and of others.
  static func all(_ report: ProbeReport) -> [String: DomainView] {
    var views: [String: DomainView] = [:]
    for region in Set(report.homeLagsMilliseconds.keys).union(report.homePositions.keys) {
      let claim = report.homeClaims[region] ?? .unknown
      views[region] = DomainView(
        isPrimary: claim.name == "primary", epoch: claim.epoch ?? 0,
        position: report.homePositions[region],
        lagMilliseconds: report.homeLagsMilliseconds[region])
    }
    views[report.region] = DomainView(
      isPrimary: report.role == .primary, epoch: report.epoch, position: report.position,
      lagMilliseconds: report.role == .primary ? 0 : report.lagMilliseconds)
    return views
  }
}
