/// What the admin API gives to anybody, with the reason for each value.
public enum AdminLimits {
  /// Bytes of a request's body: an order has some hundred, a plan some thousand.
  public static let bodyByteCountMax = 64 << 10
  /// Bytes of a request's fields: a bearer token and what clients add by themselves.
  public static let fieldsByteCountMax = 16 << 10
  /// Bytes of a request's target.
  public static let targetByteCountMax = 4 << 10
  /// Connections at once: some people, some programs. Past it, who has proved nothing goes first.
  public static let connectionCountMax = 64
  /// Requests at once on one connection.
  public static let streamCountMax: UInt32 = 16
  /// Milliseconds for a request to arrive, and for a connection to be without one.
  public static let requestMillisecondsMax: UInt64 = 15_000
  /// Clients that follow events at once.
  public static let followerCountMax = 16
  /// Bytes that may wait for a client that follows events; past it, it is cut and may resume.
  public static let followerByteCountMax = 256 << 10
  /// Milliseconds between two signs of life to who follows events: below what proxies wait.
  public static let heartbeatMilliseconds: UInt64 = 10_000
  /// Events kept for who comes back.
  public static let eventCountMax = 1_024
  /// Callers of one edge: people and programs of one operations team.
  public static let callerCountMax = 256
  /// Bytes of the file of tokens.
  public static let tokensByteCountMax = 64 << 10
  /// Bytes of a token: 32 random bytes in any usual writing, many times over.
  public static let tokenByteCountMax = 512
  /// Failed attempts of one address at once, then each second: a person who mistypes does not meet
  /// it, a program that guesses does.
  public static let failureBurst: UInt64 = 10
  /// Addresses whose failures are counted; the longest forgotten makes room.
  public static let failureAddressCountMax = 256
  /// Records of failed attempts a second; the rest is counted in the next one.
  public static let failureRecordMilliseconds: UInt64 = 1_000
  /// Answers at once that take a while: each has a thread.
  public static let workCountMax = 4
  /// Nesting of a body.
  public static let depthMax = 8
  /// The greatest count in a file that others may have written: sums of some of them fit an `Int`.
  static let countMax = 1 << 53
  /// Bytes of an edge's report in its file: thousands of endpoints.
  public static let reportByteCountMax = 1 << 20
}
