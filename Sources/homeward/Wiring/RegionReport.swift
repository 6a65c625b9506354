internal import Base
internal import Control
internal import Origins
internal import Reactor

/// What a running edge sees of its endpoints, for `homeward region`: the file `edge` of the
/// operators' folder. A header, then a line for each endpoint, fields between tabs.
struct RegionReport {
  /// One endpoint.
  struct Server: Equatable {
    let name: String
    let region: String
    let tier: String
    let reach: String
    let role: String
    let freshness: String
    /// Milliseconds; nil when unmeasured.
    let lag: Int?
    /// The other regions of whose data it has a copy of measured age.
    let copies: [String]

    /// Whether it answers, and is what it should be, and fresh.
    var isFit: Bool {
      (reach == "healthy" || reach == "warming") && role == tier && freshness == "fresh"
    }

    /// Whether it is known not to answer.
    var isDown: Bool { reach == "down" }

    fileprivate var fields: [String] {
      [
        name, region, tier, reach, role, freshness, lag.map { "\($0)" } ?? "-",
        copies.joined(separator: ","),
      ]
    }
  }

  /// When it was written.
  let time: WallTime
  /// By which process.
  let process: Int
  /// The endpoints, in the configuration's order.
  let servers: [Server]

  /// Bytes of the file: thousands of endpoints.
  static let byteCountMax = 1 << 20

  /// What `health` says.
  init(_ health: HealthSnapshot, at time: WallTime) {
    self.time = time
    process = Int(processIdentifier())
    servers = health.topology.endpoints.map { endpoint in
      let status = health[endpoint.id]
      return Server(
        name: endpoint.name, region: endpoint.regionName, tier: endpoint.tier.rawValue,
        reach: Self.word(status), role: status.role.name,
        freshness: status.freshness.rawValue,
        lag: status.reportedLagMilliseconds.map { Int(clamping: $0) },
        copies: zip(health.topology.regionNames, status.homeLagsMilliseconds)
          .filter { $0.1 != nil }.map(\.0))
    }
  }

  /// Its reach, or what keeps requests away though it answers.
  private static func word(_ status: EndpointStatus) -> String {
    if status.isDraining { return "draining" }
    return status.isSuppressed && status.reach != .down ? "suppressed" : status.reach.rawValue
  }

  /// Reads the file's bytes; nil for anything else.
  init?(_ bytes: [UInt8]) {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    guard let head = lines.first, head.count == 3, head[0] == "homeward-edge",
      let microseconds = UInt64(head[1]), let process = Int(head[2])
    else { return nil }
    time = WallTime(microseconds: microseconds)
    self.process = process
    var servers: [Server] = []
    for fields in lines.dropFirst() {
      guard fields.count == 8 else { return nil }
      servers.append(
        Server(
          name: fields[0], region: fields[1], tier: fields[2], reach: fields[3], role: fields[4],
          freshness: fields[5], lag: Int(fields[6]),
          copies: fields[7].split(separator: ",").map(String.init)))
    }
    self.servers = servers
  }

  /// What changes only when something happens: everything but the lags.
  var summary: [String] {
    servers.map { server in
      (server.fields.prefix(6) + server.copies).joined(separator: "\t")
    }
  }

  /// The file's bytes.
  var bytes: [UInt8] {
    let head = "homeward-edge\t\(time.microseconds)\t\(process)\n"
    return Array(
      (head + servers.map { $0.fields.joined(separator: "\t") + "\n" }.joined()).utf8)
  }
}
