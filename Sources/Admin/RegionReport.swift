public import Base
internal import Control
public import Origins

/// What a running edge sees of its endpoints: in memory for the admin API, and as a file of the
/// operators' folder for when that cannot be asked. A header, then a line for each endpoint,
/// fields between tabs.
public struct RegionReport: Sendable {
  /// One endpoint.
  public struct Server: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// Its region's name.
    public let region: String
    /// What it counts as, `replica` or `primary`: its configured tier, unless a record says who
    /// takes the writes there.
    public let tier: String
    /// Whether it answers.
    public let reach: String
    /// What it says it is.
    public let role: String
    /// How current its data is.
    public let freshness: String
    /// Milliseconds; nil when unmeasured.
    public let lag: Int?
    /// The other regions of whose data it has a copy of measured age.
    public let copies: [String]
    /// The write-authority epoch that it knows; nil before it said one.
    public let epoch: UInt64?
    /// The log position that it had applied.
    public let position: UInt64
    /// How busy it says it is, in permille of what it can carry; nil when it does not say.
    public let load: Int?
    /// Whether reads go elsewhere for that while there is anything else.
    public let isSaturated: Bool
    /// What was last held against it; empty: nothing.
    public let failure: String
    /// Seconds since `reach` has its value.
    public let seconds: Int
    /// What requests do there.
    public fileprivate(set) var traffic: Traffic

    /// How little it can be used, by what an edge sees: the larger, the less.
    fileprivate var badness: Int {
      if isDown { return 3 }
      if reach != "healthy", reach != "warming" { return 2 }
      return role == tier && freshness == "fresh" ? 0 : 1
    }

    /// Whether it answers, and is what it should be, and fresh.
    public func isFit(as tier: Tier) -> Bool {
      (reach == "healthy" || reach == "warming") && role == tier.rawValue && freshness == "fresh"
    }

    /// Whether it is known not to answer.
    public var isDown: Bool { reach == "down" }

    /// What changes only when something happens.
    fileprivate var steadyFields: [String] {
      [
        name, region, tier, reach, role, freshness, copies.joined(separator: ","),
        epoch.map { "\($0)" } ?? "-",
      ]
    }

    fileprivate var fields: [String] {
      [
        name, region, tier, reach, role, freshness, lag.map { "\($0)" } ?? "-",
        copies.joined(separator: ","), failure, "\(seconds)", "\(traffic.tenthsPerSecond)",
        "\(traffic.underWayCount)", "\(traffic.failureCount)", epoch.map { "\($0)" } ?? "-",
        "\(position)", load.map { "\($0)" } ?? "-", isSaturated ? "saturated" : "-",
      ]
    }
  }

  /// When the edge saw that.
  public let time: WallTime
  /// The edge's process.
  public let process: Int
  /// The endpoints, in the configuration's order.
  public let servers: [Server]

  /// What `health` says at `now`, which is `time` on the wall.
  public init(
    _ health: HealthSnapshot, _ traffic: TrafficBoard, process: Int, at now: Instant,
    _ time: WallTime
  ) {
    self.time = time
    self.process = process
    servers = health.topology.endpoints.map { endpoint in
      let status = health[endpoint.id]
      return Server(
        name: endpoint.name, region: endpoint.regionName,
        tier: health.tier(of: endpoint.id).rawValue,
        reach: Self.word(status), role: status.role.name,
        freshness: status.freshness.rawValue,
        lag: status.reportedLagMilliseconds.map { Int(clamping: $0) },
        copies: zip(health.topology.regionNames, status.homeLagsMilliseconds)
          .filter { $0.1 != nil }.map(\.0),
        epoch: status.role.epoch, position: status.position,
        load: status.load.permille.map { Int($0) }, isSaturated: status.load.isSaturated,
        failure: status.lastFailure.map(\.words) ?? "",
        seconds: Int(clamping: now.milliseconds(since: status.reachSince) / 1_000),
        traffic: traffic.traffic(of: endpoint.name, at: now))
    }
  }

  /// Joins what several edges see of the servers that the newest report names. Of each server most
  /// of them decide, the worse half where they are as many: one edge that is cut off takes no
  /// server from the others. Requests are added up. Nil without a report.
  public init?(joining reports: [RegionReport]) {
    guard let newest = reports.max(by: { $0.time < $1.time }) else { return nil }
    (time, process) = (newest.time, newest.process)
    servers = newest.servers.map { server in
      let views = reports.flatMap(\.servers)
        .filter { $0.name == server.name && $0.region == server.region }
        .sorted { $0.badness < $1.badness }
      let middle = views[views.count / 2].badness
      var joined = server.badness == middle ? server : views[views.count / 2]
      joined.traffic = Traffic()
      for view in views { joined.traffic.add(view.traffic) }
      return joined
    }
  }

  /// Its reach, or what keeps requests away though it answers.
  private static func word(_ status: EndpointStatus) -> String {
    if status.isDraining { return "draining" }
    if status.isHeldOut, status.reach != .down { return "held-out" }
    return status.isSuppressed && status.reach != .down ? "suppressed" : status.reach.rawValue
  }

  /// Reads the file's bytes; nil for anything else.
  public init?(_ bytes: [UInt8]) {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    guard let head = lines.first, head.count == 3, head[0] == "homeward-edge",
      let microseconds = Self.count(head[1]), let process = Self.count(head[2])
    else { return nil }
    time = WallTime(microseconds: UInt64(microseconds))
    self.process = process
    var servers: [Server] = []
    for fields in lines.dropFirst() {
      guard fields.count == 17, let position = UInt64(fields[14]),
        let seconds = Self.count(fields[9]), let rate = Self.count(fields[10]),
        let underWay = Self.count(fields[11]), let failures = Self.count(fields[12])
      else { return nil }
      var traffic = Traffic()
      traffic.tenthsPerSecond = rate
      traffic.underWayCount = underWay
      traffic.failureCount = failures
      servers.append(
        Server(
          name: fields[0], region: fields[1], tier: fields[2], reach: fields[3], role: fields[4],
          freshness: fields[5], lag: Self.count(fields[6]),
          copies: fields[7].split(separator: ",").map(String.init), epoch: UInt64(fields[13]),
          position: position, load: Self.count(fields[15]), isSaturated: fields[16] == "saturated",
          failure: fields[8],
          seconds: seconds, traffic: traffic))
    }
    self.servers = servers
  }

  /// A count as a file gives it, which anybody of the folder may have written: nil for anything
  /// that is none, or not one of this world.
  private static func count(_ text: String) -> Int? {
    Int(text).flatMap { (0...AdminLimits.countMax).contains($0) ? $0 : nil }
  }

  /// What changes only when something happens: everything but lags, ages and traffic.
  public var summary: [String] { servers.map { $0.steadyFields.joined(separator: "\t") } }

  /// The file's bytes.
  public var bytes: [UInt8] {
    let head = "homeward-edge\t\(time.microseconds)\t\(process)\n"
    return Array(
      (head + servers.map { $0.fields.joined(separator: "\t") + "\n" }.joined()).utf8)
  }
}

extension EndpointFailure {
  /// A few words: `probe: timeout`, `request: gateway-status`.
  fileprivate var words: String {
    switch self {
    case .probe(let failure): "probe: \(failure.rawValue)"
    case .request(let failure): "request: \(failure.rawValue)"
    }
  }
}
