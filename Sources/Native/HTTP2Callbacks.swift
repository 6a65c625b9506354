internal import Base
import CNGHTTP2

/// nghttp2's callbacks: each appends to the inbox, marks a slot or moves queued bytes.
enum HTTP2Callbacks {
  /// A frame's type as its header holds it.
  enum FrameType {
    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let priority: UInt8 = 2
    static let reset: UInt8 = 3
    static let settings: UInt8 = 4
    static let ping: UInt8 = 6
    static let goAway: UInt8 = 7
    static let windowUpdate: UInt8 = 8
    static let continuation: UInt8 = 9
  }

  /// END_STREAM, and ACK of SETTINGS and PING.
  static let endStreamFlag: UInt8 = 0x1
  /// PADDED.
  private static let paddedFlag: UInt8 = 0x8
  /// A section this many times above its limits is not worth an answer.
  private static let overLimitFactor = 4

  /// Ends the connection from inside a callback.
  private static let stop = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
  /// Resets the stream from inside a callback.
  static let stopStream = NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue

  /// The session's state behind the pointer that nghttp2 hands back.
  @inline(__always)
  static func context(
    _ user: UnsafeMutableRawPointer?
  ) -> UnsafeMutablePointer<HTTP2Context> {
    unsafe user.unsafelyUnwrapped.assumingMemoryBound(to: HTTP2Context.self)
  }

  /// The slot of a stream that nghttp2 still holds; nil when it was refused or is closed.
  @inline(__always)
  static func slot(
    _ session: OpaquePointer?, _ stream: Int32
  ) -> UnsafeMutablePointer<HTTP2Slot>? {
    unsafe nghttp2_session_get_stream_user_data(session, stream)?
      .assumingMemoryBound(to: HTTP2Slot.self)
  }

