/// One request of a drill's own clients, as it went. Times are milliseconds since the drill began.
public struct DrillSample: Hashable, Sendable {
  /// What became of it.
  public enum End: Hashable, Sendable {
    /// A final answer with this status.
    case answered(UInt16)
    /// No answer.
    case broken
  }

  /// The class that its name says, such as `vitals`; writes have one of their own.
  public let name: String
  /// The number of a canary; nil for a read.
  public let canary: Int?
  /// When it was sent.
  public let begun: Double
  /// When it ended.
  public let ended: Double
  /// How.
  public let end: End

  /// Makes a sample.
  public init(name: String, canary: Int?, begun: Double, ended: Double, end: End) {
    self.name = name
    self.canary = canary
    self.begun = begun
    self.ended = ended
    self.end = end
  }

  /// Whether it was done.
  public var isGood: Bool {
    if case .answered(let status) = end { return (200...299).contains(status) }
    return false
  }
}

/// When things happened in a drill, milliseconds since it began; nil for what did not.
public struct DrillTimes: Hashable, Sendable {
  /// The fault began.
  public var fault: Double?
  /// The edge saw something wrong.
  public var detect: Double?
  /// A run began.
  public var decide: Double?
  /// The old write authority took no writes.
  public var fenced: Double?
  /// The new one was the primary.
  public var promoted: Double?
  /// Writes could go there.
  public var active: Double?
  /// The run was over.
  public var over: Double?

  /// Nothing happened yet.
  public init() {}
}
