internal import Base
internal import HTTP
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
  /// The memory that `unflushed` goes on with while its connections are flushed.
  private var unflushedSpare: [Connection] = []
  /// Connections that may read again, because what they read before has moved on.
  private var unpumped: [Connection] = []
  /// Streams to end early once what is queued for them was written as far as possible.
  private var unreset: [(ClientConnection, StreamID)] = []

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

  /// Remembers to read from `connection` when the turn ends. Never at once: a connection may be
  /// draining events that point into the receive buffer.
  func pumpLater(_ connection: Connection) { unpumped.append(connection) }

  /// Remembers to reset a client's stream after the turn's bytes were written.
  func resetLater(_ client: ClientConnection, _ stream: StreamID) {
    unreset.append((client, stream))
  }

  /// Ends the turn: writes out what it produced, reads where that made room, until nothing is left.
  func endTurn() {
    repeat {
      flushAll()
      var index = 0
      while index < unpumped.count {
        unpumped[index].pump()
        index += 1
      }
      unpumped.removeAll(keepingCapacity: true)
      guard unflushed.isEmpty else { continue }
      let resets = unreset
      unreset.removeAll(keepingCapacity: true)
      for (client, stream) in resets { client.reset(stream, code: ErrorCode.internalError) }
    } while !unflushed.isEmpty || !unpumped.isEmpty
  }

  /// Flushes until no connection asks for it; flushing one may give others more to write.
  private func flushAll() {
    while !unflushed.isEmpty {
      var batch: [Connection] = []
      swap(&batch, &unflushedSpare)
      swap(&batch, &unflushed)
      for connection in batch {
        connection.isFlushPending = false
        connection.flush()
      }
      batch.removeAll(keepingCapacity: true)
      swap(&batch, &unflushedSpare)
    }
  }
}
