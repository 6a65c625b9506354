/// A request that waits for a connection; the driver chooses the number.
public struct WaiterID: Hashable, Sendable {
  /// Unique among the waiters of one pool.
  public let number: UInt64

  /// Makes the identifier with this number.
  public init(_ number: UInt64) { self.number = number }
}

/// Why a pool gives a request no connection. Nothing was sent: any request may go elsewhere.
public enum PoolRefusal: String, CaseIterable, Sendable {
  /// Too many requests wait already.
  case queueFull = "queue-full"
  /// A connect failed a moment ago, and no connection is left.
  case backingOff = "backing-off"
  /// The connect that was started for it failed.
  case connectFailed = "connect-failed"
  /// No connection was free before its deadline.
  case waitedTooLong = "waited-too-long"
  /// The pool is being closed.
  case closing
}

/// The answer to `Pool.acquire`.
public enum PoolAction: Hashable, Sendable {
  /// Send the request on this connection now; call `released` when its exchange is over.
  case use(slot: Int)
  /// The request waits; start one connect, and report `connected` or `connectFailed`.
  case connect
  /// The request waits; an output names it later.
  case wait
  /// The request gets no connection here.
  case reject(PoolRefusal)
}

/// What a pool asks of its driver; drained with `Pool.nextOutput` after every event.
public enum PoolOutput: Hashable, Sendable {
  /// Send the waiting request on this connection now; call `released` when its exchange is over.
  case assigned(WaiterID, slot: Int)
  /// Start one connect, and report `connected` or `connectFailed`.
  case connect
  /// Close this connection. The pool has forgotten it: its number may be used again.
  case close(slot: Int)
  /// The waiting request gets no connection here.
  case failed(WaiterID, PoolRefusal)
}
