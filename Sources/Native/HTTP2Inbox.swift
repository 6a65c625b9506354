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

/// Bytes of field lines, end to end; read without touching a reference count.
@safe
struct HTTP2Arena: ~Copyable {
  /// The allocation; nil when the arena owns no memory.
  private var base: UnsafeMutableRawPointer?
  /// Bytes allocated.
  private var capacity = 0
  /// Bytes in use.
  private(set) var count = 0

  /// Makes an arena that owns no memory.
  init() { unsafe base = nil }

  deinit { unsafe base?.deallocate() }

  /// The bytes from `start` to `end`, valid until the next mutation.
  @inline(__always)
  subscript(start: Int, end: Int) -> UnsafeRawBufferPointer {
    precondition(start >= 0 && start <= end && end <= count, "outside the arena")
    guard let base = unsafe base else {
      return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    }
    return unsafe UnsafeRawBufferPointer(start: base + start, count: end - start)
  }

  /// Appends a copy.
  @inline(__always)
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    if capacity - count < bytes.count { grow(bytes.count) }
    unsafe (base.unsafelyUnwrapped + count).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }

  /// Forgets everything from `end` on.
  mutating func truncate(to end: Int) { count = min(count, end) }

  /// Forgets the first `byteCount` bytes.
  mutating func removeFirst(_ byteCount: Int) {
    guard let base = unsafe base, byteCount > 0 else { return }
    precondition(byteCount <= count, "outside the arena")
    unsafe base.copyMemory(from: base + byteCount, byteCount: count - byteCount)
    count -= byteCount
  }

  /// Forgets everything, and gives the memory back when it is large.
  mutating func removeAll(keptByteCountMax: Int) {
    count = 0
    guard capacity > keptByteCountMax else { return }
    unsafe base?.deallocate()
    unsafe base = nil
    capacity = 0
  }

  /// Makes room for `byteCount` more.
  private mutating func grow(_ byteCount: Int) {
    var wanted = max(1_024, capacity * 2)
    while wanted - count < byteCount { wanted *= 2 }
    let larger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
    if let old = unsafe base {
      unsafe larger.copyMemory(from: old, byteCount: count)
      unsafe old.deallocate()
    }
    unsafe base = larger
    capacity = wanted
  }
}

/// Where callbacks put what they learn; the codec drains it after the C call returned.
struct HTTP2Inbox: ~Copyable {
  /// Events in order; those before `nextIndex` are taken.
  private var events: [HTTP2Event] = []
  /// The next event to take.
  private var nextIndex = 0
  /// Names and values, end to end.
  private(set) var bytes = HTTP2Arena()
  /// The field lines of all sections.
  private(set) var lines: [HTTP2Line] = []
  /// The first line of the section under way; nil between sections.
  private var openLine: Int?

  /// A larger arena is given back when the inbox is empty: idle connections stay small.
  private static let keptByteCountMax = 8_192
  /// A longer list is given back when the inbox is empty.
  private static let keptLineCountMax = 512

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
      bytes.removeAll(keptByteCountMax: Self.keptByteCountMax)
      lines.removeAll(keepingCapacity: lines.count <= Self.keptLineCountMax)
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
      bytes.truncate(to: Int(lines[first].start))
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
    unsafe bytes.append(name)
    unsafe bytes.append(value)
  }

  /// Ends the section and returns where its lines are.
  mutating func endSection() -> Range<Int> {
    let first = openLine ?? lines.count
    openLine = nil
    return first..<lines.count
  }
}
