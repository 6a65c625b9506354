public import Base
import CNGHTTP2

/// One HTTP/2 connection's framing: owns an nghttp2 session and the state of its streams.
///
/// Sans I/O. Bytes go in with `receive`, events come out with `next`, bytes go out with `produce`.
/// Streams are named by their slot, a small position that stays valid until `release`. Owned by
/// one loop; nothing here may be shared between threads.
@safe
public struct HTTP2Session: ~Copyable {
  /// nghttp2's handle.
  let session: OpaquePointer
  /// What the callbacks touch; at a fixed address because nghttp2 keeps it.
  let context: UnsafeMutablePointer<HTTP2Context>

  /// Makes a session and queues its SETTINGS and its connection window.
  public init(isServer: Bool, limits: HTTP2Limits) {
    unsafe context = UnsafeMutablePointer.allocate(capacity: 1)
    unsafe context.initialize(to: HTTP2Context(isServer: isServer, limits: limits))
    let option = unsafe Self.makeOption(limits)
    var made: OpaquePointer?
    let table = unsafe HTTP2Callbacks.table
    let result =
      unsafe isServer
      ? nghttp2_session_server_new2(&made, table, context, option)
      : nghttp2_session_client_new2(&made, table, context, option)
    precondition(result == 0, "out of memory")
    unsafe nghttp2_option_del(option)
    unsafe session = made.unsafelyUnwrapped
    submitSettings(isServer: isServer, limits)
  }

  deinit {
    unsafe nghttp2_session_del(session)
    unsafe context.deinitialize(count: 1)
    unsafe context.deallocate()
  }

  /// nghttp2's options; the caller deletes them.
  private static func makeOption(_ limits: HTTP2Limits) -> OpaquePointer {
    var made: OpaquePointer?
    precondition(unsafe nghttp2_option_new(&made) == 0, "out of memory")
    let option = unsafe made.unsafelyUnwrapped
    unsafe nghttp2_option_set_no_closed_streams(option, 1)
    unsafe nghttp2_option_set_no_auto_window_update(option, 1)
    unsafe nghttp2_option_set_max_reserved_remote_streams(option, 0)
    unsafe nghttp2_option_set_max_outbound_ack(option, limits.outboundAcksMax)
    unsafe nghttp2_option_set_max_settings(option, limits.settingsEntriesMax)
    // The library's bucket reads a clock and answers INTERNAL_ERROR: it stands behind ours.
    unsafe HTTP2Library.setBackportedLimits(
      option, resetBurst: limits.resetBurst &* 5, resetRate: limits.resetRatePerSecond &* 5,
      continuationsMax: limits.continuationsMax)
    return unsafe option
  }

