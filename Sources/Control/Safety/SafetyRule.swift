/// The safety rules that the result of an act or of a plan must keep.
public enum SafetyRule: String, CaseIterable, Sendable {
  /// Each home, data class and operation keeps a lawful target in service.
  case lawfulTarget = "S1"
  /// Never two write authorities of one domain; none only while writes are held.
  case oneAuthority = "S2"
  /// What stays in service can carry the recent peak and a fifth more.
  case capacity = "S3"
  /// The candidate has what was acknowledged, but for what the plan may lose.
  case dataLoss = "S4"
  /// At least one region is in service, and at most one is out by hand.
  case regionsInService = "S5"
  /// Some seconds lie between two acts that move requests.
  case spacing = "S6"
  /// Records can be written.
  case auditWritable = "S7"
  /// Nearly all edges follow the present state.
  case edgesCurrent = "S8"
  /// No other plan works on the same domain or region.
  case onePlan = "S9"
  /// The old write authority takes no writes.
  case oldFenced = "S10"
  /// Writes put off fit their limits.
  case deferredWrites = "S11"
  /// A drill begins in no blocked window and under no alarm.
  case drillWindow = "S12"

  /// The rules about orders, in the order in which they are asked.
  public static let ofOrders: [SafetyRule] = [.lawfulTarget, .regionsInService, .spacing]

  /// Whether two people may set it aside for an hour: those that keep data from harm stand.
  public var isWaivable: Bool {
    switch self {
    case .lawfulTarget, .capacity, .regionsInService, .spacing, .edgesCurrent, .drillWindow: true
    case .oneAuthority, .dataLoss, .auditWritable, .onePlan, .oldFenced, .deferredWrites: false
    }
  }

  /// What it demands, for people.
  public var text: String {
    switch self {
    case .lawfulTarget: "each home, data class and operation keeps a lawful target"
    case .oneAuthority: "one write authority of a domain, and no rival"
    case .capacity: "what stays in service carries the recent peak and a fifth more"
    case .dataLoss: "the candidate lacks no more than the plan may lose"
    case .regionsInService: "one region in service at least, one out by hand at most"
    case .spacing: "5 seconds between two acts that move requests"
    case .auditWritable: "records can be written"
    case .edgesCurrent: "19 of 20 edges follow the present state"
    case .onePlan: "no other plan works on the same domain or region"
    case .oldFenced: "the old write authority takes no writes before a new one does"
    case .deferredWrites: "writes put off fit their limits"
    case .drillWindow: "a drill begins in no blocked window and under no alarm"
    }
  }
}
