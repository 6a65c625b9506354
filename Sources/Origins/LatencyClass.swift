public import Base

/// How long a person can wait for a request, by what it is for. It bounds one attempt of a read
/// while another choice is left, and says who gives way first when servers are busy.
public enum LatencyClass: UInt8, CaseIterable, Comparable, Sendable {
  /// Monitors and early-warning scores: the newest vital signs, and what must not be given.
  case alarm
  /// What a clinician's next movement depends on: orders, medications, one record, any change.
  case interactive
  /// Pages that are read: searches, histories, notes, portal pages.
  case chart
  /// Nobody waits in front of a screen: exports, batches, images, audit trails.
  case bulk

  /// The class of a request; what the classifier does not know is read like a chart.
  public init(_ operation: Operation, _ dataClass: DataClass) {
    self =
      switch (operation, dataClass) {
      case (.export, _), (.batch, _), (.transaction, _), (_, .bulk), (_, .imaging), (_, .audit):
        .bulk
      case (.read, .vitals), (.search, .vitals), (.read, .allergies), (.search, .allergies): .alarm
      case (.create, _), (.update, _), (.patch, _), (.delete, _): .interactive
      case (.read, .notes), (.read, .asset), (.read, .unknown): .chart
      case (.read, _), (.vread, _), (.search, .medications), (.search, .orders): .interactive
      case (.search, _), (.history, _), (.operation, _), (.capabilities, _), (.asset, _),
        (.unknown, _):
        .chart
      }
  }

  /// The word for logs and answers.
  public var name: StaticString {
    switch self {
    case .alarm: "alarm"
    case .interactive: "interactive"
    case .chart: "chart"
    case .bulk: "bulk"
    }
  }

  /// The more urgent one is the smaller.
  public static func < (one: LatencyClass, other: LatencyClass) -> Bool {
    one.rawValue < other.rawValue
  }
}
