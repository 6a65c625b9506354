public import Base
internal import Native

/// What both sides of an HTTP/2 connection have in common; see `HTTP2ServerCodec` and
/// `HTTP2ClientCodec`. Owned by one loop.
public class HTTP2Side {
  /// The connection's state; a constant, so that hot calls meet no exclusivity check.
  final let core: HTTP2Core

  /// Made by the two sides alone.
  init(_ core: HTTP2Core) { self.core = core }

  /// Feeds bytes from the peer; drain `nextEvent` before their memory is reused.
  public final func receive(_ bytes: UnsafeRawBufferPointer) { unsafe core.session.receive(bytes) }
  /// Tells that the peer sent its last byte: every stream under way is lost.
  public final func receiveEnd() { core.session.receiveEnd() }

  /// Moves frames into `output` until it holds `byteCountMax`; the last frame may pass it.
  public final func produce(into output: inout ByteQueue, byteCountMax: Int) {
    core.session.produce(into: &output, byteCountMax: byteCountMax)
  }
  /// Whether `produce` would give bytes now.
  public final var wantsToSend: Bool { core.session.wantsToSend }
  /// Whether to read: always, for flow control bounds what the peer may send.
  public final var wantsToReceive: Bool { !core.session.isFinished }
  /// Whether the connection is over once `produce` is empty.
  public final var isFinished: Bool { core.session.isFinished }
  /// Streams that hold a slot: not closed yet, or not let go by the owner.
  public final var streamCount: Int { core.session.streamCount }

  /// Queues body bytes; ignored when the stream is gone.
  public final func send(_ stream: StreamID, _ bytes: UnsafeRawBufferPointer) {
    let slot = core.find(stream)
    if slot >= 0 { unsafe core.session.send(slot, bytes) }
  }
  /// Bytes queued on this stream and not yet produced.
  public final func queuedByteCount(_ stream: StreamID) -> Int {
    let slot = core.find(stream)
    return slot >= 0 ? core.session.queuedByteCount(slot) : 0
  }
  /// Completes this side's message, with trailers if any.
  public final func finish(_ stream: StreamID, trailers: Fields?) {
    core.finish(stream, trailers: trailers)
  }
  /// Ends the stream at once; no further event names it. A server's `ErrorCode.noError` after its
  /// response was finished only refuses the rest of the request.
  public final func reset(_ stream: StreamID, code: UInt32) { core.reset(stream, code: code) }
  /// Gives body bytes back to the peer; ignored when the stream is gone.
  public final func consumed(_ stream: StreamID, byteCount: Int) {
    let slot = core.find(stream)
    if slot >= 0 { core.session.consumed(slot, byteCount: byteCount) }
  }
  /// The trailers that `end` announced; they wait until the stream is gone.
  public final func takeTrailers(_ stream: StreamID) -> Fields { core.takeTrailers(stream) }
  /// Refills the flood budgets for the time that passed.
  public final func advance(to now: Instant) {
    core.session.advance(toNanoseconds: now.nanoseconds)
  }
}
