public import Base
internal import Native

/// The client side of one HTTP/2 connection, towards an origin. Owned by one loop.
///
/// Events may also follow a call of `produce` (`writable`, `closed`, `reset`, `failed`).
/// Connections that said goodbye and drained report `failed(.closed)`.
public final class HTTP2ClientCodec: HTTP2Side, ClientCodec {
  /// Heads that wait to be taken, by slot.
  private var heads: [ResponseHead] = []
  /// The memory of the head that was taken last, for the next one.
  private var spareHead = ResponseHead()
  private let limits: HTTPLimits
  /// When a PING was queued that nothing was heard after.
  private var askedAt: Instant?

  /// Makes the codec of a new connection; its preface and SETTINGS wait in `produce`.
  public init(limits: HTTPLimits) {
    self.limits = limits
    super.init(HTTP2Core(isServer: false, limits: limits))
  }

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
    // nghttp2 lets any three digits pass; others than these mean nothing (RFC 9110 section 15).
    guard head.status >= 100, head.status < 600 else {
      let stream = StreamID(event.stream)
      core.reset(stream, code: ErrorCode.protocolError)
      return .reset(stream, .malformed("status"))
    }
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

  /// Asks with a PING (RFC 9113 section 6.7); any byte is an answer.
  public func isAlive(heardAt: Instant, at now: Instant) -> Bool {
    if let askedAt, heardAt <= askedAt {
      return now < askedAt.adding(milliseconds: limits.pingAnswerMilliseconds)
    }
    askedAt = nil
    if streamCount > 0, now >= heardAt.adding(milliseconds: limits.pingAfterMilliseconds) {
      core.session.ping()
      askedAt = now
    }
    return true
  }

  /// Opens no more streams and tells the peer; those under way go on.
  public func shutdown() { core.session.shutdown() }
}
