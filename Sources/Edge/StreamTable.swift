internal import Base
internal import HTTP

/// The exchanges of one connection by stream. A linear scan: connections carry at most about a
/// hundred streams, and the numbers of all of them fit a few cache lines.
struct StreamTable {
  private var numbers: [Int32] = []
  private var exchanges: [Exchange] = []

  /// How many exchanges are under way.
  var count: Int { numbers.count }

  /// Whether no exchange waits for anything but its peer's reading.
  var areAllOver: Bool { exchanges.allSatisfy(\.isOver) }

  /// The streams whose answer is complete and of which nothing was fetched for `milliseconds`. Call
  /// it about once a second.
  func stalled(_ codec: any ServerCodec, for milliseconds: UInt64, at now: Instant) -> [StreamID] {
    var found: [StreamID] = []
    for (number, exchange) in zip(numbers, exchanges) where exchange.isOver {
      let stream = StreamID(number)
      let byteCount = codec.queuedByteCount(stream)
      if let last = exchange.unfetched, byteCount >= last.byteCount {
        if now >= last.since.adding(milliseconds: milliseconds) { found.append(stream) }
      } else {
        exchange.unfetched = (byteCount, now)
      }
    }
    return found
  }

  /// Adds an exchange on a stream that has none.
  mutating func insert(_ exchange: Exchange, _ stream: StreamID) {
    numbers.append(stream.number)
    exchanges.append(exchange)
  }

  /// The exchange on `stream`.
  func find(_ stream: StreamID) -> Exchange? {
    // Newest last: the stream asked for is most often a recent one.
    var index = numbers.count - 1
    while index >= 0 {
      if numbers[index] == stream.number { return exchanges[index] }
      index -= 1
    }
    return nil
  }

  /// Forgets the exchange on `stream`, and returns it.
  @discardableResult
  mutating func remove(_ stream: StreamID) -> Exchange? {
    guard let index = numbers.lastIndex(of: stream.number) else { return nil }
    let last = numbers.count - 1
    numbers.swapAt(index, last)
    exchanges.swapAt(index, last)
    numbers.removeLast()
    return exchanges.removeLast()
  }

  /// Takes all exchanges out; for a connection that is gone.
  mutating func removeAll() -> [Exchange] {
    let all = exchanges
    numbers.removeAll()
    exchanges.removeAll()
    return all
  }
}
