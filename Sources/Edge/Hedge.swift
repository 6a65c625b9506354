internal import Base
internal import HTTP
internal import Origins

/// A second copy of a read, on its way to another server of the same step.
final class Hedge {
  /// The plan's choice that it asks.
  let choice: Int
  /// That choice's endpoint, where it has a place.
  let endpoint: EndpointID
  /// Whose connections it uses.
  let pool: OriginPool
  /// The connection that carries it; nil while it waits for one.
  var connection: OriginConnection?
  /// Its stream there.
  var stream = StreamID(0)
  /// When it was sent.
  var sentAt = Instant(nanoseconds: 0)

  init(choice: Int, endpoint: EndpointID, pool: OriginPool) {
    self.choice = choice
    self.endpoint = endpoint
    self.pool = pool
  }
}
