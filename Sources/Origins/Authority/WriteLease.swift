public import Base

/// Whether this edge may start writes, and which are under way.
///
/// Under a record of write authority an edge writes only while its last good read of the store is
/// younger than the lease less a margin, on a clock that counts suspension: an edge that was stopped
/// sends nothing when it wakes. Whoever moves an authority waits for the whole lease and some more.
/// A loop that follows other records than the newest starts nothing either.
///
/// INVARIANT (counted first): a write counts as under way before its first byte leaves, and a read of
/// the store is noted before what it found is acknowledged; so an acknowledged record and a write
/// under an older one never overlap. Pure; one lock guards it for all threads.
public struct WriteLease: Sendable {
  private var readAt: Instant?
  private var revision = 0
  /// Writes under way by domain; none for those that are missing.
  public private(set) var writes: [String: Int] = [:]

  /// Makes a lease that was never renewed: writes without a record go on as ever.
  public init() {}

  /// The store was read, no earlier than `readAt`, and said `revision`.
  public mutating func renew(readAt: Instant, revision: Int) {
    self.revision = revision
    self.readAt = max(readAt, self.readAt ?? readAt)
  }

  /// Takes notice of other records, though the lease may not be renewed.
  public mutating func sees(_ revision: Int) { self.revision = revision }

  /// Begins a write of `domain` by a loop that follows the records of `revision`; false, and nothing
  /// has begun, when it may not leave.
  public mutating func begin(
    _ domain: String, hasRecord: Bool, revision: Int, at now: Instant
  ) -> Bool {
    guard revision == self.revision, !hasRecord || isValid(at: now) else { return false }
    writes[domain, default: 0] += 1
    return true
  }

  /// A write of `domain` is over, or nobody waits for it any more.
  public mutating func end(_ domain: String) {
    guard let count = writes[domain] else { preconditionFailure("a write ended twice") }
    writes[domain] = count == 1 ? nil : count - 1
  }

  /// Whether writes under a record may start.
  public func isValid(at now: Instant) -> Bool {
    guard let readAt else { return false }
    return now.milliseconds(since: readAt)
      < OriginLimits.writeLeaseMilliseconds - OriginLimits.writeLeaseMarginMilliseconds
  }
}
