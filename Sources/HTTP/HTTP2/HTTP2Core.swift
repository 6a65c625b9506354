internal import Base
internal import Native

/// What both roles of an HTTP/2 codec share: the session, and the messages that wait to be taken.
///
/// INVARIANT (announced): the owner hears of a server stream first by `head` or `refused`; a stream
/// that was reset before that never reaches it.
final class HTTP2Core {
  /// The connection's framing.
  let session: HTTP2Session
  /// Whether we are the server.
  let isServer: Bool
  /// Trailers that wait to be taken, by slot.
  private var trailers: [Fields] = []
  /// Whether the owner knows the stream in each slot.
  private var isAnnounced: [Bool] = []
  /// The end of a drained connection was reported.
  private var hasReportedEnd = false

  /// Makes the core of one connection.
  init(isServer: Bool, limits: HTTPLimits) {
    self.isServer = isServer
    var native = HTTP2Limits()
    native.fieldCountMax = limits.fieldCountMax
    native.fieldBytesMax = limits.fieldBytesMax
    // A client is bounded by the peer's setting; ours only keeps the table finite.
    native.concurrentStreamsMax =
      isServer ? limits.concurrentStreamsMax : Self.clientStreamsMax
    native.streamWindowBytes = limits.streamWindowBytes
    native.connectionWindowBytes = limits.connectionWindowBytes
    native.sendLowMarkBytes = limits.sendLowMarkBytes
    native.resetBurst = limits.resetBurst
    native.resetRatePerSecond = limits.resetRatePerSecond
    native.continuationsMax = limits.continuationsMax
    native.settingsEntriesMax = limits.settingsEntriesMax
    native.outboundAcksMax = limits.outboundAcksMax
    native.outboundFramesMax = limits.outboundFramesMax
    session = HTTP2Session(isServer: isServer, limits: native)
  }

  /// Streams at once on one origin connection: more belong on a second one.
  private static let clientStreamsMax: UInt32 = 1_000

  /// The slot of a stream that the owner still holds; -1 when it is gone.
  @inline(__always)
  func find(_ stream: StreamID) -> Int32 { session.find(stream.number) }

  /// Notes that the owner knows the stream.
  func announce(_ slot: Int32) {
    let index = Int(slot)
    while isAnnounced.count <= index { isAnnounced.append(false) }
    isAnnounced[index] = true
  }

  /// Whether the owner knows the event's stream and still holds it.
  @inline(__always)
  private func isHeld(_ event: HTTP2Event) -> Bool {
    let index = Int(event.slot)
    return index < isAnnounced.count && isAnnounced[index]
      && session.isLive(event.slot, stream: event.stream)
  }

  /// The owner lets go of a stream.
  func letGo(_ slot: Int32) {
    let index = Int(slot)
    if index < isAnnounced.count { isAnnounced[index] = false }
    if index < trailers.count, !trailers[index].isEmpty { trailers[index] = Fields() }
    session.release(slot)
  }

  /// Ends a stream by the owner's decision.
  func reset(_ stream: StreamID, code: UInt32) {
    let slot = find(stream)
    guard slot >= 0 else { return }
    isAnnounced[Int(slot)] = false
    if Int(slot) < trailers.count, !trailers[Int(slot)].isEmpty { trailers[Int(slot)] = Fields() }
    if code == ErrorCode.noError && session.isFinishing(slot) {
      session.resetAfterEnd(slot)
    } else {
      session.reset(slot, code: code)
    }
  }

  /// What an event other than a head means to the owner; nil when it concerns nobody.
  func translate(_ event: HTTP2Event) -> CodecEvent? {
    switch event.kind {
    case .goAway: return .goAway
    case .failedAbuse: return .failed(.abuse(event.reason.description))
    case .failedMalformed: return .failed(.malformed(event.reason.description))
    case .failedClosed: return .failed(.closed)
    default: break
    }
    let id = StreamID(event.stream)
    guard isHeld(event) else {
      dropUnheld(event)
      return nil
    }
    switch event.kind {
    case .data: return unsafe .body(id, event.bytes)
    case .end: return .end(id, hasTrailers: false)
    case .trailers:
      return .end(id, hasTrailers: storeTrailers(event))
    case .writable: return .writable(id)
    case .closed:
      let ending = ending(event)
      letGo(event.slot)
      return ending
    case .overLimit:
      letGo(event.slot)
      return .reset(id, .malformed("fields above the limit"))
    case .lost:
      letGo(event.slot)
      return .reset(id, .connectionLost)
    default: return nil
    }
  }

  /// Frees the slot of a stream that ended before its owner heard of it.
  private func dropUnheld(_ event: HTTP2Event) {
    let isLast = event.kind == .closed || event.kind == .lost
    if isLast && session.isLive(event.slot, stream: event.stream) { letGo(event.slot) }
  }

  /// How a stream that nghttp2 closed ended.
  private func ending(_ event: HTTP2Event) -> CodecEvent {
    let id = StreamID(event.stream)
    let state = session.state(event.slot)
    if let code = state.peerResetCode {
      let isUnprocessed = !isServer && code == ErrorCode.refusedStream
      return .reset(id, isUnprocessed ? .refused : .peerReset(code: code))
    }
    if event.code == ErrorCode.noError && state.isComplete { return .closed(id) }
    if !isServer && event.code == ErrorCode.refusedStream {
      let isTurnedAway = session.peerGoAwayCode ?? ErrorCode.noError != ErrorCode.noError
      return .reset(id, isTurnedAway ? .turnedAway : .neverProcessed)
    }
    return .reset(id, .malformed("message breaks the protocol"))
  }

  /// Reports once that a connection which one side said goodbye to has drained.
  func reportEnd() -> CodecEvent? {
    guard !hasReportedEnd, session.isDrained else { return nil }
    hasReportedEnd = true
    return .failed(.closed)
  }

  // MARK: - Sections

  /// Keeps a message's trailers until they are taken, without those that could change how the
  /// message is read; returns whether any is left.
  private func storeTrailers(_ event: HTTP2Event) -> Bool {
    var fields = Fields()
    for line in event.firstLine..<event.firstLine + event.count {
      unsafe session.withLine(line) { name, value, isSensitive in
        let known = unsafe KnownField(lowercased: name)
        guard known.isAllowedInTrailers else { return }
        unsafe fields.append(known, name: name, value: value, isSensitive: isSensitive)
      }
    }
    guard !fields.isEmpty else { return false }
    let index = Int(event.slot)
    while trailers.count <= index { trailers.append(Fields()) }
    trailers[index] = fields
    return true
  }

  /// Takes a message's trailers.
  func takeTrailers(_ stream: StreamID) -> Fields {
    let slot = Int(find(stream))
    guard slot >= 0, slot < trailers.count else { return Fields() }
    var fields = Fields()
    swap(&fields, &trailers[slot])
    return fields
  }

  /// Completes our message.
  func finish(_ stream: StreamID, trailers: Fields?) {
    let slot = find(stream)
    guard slot >= 0 else { return }
    guard let trailers, !trailers.isEmpty else { return session.finish(slot) }
    unsafe trailers.bytes.withUnsafeBytes { bytes in
      unsafe HTTP2Writer.addLines(trailers, bytes, to: session)
      session.finish(slot)
    }
  }
}
