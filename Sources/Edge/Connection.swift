internal import Base
internal import Native
internal import Reactor

/// One socket, with TLS when asked, between the kernel and a codec: bytes in, bytes out, an end.
///
/// Subclasses say what the bytes mean. Owns its socket and TLS session; lives as long as it is
/// registered; confined to its loop's thread.
class Connection: Pollable {
  let context: LoopContext
  private let socket: Socket
  private var tls: TLSSession?
  private var registration: Registration?
  /// Cleartext connections queue their output here; TLS sessions have a queue of their own.
  private var output = ByteQueue()
  private var isReadable = false
  private var isWritable = false
  /// TCP is not connected yet (origins) or TLS is not agreed yet.
  private var isConnecting: Bool
  private var isHandshaking: Bool
  private var isEstablished = false
  /// Whether bytes come before the application protocol and TLS, which `preamble` takes.
  private var awaitsPreamble: Bool
  private var hasPeerEnded = false
  /// The kernel told of an end or a fault: it stands behind the bytes and is not told again.
  private var isHangUpTold = false
  private var isLingering = false
  /// Whether the connection waits in `LoopContext.flushLater`.
  var isFlushPending = false
  /// When bytes last moved, for idle timeouts.
  private(set) var lastActivity: Instant
  /// Whether the socket is gone.
  var isClosed: Bool { registration == nil }

  /// Reads per turn before other connections get theirs: a fast sender must not starve the rest.
  private static let readsPerTurnMax = 4
  /// Output held for a slow peer before the codec is asked for no more.
  private static let outputByteCountMax = 131_072

  /// Takes the socket; `begin` starts it. An outgoing socket `isConnecting`.
  init(
    context: LoopContext, socket: consuming Socket, tls: consuming TLSSession?,
    isConnecting: Bool, hasPreamble: Bool = false
  ) {
    self.context = context
    self.socket = socket
    self.isConnecting = isConnecting
    awaitsPreamble = hasPreamble
    isHandshaking = tls != nil
    self.tls = tls
    lastActivity = context.loop.now
  }

  // MARK: What subclasses say

  /// Bytes of the application protocol arrived; they are valid during the call.
  func received(_ bytes: UnsafeRawBufferPointer) {}
  /// Bytes arrived before anything else: how many of them are still the preamble's, once it is
  /// complete; nil while it is not, or when it was wrong and the connection is closed.
  func preamble(_ bytes: UnsafeRawBufferPointer) -> Int? { 0 }
  /// The peer sent its last byte, in good order.
  func peerEnded() {}
  /// The transport is ready: TCP connected and TLS agreed.
  func established() {}
  /// The transport broke, or never came to be. The socket is closed already.
  func broke(_ reason: TransportFault) {}
  /// Bytes for the peer go to `output`, up to about `byteCountMax`.
  func produce(into output: inout ByteQueue, byteCountMax: Int) {}
  /// Whether bytes from the peer are welcome now.
  var wantsToReceive: Bool { true }
  /// Whether the connection should end once everything is written.
  var isFinished: Bool { false }
  /// Whether that end must be a reset: what the peer has is incomplete, and must look so.
  var endsAbruptly: Bool { false }

  // MARK: The TLS session's facts

  /// The protocol that ALPN agreed; nil on cleartext or without ALPN.
  var alpn: ALPN? { tls?.alpn }

  /// The peer's certificate; nil without one.
  var peerCertificate: PeerCertificate? { tls?.peerCertificate }

  // MARK: Life

  /// Starts watching the socket.
  final func begin() throws(SystemError) {
    registration = try socket.register(on: context.loop, self)
    if !isConnecting && !isHandshaking {
      isEstablished = true
      established()
    }
  }

  /// Closes at once; queued output is lost. With `resets`, the peer sees a reset.
  func close(resets: Bool = false) {
    guard let registration else { return }
    if resets { socket.resetOnClose() }
    context.loop.forget(registration)
    self.registration = nil
  }

  final func becameReady(_ readiness: Readiness) {
    if isConnecting {
      connected()
      if isClosed { return }
    }
    if readiness.contains(.writable), !isWritable {
      isWritable = true
      context.flushLater(self)
    }
    if readiness.contains(.hangUp) { isHangUpTold = true }
    if readiness.contains(.readable) {
      isReadable = true
      pump()
    }
  }

  /// TCP is connected, or failed to.
  private func connected() {
    if let error = socket.connectError() { return fail(.connect(error)) }
    isConnecting = false
    if isHandshaking {
      shakeHands()
    } else {
      isEstablished = true
      established()
    }
    context.flushLater(self)
  }

  /// Reads while there is something to read and somebody who wants it.
  final func pump() {
    guard !isClosed else { return }
    if tls != nil && !isHandshaking { readPlaintext() }
    var reads = 0
    while isReadable && !isClosed && (isHandshaking || wantsToReceive || isLingering) {
      guard reads < Self.readsPerTurnMax else {
        if let registration { context.loop.pollAgain(registration, .readable) }
        break
      }
      reads += 1
      readOnce()
    }
    context.flushLater(self)
  }

