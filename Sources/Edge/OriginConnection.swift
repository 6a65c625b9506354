internal import Base
internal import HTTP
internal import Native
internal import Origins
internal import Proxy
internal import Reactor

/// A connection to one endpoint: carries one exchange (HTTP/1.1) or several (HTTP/2).
final class OriginConnection: Connection {
  let pool: OriginPool
  /// The pool machine's number for this connection; nil before it is ready and after it is lost.
  var slot: Int?
  /// When connecting began.
  let startedAt: Instant
  private(set) var codec: (any ClientCodec)?
  private var exchanges = StreamTable()
  /// When bytes last came.
  private(set) var receivedAt = Instant(nanoseconds: 0)
  /// Requests that this connection has carried.
  private(set) var requestCount = 0

  /// Takes a socket on its way to the endpoint.
  init(pool: OriginPool, socket: consuming Socket, tls: consuming TLSSession?) {
    self.pool = pool
    startedAt = pool.worker.context.loop.now
    super.init(context: pool.worker.context, socket: socket, tls: tls, isConnecting: true)
  }

  override func established() {
    receivedAt = context.loop.now
    let limits = pool.worker.snapshot.limits.http
    switch pool.endpoint.definition.protocol {
    case .http1: codec = HTTP1ClientCodec(limits: limits)
    case .http2: codec = HTTP2ClientCodec(limits: limits)
    }
    pool.connected(self)
  }

  /// Sends a request's head; nil, and the place is given back, when the connection takes none now.
  func open(_ exchange: Exchange, isEnd: Bool) -> StreamID? {
    guard let codec, codec.canOpen else {
      settle()
      return nil
    }
    let stream = exchange.request.open(on: codec, isEnd: isEnd)
    requestCount += 1
    exchanges.insert(exchange, stream)
    context.flushLater(self)
    return stream
  }

  /// Gives back a place on which nothing was sent.
  func decline() { settle() }

  /// Lets go of an exchange that ended early: the origin is told to stop.
  func abandon(_ stream: StreamID) {
    exchanges.remove(stream)
    codec?.reset(stream, code: ErrorCode.cancel)
    drain()
    settle(isProven: false)
  }

  /// Lets go of an exchange whose response is complete. Its place is free once the codec says so.
  func complete(_ stream: StreamID) { exchanges.remove(stream) }

  /// Tells the pool that a stream's place is free, or that the connection is spent. `isProven` if
  /// the peer had a say in it.
  private func settle(isProven: Bool = true) {
    guard !isClosed else { return }
    if codec?.isReusable == true {
      pool.released(self, isProven: isProven)
    } else if exchanges.count == 0 {
      close()
    }
    context.flushLater(self)
  }

  /// Closes when the peer is no longer there: what is under way goes on elsewhere, or fails now.
  func checkPeer() {
    guard let codec, !isClosed else { return }
    guard codec.isAlive(heardAt: receivedAt, at: context.loop.now) else {
      pool.worker.log.originSilent(pool.endpoint.name)
      return close(resets: true)
    }
    if codec.wantsToSend { context.flushLater(self) }
  }

  override var wantsToReceive: Bool { codec?.wantsToReceive ?? true }
  override var isFinished: Bool { codec?.isFinished ?? false }

  override func received(_ bytes: UnsafeRawBufferPointer) {
    receivedAt = context.loop.now
    unsafe codec?.receive(bytes)
    drain()
  }

  override func peerEnded() {
    codec?.receiveEnd()
    drain()
    guard !isClosed else { return }
    close()
  }

  override func produce(into output: inout ByteQueue, byteCountMax: Int) {
    codec?.produce(into: &output, byteCountMax: byteCountMax)
    drain()
  }

  override func broke(_ reason: TransportFault) {
    if codec == nil {
      pool.connectFailed(self, reason)
    } else {
      pool.lost(self)
    }
    for exchange in exchanges.removeAll() { exchange.originFailed(.connectionLost, on: self) }
  }

  override func close(resets: Bool = false) {
    guard !isClosed else { return }
    super.close(resets: resets)
    pool.lost(self)
    for exchange in exchanges.removeAll() { exchange.originFailed(.connectionLost, on: self) }
  }

  private func drain() {
    guard let codec else { return }
    while let event = codec.nextEvent() {
      context.flushLater(self)
      switch event {
      case .head(let stream, let isEnd):
        guard let exchange = exchanges.find(stream) else { continue }
        if let hedge = exchange.hedge, hedge.connection === self {
          exchange.hedgeAnswered(hedge, codec, isEnd: isEnd)
        } else {
          exchange.originAnswered(codec, isEnd: isEnd)
        }
      case .informational(let stream):
        let head = codec.takeResponse(stream)
        guard let exchange = exchanges.find(stream), exchange.hedge?.connection !== self
        else { continue }
        exchange.originInformed(head)
      case .body(let stream, let bytes):
        if let exchange = exchanges.find(stream) {
          unsafe exchange.originSent(bytes)
        } else {
          codec.consumed(stream, byteCount: bytes.count)
        }
      case .end(let stream, let hasTrailers):
        exchanges.find(stream)?.originEnded(
          trailers: hasTrailers ? codec.takeTrailers(stream) : nil)
      case .reset(let stream, let fault):
        let exchange = exchanges.find(stream)
        exchanges.remove(stream)
        if fault == .refused { pool.refused(self) }
        // No further event names the stream: its place is free now or never.
        settle()
        exchange?.originFailed(fault, on: self)
      case .writable(let stream): exchanges.find(stream)?.originDrained()
      case .goAway: pool.goAway(self)
      case .failed(let fault):
        pool.worker.log.originFault(pool.endpoint.name, fault)
      case .closed: settle()
      case .expectsContinue, .refused: break
      }
    }
  }
}
