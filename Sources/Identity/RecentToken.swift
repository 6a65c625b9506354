public import Base

/// The token that a connection carried last, and what it proved: most connections carry one token
/// in every request, and comparing bytes costs a tenth of hashing them.
///
/// Owned by one connection. Comparison takes the same time wherever tokens differ: behind a proxy,
/// another user of the connection must not feel his way to this token.
public struct RecentToken: Sendable {
  private var bytes: [UInt8] = []
  private var subject: Subject?
  private var epoch: UInt64 = 0

  /// Remembers nothing.
  public init() {}

  /// What `token` proved, if it is the one remembered, nothing was withdrawn since (`epoch` counts
  /// that), and the proof still holds at `now`.
  public func subject(
    of token: UnsafeRawBufferPointer, epoch: UInt64, at now: WallTime
  ) -> Subject? {
    guard let subject, epoch == self.epoch, subject.isCurrent(at: now) else { return nil }
    return unsafe isSame(bytes, token) ? subject : nil
  }

  /// Remembers what `token` proved; the memory of the one before is used again.
  public mutating func remember(
    _ subject: Subject, for token: UnsafeRawBufferPointer, epoch: UInt64
  ) {
    bytes.removeAll(keepingCapacity: true)
    unsafe bytes.append(contentsOf: token)
    self.subject = subject
    self.epoch = epoch
  }
}

/// Whether both are the same, in time that depends on their lengths only.
@inline(__always)
func isSame(_ known: [UInt8], _ token: UnsafeRawBufferPointer) -> Bool {
  guard known.count == token.count else { return false }
  var difference: UInt8 = 0
  unsafe known.withUnsafeBytes { known in
    for index in 0..<known.count { unsafe difference |= known[index] ^ token[index] }
  }
  return difference == 0
}
