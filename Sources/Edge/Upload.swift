internal import Base
internal import HTTP
internal import Proxy

/// The request's body on its way to the origin, and what is still to come of it.
struct Upload: ~Copyable {
  /// What waits for an origin, or is kept for another attempt.
  var queue = ByteQueue()
  /// Bytes that the client is not given back yet: the origin's queue is full.
  var debt = 0
  var trailers: Fields?
  /// Whether a body came with the request, or may still come.
  var hasBody = false
  var isEnded = false
  /// Bytes that were read and dropped after the answer.
  var swallowedByteCount = 0
  /// Whether the client waits for 100 before it sends.
  var awaitsContinue = false
  /// Holds the request back until its body was judged; nil for most.
  var gate: BodyGate?
  /// Holds the rest of a long body against its beginning; nil for most.
  var check: BodyGate?
  /// The last byte of such a body so far.
  var withheldByte: UInt8?
  /// How much of the body is held though the client may send on.
  var creditedByteCount = 0

  /// Lets go of who reads the body: the exchange is over.
  mutating func endReading() {
    gate = nil
    check = nil
    withheldByte = nil
  }
}
