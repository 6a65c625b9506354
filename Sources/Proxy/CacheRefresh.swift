/// A fetch in place of a stale answer that a client has already: the same request, decided once
/// more and recorded under an id of its own, whose answer goes to nobody.
extension JudgedRequest {
  /// Takes the request of a client who was given a stale answer. Its head is fit for an origin.
  public mutating func takeRefresh(of other: borrowing JudgedRequest) {
    head = other.head
    decision = other.decision
  }

  /// The decision's id as the store keeps it.
  public var storedID: UInt128 { UInt128(decision.id.high) << 64 | UInt128(decision.id.low) }
}
