internal import Origins

/// The exchanges that wait for a connection, by the identifiers under which the machine knows them.
///
/// Places are used again; an identifier is a place and the number of its guest, so that one which
/// has left is never taken for who sits there now.
struct WaitingRoom {
  private struct Place {
    var guest: UInt32 = 0
    var exchange: Exchange?
  }

  private var places: [Place] = []
  private var free: [Int] = []

  /// Gives an exchange a place.
  mutating func enter(_ exchange: Exchange) -> WaiterID {
    let index = free.popLast() ?? places.count
    if index == places.count { places.append(Place()) }
    places[index].guest &+= 1
    places[index].exchange = exchange
    return WaiterID(UInt64(places[index].guest) << 32 | UInt64(index))
  }

  /// Takes an exchange out; nil when it has left already.
  mutating func leave(_ waiter: WaiterID) -> Exchange? {
    let index = Int(waiter.number & 0xFFFF_FFFF)
    guard places[index].guest == UInt32(truncatingIfNeeded: waiter.number >> 32),
      let exchange = places[index].exchange.take()
    else { return nil }
    free.append(index)
    return exchange
  }

  /// The identifier of an exchange that waits.
  func waiter(of exchange: Exchange) -> WaiterID? {
    guard let index = places.firstIndex(where: { $0.exchange === exchange }) else { return nil }
    return WaiterID(UInt64(places[index].guest) << 32 | UInt64(index))
  }
}
