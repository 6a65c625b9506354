public import Base
internal import Policy

/// One act as a line of the operators' history: `chain`, a space, and fields between tabs.
///
/// The chain links it to all lines before; see `Chain`.
public struct OperatorLine: Hashable, Sendable {
  /// From 1, without gaps: the act's number.
  public let number: Int
  /// When.
  public let time: WallTime
  /// What, who and why.
  public let act: OperatorAct
  /// The chain up to this line.
  public let chain: String

  /// The line of the act that follows `books`.
  init(_ act: OperatorAct, at time: WallTime, after books: OperatorBooks) {
    number = books.state.actCount + 1
    // The line says milliseconds, and what is read again must be the same.
    self.time = max(time, books.state.time).inMilliseconds
    self.act = OperatorAct(act.deed.asLine, act.warrant)
    chain = Chain.link(books.chain, Self.rest(number, self.time, self.act))
  }

  /// Reads the line that follows `books`; nil when it is not one, or does not follow.
  init?(_ text: Substring, after books: OperatorBooks) {
    guard let space = text.firstIndex(of: " ") else { return nil }
    let fields = text[text.index(after: space)...]
      .split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    guard fields.count == 9, let time = WallTime(text: fields[1]) else { return nil }
    let warrant = Warrant(author: fields[6], reason: fields[8], ticket: fields[7])
    guard let deed = OperatorDeed(fields[2..<6]) else { return nil }
    let line = OperatorLine(OperatorAct(deed, warrant), at: time, after: books)
    guard line.text == text else { return nil }
    self = line
  }

  /// The line, without a line feed.
  var text: String { "\(chain) \(Self.rest(number, time, act))" }

  private static func rest(_ number: Int, _ time: WallTime, _ act: OperatorAct) -> String {
    let words = [act.warrant.author, act.warrant.ticket, act.warrant.reason]
    return (["\(number)", time.text] + act.deed.fields + words).joined(separator: "\t")
  }
}

extension WallTime {
  /// Reads what `text` writes: RFC 3339, UTC, with milliseconds; nil for anything else.
  public init?(text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 24, bytes[19] == UInt8(ascii: "."), bytes[23] == UInt8(ascii: "Z"),
      bytes[20..<23].allSatisfy({ (0x30...0x39).contains($0) }),
      let seconds = parseTimestamp(String(text.prefix(19)) + "Z")
    else { return nil }
    let thousandths = bytes[20..<23].reduce(UInt64(0)) { $0 * 10 + UInt64($1) - 0x30 }
    self.init(microseconds: seconds.microseconds + thousandths * 1_000)
  }

  /// The same without what is less than a millisecond.
  var inMilliseconds: WallTime { WallTime(microseconds: microseconds / 1_000 * 1_000) }
}
