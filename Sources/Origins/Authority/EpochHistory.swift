/// How the log of one home region's data came about: in which epoch its holder writes, and where
/// the last epochs began.
public struct EpochHistory: Hashable, Sendable {
  /// Where an epoch begins in the log.
  public struct Fork: Hashable, Sendable {
    /// The epoch that begins there.
    public let epoch: UInt64
    /// The last position of the epochs before it that it holds; nil when that was not known.
    public let position: UInt64?

    /// Makes a fork.
    public init(epoch: UInt64, position: UInt64?) {
      self.epoch = epoch
      self.position = position
    }
  }

  /// The epoch in which the holder takes the writes, or took them last.
  public var holderEpoch: UInt64
  /// Where the last epochs began that ever had a holder, oldest first.
  public var forks: [Fork]

  /// Makes a history.
  public init(holderEpoch: UInt64, forks: [Fork]) {
    self.holderEpoch = holderEpoch
    self.forks = forks
  }

  /// Whether a write is still there that `epoch`, the holder's or an earlier one, acknowledged at
  /// `position`. What is not known is lost.
  public func keeps(epoch: UInt64, position: UInt64) -> Bool {
    if epoch >= holderEpoch { return epoch == holderEpoch }
    if position == 0 { return true }
    guard let oldest = forks.first, oldest.epoch <= epoch else { return false }
    return forks.allSatisfy { fork in
      fork.epoch <= epoch || fork.position.map { position <= $0 } ?? false
    }
  }

  /// How much of this history a log has that ends at `position` in `epoch`: from where a later
  /// epoch began, it may have what was lost instead. Nil when that place is not known.
  public func sharedPosition(epoch: UInt64, position: UInt64) -> UInt64? {
    guard epoch < holderEpoch else { return position }
    guard let oldest = forks.first, oldest.epoch <= epoch + 1 else { return nil }
    var shared = position
    for fork in forks where fork.epoch > epoch {
      guard let begin = fork.position else { return nil }
      shared = min(shared, begin)
    }
    return shared
  }
}