  private func readOnce() {
    let buffer = unsafe context.receiveBuffer
    guard let start = buffer.baseAddress else { return }
    switch unsafe socket.read(into: start, byteCountMax: buffer.count) {
    case .bytes(let count):
      // A short read means that the kernel has no more bytes; the next edge tells of new ones.
      if count < buffer.count && !isHangUpTold { isReadable = false }
      lastActivity = context.loop.now
      if isLingering { return }
      var bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
      if awaitsPreamble {
        guard let taken = unsafe preamble(bytes) else { return }
        awaitsPreamble = false
        unsafe bytes = UnsafeRawBufferPointer(rebasing: bytes[taken...])
        if bytes.count == 0 { return }
      }
      if tls == nil {
        unsafe received(bytes)
      } else {
        unsafe tls?.feed(bytes)
        if isHandshaking { shakeHands() }
        if !isHandshaking && !isClosed { readPlaintext() }
        tls?.endFeed()
      }
    case .wouldBlock: isReadable = false
    case .end:
      isReadable = false
      tls?.endInput()
      transportEnded()
    case .failed(let error): fail(.socket(error))
    }
  }

  private func transportEnded() {
    if isLingering { return close() }
    if isHandshaking || !isEstablished { return fail(.ended) }
    if tls != nil && !hasPeerEnded { return fail(.truncated) }
    endByPeer()
  }

  private func endByPeer() {
    guard !hasPeerEnded else { return }
    hasPeerEnded = true
    peerEnded()
  }

  private func shakeHands() {
    guard let result = tls?.handshake() else { return }
    switch result {
    case .inProgress: break
    case .complete:
      isHandshaking = false
      isEstablished = true
      established()
    case .failed(let fault):
      flush()
      fail(.tls(fault))
    }
  }

  private func readPlaintext() {
    guard let start = unsafe context.plaintextBuffer.baseAddress else { return }
    while !isClosed && wantsToReceive {
      guard
        let result = unsafe tls?.read(
          into: start, byteCountMax: context.plaintextBuffer.count)
      else { return }
      switch result {
      case .bytes(let count): unsafe received(UnsafeRawBufferPointer(start: start, count: count))
      case .wantsMore: return
      case .closed: return endByPeer()
      case .failed(let fault): return fail(.tls(fault))
      }
    }
  }

  /// Moves the codec's output through TLS to the kernel until either has enough.
  final func flush() {
    // After the goodbye nothing is written: TLS still holds it, and the socket is shut.
    while !isClosed && isWritable && !isLingering {
      if outputByteCount < Self.outputByteCountMax && !isHandshaking && isEstablished { fill() }
      let byteCount = outputByteCount
      guard byteCount > 0 else { break }
      guard writeOnce() else { return }
      // Less than it might have been was all there is; more would have asked for another flush.
      if byteCount < Self.outputByteCountMax, outputByteCount == 0 { break }
    }
    guard !isClosed, isFinished, outputByteCount == 0, isEstablished else { return }
    end()
  }

  private var outputByteCount: Int {
    tls == nil ? output.count : (tls?.outputByteCount ?? 0)
  }

  private func fill() {
    if tls == nil {
      produce(into: &output, byteCountMax: Self.outputByteCountMax)
      return
    }
    produce(into: &context.plaintext, byteCountMax: Self.outputByteCountMax)
    guard !context.plaintext.isEmpty else { return }
    let result = unsafe context.plaintext.withReadable { unsafe tls?.write($0) }
    context.plaintext.removeAll()
    if case .failed(let fault)? = result { fail(.tls(fault)) }
  }

  /// Writes once; false when the kernel takes no more or the connection broke.
  private func writeOnce() -> Bool {
    let result =
      tls == nil
      ? unsafe output.withReadable { unsafe socket.write($0) }
      : unsafe tls?.withOutput { unsafe socket.write($0) } ?? .wouldBlock
    switch result {
    case .bytes(let count):
      lastActivity = context.loop.now
      if tls == nil { output.consume(count) } else { tls?.consumeOutput(count) }
      return true
    case .wouldBlock:
      isWritable = false
      return false
    case .end: return false
    case .failed(let error):
      fail(.socket(error))
      return false
    }
  }

  /// Everything is written: say goodbye, then swallow what the peer still sends for a while, so
  /// that our last bytes are not lost to a reset.
  private func end() {
    guard !isLingering else { return }
    if endsAbruptly { return close(resets: true) }
    if tls != nil {
      tls?.close()
      _ = unsafe tls?.withOutput { unsafe socket.write($0) }
    }
    if hasPeerEnded { return close() }
    isLingering = true
    lingerStarted = context.loop.now
    socket.shutdownWrite()
    pump()
  }

  /// Since when the connection only waits for the peer's end; nil before that.
  private(set) var lingerStarted: Instant?

  /// Gives buffers back; called when the connection has been idle.
  final func releaseIdleMemory() {
    output.releaseIfEmpty()
    tls?.releaseIdleMemory()
  }

  private func fail(_ reason: TransportFault) {
    guard !isClosed else { return }
    close()
    broke(reason)
  }
}

/// Why a transport broke.
enum TransportFault {
  /// The connection could not be made.
  case connect(SystemError)
  /// Reading or writing failed.
  case socket(SystemError)
  /// TLS refused.
  case tls(TLSFault)
  /// The peer closed before the transport was ready.
  case ended
  /// TCP ended without TLS's close_notify: what came may be cut short.
  case truncated
  /// It took too long.
  case timeout

  /// Words for the log; nothing in them comes from the peer.
  var description: String {
    switch self {
    case .connect(let error), .socket(let error): "\(error)"
    case .tls(let fault): "TLS: \(fault.reason)"
    case .ended: "the peer closed during the handshake"
    case .truncated: "the peer closed without a TLS close_notify"
    case .timeout: "timed out"
    }
  }
}
