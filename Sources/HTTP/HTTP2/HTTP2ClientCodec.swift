public import Base
internal import Native

/// The client side of one HTTP/2 connection, towards an origin. Owned by one loop.
///
/// Events may also follow a call of `produce` (`writable`, `closed`, `reset`, `failed`).
/// Connections that said goodbye and drained report `failed(.closed)`.
public final class HTTP2ClientCodec: ClientCodec {
  /// The state that both roles share; a constant, so that hot calls meet no exclusivity check.
  private let core: HTTP2Core
  /// Heads that wait to be taken, by slot.
  private var heads: [ResponseHead] = []
  /// The memory of the head that was taken last, for the next one.
  private var spareHead = ResponseHead()

  /// Makes the codec of a new connection; its preface and SETTINGS wait in `produce`.
  public init(limits: HTTPLimits) { core = HTTP2Core(isServer: false, limits: limits) }

  /// Feeds bytes from the peer; drain `nextEvent` before their memory is reused.
  public func receive(_ bytes: UnsafeRawBufferPointer) { unsafe core.session.receive(bytes) }

  /// Tells that the peer sent its last byte: every stream under way is lost.
  public func receiveEnd() { core.session.receiveEnd() }

  /// The next event, oldest first; nil when there is none.
  public func nextEvent() -> CodecEvent? {
    while let event = core.session.next() {
      let isHead = event.kind == .head || event.kind == .informational
      let meaning = isHead ? accept(event) : core.translate(event)
      if let meaning { return meaning }
    }
    return core.reportEnd()
  }

  /// Reads a response's head.
  private func accept(_ event: HTTP2Event) -> CodecEvent? {
    guard core.session.isLive(event.slot, stream: event.stream) else { return nil }
    var head = ResponseHead()
    swap(&head, &spareHead)
    head.removeAll()
    HTTP2Reader.readResponse(event, core.session, into: &head)
    let index = Int(event.slot)
    while heads.count <= index { heads.append(ResponseHead()) }
    swap(&heads[index], &head)
    let stream = StreamID(event.stream)
    return event.kind == .informational
      ? .informational(stream) : .head(stream, isEnd: event.isEnd)
  }

  /// Whether `open` may be called now: no GOAWAY came, and the peer's limit leaves room.
  public var canOpen: Bool { core.session.canOpen }

  /// Whether the connection can carry another request after the current ones.
  public var isReusable: Bool { core.session.isReusable }

  /// Starts a request; traps unless `canOpen`. `isEnd` when no body and no trailers follow.
  public func open(_ head: borrowing RequestHead, isEnd: Bool) -> StreamID {
    var opened: (slot: Int32, stream: Int32)?
    HTTP2Writer.withRequest(head, to: core.session) {
      opened = core.session.submitRequest(hasBody: !isEnd)
    }
    guard let opened else { preconditionFailure("open although the connection takes no request") }
    core.announce(opened.slot)
    return StreamID(opened.stream)
  }

  /// The head that `head` or `informational` announced; take it before the next event.
  public func takeResponse(_ stream: StreamID, into head: inout ResponseHead) {
    let slot = Int(core.find(stream))
    guard slot >= 0, slot < heads.count else { return head.removeAll() }
    swap(&head, &heads[slot])
    swap(&heads[slot], &spareHead)
  }

  /// Opens no more streams and tells the peer; those under way go on.
  public func shutdown() { core.session.shutdown() }

  // MARK: - Common to both roles

  /// Moves frames into `output` until it holds `byteCountMax`; the last frame may pass it.
  public func produce(into output: inout ByteQueue, byteCountMax: Int) {
    core.session.produce(into: &output, byteCountMax: byteCountMax)
  }
  /// Whether `produce` would give bytes now.
  public var wantsToSend: Bool { core.session.wantsToSend }
  /// Whether to read: always, for flow control bounds what the peer may send.
  public var wantsToReceive: Bool { !core.session.isFinished }
  /// Whether the connection is over once `produce` is empty.
  public var isFinished: Bool { core.session.isFinished }
  /// Streams that hold a slot: not closed yet, or not let go by the owner.
  public var streamCount: Int { core.session.streamCount }

  /// Queues body bytes; ignored when the stream is gone.
  public func send(_ stream: StreamID, _ bytes: UnsafeRawBufferPointer) {
    let slot = core.find(stream)
    if slot >= 0 { unsafe core.session.send(slot, bytes) }
  }
  /// Bytes queued on this stream and not yet produced.
  public func queuedByteCount(_ stream: StreamID) -> Int {
    let slot = core.find(stream)
    return slot >= 0 ? core.session.queuedByteCount(slot) : 0
  }
  /// Completes this side's message, with trailers if any.
  public func finish(_ stream: StreamID, trailers: Fields?) {
    core.finish(stream, trailers: trailers)
  }
  /// Ends the stream at once; no further event names it.
  public func reset(_ stream: StreamID, code: UInt32) { core.reset(stream, code: code) }
  /// Gives body bytes back to the peer; ignored when the stream is gone.
  public func consumed(_ stream: StreamID, byteCount: Int) {
    let slot = core.find(stream)
    if slot >= 0 { core.session.consumed(slot, byteCount: byteCount) }
  }
  /// The trailers that `end` announced; they wait until the stream is gone.
  public func takeTrailers(_ stream: StreamID) -> Fields { core.takeTrailers(stream) }
  /// Refills the flood budgets for the time that passed.
  public func advance(to now: Instant) { core.session.advance(toNanoseconds: now.nanoseconds) }
}
