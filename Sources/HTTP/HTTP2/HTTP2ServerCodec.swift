internal import Base
internal import Native

/// The server side of one HTTP/2 connection. Owned by one loop.
///
/// What must not reach the router is `refused`: sections and targets above the limits, CONNECT, and
/// heads that nghttp2 lets pass but the proxy does not (no usable authority, underscores in names).
/// Each counts as a reset that the peer provoked, so that a flood of them ends the connection. What
/// RFC 9113 section 8.1.1 calls malformed is reset by nghttp2 and never told.
///
/// Events may also follow a call of `produce` (`writable`, `closed`, `reset`, `failed`).
/// Connections that said goodbye and drained report `failed(.closed)`.
public final class HTTP2ServerCodec: HTTP2Side, ServerCodec {
  /// Heads that wait to be taken, by slot.
  private var heads: [RequestHead] = []
  /// The memory of the head that was taken last, for the next one.
  private var spareHead = RequestHead()
  /// The stream whose head was just reported and that waits for `100 Continue`.
  private var expecting: StreamID?
  /// The connection's bounds.
  private let limits: HTTPLimits

  /// Makes the codec of a new connection; its SETTINGS wait in `produce`.
  public init(limits: HTTPLimits) {
    self.limits = limits
    super.init(HTTP2Core(isServer: true, limits: limits))
  }

  /// The next event, oldest first; nil when there is none.
  public func nextEvent() -> CodecEvent? {
    if let stream = expecting {
      expecting = nil
      if core.find(stream) >= 0 { return .expectsContinue(stream) }
    }
    while let event = core.session.next() {
      let meaning = event.kind == .head ? accept(event) : core.translate(event)
      if let meaning { return meaning }
    }
    return core.reportEnd()
  }

  /// Reads a request's head, or refuses it.
  private func accept(_ event: HTTP2Event) -> CodecEvent? {
    guard core.session.isLive(event.slot, stream: event.stream) else { return nil }
    let state = core.session.state(event.slot)
    // A request that was reset before anybody looked costs no routing.
    if state.isClosed || state.peerResetCode != nil { return nil }
    var head = RequestHead()
    swap(&head, &spareHead)
    head.removeAll()
    if event.isOverLimit { head.forgetMethod() }
    let fault =
      event.isOverLimit
      ? .fieldsTooLarge : HTTP2Reader.readRequest(event, core.session, limits: limits, into: &head)
    let stream = StreamID(event.stream)
    if fault != nil {
      head = head.refused()
      core.session.countRefusal(event.slot)
    } else if !event.isEnd, let expect = head.fields.first(.expect),
      unsafe head.fields.withValue(expect, { unsafe isContinue($0) })
    {
      expecting = stream
    }
    let index = Int(event.slot)
    while heads.count <= index { heads.append(RequestHead()) }
    swap(&heads[index], &head)
    core.announce(event.slot)
    return fault.map { .refused(stream, $0) } ?? .head(stream, isEnd: event.isEnd)
  }

  /// Whether a value of `expect` is `100-continue`, in any case.
  private func isContinue(_ value: UnsafeRawBufferPointer) -> Bool {
    unsafe value.count == 12
      && value.elementsEqual("100-continue".utf8, by: { $0 == $1 || ($0 | 0x20) == $1 })
  }

  /// The head that `head` or `refused` announced; it waits until the stream is gone.
  public func takeRequest(_ stream: StreamID, into head: inout RequestHead) {
    let slot = Int(core.find(stream))
    guard slot >= 0 else { return head.removeAll() }
    swap(&head, &heads[slot])
    swap(&heads[slot], &spareHead)
  }

  /// Sends an interim response (100, 103).
  public func sendInformational(_ stream: StreamID, _ head: borrowing ResponseHead) {
    precondition(head.status >= 100 && head.status < 200 && head.status != 101, "not interim")
    let slot = core.find(stream)
    guard slot >= 0 else { return }
    HTTP2Writer.withResponse(head, to: core.session) { core.session.submitInformational(slot) }
  }

  /// Sends the final head; `isEnd` when no body and no trailers follow.
  public func sendResponse(_ stream: StreamID, _ head: borrowing ResponseHead, isEnd: Bool) {
    precondition(head.status >= 200 && head.status < 600, "not a final status")
    let slot = core.find(stream)
    guard slot >= 0 else { return }
    HTTP2Writer.withResponse(head, to: core.session) {
      core.session.submitResponse(slot, hasBody: !isEnd)
    }
  }

  /// First phase of a graceful end: GOAWAY that still lets streams come.
  public func announceShutdown() { core.session.announceShutdown() }
  /// Second phase: new streams are refused, those under way go on.
  public func shutdown() { core.session.shutdown() }
}
