internal import Base
internal import HTTP
internal import Identity
internal import Native
internal import Proxy
internal import Reactor

/// A client's connection: its codec's events become exchanges, and exchanges answer through it.
final class ClientConnection: ServingConnection {
  let worker: Worker
  /// Where the client connects from: as the kernel says, or the PROXY header of a trusted balancer.
  private(set) var peer: SocketAddress
  /// Whether a balancer's PROXY header says where the client is.
  private var isAnnounced = false
  /// The beginning of a PROXY header that is not complete.
  private var announcement: [UInt8] = []
  /// Whether the client speaks TLS.
  let isSecure: Bool
  private var exchanges = StreamTable()
  private let openedAt: Instant
  private var hasRequested = false
  /// Since when no request is under way. Bytes that are none change nothing of that.
  private var quietSince: Instant
  /// When a head was seen first that is not complete.
  private var headSince: Instant?
  private var isDraining = false
  private var wasToldToEnd = false
  private var place: (of: IPAddress, in: Snapshot, is: Locator.Finding)?
  /// The token of the last request.
  var recentToken = RecentToken()
  /// Whom the certificate names, and what it proves under a snapshot's rules.
  private var certified: (in: Snapshot, name: String?, is: Subject?)?

  /// Takes an accepted socket.
  init(
    worker: Worker, socket: consuming Socket, peer: SocketAddress, tls: consuming TLSSession?,
    isAnnounced: Bool = false
  ) {
    self.worker = worker
    self.peer = peer
    isSecure = tls != nil
    openedAt = worker.context.loop.now
    quietSince = openedAt
    super.init(
      context: worker.context, socket: socket, tls: tls, isConnecting: false,
      hasPreamble: isAnnounced)
  }

  /// Takes the PROXY header, from a peer that `Worker.accept` knows to be trusted. From here on the
  /// client is who that says: what it forwards in turn is believed if it is trusted itself.
  override func preamble(_ bytes: UnsafeRawBufferPointer) -> Int? {
    let before = announcement.count
    unsafe announcement.append(contentsOf: bytes.prefix(ProxyHeader.byteCountMax - before))
    switch unsafe announcement.withUnsafeBytes({ unsafe ProxyHeader.read($0) }) {
    case .needsMore: return nil
    case .malformed(let reason):
      worker.log.clientBroke(reason)
      close(resets: true)
      return nil
    case .complete(let source, let byteCount):
      announcement = []
      if let source {
        isAnnounced = true
        peer = SocketAddress(source.address, port: source.port)
      }
      return byteCount - before
    }
  }

  /// Who sent a request: the connection's other end, or whom a trusted proxy names. Where that is
  /// gets looked up once a connection, address and snapshot.
  func facts(_ request: borrowing JudgedRequest) -> ClientFacts {
    let snapshot = worker.snapshot
    var address = ClientAddress.resolve(
      peer: peer.address, fields: request.head.fields, trusted: snapshot.trustedProxies)
    if isAnnounced, address.provenance == .connection { address.provenance = .forwarded }
    if place?.of != address.address || place?.in !== snapshot {
      place = (address.address, snapshot, snapshot.place(of: address.address))
    }
    if certified?.in !== snapshot {
      let certificate = peerCertificate
      certified = (
        snapshot, certificate?.subject, certificate.flatMap { snapshot.identity?.subject(of: $0) }
      )
    }
    let found = address.provenance == .unreadable ? .unknown : place?.is ?? .unknown
    return ClientFacts(
      address: address, place: found.place, placeProvenance: found.provenance,
      subject: certified?.name, certified: certified?.is)
  }

  /// Makes a request fit for the origin.
  func prepare(_ request: inout JudgedRequest) -> Refusal? {
    let isTrusted = worker.snapshot.trustedProxies.contains { $0.contains(peer.address) }
    return request.prepareRequest(
      peer: peer.address, isPeerTrusted: isTrusted,
      received: codec is HTTP2ServerCodec ? .http2 : .http11,
      limits: worker.snapshot.limits.http)
  }

  override func established() {
    speak(worker.snapshot.limits.http, isSecure: isSecure)
    if isDraining { codec?.announceShutdown() }
    quietSince = context.loop.now
    context.flushLater(self)
  }

  override func broke(_ reason: TransportFault) {
    worker.log.clientBroke(reason.description)
    for exchange in exchanges.removeAll() { exchange.clientGone() }
    worker.forget(self)
  }

  override func close(resets: Bool = false) {
    guard !isClosed else { return }
    super.close(resets: resets)
    for exchange in exchanges.removeAll() { exchange.clientGone() }
    worker.forget(self)
  }

