internal import Base

/// One stream's state, in memory that nghttp2's callbacks reach through a plain pointer.
///
/// INVARIANT (slot): a slot is in the table from the moment a stream opens until `release`. It is
/// released once nghttp2 has closed the stream **and** the codec's owner has let go of it, so that
/// a peer that opens and resets streams meets the concurrency limit, not our cancellation speed.
struct HTTP2Slot: ~Copyable {
  /// The stream's number; zero while the slot is free.
  var stream: Int32 = 0
  /// The slot's own position in the table.
  let index: Int32
  /// Body bytes for the peer.
  var queue = ByteQueue()
  /// Trailers for the peer, encoded by `HTTP2Trailers`; empty when there are none.
  var trailers: [UInt8] = []
  /// Body bytes delivered to the owner and not yet given back to the peer's window.
  var unconsumedByteCount = 0
  /// Field lines received so far, over all sections.
  var fieldCount = 0
  /// Field bytes received so far, over all sections.
  var fieldBytes = 0
  /// The error code of the peer's RST_STREAM.
  var peerResetCode: UInt32 = 0

  /// The owner may still be told of this stream.
  var isLive = false
  /// nghttp2 has closed the stream.
  var isClosed = false
  /// The peer sent RST_STREAM.
  var isPeerReset = false
  /// The peer's final head came.
  var hasFinalHead = false
  /// The peer's message is complete.
  var hasRemoteEnded = false
  /// Our message's last frame was handed to the output.
  var hasLocalEnded = false
  /// The owner finished its message.
  var isFinishing = false
  /// nghttp2 asked for body bytes when there were none; it must be told when there are.
  var isDeferred = false
  /// The first request for body bytes came, so our head is on its way.
  var isStarted = false
  /// The queue rose to the low mark; the owner is told when it falls below.
  var isAboveLowMark = false
  /// The fields passed the limits; the rest of the section was dropped.
  var isOverLimit = false
  /// We reset the stream by decision, which is not the peer's fault.
  var isResetByOwner = false
  /// The request was refused, so the stream's end forgives no reset.
  var isRefused = false
  /// The stream is reset with NO_ERROR once our message is complete.
  var isResetAfterEnd = false

  /// Makes a free slot.
  init(index: Int32) { self.index = index }

  /// Gives the slot to a stream.
  mutating func open(stream: Int32) {
    self.stream = stream
    isLive = true
  }

  /// Makes the slot free; the queue keeps a small buffer for the next stream.
  mutating func clear() {
    stream = 0
    queue.removeAll()
    if queue.spare > 16_384 { queue.releaseIfEmpty() }
    if !trailers.isEmpty { trailers = [] }
    unconsumedByteCount = 0
    fieldCount = 0
    fieldBytes = 0
    peerResetCode = 0
    isLive = false
    isClosed = false
    isPeerReset = false
    hasFinalHead = false
    hasRemoteEnded = false
    hasLocalEnded = false
    isFinishing = false
    isDeferred = false
    isStarted = false
    isAboveLowMark = false
    isOverLimit = false
    isResetByOwner = false
    isRefused = false
    isResetAfterEnd = false
  }
}

/// The slots of one session, found by position or by stream number.
@safe
struct HTTP2SlotTable: ~Copyable {
  /// Every slot ever made, by position.
  private var slots: [UnsafeMutablePointer<HTTP2Slot>] = unsafe []
  /// Positions of free slots, the last freed on top.
  private var free: [Int32] = []
  /// Open addressing with linear probing: slot position plus one, zero when empty.
  private var buckets: [Int32] = Array(repeating: 0, count: 16)
  /// Slots in use.
  private(set) var count = 0
  /// The most slots in use since the table was last empty.
  private var peakCount = 0

  /// Makes an empty table.
  init() {}

  deinit {
    for index in indices {
      unsafe slots[index].deinitialize(count: 1)
      unsafe slots[index].deallocate()
    }
  }