  /// The callbacks of every session; nghttp2 copies the table when a session is made.
  nonisolated(unsafe) static let table: OpaquePointer = {
    var made: OpaquePointer?
    precondition(unsafe nghttp2_session_callbacks_new(&made) == 0, "out of memory")
    let table = unsafe made.unsafelyUnwrapped
    unsafe nghttp2_session_callbacks_set_on_begin_frame_callback(table) { _, header, user in
      unsafe beginFrame(context(user), header.unsafelyUnwrapped)
    }
    unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(table) { session, frame, user in
      unsafe beginHeaders(context(user), session, frame.unsafelyUnwrapped)
    }
    unsafe nghttp2_session_callbacks_set_on_header_callback(table) {
      _, _, name, nameCount, value, valueCount, flags, user in
      unsafe header(
        context(user), UnsafeRawBufferPointer(start: name, count: nameCount),
        UnsafeRawBufferPointer(start: value, count: valueCount), flags)
    }
    // Returning 0 would drop the field and accept the request.
    unsafe nghttp2_session_callbacks_set_on_invalid_header_callback(table) {
      _, _, _, _, _, _, _, _ in stopStream
    }
    unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table) {
      session, _, stream, bytes, count, user in
      unsafe data(context(user), session, stream, bytes, count)
    }
    unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(table) { session, frame, user in
      unsafe frameReceived(context(user), session, frame.unsafelyUnwrapped)
    }
    unsafe nghttp2_session_callbacks_set_on_stream_close_callback(table) {
      session, stream, code, user in
      unsafe streamClosed(context(user), session, stream, code)
    }
    unsafe nghttp2_session_callbacks_set_on_frame_send_callback(table) { session, frame, user in
      unsafe frameSent(context(user), session, frame.unsafelyUnwrapped)
    }
    unsafe nghttp2_session_callbacks_set_on_frame_not_send_callback(table) {
      session, frame, _, user in
      unsafe frameNotSent(context(user), session, frame.unsafelyUnwrapped)
    }
    unsafe nghttp2_session_callbacks_set_send_data_callback(table) {
      _, frame, header, count, source, user in
      unsafe sendData(
        context(user), frame.unsafelyUnwrapped, header.unsafelyUnwrapped, count,
        source.unsafelyUnwrapped)
    }
    return unsafe table
  }()

  // MARK: - Receiving

  /// Charges a frame before any work is done for it.
  private static func beginFrame(
    _ context: UnsafeMutablePointer<HTTP2Context>, _ header: UnsafePointer<nghttp2_frame_hd>
  ) -> Int32 {
    let (type, flags) = unsafe (header.pointee.type, header.pointee.flags)
    let isPaid: Bool
    switch type {
    case FrameType.data:
      let isEmpty = unsafe header.pointee.length == 0 && flags & endStreamFlag == 0
      isPaid = isEmpty || flags & paddedFlag != 0 ? unsafe context.pointee.spend(.emptyData) : true
    case FrameType.headers, FrameType.continuation: isPaid = true
    case FrameType.priority: isPaid = unsafe context.pointee.spend(.priority)
    case FrameType.reset:
      isPaid = unsafe context.pointee.isServer ? context.pointee.spend(.reset) : true
    case FrameType.settings: isPaid = unsafe context.pointee.spend(.settings)
    case FrameType.ping: isPaid = unsafe context.pointee.spend(.ping)
    case FrameType.windowUpdate: isPaid = unsafe context.pointee.spend(.windowUpdate)
    default: isPaid = unsafe context.pointee.spend(.other)
    }
    return isPaid ? 0 : stop
  }

  /// Gives a new request a slot, or refuses it when the owner still holds too many.
  private static func beginHeaders(
    _ context: UnsafeMutablePointer<HTTP2Context>, _ session: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>
  ) -> Int32 {
    let stream = unsafe frame.pointee.hd.stream_id
    guard unsafe frame.pointee.hd.type == FrameType.headers else {
      // A pushed response; we forbade push.
      unsafe context.pointee.malformed = "push promise"
      return stop
    }
    if unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
      unsafe context.pointee.openSlot = nil
      let countMax = unsafe Int(context.pointee.limits.concurrentStreamsMax)
      if unsafe context.pointee.isShuttingDown || context.pointee.table.count >= countMax {
        _ = unsafe nghttp2_submit_rst_stream(
          session, 0, stream, NGHTTP2_REFUSED_STREAM.rawValue)
        return 0
      }
      let slot = unsafe context.pointee.table.take()
      unsafe context.pointee.table.attach(slot, stream: stream)
      _ = unsafe nghttp2_session_set_stream_user_data(session, stream, slot)
      unsafe context.pointee.lastPeerStream = stream
      unsafe context.pointee.openSlot = slot
    } else {
      unsafe context.pointee.openSlot = slot(session, stream)
    }
    unsafe context.pointee.inbox.beginSection()
    return 0
  }

  /// Counts and keeps one field line.
  private static func header(
    _ context: UnsafeMutablePointer<HTTP2Context>, _ name: UnsafeRawBufferPointer,
    _ value: UnsafeRawBufferPointer, _ flags: UInt8
  ) -> Int32 {
    guard let slot = unsafe context.pointee.openSlot else { return 0 }
    let isPseudo = unsafe name.first == 0x3A
    unsafe slot.pointee.fieldBytes += name.count + value.count + 32
    if !isPseudo { unsafe slot.pointee.fieldCount += 1 }
    let (countMax, bytesMax) = unsafe (
      context.pointee.limits.fieldCountMax, context.pointee.limits.fieldBytesMax
    )
    if unsafe slot.pointee.fieldCount > countMax || slot.pointee.fieldBytes > bytesMax {
      unsafe slot.pointee.isOverLimit = true
      let isHopeless =
        unsafe slot.pointee.fieldCount > countMax * overLimitFactor
        || slot.pointee.fieldBytes > bytesMax * overLimitFactor
      return isHopeless ? stopStream : 0
    }
    unsafe context.pointee.inbox.appendLine(
      name: name, value: value,
      isSensitive: UInt32(flags) & NGHTTP2_NV_FLAG_NO_INDEX.rawValue != 0)
    return 0
  }

  /// Reports body bytes where they lie.
  private static func data(
    _ context: UnsafeMutablePointer<HTTP2Context>, _ session: OpaquePointer?, _ stream: Int32,
    _ bytes: UnsafePointer<UInt8>?, _ count: Int
  ) -> Int32 {
    unsafe context.pointee.budget.earnData(byteCount: count)
    guard let slot = unsafe slot(session, stream), unsafe slot.pointee.isLive else {
      // Nobody will consume these; the connection's window must not shrink for ever.
      return unsafe nghttp2_session_consume_connection(session, count)
    }
    // An origin's connection carries many clients: one that does not read may stall its own stream
    // only. A client that does not let us forward may stall its own connection.
    if unsafe !context.pointee.isServer {
      _ = unsafe nghttp2_session_consume_connection(session, count)
    }
    unsafe slot.pointee.unconsumedByteCount += count
    var event = unsafe event(.data, slot)
    unsafe event.start = UnsafeRawPointer(bytes)
    event.count = count
    unsafe context.pointee.inbox.append(event)
    return 0
  }

  /// Reports heads, trailers and ends; these frames passed nghttp2's checks.
  private static func frameReceived(
    _ context: UnsafeMutablePointer<HTTP2Context>, _ session: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>
  ) -> Int32 {
    let stream = unsafe frame.pointee.hd.stream_id
    let isEnd = unsafe frame.pointee.hd.flags & endStreamFlag != 0
    switch unsafe frame.pointee.hd.type {
    case FrameType.headers:
      guard let slot = unsafe context.pointee.openSlot else { return 0 }
      unsafe context.pointee.openSlot = nil
      unsafe sectionReceived(context, session, slot, isEnd: isEnd)
    case FrameType.data:
      guard isEnd, let slot = unsafe slot(session, stream) else { return 0 }
      unsafe slot.pointee.hasRemoteEnded = true
      unsafe context.pointee.inbox.append(event(.end, slot, isEnd: true))
    case FrameType.reset:
      guard let slot = unsafe slot(session, stream) else { return 0 }
      unsafe slot.pointee.isPeerReset = true
      unsafe slot.pointee.peerResetCode = frame.pointee.rst_stream.error_code
    case FrameType.goAway:
      unsafe context.pointee.peerGoAwayCode = frame.pointee.goaway.error_code
      unsafe context.pointee.inbox.append(HTTP2Event(kind: .goAway))
    default: break
    }
    return 0
  }

  /// Tells heads, interim heads and trailers apart.
  private static func sectionReceived(
    _ context: UnsafeMutablePointer<HTTP2Context>, _ session: OpaquePointer?,
    _ slot: UnsafeMutablePointer<HTTP2Slot>, isEnd: Bool
  ) {
    let section = unsafe context.pointee.inbox.endSection()
    if isEnd { unsafe slot.pointee.hasRemoteEnded = true }
    if unsafe slot.pointee.isOverLimit && (!context.pointee.isServer || slot.pointee.hasFinalHead) {
      unsafe slot.pointee.isResetByOwner = !context.pointee.isServer
      _ = unsafe nghttp2_submit_rst_stream(
        session, 0, slot.pointee.stream, NGHTTP2_CANCEL.rawValue)
      unsafe context.pointee.inbox.append(event(.overLimit, slot))
      return
    }
    var event = unsafe event(.head, slot, isEnd: isEnd)
    event.firstLine = section.lowerBound
    event.count = section.count
    event.isOverLimit = unsafe slot.pointee.isOverLimit
    if unsafe slot.pointee.hasFinalHead {
      event.kind = .trailers
    } else if unsafe !context.pointee.isServer && isInterim(context, section) {
      event.kind = .informational
      unsafe slot.pointee.fieldCount += 1
    } else {
      unsafe slot.pointee.hasFinalHead = true
    }
    unsafe context.pointee.inbox.append(event)
  }

  /// Whether a response section's `:status` is 1xx; nghttp2 made sure that it comes first.
  private static func isInterim(
    _ context: UnsafeMutablePointer<HTTP2Context>, _ section: Range<Int>
  ) -> Bool {
    guard let first = section.first else { return false }
    let line = unsafe context.pointee.inbox.lines[first]
    guard line.valueCount == 3 else { return false }
    let start = Int(line.start &+ line.nameCount)
    return unsafe context.pointee.inbox.bytes[start, start + 1].first == 0x31
  }

  /// Lets go of a stream that nghttp2 forgets.
  private static func streamClosed(
    _ context: UnsafeMutablePointer<HTTP2Context>, _ session: OpaquePointer?, _ stream: Int32,
    _ code: UInt32
  ) -> Int32 {
    guard let slot = unsafe slot(session, stream), unsafe slot.pointee.stream == stream,
      unsafe !slot.pointee.isClosed
    else { return 0 }
    unsafe slot.pointee.isClosed = true
    let isHonest = unsafe code == 0 && !slot.pointee.isPeerReset && !slot.pointee.isRefused
    if isHonest { unsafe context.pointee.budget.earnStream() }
    if unsafe slot.pointee.isLive {
      var event = unsafe event(.closed, slot)
      event.code = code
      unsafe context.pointee.inbox.append(event)
    } else {
      unsafe context.pointee.release(slot, session)
    }
    return 0
  }

  /// An event about a slot's stream.
  @inline(__always)
  static func event(
    _ kind: HTTP2Event.Kind, _ slot: UnsafeMutablePointer<HTTP2Slot>, isEnd: Bool = false
  ) -> HTTP2Event {
    var event = HTTP2Event(kind: kind)
    unsafe (event.slot, event.stream) = (slot.pointee.index, slot.pointee.stream)
    event.isEnd = isEnd
    return event
  }
}
