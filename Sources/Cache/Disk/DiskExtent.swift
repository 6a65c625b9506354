/// Where the sealed parts of one answer lie on disk: one behind the other, head first.
///
/// Immutable. An entry that was read back keeps it, so that it need not be written again.
final class DiskExtent: Sendable {
  /// One part: the number of its nonce, and its length.
  struct Part: Sendable {
    var counter: UInt64
    var byteCount: Int
  }

  /// Where the record begins in the endless log; see `DiskRing`.
  let position: UInt64
  /// Head and beginning of the body.
  let head: Part
  /// The parts after it.
  let parts: [Part]

  /// Notes where an answer was written.
  init(position: UInt64, head: SealedPart, parts: [SealedPart]) {
    self.position = position
    self.head = Part(counter: head.counter, byteCount: head.bytes.count)
    self.parts = parts.map { Part(counter: $0.counter, byteCount: $0.bytes.count) }
  }

  /// Bytes on disk.
  var byteCount: Int { parts.reduce(head.byteCount) { $0 + $1.byteCount } }
}
