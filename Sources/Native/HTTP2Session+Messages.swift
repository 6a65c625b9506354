internal import Base
import CNGHTTP2

// Messages on a session's streams: heads, bodies, trailers, resets.
extension HTTP2Session {
  /// Appends a line to the message to submit; its bytes must stay until the submission.
  @inline(__always)
  public func addLine(
    name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, isSensitive: Bool
  ) {
    let flag = isSensitive ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE
    // nghttp2 copies the lines and writes to its copy only.
    unsafe context.pointee.outgoing.append(
      nghttp2_nv(
        name: UnsafeMutablePointer(
          mutating: name.baseAddress?.assumingMemoryBound(to: UInt8.self)),
        value: UnsafeMutablePointer(
          mutating: value.baseAddress?.assumingMemoryBound(to: UInt8.self)),
        namelen: name.count, valuelen: value.count, flags: UInt8(flag.rawValue)))
  }

  /// Appends a line with a literal name.
  @inline(__always)
  public func addLine(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
    unsafe addLine(
      name: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount),
      value: value, isSensitive: false)
  }

  /// The body of a slot's message, as nghttp2 asks for it.
  private func provider(_ slot: UnsafeMutablePointer<HTTP2Slot>) -> nghttp2_data_provider {
    unsafe nghttp2_data_provider(
      source: nghttp2_data_source(ptr: slot), read_callback: HTTP2Callbacks.readData)
  }

  /// Opens a stream with the added lines; returns its slot and number, nil when none is left.
  public func submitRequest(hasBody: Bool) -> (slot: Int32, stream: Int32)? {
    defer { unsafe context.pointee.outgoing.removeAll(keepingCapacity: true) }
    guard unsafe !context.pointee.isDead else { return nil }
    let slot = unsafe context.pointee.table.take()
    var body = unsafe provider(slot)
    let stream = unsafe withUnsafePointer(to: &body) { body in
      unsafe context.pointee.outgoing.withUnsafeBufferPointer { lines in
        unsafe nghttp2_submit_request(
          session, nil, lines.baseAddress, lines.count, hasBody ? body : nil, slot)
      }
    }
    guard stream > 0 else {
      unsafe context.pointee.table.release(slot)
      return nil
    }
    unsafe context.pointee.table.attach(slot, stream: stream)
    unsafe slot.pointee.isFinishing = !hasBody
    return (unsafe slot.pointee.index, stream)
  }

  /// Sends the added lines as an interim head.
  public func submitInformational(_ slot: Int32) {
    defer { unsafe context.pointee.outgoing.removeAll(keepingCapacity: true) }
    guard unsafe !context.pointee.isDead else { return }
    let stream = unsafe context.pointee.table[slot].pointee.stream
    unsafe context.pointee.outgoing.withUnsafeBufferPointer { lines in
      _ = unsafe nghttp2_submit_headers(
        session, 0, stream, nil, lines.baseAddress, lines.count, nil)
    }
  }

  /// Sends the added lines as the final head.
  public func submitResponse(_ index: Int32, hasBody: Bool) {
    defer { unsafe context.pointee.outgoing.removeAll(keepingCapacity: true) }
    let slot = unsafe context.pointee.table[index]
    guard unsafe !context.pointee.isDead && !slot.pointee.isClosed else { return }
    unsafe slot.pointee.isFinishing = !hasBody
    var body = unsafe provider(slot)
    unsafe withUnsafePointer(to: &body) { body in
      unsafe context.pointee.outgoing.withUnsafeBufferPointer { lines in
        _ = unsafe nghttp2_submit_response(
          session, slot.pointee.stream, lines.baseAddress, lines.count, hasBody ? body : nil)
      }
    }
  }

  /// Queues body bytes.
  public func send(_ index: Int32, _ bytes: UnsafeRawBufferPointer) {
    let slot = unsafe context.pointee.table[index]
    unsafe precondition(!slot.pointee.isFinishing, "body bytes after the end of the message")
    guard unsafe bytes.count > 0 && !slot.pointee.isClosed else { return }
    unsafe slot.pointee.queue.append(bytes)
    if unsafe slot.pointee.queue.count >= context.pointee.limits.sendLowMarkBytes {
      unsafe slot.pointee.isAboveLowMark = true
    }
    unsafe resume(slot)
  }

  /// Body bytes queued and not yet produced.
  public func queuedByteCount(_ slot: Int32) -> Int {
    unsafe context.pointee.table[slot].pointee.queue.count
  }

  /// Completes our message; the added lines, if any, are its trailers.
  public func finish(_ index: Int32) {
    defer { unsafe context.pointee.outgoing.removeAll(keepingCapacity: true) }
    let slot = unsafe context.pointee.table[index]
    guard unsafe !context.pointee.isDead && !slot.pointee.isClosed && !slot.pointee.isFinishing
    else { return }
    unsafe slot.pointee.isFinishing = true
    guard unsafe !context.pointee.outgoing.isEmpty else { return unsafe resume(slot) }
    // With the head on its way and no body left, trailers need no window: they must not wait
    // behind a DATA frame that waits for one.
    if unsafe slot.pointee.isStarted && slot.pointee.queue.isEmpty {
      _ = unsafe context.pointee.outgoing.withUnsafeBufferPointer {
        unsafe nghttp2_submit_trailer(session, slot.pointee.stream, $0.baseAddress, $0.count)
      }
    } else {
      unsafe slot.pointee.trailers = HTTP2Trailers.encode(context.pointee.outgoing)
      unsafe resume(slot)
    }
  }

  /// Tells nghttp2 that a stream it found empty has something to send.
  @inline(__always)
  private func resume(_ slot: UnsafeMutablePointer<HTTP2Slot>) {
    guard unsafe slot.pointee.isDeferred else { return }
    unsafe slot.pointee.isDeferred = false
    _ = unsafe nghttp2_session_resume_data(session, slot.pointee.stream)
  }

  /// Whether our message was completed, though perhaps not written yet.
  public func isFinishing(_ slot: Int32) -> Bool {
    unsafe context.pointee.table[slot].pointee.isFinishing
  }

  /// Resets the stream by our own decision and lets go of it.
  public func reset(_ index: Int32, code: UInt32) {
    let slot = unsafe context.pointee.table[index]
    unsafe slot.pointee.isResetByOwner = true
    unsafe slot.pointee.queue.removeAll()
    if unsafe !slot.pointee.isClosed && !context.pointee.isDead {
      _ = unsafe nghttp2_submit_rst_stream(session, 0, slot.pointee.stream, code)
    }
    release(index)
  }

  /// Counts the request as a reset that the peer provoked; its good end forgives nothing. A peer
  /// that has used up its resets is ended by the next `produce`.
  public func countRefusal(_ index: Int32) {
    unsafe context.pointee.table[index].pointee.isRefused = true
    _ = unsafe context.pointee.spend(.reset)
  }

  /// Lets go of a stream whose message is finished: what the peer still sends is refused with
  /// NO_ERROR once our message is written.
  public func resetAfterEnd(_ index: Int32) {
    let slot = unsafe context.pointee.table[index]
    if unsafe slot.pointee.hasLocalEnded && !slot.pointee.hasRemoteEnded {
      return reset(index, code: 0)
    }
    unsafe slot.pointee.isResetAfterEnd = true
    release(index)
  }

  /// Gives body bytes back to the peer's window.
  public func consumed(_ index: Int32, byteCount: Int) {
    let slot = unsafe context.pointee.table[index]
    unsafe precondition(
      byteCount >= 0 && byteCount <= slot.pointee.unconsumedByteCount,
      "more consumed than received")
    unsafe slot.pointee.unconsumedByteCount -= byteCount
    guard unsafe !context.pointee.isDead else { return }
    if unsafe context.pointee.isServer {
      _ = unsafe nghttp2_session_consume(session, slot.pointee.stream, byteCount)
    } else {
      _ = unsafe nghttp2_session_consume_stream(session, slot.pointee.stream, byteCount)
    }
  }
}
