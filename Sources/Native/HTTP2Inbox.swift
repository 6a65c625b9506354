/// What a session tells its codec.
@safe
public struct HTTP2Event {
  /// The kinds of event.
  public enum Kind: UInt8, Sendable {
    /// A request's or a final response's head; its fields are `firstLine` and `count`.
    case head
    /// An interim response's head.
    case informational
    /// Trailers; the message is complete.
    case trailers
    /// Body bytes at `bytes`.
    case data
    /// The message is complete, without trailers.
    case end
    /// nghttp2 closed the stream with `code`.
    case closed
    /// The fields passed the limits after the head; the stream was reset.
    case overLimit
    /// The queue fell below the low mark.
    case writable
    /// The connection ended under the stream.
    case lost
    /// The peer sent GOAWAY.
    case goAway
    /// The peer broke the protocol; `reason` says how.
    case failedMalformed
    /// The peer passed a bound; `reason` says which.
    case failedAbuse
    /// The peer ended the connection.
    case failedClosed
  }

  /// What happened.
  public var kind: Kind
  /// The peer's message is complete with this event.
  public var isEnd = false
  /// The section passed the limits; some of its lines are missing.
  public var isOverLimit = false
  /// The slot's position; -1 when the event concerns the connection.
  public var slot: Int32 = -1
  /// The stream's number; zero when the event concerns the connection.
  public var stream: Int32 = 0
  /// The HTTP/2 error code of `closed`.
  public var code: UInt32 = 0
  /// The index of the section's first line.
  public var firstLine = 0
  /// Lines in the section, or bytes at `start`.
  public var count = 0
  /// The body bytes' start, in the received bytes.
  var start: UnsafeRawPointer?
  /// Why the connection failed.
  public var reason: StaticString = ""

  /// Makes an event of the connection.
  init(kind: Kind) {
    self.kind = kind
    unsafe self.start = nil
  }

  /// The body bytes of `data`, valid until the received bytes' memory goes.
  public var bytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: start, count: count)
  }
}

/// One received field line: where it lies in the inbox's bytes.
struct HTTP2Line {
  /// Offset of the name; the value follows it.
  var start: UInt32
  /// Bytes in the name.
  var nameCount: UInt32
  /// Bytes in the value.
  var valueCount: UInt32
  /// The peer forbids indexing the line.
  var isSensitive: Bool
}

/// Where callbacks put what they learn; the codec drains it after the C call returned.
struct HTTP2Inbox {
  /// Events in order; those before `nextIndex` are taken.
  private var events: [HTTP2Event] = []
  /// The next event to take.
  private var nextIndex = 0
  /// Names and values, end to end.
  private(set) var bytes: [UInt8] = []
  /// The field lines of all sections.
  private(set) var lines: [HTTP2Line] = []
  /// The first line of the section under way; nil between sections.
  private var openLine: Int?

  /// Above this many bytes or records the memory is given back when the inbox is empty.
  private static let keptCountMax = 8_192

  /// Makes an empty inbox that owns no memory.
  init() {}

  /// Takes the oldest event.
  @inline(__always)
  mutating func next() -> HTTP2Event? {
    guard nextIndex < events.count else { return nil }
    defer { nextIndex += 1 }
    return events[nextIndex]
  }

  /// Whether an event waits.
  var isEmpty: Bool { nextIndex == events.count }

  /// Appends an event.
  @inline(__always)
  mutating func append(_ event: HTTP2Event) { events.append(event) }

  /// Forgets what was drained; keeps the section under way, which the next bytes will go on with.
  mutating func reset() {
    guard isEmpty else { return }
    nextIndex = 0
    events.removeAll(keepingCapacity: events.count <= 256)
    guard let first = openLine, first < lines.count else {
      let isKept = bytes.count <= Self.keptCountMax
      bytes.removeAll(keepingCapacity: isKept)
      lines.removeAll(keepingCapacity: isKept)
      if openLine != nil { openLine = 0 }
      return
    }
    let start = lines[first].start
    bytes.removeFirst(Int(start))
    lines.removeFirst(first)
    for index in lines.indices { lines[index].start -= start }
    openLine = 0
  }

  /// Starts a section; one that never ended (its stream was reset) is dropped.
  mutating func beginSection() {
    if let first = openLine, first < lines.count {
      bytes.removeLast(bytes.count - Int(lines[first].start))
      lines.removeLast(lines.count - first)
    }
    openLine = lines.count
  }

  /// Appends a line to the section under way.
  @inline(__always)
  mutating func appendLine(
    name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, isSensitive: Bool
  ) {
    lines.append(
      HTTP2Line(
        start: UInt32(truncatingIfNeeded: bytes.count),
        nameCount: UInt32(truncatingIfNeeded: name.count),
        valueCount: UInt32(truncatingIfNeeded: value.count), isSensitive: isSensitive))
    unsafe bytes.append(contentsOf: name)
    unsafe bytes.append(contentsOf: value)
  }

  /// Ends the section and returns where its lines are.
  mutating func endSection() -> Range<Int> {
    let first = openLine ?? lines.count
    openLine = nil
    return first..<lines.count
  }
}
