internal import Base
internal import HTTP
internal import Proxy

/// The origin's answer as far as it does not go to the client yet.
struct HeldAnswer: ~Copyable {
  /// The final head, once `hasHead`; afterwards memory for the next one.
  var head = ResponseHead()
  var hasHead = false
  var body = ByteQueue()
  var trailers: Fields?
  /// Bytes that the origin is not given back yet: the client's queue is full, or they are held.
  var debt = 0
  /// Whether the origin has sent all of it.
  var isComplete = false
  /// Reads the answer before it goes to the client; nil for most.
  var gate: LabelGate?
  /// How much of the answer is held though the origin may send on.
  var creditedByteCount = 0

  /// Forgets the answer and keeps the head's memory. The credit is given back by `letGoAnswer`.
  mutating func forget() {
    hasHead = false
    if !body.isEmpty { body = ByteQueue() }
    trailers = nil
    debt = 0
    isComplete = false
    gate = nil
  }

  /// Forgets the answer and its head.
  mutating func removeAll() {
    forget()
    head.removeAll()
  }
}
