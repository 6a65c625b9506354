/// Why a health report cannot be used.
public enum ProbeReportFault: Error, Hashable, Sendable {
  /// It is not a flat JSON object.
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
/// "lag_ms":12,"status":"ok"}`. Members it does not know are ignored.
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
    /// `ok`: it serves.
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
  /// Whether it wants requests.
  public var status: Status

  /// Makes a report; for tests and simulations.
  public init(
    region: String, name: String, role: Role, epoch: UInt64, position: UInt64,
    lagMilliseconds: UInt64?, status: Status = .ok
  ) {
    self.region = region
    self.name = name
    self.role = role
    self.epoch = epoch
    self.position = position
    self.lagMilliseconds = lagMilliseconds
    self.status = status
  }

  /// Reads a report of at most `byteCountMax` bytes.
  public init(
    parsing bytes: [UInt8], byteCountMax: Int = OriginLimits().reportBytesMax
  ) throws(ProbeReportFault) {
    let values = try Self.members(bytes, byteCountMax: byteCountMax)
    region = try Self.string(values, .region)
    name = try Self.string(values, .name)
    guard let role = Role(rawValue: try Self.string(values, .role)) else { throw .unfit(.role) }
    self.role = role
    epoch = try Self.natural(values, .epoch)
    position = try Self.natural(values, .position)
    switch values[.lag] {
    case nil, .null: lagMilliseconds = nil
    case .integer(let lag): lagMilliseconds = lag >= 0 ? UInt64(lag) : nil
    default: throw .unfit(.lag)
    }
    status =
      switch try Self.string(values, .status) {
      case "ok": .ok
      case "draining": .draining
      default: .unready
      }
  }

  private static func members(
    _ bytes: [UInt8], byteCountMax: Int
  ) throws(ProbeReportFault) -> [Member: FlatJSON.Value] {
    var values: [Member: FlatJSON.Value] = [:]
    var duplicate: Member?
    do throws(JSONFault) {
      var json = try FlatJSON(bytes, byteCountMax: byteCountMax)
      while let (key, value) = try json.nextMember() {
        guard let member = Member(rawValue: key) else { continue }
        if values.updateValue(value, forKey: member) != nil { duplicate = duplicate ?? member }
      }
    } catch {
      throw .json(error)
    }
    if let duplicate { throw .duplicate(duplicate) }
    return values
  }

  private static func string(
    _ values: [Member: FlatJSON.Value], _ member: Member
  ) throws(ProbeReportFault) -> String {
    guard let value = values[member] else { throw .missing(member) }
    guard case .string(let text) = value else { throw .unfit(member) }
    return text
  }

  private static func natural(
    _ values: [Member: FlatJSON.Value], _ member: Member
  ) throws(ProbeReportFault) -> UInt64 {
    guard let value = values[member] else { throw .missing(member) }
    guard case .integer(let number) = value, number >= 0 else { throw .unfit(member) }
    return UInt64(number)
  }
}
