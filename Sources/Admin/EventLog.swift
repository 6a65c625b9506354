public import Base

/// What changed lately, for clients that follow (server-sent events, HTML Living Standard section
/// 9.2). Bounded: who was away for too long is told so and reads everything again.
public struct EventLog: Sendable {
  /// What happened.
  public enum Kind: String, CaseIterable, Sendable {
    /// An endpoint's reach, freshness or role.
    case endpoint
    /// An order that begins, or ends.
    case order
    /// A policy version that is in force from now on.
    case policy
    /// A record of who takes a region's writes has changed.
    case authority
    /// Safety rules that somebody wants set aside, that are, or that count again.
    case waiver
    /// A run of a plan has begun, stands otherwise, or is over.
    case plan
    /// What the edge does about a run that it carries.
    case progress
    /// Something of another part of the edge.
    case part
  }

  private var texts: [[UInt8]] = []
  /// The number of the first event that is kept.
  private var first = 1
  /// Distinguishes this process's numbers from those of another one.
  private let epoch: String

  /// Makes an empty log of a process that began then.
  public init(since: WallTime) { epoch = String(since.microseconds, radix: 36) }

  /// The number of the next event.
  public var end: Int { first + texts.count }

  /// The name of the last event; also when there was none yet.
  var lastID: String { "\(epoch)-\(end - 1)" }

  /// Notes what happened: `data` is one JSON object.
  public mutating func append(_ kind: Kind, _ data: JSONValue) {
    let text = "id: \(epoch)-\(end)\nevent: \(kind.rawValue)\ndata: \(data.line)\n\n"
    if texts.count == AdminLimits.eventCountMax {
      texts.removeFirst()
      first += 1
    }
    texts.append(Array(text.utf8))
  }

  /// The bytes of event `number`; nil when it has not happened yet, or is not kept.
  public func text(_ number: Int) -> [UInt8]? {
    number >= first && number < end ? texts[number - first] : nil
  }

  /// Where a client goes on that has seen the event `id`; without one, with what happens next.
  /// `isComplete` is false when it has missed something.
  func place(after id: String?) -> (number: Int, isComplete: Bool) {
    guard let id else { return (end, true) }
    let words = id.split(separator: "-", maxSplits: 1)
    guard words.count == 2, words[0] == epoch, let number = Int(words[1]), number >= 0,
      number < end
    else { return (first, false) }
    return number + 1 >= first ? (number + 1, true) : (first, false)
  }

  /// What a stream begins with: how long to wait before coming back, and whether to read anew.
  public static func opening(isComplete: Bool) -> [UInt8] {
    let gap = isComplete ? "" : "event: gap\ndata: {}\n\n"
    return Array("retry: 1000\n: homeward\n\n\(gap)".utf8)
  }

  /// A sign of life.
  public static let heartbeat = Array(": \n\n".utf8)
}
