/// Why a server could not start.
public struct ServerError: Error, CustomStringConvertible {
  let reason: String
  /// The reason, for people.
  public var description: String { reason }
}
