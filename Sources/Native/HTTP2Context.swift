internal import Base
import CNGHTTP2

/// Everything that nghttp2's callbacks may touch, at an address that never moves.
///
/// INVARIANT (inbox): a callback appends to `inbox`, marks slots and writes `output`; it calls
/// nothing of the codec. So the codec's own state is never seen half-updated.
@safe
struct HTTP2Context: ~Copyable {
  /// Whether we are the server.
  let isServer: Bool
  /// The session's bounds.
  let limits: HTTP2Limits
  /// The streams.
  var table = HTTP2SlotTable()
  /// What the peer did.
  var inbox = HTTP2Inbox()
  /// What the peer may still do.
  var budget: HTTP2Budget
  /// Where `produce` writes; nil outside it.
  var output: UnsafeMutablePointer<ByteQueue>?
  /// `produce` stops when the output holds this many bytes.
  var outputByteCountMax = 0
  /// The slot of the header block under way.
  var openSlot: UnsafeMutablePointer<HTTP2Slot>?
  /// The lines of the message that is being submitted.
  var outgoing: [nghttp2_nv] = unsafe []
  /// Which bound the peer passed.
  var abuse: StaticString?
  /// How the peer broke the protocol, once nghttp2's GOAWAY is written.
  var malformed: StaticString?
  /// No new stream is accepted.
  var isShuttingDown = false
  /// The peer sent GOAWAY.
  var hasGoAway: Bool { peerGoAwayCode != nil }
  /// The error code of the peer's last GOAWAY; nil before the first.
  var peerGoAwayCode: UInt32?
  /// The highest stream of the peer that was accepted.
  var lastPeerStream: Int32 = 0
  /// Nothing is received, submitted or sent any more but `farewell`.
  var isDead = false
  /// The last frame of a connection that we end ourselves: GOAWAY with this code.
  var farewellCode: UInt32?

  /// Makes the state of a new session.
  init(isServer: Bool, limits: HTTP2Limits) {
    self.isServer = isServer
    self.limits = limits
    self.budget = HTTP2Budget(limits: limits)
  }

  /// Takes a frame from the budget; false when the peer has used it up.
  mutating func spend(_ kind: HTTP2Budget.Kind) -> Bool {
    if budget.spend(kind) { return true }
    if abuse == nil { abuse = kind.reason }
    return false
  }

  /// Frees a slot and returns the connection's share of what its owner never consumed.
  mutating func release(_ slot: UnsafeMutablePointer<HTTP2Slot>, _ session: OpaquePointer?) {
    if isServer, !isDead, unsafe slot.pointee.unconsumedByteCount > 0 {
      _ = unsafe nghttp2_session_consume_connection(session, slot.pointee.unconsumedByteCount)
    }
    if unsafe openSlot == slot { unsafe openSlot = nil }
    unsafe table.release(slot)
  }

  /// Records that the connection is over: every stream that the owner knows is lost.
  mutating func fail(_ kind: HTTP2Event.Kind, _ reason: StaticString) {
    guard !isDead else { return }
    isDead = true
    for index in table.indices {
      let slot = unsafe table[Int32(index)]
      guard unsafe slot.pointee.isLive && !slot.pointee.isClosed else { continue }
      unsafe slot.pointee.isClosed = true
      var event = HTTP2Event(kind: .lost)
      unsafe (event.slot, event.stream) = (slot.pointee.index, slot.pointee.stream)
      inbox.append(event)
    }
    var event = HTTP2Event(kind: kind)
    event.reason = reason
    inbox.append(event)
  }
}

/// Trailers kept as bytes until the body's last DATA frame: 4-byte counts, flags, name, value.
enum HTTP2Trailers {
  /// Encodes submitted lines.
  static func encode(_ lines: borrowing [nghttp2_nv]) -> [UInt8] {
    var encoded: [UInt8] = []
    for index in unsafe 0..<lines.count {
      let line = unsafe lines[index]
      for count in unsafe [line.namelen, line.valuelen] {
        for shift in [24, 16, 8, 0] { encoded.append(UInt8(truncatingIfNeeded: count >> shift)) }
      }
      unsafe encoded.append(line.flags)
      unsafe encoded.append(contentsOf: UnsafeBufferPointer(start: line.name, count: line.namelen))
      unsafe encoded.append(
        contentsOf: UnsafeBufferPointer(start: line.value, count: line.valuelen))
    }
    return encoded
  }

  /// Submits encoded lines as the stream's trailers.
  static func submit(_ encoded: [UInt8], _ session: OpaquePointer?, stream: Int32) {
    var encoded = encoded
    unsafe encoded.withUnsafeMutableBufferPointer { bytes in
      var lines: [nghttp2_nv] = unsafe []
      var offset = 0
      // The encoding is our own, so its counts are believed.
      while offset < bytes.count, let base = bytes.baseAddress {
        var counts = (0, 0)
        for index in 0..<4 {
          unsafe counts.0 = counts.0 << 8 | Int(base[offset + index])
          unsafe counts.1 = counts.1 << 8 | Int(base[offset + 4 + index])
        }
        unsafe lines.append(
          nghttp2_nv(
            name: base + offset + 9, value: base + offset + 9 + counts.0, namelen: counts.0,
            valuelen: counts.1, flags: base[offset + 8]))
        offset += 9 + counts.0 + counts.1
      }
      _ = unsafe lines.withUnsafeBufferPointer {
        unsafe nghttp2_submit_trailer(session, stream, $0.baseAddress, $0.count)
      }
    }
  }
}
