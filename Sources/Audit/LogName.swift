public import Base

/// The name of one log: instance, retention class and the second of its beginning, which also says
/// its period, the calendar month (UTC).
///
/// Ends up in folders (`<instance>.<class>.<begin>`) and checkpoints
/// (`<instance>/audit/<class>/<begin>`). The begin makes it unique: a log that starts again after
/// its folder was moved away has another origin, and is no fork of the first.
public struct LogName: Hashable, Sendable {
  /// The edge that writes it.
  public let instance: String
  /// How long and how it is kept.
  public let retention: String
  /// `20261122T071024Z`.
  public let begin: String

  /// The class of everything when no classes are configured.
  public static let clinical = "clinical"
  /// The class of what operators do to logs (holds, expiries, shreddings), written by their
  /// commands and never by an edge.
  public static let control = "control"

  /// Names the log that begins at `time`, behind `earlier` if the clock says otherwise.
  public init(
    instance: String, retention: String, at time: WallTime, after earlier: LogName? = nil
  ) {
    self.instance = instance
    self.retention = retention
    var begin = Self.text(time)
    if let earlier, earlier.begin >= begin {
      begin = Self.text(Self.time(earlier.begin).adding(seconds: 1))
    }
    self.begin = begin
  }

  /// Reads a folder's name; nil when it is none of a log.
  public init?(folder: String) {
    let parts = folder.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count >= 3, let begin = parts.last, Self.isBegin(begin) else { return nil }
    self.begin = begin
    retention = parts[parts.count - 2]
    instance = parts[..<(parts.count - 2)].joined(separator: ".")
    guard !instance.isEmpty, !retention.isEmpty else { return nil }
  }

  /// Reads an origin; nil when it is none of a log.
  public init?(origin: String) {
    let parts = origin.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4, parts[1] == "audit" else { return nil }
    self.init(folder: "\(parts[0]).\(parts[2]).\(parts[3])")
  }

  /// Its folder.
  public var folder: String { "\(instance).\(retention).\(begin)" }
  /// Its origin.
  public var origin: String { "\(instance)/audit/\(retention)/\(begin)" }

  /// Whether a log with this name is to be followed by a new one at `time`: the month is over. A
  /// clock that was set back changes nothing.
  public func isOver(at time: WallTime) -> Bool { Self.text(time).prefix(6) > begin.prefix(6) }

  /// The second, in the basic format of ISO 8601.
  private static func text(_ time: WallTime) -> String {
    AuditText.timestamp(time).prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
  }

  private static func isBegin(_ text: String) -> Bool {
    text.utf8.count == 16 && text.hasSuffix("Z") && text.dropFirst(8).first == "T"
      && text.filter { !$0.isASCII || !$0.isNumber }.count == 2
  }

  /// The instant of a begin, by counting up from its day: only ever asked for the next second.
  private static func time(_ begin: String) -> WallTime {
    let digits = begin.compactMap(\.wholeNumberValue)
    func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + $1 } }
    let (year, month, day) = (number(0..<4), number(4..<6), number(6..<8))
    // A civil date to days: Hinnant, "chrono-compatible low-level date algorithms".
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let days =
      era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
      - 719_468
    let seconds = days * 86_400 + number(8..<10) * 3_600 + number(10..<12) * 60 + number(12..<14)
    return WallTime(microseconds: UInt64(max(0, seconds)) * 1_000_000)
  }
}

extension WallTime {
  /// So many seconds later.
  fileprivate func adding(seconds: UInt64) -> WallTime {
    WallTime(microseconds: microseconds + seconds * 1_000_000)
  }
}
