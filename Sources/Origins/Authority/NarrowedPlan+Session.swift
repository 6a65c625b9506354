public import Base

extension NarrowedPlan {
  /// Removes the choices whose copy of the data of `home` is not known to reach `position` in
  /// `epoch`, but for those whose answers say that they are stale; false when one was removed.
  ///
  /// A server that takes the writes of that epoch, or of a later one that kept the position, has
  /// all of it. A copy of unknown epoch may hold a tail that was lost.
  public mutating func require(
    epoch: UInt64, position: UInt64, home: RegionID, snapshot: HealthSnapshot
  ) -> Bool {
    var isWhole = true
    choices.removeAll { choice in
      if choice.isMarkedStale
        || snapshot.reaches(choice.endpoint, epoch: epoch, position: position, home: home)
      {
        return false
      }
      removed.append(
        Removed(endpoint: choice.endpoint, step: choice.step, reason: .behindSession))
      isWhole = false
      return true
    }
    return isWhole
  }
}

extension HealthSnapshot {
  /// Whether an endpoint is known to have applied the log of `home` up to `position` in `epoch`.
  fileprivate func reaches(
    _ id: EndpointID, epoch: UInt64, position: UInt64, home: RegionID
  ) -> Bool {
    let claim = claim(id, home)
    guard let known = claim.epoch, known >= epoch else { return false }
    // Of an epoch that the record does not name yet nobody here knows where it began.
    if let entry = authorities[home], known > max(epoch, entry.holderEpoch) { return false }
    if case .primary = claim { return true }
    let index = Int(id.index)
    if topology.region(of: id) == home { return statuses[index].position >= position }
    let positions = statuses[index].homePositions
    guard Int(home.index) < positions.count, let applied = positions[Int(home.index)] else {
      return false
    }
    return applied >= position
  }
}
