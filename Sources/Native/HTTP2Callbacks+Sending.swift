internal import Base
import CNGHTTP2

// What nghttp2 asks and tells while frames go out.
extension HTTP2Callbacks {
  /// Learns that a message is complete, and counts the resets that the peer made us send.
  static func frameSent(
    _ context: UnsafeMutablePointer<HTTP2Context>, _ session: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>
  ) -> Int32 {
    let stream = unsafe frame.pointee.hd.stream_id
    switch unsafe frame.pointee.hd.type {
    case FrameType.headers, FrameType.data:
      guard unsafe frame.pointee.hd.flags & endStreamFlag != 0,
        let slot = unsafe slot(session, stream)
      else { return 0 }
      unsafe slot.pointee.hasLocalEnded = true
      if unsafe slot.pointee.isResetAfterEnd && !slot.pointee.hasRemoteEnded {
        unsafe slot.pointee.isResetByOwner = true
        _ = unsafe nghttp2_submit_rst_stream(session, 0, stream, NGHTTP2_NO_ERROR.rawValue)
      }
    case FrameType.reset:
      guard unsafe context.pointee.isServer else { return 0 }
      let slot = unsafe slot(session, stream)
      // MadeYouReset (CVE-2025-8671): a reset that the peer provoked costs it as much as its own.
      if let slot = unsafe slot, unsafe slot.pointee.isResetByOwner { return 0 }
      _ = unsafe context.pointee.spend(.reset)
    case FrameType.goAway:
      let code = unsafe frame.pointee.goaway.error_code
      if code != 0 { unsafe context.pointee.malformed = reason(code) }
    default: break
    }
    return 0
  }

  /// What a GOAWAY of nghttp2's own says.
  private static func reason(_ code: UInt32) -> StaticString {
    switch code {
    case 1: "protocol error"
    case 3: "flow-control error"
    case 5: "frame on a closed stream"
    case 6: "frame size error"
    case 9: "header compression error"
    case 11: "enhance your calm"
    default: "connection error"
    }
  }

  /// Learns that a request never left: it was cancelled, or the peer takes no more.
  static func frameNotSent(
    _ context: UnsafeMutablePointer<HTTP2Context>, _ session: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>
  ) -> Int32 {
    guard unsafe frame.pointee.hd.type == FrameType.headers,
      unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST,
      let slot = unsafe context.pointee.table.find(frame.pointee.hd.stream_id),
      unsafe !slot.pointee.isClosed
    else { return 0 }
    unsafe slot.pointee.isClosed = true
    if unsafe slot.pointee.isLive {
      var event = unsafe event(.closed, slot)
      event.code = NGHTTP2_REFUSED_STREAM.rawValue
      unsafe context.pointee.inbox.append(event)
    } else {
      unsafe context.pointee.release(slot, session)
    }
    return 0
  }

  /// Tells nghttp2 how many queued bytes the next DATA frame takes; they stay where they are.
  static let readData: nghttp2_data_source_read_callback = {
    session, stream, _, lengthMax, flags, source, _ in
    let slot = unsafe source.unsafelyUnwrapped.pointee.ptr.unsafelyUnwrapped
      .assumingMemoryBound(to: HTTP2Slot.self)
    unsafe slot.pointee.isStarted = true
    let queued = unsafe slot.pointee.queue.count
    let isFinishing = unsafe slot.pointee.isFinishing
    if queued == 0 && !isFinishing {
      unsafe slot.pointee.isDeferred = true
      return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    let count = min(lengthMax, queued)
    if count > 0 { unsafe flags.unsafelyUnwrapped.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue }
    if isFinishing && count == queued {
      unsafe flags.unsafelyUnwrapped.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
      if unsafe !slot.pointee.trailers.isEmpty {
        unsafe flags.unsafelyUnwrapped.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
        unsafe HTTP2Trailers.submit(slot.pointee.trailers, session, stream: stream)
      }
    }
    return count
  }

  /// Writes one DATA frame: the header, then bytes straight from the stream's queue.
  static func sendData(
    _ context: UnsafeMutablePointer<HTTP2Context>, _ frame: UnsafeMutablePointer<nghttp2_frame>,
    _ header: UnsafePointer<UInt8>, _ count: Int,
    _ source: UnsafeMutablePointer<nghttp2_data_source>
  ) -> Int32 {
    let slot = unsafe source.pointee.ptr.unsafelyUnwrapped.assumingMemoryBound(to: HTTP2Slot.self)
    // Both hold because `readData` runs in the same call of `mem_send`, and padding is never asked.
    guard let output = unsafe context.pointee.output,
      unsafe slot.pointee.queue.count >= count, unsafe frame.pointee.data.padlen == 0
    else { return stopStream }
    let room = unsafe output.pointee.reserve(9 + count)
    unsafe room.copyMemory(from: header, byteCount: 9)
    unsafe slot.pointee.queue.withReadable {
      guard let start = $0.baseAddress else { return }
      unsafe (room + 9).copyMemory(from: start, byteCount: count)
    }
    unsafe output.pointee.advance(9 + count)
    unsafe slot.pointee.queue.consume(count)
    unsafe context.pointee.budget.earnData(byteCount: count)
    if unsafe slot.pointee.isAboveLowMark
      && slot.pointee.queue.count < context.pointee.limits.sendLowMarkBytes
    {
      unsafe slot.pointee.isAboveLowMark = false
      if unsafe !slot.pointee.isFinishing && slot.pointee.isLive {
        unsafe context.pointee.inbox.append(event(.writable, slot))
      }
    }
    let isFull = unsafe output.pointee.count >= context.pointee.outputByteCountMax
    return isFull ? NGHTTP2_ERR_PAUSE.rawValue : 0
  }
}