  /// Queues the first SETTINGS frame and widens the connection's window.
  private func submitSettings(isServer: Bool, _ limits: HTTP2Limits) {
    func entry(_ setting: nghttp2_settings_id, _ value: UInt32) -> nghttp2_settings_entry {
      nghttp2_settings_entry(settings_id: Int32(setting.rawValue), value: value)
    }
    var entries = [
      entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, UInt32(clamping: limits.streamWindowBytes)),
      entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, UInt32(clamping: limits.fieldBytesMax)),
    ]
    if isServer {
      entries.append(entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreamsMax))
      entries.append(entry(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1))
    } else {
      entries.append(entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
    }
    let result = unsafe entries.withUnsafeBufferPointer {
      unsafe nghttp2_submit_settings(session, 0, $0.baseAddress, $0.count)
    }
    precondition(result == 0, "settings out of range")
    let widened = unsafe nghttp2_session_set_local_window_size(
      session, 0, 0, limits.connectionWindowBytes)
    precondition(widened == 0, "window out of range")
  }

  // MARK: - Receiving

  /// Feeds bytes from the peer; what they mean waits in `next`.
  public func receive(_ bytes: UnsafeRawBufferPointer) {
    guard unsafe !context.pointee.isDead, bytes.count > 0 else { return }
    unsafe context.pointee.inbox.reset()
    let result = unsafe nghttp2_session_mem_recv(
      session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    if result < 0 { return receiveFailed(Int32(truncatingIfNeeded: result)) }
    let framesMax = unsafe context.pointee.limits.outboundFramesMax
    if unsafe nghttp2_session_get_outbound_queue_size(session) > framesMax {
      end(.failedAbuse, "too many frames wait for a peer that does not read", 0xB)
    }
  }

  /// Says why nghttp2 stopped reading.
  private func receiveFailed(_ error: Int32) {
    if let reason = unsafe context.pointee.abuse { return end(.failedAbuse, reason, 0xB) }
    if let reason = unsafe context.pointee.malformed { return end(.failedMalformed, reason, 0x1) }
    switch error {
    case NGHTTP2_ERR_FLOODED.rawValue:
      end(.failedAbuse, "too many acknowledgements wait for a peer that does not read", 0xB)
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue:
      end(.failedAbuse, "too many CONTINUATION frames", 0xB)
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue:
      end(.failedMalformed, "not an HTTP/2 preface", 0x1)
    default: end(.failedMalformed, "unreadable frames", 0x2)
    }
  }

  /// Tells that the peer's bytes ended.
  public func receiveEnd() {
    unsafe context.pointee.fail(.failedClosed, "end of stream")
  }

  /// Ends the connection: all streams are lost, and a GOAWAY with `code` is the last frame.
  public func end(_ kind: HTTP2Event.Kind, _ reason: StaticString, _ code: UInt32) {
    guard unsafe !context.pointee.isDead else { return }
    unsafe context.pointee.farewellCode = code
    unsafe context.pointee.fail(kind, reason)
  }

  /// Takes the oldest event; nil when there is none.
  @inline(__always)
  public func next() -> HTTP2Event? { unsafe context.pointee.inbox.next() }

  /// Hands a received field line to `body`, whose pointers are valid inside it only.
  @inline(__always)
  public func withLine<R>(
    _ index: Int,
    _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ isSensitive: Bool)
      -> R
  ) -> R {
    let line = unsafe context.pointee.inbox.lines[index]
    let start = Int(line.start)
    let middle = start + Int(line.nameCount)
    let end = middle + Int(line.valueCount)
    // `body` cannot reach the inbox's mutating calls, so the arena stays where it is.
    return unsafe body(
      context.pointee.inbox.bytes[start, middle], context.pointee.inbox.bytes[middle, end],
      line.isSensitive)
  }

  /// Bytes in the names and values of received lines.
  public func byteCount(ofLines range: Range<Int>) -> Int {
    guard let first = range.first, let last = range.last else { return 0 }
    let lines = unsafe (context.pointee.inbox.lines[first], context.pointee.inbox.lines[last])
    return Int(lines.1.start + lines.1.nameCount + lines.1.valueCount - lines.0.start)
  }

  /// Queues a PING: a peer that is there answers it before anything else.
  public func ping() {
    guard unsafe !context.pointee.isDead else { return }
    let result = unsafe nghttp2_submit_ping(session, 0, nil)
    precondition(result == 0, "out of memory")
  }

  /// Refills the peer's budget for the time that passed.
  public func advance(toNanoseconds now: UInt64) {
    unsafe context.pointee.budget.advance(toNanoseconds: now)
  }

  // MARK: - Streams

  /// The slot of a stream that its owner still holds; -1 when there is none.
  @inline(__always)
  public func find(_ stream: Int32) -> Int32 {
    guard let slot = unsafe context.pointee.table.find(stream), unsafe slot.pointee.isLive
    else { return -1 }
    return unsafe slot.pointee.index
  }

  /// Whether the slot still belongs to this stream and its owner wants to hear of it.
  @inline(__always)
  public func isLive(_ slot: Int32, stream: Int32) -> Bool {
    let slot = unsafe context.pointee.table[slot]
    return unsafe slot.pointee.isLive && slot.pointee.stream == stream
  }

  /// Streams that hold a slot.
  public var streamCount: Int { unsafe context.pointee.table.count }

  /// What is known of a stream's end.
  public struct StreamState: Sendable {
    /// The error code of the peer's RST_STREAM; nil when there was none.
    public let peerResetCode: UInt32?
    /// nghttp2 has closed the stream.
    public let isClosed: Bool
    /// Both messages were complete.
    public let isComplete: Bool
  }

  /// What is known of a stream's end.
  public func state(_ slot: Int32) -> StreamState {
    let slot = unsafe context.pointee.table[slot]
    return unsafe StreamState(
      peerResetCode: slot.pointee.isPeerReset ? slot.pointee.peerResetCode : nil,
      isClosed: slot.pointee.isClosed,
      isComplete: slot.pointee.hasRemoteEnded && slot.pointee.hasLocalEnded)
  }

  /// The owner lets go: no event names the stream any more, and the slot is free once nghttp2 has
  /// closed the stream too.
  public func release(_ slot: Int32) {
    let slot = unsafe context.pointee.table[slot]
    if unsafe slot.pointee.isClosed {
      unsafe context.pointee.release(slot, session)
    } else {
      unsafe slot.pointee.isLive = false
    }
  }

  /// Whether a client may open a stream now.
  public var canOpen: Bool {
    guard unsafe !context.pointee.isDead, unsafe !context.pointee.isShuttingDown,
      unsafe nghttp2_session_check_request_allowed(session) != 0
    else { return false }
    let remote = unsafe nghttp2_session_get_remote_settings(
      session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
    let countMax = unsafe min(remote, context.pointee.limits.concurrentStreamsMax)
    return unsafe context.pointee.table.count < Int(countMax)
  }

  /// Whether the session may ever open another stream.
  public var isReusable: Bool {
    unsafe !context.pointee.isDead && !context.pointee.isShuttingDown
      && nghttp2_session_check_request_allowed(session) != 0
  }

  // MARK: - Sending

  /// Whether `produce` would give bytes now.
  public var wantsToSend: Bool {
    if unsafe context.pointee.isDead { return unsafe context.pointee.farewellCode != nil }
    return unsafe nghttp2_session_want_write(session) != 0
  }

  /// Whether the connection is over once `produce` gives nothing more.
  public var isFinished: Bool {
    if unsafe context.pointee.isDead { return unsafe context.pointee.farewellCode == nil }
    guard unsafe context.pointee.isShuttingDown || context.pointee.hasGoAway else { return false }
    return unsafe context.pointee.table.count == 0 && nghttp2_session_want_write(session) == 0
  }

  /// The error code of the peer's last GOAWAY; nil before the first.
  public var peerGoAwayCode: UInt32? { unsafe context.pointee.peerGoAwayCode }

  /// Whether one side said goodbye, no stream is left and every frame is out.
  public var isDrained: Bool { unsafe !context.pointee.isDead && isFinished }

  /// Moves frames into `output` until it holds `byteCountMax` bytes; the last may pass it.
  public func produce(into output: inout ByteQueue, byteCountMax: Int) {
    if unsafe context.pointee.isDead { return produceFarewell(into: &output) }
    unsafe context.pointee.inbox.reset()
    unsafe context.pointee.outputByteCountMax = byteCountMax
    let failure = unsafe withUnsafeMutablePointer(to: &output) { output -> Bool in
      unsafe context.pointee.output = output
      defer { unsafe context.pointee.output = nil }
      while unsafe output.pointee.count < byteCountMax {
        var bytes: UnsafePointer<UInt8>?
        let count = unsafe nghttp2_session_mem_send(session, &bytes)
        if count <= 0 { return count < 0 }
        unsafe output.pointee.append(UnsafeRawBufferPointer(start: bytes, count: count))
      }
      return false
    }
    if let reason = unsafe context.pointee.abuse {
      end(.failedAbuse, reason, 0xB)
      produceFarewell(into: &output)
    } else if let reason = unsafe context.pointee.malformed {
      // nghttp2's own GOAWAY is in the output already.
      unsafe context.pointee.fail(.failedMalformed, reason)
    } else if failure {
      end(.failedMalformed, "internal error", 0x2)
    }
  }

  /// Writes the last GOAWAY by hand: nghttp2 cannot be asked once it refused to read.
  private func produceFarewell(into output: inout ByteQueue) {
    guard let code = unsafe context.pointee.farewellCode else { return }
    unsafe context.pointee.farewellCode = nil
    output.append([0, 0, 8, 7, 0, 0, 0, 0, 0])
    for number in unsafe [UInt32(bitPattern: context.pointee.lastPeerStream), code] {
      for shift in [24, 16, 8, 0] as [UInt32] {
        output.append(UInt8(truncatingIfNeeded: number >> shift))
      }
    }
  }

  /// Asks the peer to open no more streams; those it opens meanwhile are still served.
  public func announceShutdown() {
    guard unsafe !context.pointee.isDead else { return }
    _ = unsafe nghttp2_submit_shutdown_notice(session)
  }

  /// Refuses new streams; those under way go on.
  public func shutdown() {
    guard unsafe !context.pointee.isDead && !context.pointee.isShuttingDown else { return }
    unsafe context.pointee.isShuttingDown = true
    _ = unsafe nghttp2_submit_goaway(
      session, 0, nghttp2_session_get_last_proc_stream_id(session), 0, nil, 0)
  }
}
