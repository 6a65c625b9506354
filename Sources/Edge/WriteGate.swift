public import Base
internal import Origins
internal import Reactor
internal import Synchronization

/// The one door for writes of all loops while records of write authority may be in force; see
/// `WriteLease`. Any thread may use it; only writes do.
public final class WriteGate: Sendable {
  private let lease = Mutex(WriteLease())

  /// Makes a gate for an edge that has not read the store yet.
  public init() {}

  /// The store was read, no earlier than `readAt` on the boot-time clock, and the edge is
  /// registered.
  public func renew(readAt: Instant, revision: Int) {
    lease.withLock { $0.renew(readAt: readAt, revision: revision) }
  }

  /// Other records are known: loops start nothing until they follow them. The writes that are under
  /// way then, by domain.
  public func sees(_ revision: Int) -> [String: Int] {
    lease.withLock { lease in
      lease.sees(revision)
      return lease.writes
    }
  }

  /// Begins a write; see `WriteLease.begin`. The clock is read here, at the moment of sending.
  func begin(_ domain: String, hasRecord: Bool, revision: Int) -> Bool {
    let now = Clock.boot()
    return lease.withLock {
      $0.begin(domain, hasRecord: hasRecord, revision: revision, at: now)
    }
  }

  /// A write is over.
  func end(_ domain: String) { lease.withLock { $0.end(domain) } }

  /// Whether `begin` would let a write pass now.
  func isOpen(hasRecord: Bool, revision: Int) -> Bool {
    let now = Clock.boot()
    return lease.withLock { $0.mayBegin(hasRecord: hasRecord, revision: revision, at: now) }
  }
}
