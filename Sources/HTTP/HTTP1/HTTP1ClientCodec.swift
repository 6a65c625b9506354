public import Base

/// The client side of one HTTP/1.1 connection to an origin; RFC 9112.
///
/// One request at a time, never pipelined. `nextEvent` does the parsing, so it is drained after
/// `receive`, after `receiveEnd`, and after `produce` (for `writable` and `closed`). Body pieces
/// point into the received bytes. `Content-Length` and `Transfer-Encoding` become properties of the
/// head and do not stand among its field lines. Calls that name a stream which is over do nothing.
/// When a head is announced with `isEnd`, no `end` follows.
///
/// A response that RFC 9112 forbids, bytes before a request and bytes behind a response end the
/// connection: what follows could belong to someone else's answer. Owned by one loop.
public final class HTTP1ClientCodec: ClientCodec {
  /// The connection's state; nothing in it calls back.
  private var machine: HTTP1ClientMachine

  /// Makes the codec of a new connection.
  public init(limits: HTTPLimits = HTTPLimits()) { machine = HTTP1ClientMachine(limits: limits) }

  /// Whether a byte of the response under way, or of the last one, was received. A request on a
  /// reused connection that ends without any may be sent again if its method is idempotent.
  public var receivedAnyResponseByte: Bool { machine.receivedAnyResponseByte }
  /// Seconds that the origin keeps an idle connection, as its last `Keep-Alive` said.
  public var idleTimeoutSeconds: UInt32? { machine.idleTimeoutSeconds }

  // MARK: Sending

  /// Whether `open` may be called now.
  public var canOpen: Bool { machine.canOpen }
  /// Starts a request; traps unless `canOpen`, and on a method, authority or target that would
  /// break the message (codecs and `CanonicalTarget` let none through).
  public func open(_ head: borrowing RequestHead, isEnd: Bool) -> StreamID {
    machine.open(head, isEnd: isEnd)
  }
  /// Queues body bytes in the framing that the head chose.
  public func send(_ stream: StreamID, _ bytes: UnsafeRawBufferPointer) {
    unsafe machine.send(stream, bytes)
  }
  /// Completes this side's message; a body shorter than declared ends the connection instead.
  public func finish(_ stream: StreamID, trailers: Fields?) {
    machine.finish(stream, trailers: trailers)
  }
  /// Ends the stream and with it the connection, whatever the code.
  public func reset(_ stream: StreamID, code: UInt32) { machine.reset(stream, code: code) }
  /// See `Codec`.
  public func produce(into output: inout ByteQueue, byteCountMax: Int) {
    machine.produce(into: &output, byteCountMax: byteCountMax)
  }

  // MARK: Receiving

  /// See `Codec`; the bytes stay where they are until the events are drained.
  public func receive(_ bytes: UnsafeRawBufferPointer) { unsafe machine.receive(bytes) }
  /// See `Codec`.
  public func receiveEnd() { machine.receiveEnd() }
  /// Parses up to the next event; see `Codec`.
  public func nextEvent() -> CodecEvent? { machine.nextEvent() }
  /// The head that `head` or `informational` announced.
  public func takeResponse(_ stream: StreamID, into head: inout ResponseHead) {
    machine.takeResponse(into: &head)
  }
  /// The trailers of the message that `end` announced.
  public func takeTrailers(_ stream: StreamID) -> Fields { machine.takeTrailers(stream) }
  /// See `Codec`; bytes of a stream that is over do not count.
  public func consumed(_ stream: StreamID, byteCount: Int) {
    machine.consumed(stream, byteCount: byteCount)
  }

  // MARK: State

  /// Whether `produce` would give bytes now.
  public var wantsToSend: Bool { machine.wantsToSend }
  /// Whether the driver should read.
  public var wantsToReceive: Bool { machine.wantsToReceive }
  /// Whether the connection is over once `produce` is empty.
  public var isFinished: Bool { machine.isFinished }
  /// Whether the connection can carry another request after the one under way.
  public var isReusable: Bool { machine.isReusable }
  /// Streams under way: none or one.
  public var streamCount: Int { machine.streamCount }
  /// Bytes queued, framing included, and not yet produced.
  public func queuedByteCount(_ stream: StreamID) -> Int { machine.queuedByteCount(stream) }
  /// Gives buffers back; for connections that have been idle for a while.
  public func releaseMemory() { machine.releaseMemory() }
}
