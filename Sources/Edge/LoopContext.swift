internal import Base
internal import Reactor

/// What all connections of one loop share: the loop, its buffers, and who has bytes to write.
///
/// Confined to the loop's thread.
@safe
final class LoopContext {
  let loop: EventLoop
  /// Where sockets are read to; its content is dead once the reading connection returns.
  let receiveBuffer: UnsafeMutableRawBufferPointer
  /// Where TLS puts plaintext; dead once the reading connection returns.
  let plaintextBuffer: UnsafeMutableRawBufferPointer
  /// Plaintext on its way into TLS; empty between two connections.
  var plaintext = ByteQueue()
  /// Connections that may have something to write at the end of this turn.
  private var unflushed: [Connection] = []

  /// Bytes read at once: a few TLS records, one pass through the second-level cache.
  static let receiveByteCount = 65_536

  /// The wall clock's reading; read when a decision asks.
  var wallTime: WallTime { Clock.wall() }

  init() throws(SystemError) {
    loop = try EventLoop()
    unsafe receiveBuffer = .allocate(byteCount: Self.receiveByteCount, alignment: 64)
    unsafe plaintextBuffer = .allocate(byteCount: Self.receiveByteCount, alignment: 64)
  }

  deinit {
    unsafe receiveBuffer.deallocate()
    unsafe plaintextBuffer.deallocate()
  }

  /// Remembers to flush `connection` when the turn ends; several reasons cost one flush.
  func flushLater(_ connection: Connection) {
    guard !connection.isFlushPending else { return }
    connection.isFlushPending = true
    unflushed.append(connection)
  }

  /// Writes out what the turn produced. Flushing one connection may give others more to write.
  func flushAll() {
    var index = 0
    while index < unflushed.count {
      let connection = unflushed[index]
      connection.isFlushPending = false
      connection.flush()
      index += 1
    }
    unflushed.removeAll(keepingCapacity: true)
  }
}