  /// Hands the codec's events to the exchanges they concern.
  override func drain() {
    guard let codec else { return }
    while let event = codec.nextEvent() {
      context.flushLater(self)
      switch event {
      case .head(let stream, let isEnd):
        begin(stream, codec, isEnd: isEnd)
      case .refused(let stream, let fault):
        if let exchange = exchanges.find(stream) {
          exchange.clientFailed(Refusal(fault))
        } else {
          begin(stream, codec, isEnd: false, fault)
        }
      case .expectsContinue(let stream): exchanges.find(stream)?.clientExpectsContinue()
      case .body(let stream, let bytes):
        if let exchange = exchanges.find(stream) {
          unsafe exchange.clientSent(bytes)
        } else {
          codec.consumed(stream, byteCount: bytes.count)
        }
      case .end(let stream, let hasTrailers):
        exchanges.find(stream)?.clientEnded(
          trailers: hasTrailers ? codec.takeTrailers(stream) : nil)
      case .reset(let stream, _), .closed(let stream):
        if let exchange = forget(stream) {
          exchange.clientGone()
          worker.reuse(exchange)
        }
      case .writable(let stream): exchanges.find(stream)?.clientDrained()
      case .informational, .goAway: break
      case .failed(let fault): worker.log.clientFault(fault)
      }
    }
  }

  /// Makes the exchange of a new request; `fault` is why the codec could not hand it on.
  private func begin(
    _ stream: StreamID, _ codec: any ServerCodec, isEnd: Bool, _ fault: RequestFault? = nil
  ) {
    hasRequested = true
    let exchange = worker.makeExchange()
    exchange.start(client: self, codec: codec, stream: stream, isEnd: isEnd)
    exchanges.insert(exchange, stream)
    exchange.begin(fault)
  }

  /// Takes the exchange on a stream out.
  @discardableResult
  private func forget(_ stream: StreamID) -> Exchange? {
    let exchange = exchanges.remove(stream)
    if exchanges.count == 0 { quietSince = context.loop.now }
    return exchange
  }

  /// Ends a stream early. The codec names it no more.
  func reset(_ stream: StreamID, code: UInt32) {
    forget(stream)
    codec?.reset(stream, code: code)
    context.flushLater(self)
  }

  /// The answer on `stream` is complete and the request is not: HTTP/2 is told to stop (RFC 9113
  /// section 8.1), HTTP/1.1 closes after the answer and its bytes are swallowed until then.
  func refuseRest(of stream: StreamID, byteCount: Int) {
    if codec is HTTP2ServerCodec {
      reset(stream, code: ErrorCode.noError)
    } else {
      codec?.consumed(stream, byteCount: byteCount)
    }
  }

  // MARK: Time

  /// Called about once a second: closes what has waited too long.
  func checkDeadlines(_ now: Instant) {
    let timeouts = worker.snapshot.timeouts
    if let lingerStarted {
      if now >= lingerStarted.adding(milliseconds: timeouts.lingerMilliseconds) { close() }
      return
    }
    if codec == nil {
      if now >= openedAt.adding(milliseconds: timeouts.handshakeMilliseconds) { close() }
      return
    }
    codec?.advance(to: now)
    guard exchanges.count == 0 else {
      headSince = nil
      return checkFetching(timeouts.clientStallMilliseconds, now)
    }
    if now >= quietEnd(timeouts, now) {
      // The goodbye begins a new wait: who does not answer it is closed one patience later.
      if wasToldToEnd { return close() }
      wasToldToEnd = true
      quietSince = now
      shutdown()
    }
    releaseIdleMemory()
  }

  /// Exchanges under way watch their own progress; answers that nobody fetches are watched here.
  private func checkFetching(_ patience: UInt64, _ now: Instant) {
    guard let codec else { return }
    let isSilent = now >= lastActivity.adding(milliseconds: patience) && !isFlushPending
    if isSilent, exchanges.areAllOver { return close(resets: true) }
    for stream in exchanges.stalled(codec, for: patience, at: now) {
      guard codec is HTTP2ServerCodec else { return close(resets: true) }
      reset(stream, code: ErrorCode.cancel)
    }
  }

  /// Until when a connection without a request under way may stay so. A head that has begun has its
  /// own time, first byte to last.
  private func quietEnd(_ timeouts: Timeouts, _ now: Instant) -> Instant {
    let isInHead = (codec as? HTTP1ServerCodec)?.isInHead == true
    headSince = isInHead ? headSince ?? now : nil
    if hasRequested, headSince == nil {
      return quietSince.adding(milliseconds: timeouts.clientIdleMilliseconds)
    }
    let begin = hasRequested ? headSince ?? now : quietSince
    return begin.adding(milliseconds: timeouts.clientHeaderMilliseconds)
  }

  /// First phase of a graceful end.
  func announceShutdown() {
    isDraining = true
    codec?.announceShutdown()
    drain()
    context.flushLater(self)
  }

  /// Second phase of a graceful end.
  func shutdown() {
    guard let codec else { return close() }
    codec.shutdown()
    drain()
    context.flushLater(self)
  }
}