  /// Positions that `subscript` accepts, in use or not.
  var indices: Range<Int> { unsafe 0..<slots.count }

  /// The slot at `index`; the pointer lives as long as the table.
  @inline(__always)
  subscript(index: Int32) -> UnsafeMutablePointer<HTTP2Slot> { unsafe slots[Int(index)] }

  /// Takes a free slot without a stream; `attach` gives it one.
  mutating func take() -> UnsafeMutablePointer<HTTP2Slot> {
    count += 1
    peakCount = max(peakCount, count)
    if let index = free.popLast() { return unsafe slots[Int(index)] }
    let slot = UnsafeMutablePointer<HTTP2Slot>.allocate(capacity: 1)
    unsafe slot.initialize(to: HTTP2Slot(index: Int32(self.slots.count)))
    unsafe slots.append(slot)
    return unsafe slot
  }

  /// Names the stream of a slot that was taken.
  mutating func attach(_ slot: UnsafeMutablePointer<HTTP2Slot>, stream: Int32) {
    unsafe slot.pointee.open(stream: stream)
    if count * 2 > buckets.count { grow(except: unsafe slot.pointee.index) }
    insert(stream: stream, index: unsafe slot.pointee.index)
  }

  /// Frees a slot. Idle tables keep no body buffer.
  mutating func release(_ slot: UnsafeMutablePointer<HTTP2Slot>) {
    let stream = unsafe slot.pointee.stream
    if stream != 0 { remove(stream: stream) }
    unsafe slot.pointee.clear()
    free.append(unsafe slot.pointee.index)
    count -= 1
    if count == 0 {
      // Slots go round a stack, so those used since the table was last empty lie on its top.
      for index in free.suffix(peakCount) {
        unsafe slots[Int(index)].pointee.queue.releaseIfEmpty()
      }
      peakCount = 0
    }
  }

  /// The slot of a stream; nil when the stream has none.
  @inline(__always)
  func find(_ stream: Int32) -> UnsafeMutablePointer<HTTP2Slot>? {
    var bucket = home(stream)
    while buckets[bucket] != 0 {
      let slot = unsafe slots[Int(buckets[bucket] - 1)]
      if unsafe slot.pointee.stream == stream { return unsafe slot }
      bucket = (bucket + 1) & (buckets.count - 1)
    }
    return nil
  }

  /// Where a stream's search starts: scattered, because a run of neighbours would make every
  /// removal walk all of it.
  @inline(__always)
  private func home(_ stream: Int32) -> Int {
    Int((UInt32(bitPattern: stream) &* 0x9E37_79B1) >> 16) & (buckets.count - 1)
  }

  /// Enters a stream that is not in the table.
  private mutating func insert(stream: Int32, index: Int32) {
    var bucket = home(stream)
    while buckets[bucket] != 0 { bucket = (bucket + 1) & (buckets.count - 1) }
    buckets[bucket] = index + 1
  }

  /// Removes a stream and closes the gap that it leaves in its probe run.
  private mutating func remove(stream: Int32) {
    let mask = buckets.count - 1
    var gap = home(stream)
    while buckets[gap] != 0, unsafe slots[Int(buckets[gap] - 1)].pointee.stream != stream {
      gap = (gap + 1) & mask
    }
    guard buckets[gap] != 0 else { return }
    var next = (gap + 1) & mask
    while buckets[next] != 0 {
      let start = home(unsafe slots[Int(buckets[next] - 1)].pointee.stream)
      if (next - start) & mask >= (next - gap) & mask {
        buckets[gap] = buckets[next]
        gap = next
      }
      next = (next + 1) & mask
    }
    buckets[gap] = 0
  }

  /// Doubles the buckets; `except` is about to be inserted.
  private mutating func grow(except: Int32) {
    buckets = Array(repeating: 0, count: buckets.count * 2)
    for index in indices where index != Int(except) {
      let stream = unsafe slots[index].pointee.stream
      if stream != 0 { insert(stream: stream, index: Int32(index)) }
    }
  }
}
