/// Every bound that a peer can meet, with the reason for its value.
public struct HTTPLimits: Sendable, Equatable {
  /// Field lines in one section, cookie crumbs and trailers included: above what browsers and FHIR
  /// clients send (about 40), below what makes a header bomb worth its bytes.
  public var fieldCountMax = 128
  /// Bytes in one section, counted as RFC 9113 section 10.5.1 does (name + value + 32): room for a
  /// large token and a long search, as other proxies grant.
  public var fieldBytesMax = 65_536
  /// Bytes in a request target: a FHIR search may be long; longer ones use POST `_search`.
  public var targetBytesMax = 16_384
  /// Streams at once on one client connection: RFC 9113 recommends at least 100.
  public var concurrentStreamsMax: UInt32 = 100
  /// HTTP/2 receive window per stream, bytes: bounds what a stalled origin makes us hold.
  public var streamWindowBytes: Int32 = 65_536
  /// HTTP/2 receive window per connection, bytes: a few streams' worth.
  public var connectionWindowBytes: Int32 = 1_048_576
  /// From this many queued bytes on a stream, its owner stops asking the other side for more.
  public var sendHighMarkBytes = 131_072
  /// `writable` is reported when a stream's queue falls below this many bytes.
  public var sendLowMarkBytes = 32_768
  /// Peer resets, malformed streams and refused requests tolerated per HTTP/2 connection at once,
  /// then per second.
  public var resetBurst: UInt64 = 200
  /// Tokens returned to the reset bucket each second.
  public var resetRatePerSecond: UInt64 = 20
  /// CONTINUATION frames after one HEADERS frame: no honest client needs more at 64 KiB.
  public var continuationsMax: Int = 4
  /// Entries in one SETTINGS frame.
  public var settingsEntriesMax: Int = 16
  /// Unsent acknowledgements (PING, SETTINGS) held for a peer that does not read.
  public var outboundAcksMax: Int = 100
  /// Frames waiting to be written for a peer that does not read; past it the connection ends.
  public var outboundFramesMax = 2_000
  /// Chunk-size line with extensions, bytes: RFC 9112 section 7.1.1 asks for a bound.
  public var chunkLineBytesMax = 256
  /// Bytes in a method: the longest registered one (`UPDATEREDIRECTREF`) has 17.
  public var methodBytesMax = 24
  /// Bytes in all chunk extensions of one message: they carry nothing and cost work.
  public var chunkExtensionBytesMax = 4_096
  /// Interim responses before one final response: an origin must not keep us reading for ever.
  public var informationalsMax = 16
  /// Times that our own name may stand in `Via`: edges may be chained, a loop may not run on.
  public var viaLoopsMax = 3
  /// Names in one message's `Connection`: each is compared with every field line.
  public var connectionOptionsMax = 32
  /// Addresses read from a forwarding chain, from the right.
  public var forwardedHopsMax = 32
  /// Milliseconds of silence after which an HTTP/2 origin that owes an answer is asked by PING whether
  /// it is there: a slow search is silent for longer, a machine without power for ever.
  public var pingAfterMilliseconds: UInt64 = 5_000
  /// Milliseconds that it has to say anything.
  public var pingAnswerMilliseconds: UInt64 = 2_000
  /// Body bytes of an HTTP/1.1 message held before reading stops.
  public var receiveHighMarkBytes = 65_536

  /// Makes the default limits.
  public init() {}
}
