/// How far the log of one domain a session has seen: what it reads next must not be older.
public struct SessionMark: Hashable, Sendable {
  /// The epoch of the log.
  public var epoch: UInt64
  /// The position in it.
  public var position: UInt64

  /// Makes a mark.
  public init(epoch: UInt64, position: UInt64) {
    self.epoch = epoch
    self.position = position
  }
}

/// Why a session token is taken for none. It only ever asks for more, so nothing is disclosed by
/// leaving it out; how often that happens is logged.
public enum SessionFault: String, Error, CaseIterable, Sendable {
  /// The field stands twice.
  case repeated
  /// It is no token, or one of another version; also what a client sends to begin a session.
  case unreadable
  /// No key that is in use sealed it.
  case unknownKey = "unknown-key"
  /// It was changed, or made up.
  case forged
  /// It was given for another patient, or for data of another home.
  case foreign
  /// Its time is over, or lies ahead.
  case expired
}

/// What a request says of its session.
public struct SessionRequest: Sendable {
  /// Whether the client takes part: it sent the field, whatever stood there.
  public internal(set) var isWanted = false
  /// What it has seen; nil when it says nothing that counts.
  public internal(set) var mark: SessionMark?
  /// Why what it says does not count.
  public internal(set) var fault: SessionFault?
  /// Whether every endpoint was left out for being behind the mark.
  public internal(set) var isBehind = false
}
