/// Why a health report cannot be used.
public enum ProbeReportFault: Error, Hashable, Sendable {
  /// It is not one JSON object.
  case json(JSONFault)
  /// A known member occurs twice.
  case duplicate(ProbeReport.Member)
  /// A required member is missing.
  case missing(ProbeReport.Member)
  /// A known member has the wrong type or range.
  case unfit(ProbeReport.Member)
}

/// What an endpoint says about itself: `GET /health`.
///
/// `{"region":"us-west","name":"us-west-r1","role":"replica","epoch":3,"position":1289,
/// "lag_ms":12,"status":"ok","load":0.35,"homes":{"us-east":{"lag_ms":80}}}`. Members it does not
/// know are ignored.
public struct ProbeReport: Hashable, Sendable {
  /// The members that are read.
  public enum Member: String, CaseIterable, Sendable {
    case region, name, role, epoch, position, status
    case lag = "lag_ms"
  }

  /// What the endpoint takes itself for.
  public enum Role: String, Sendable {
    case primary, replica
  }

  /// Whether the endpoint wants requests.
  public enum Status: Hashable, Sendable {
    /// `ok`, or `unmeasured`: it serves; its lag says what it knows.
    case ok
    /// `draining`: it serves, but is about to stop.
    case draining
    /// Anything else: it does not serve.
    case unready
  }

  /// The region it believes to be in.
  public var region: String
  /// Its name.
  public var name: String
  /// Its role.
  public var role: Role
  /// The write-authority epoch it knows.
  public var epoch: UInt64
  /// The log position it has applied.
  public var position: UInt64
  /// How far it is behind its primary, milliseconds; nil when it does not know. Negative values and
  /// `null` are common ways to say so, and none of them is a small lag.
  public var lagMilliseconds: UInt64?
  /// How far its copy of another region's data is behind that region, milliseconds, by region name.
  /// A region that is missing is not copied here, or was not measured.
  public var homeLagsMilliseconds: [String: UInt64]
  /// The log positions of other regions' data that it has applied, by region name.
  public var homePositions: [String: UInt64] = [:]
  /// What it takes itself for with other regions' data, by region name: a server that was made
  /// another region's primary says so here.
  public var homeClaims: [String: RoleClaim] = [:]
  /// Whether it wants requests.
  public var status: Status
  /// How busy it is, in permille of what it can carry: `load` is 0.35 for 350 and may be above 1.
  /// Nil when it does not say, or says anything but one number that is not negative.
  public var loadPermille: UInt16?

  /// Makes a report; for tests and simulations.
  public init(
    region: String, name: String, role: Role, epoch: UInt64, position: UInt64,
    lagMilliseconds: UInt64?, homeLagsMilliseconds: [String: UInt64] = [:], status: Status = .ok
  ) {
    self.region = region
    self.name = name
    self.role = role
    self.epoch = epoch
    self.position = position
    self.lagMilliseconds = lagMilliseconds
    self.homeLagsMilliseconds = homeLagsMilliseconds
    self.status = status
  }

  /// Reads a report of at most `byteCountMax` bytes.
  public init(
    parsing bytes: [UInt8], byteCountMax: Int = OriginLimits().reportBytesMax
  ) throws(ProbeReportFault) {
    var values: [Member: JSONLeaves.Value] = [:]
    homeLagsMilliseconds = [:]
    var homes = HomeMembers()
    var load = LoadMember()
    for (path, value) in try Self.leaves(bytes, byteCountMax: byteCountMax) {
      if path.count == 1, let member = Member(rawValue: path[0]) {
        guard values.updateValue(value, forKey: member) == nil else { throw .duplicate(member) }
      } else if path == ["load"] {
        load.take(value)
      } else if path.count == 3, path[0] == "homes" {
        if path[2] == Member.lag.rawValue, let lag = try Self.lag(value) {
          // Of two claims the worse one counts.
          homeLagsMilliseconds[path[1]] = max(lag, homeLagsMilliseconds[path[1]] ?? 0)
        } else {
          homes.take(path[1], path[2], value)
        }
      }
    }
    homePositions = homes.positions
    homeClaims = homes.claims
    loadPermille = load.permille
    region = try Self.string(values, .region)
    name = try Self.string(values, .name)
    guard let role = Role(rawValue: try Self.string(values, .role)) else { throw .unfit(.role) }
    self.role = role
    epoch = try Self.natural(values, .epoch)
    position = try Self.natural(values, .position)
    lagMilliseconds = try Self.lag(values[.lag] ?? .null)
    status =
      switch try Self.string(values, .status) {
      case "ok", "unmeasured": .ok
      case "draining": .draining
      default: .unready
      }
  }

  private static func leaves(
    _ bytes: [UInt8], byteCountMax: Int
  ) throws(ProbeReportFault) -> [(path: [String], value: JSONLeaves.Value)] {
    do throws(JSONFault) {
      return try JSONLeaves.read(bytes, byteCountMax: byteCountMax)
    } catch {
      throw .json(error)
    }
  }

  /// A lag that was measured; nil for the ways to say that it was not.
  private static func lag(_ value: JSONLeaves.Value) throws(ProbeReportFault) -> UInt64? {
    switch value {
    case .null: return nil
    case .integer(let lag): return lag >= 0 ? UInt64(lag) : nil
    default: throw .unfit(.lag)
    }
  }

  private static func string(
    _ values: [Member: JSONLeaves.Value], _ member: Member
  ) throws(ProbeReportFault) -> String {
    guard let value = values[member] else { throw .missing(member) }
    guard case .string(let text) = value else { throw .unfit(member) }
    return text
  }

  private static func natural(
    _ values: [Member: JSONLeaves.Value], _ member: Member
  ) throws(ProbeReportFault) -> UInt64 {
    guard let value = values[member] else { throw .missing(member) }
    guard case .integer(let number) = value, number >= 0 else { throw .unfit(member) }
    return UInt64(number)
  }
}

/// How busy a report says its endpoint is. Who says so twice, or says something else, has said
/// nothing: a report that tells role and lag is worth more than its load.
private struct LoadMember {
  private(set) var permille: UInt16?
  private var isSeen = false

  mutating func take(_ value: JSONLeaves.Value) {
    permille = isSeen ? nil : Self.permille(value)
    isSeen = true
  }

  private static func permille(_ value: JSONLeaves.Value) -> UInt16? {
    let load: Double
    switch value {
    case .integer(let number): load = Double(number)
    case .number(let number): load = number
    case .string, .boolean, .null: return nil
    }
    guard load >= 0 else { return nil }
    return UInt16(min(load * 1_000, Double(OriginLimits.loadPermilleMax)).rounded())
  }
}

/// What a report says of one endpoint's copies of other regions' data, beside their lag. Who says
/// something twice, or something else than a role and numbers, has said nothing.
private struct HomeMembers {
  private(set) var positions: [String: UInt64] = [:]
  private var roles: [String: ProbeReport.Role] = [:]
  private var epochs: [String: UInt64] = [:]
  private var seen: Set<[String]> = []

  mutating func take(_ region: String, _ member: String, _ value: JSONLeaves.Value) {
    let isFirst = seen.insert([region, member]).inserted
    switch (ProbeReport.Member(rawValue: member), value) {
    case (.position, .integer(let position)) where position >= 0 && isFirst:
      positions[region] = UInt64(position)
    case (.position, _): positions[region] = nil
    case (.role, .string(let word)) where isFirst:
      roles[region] = ProbeReport.Role(rawValue: word)
    case (.role, _): roles[region] = nil
    case (.epoch, .integer(let epoch)) where epoch >= 0 && isFirst: epochs[region] = UInt64(epoch)
    case (.epoch, _): epochs[region] = nil
    default: break
    }
  }

  /// The roles that came with an epoch.
  var claims: [String: RoleClaim] {
    var claims: [String: RoleClaim] = [:]
    for (region, role) in roles {
      guard let epoch = epochs[region] else { continue }
      claims[region] = role == .primary ? .primary(epoch: epoch) : .replica(epoch: epoch)
    }
    return claims
  }
}
