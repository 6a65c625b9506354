/// What one HTTP/2 session is told at its start. `HTTP.HTTPLimits` holds the reasons.
public struct HTTP2Limits: Sendable {
  /// Field lines accepted on one stream, over all its sections.
  public var fieldCountMax = 128
  /// Field bytes (name + value + 32) accepted on one stream, over all its sections.
  public var fieldBytesMax = 65_536
  /// Streams at once that the peer may open (server) or that we open (client).
  public var concurrentStreamsMax: UInt32 = 100
  /// Receive window of each stream, bytes.
  public var streamWindowBytes: Int32 = 65_536
  /// Receive window of the connection, bytes.
  public var connectionWindowBytes: Int32 = 1_048_576
  /// A stream's queue reports that it can be written again below this many bytes.
  public var sendLowMarkBytes = 32_768
  /// Resets tolerated at once.
  public var resetBurst: UInt64 = 200
  /// Resets forgiven each second.
  public var resetRatePerSecond: UInt64 = 20
  /// CONTINUATION frames after one HEADERS frame.
  public var continuationsMax = 4
  /// Entries in one SETTINGS frame.
  public var settingsEntriesMax = 16
  /// Unsent PING and SETTINGS acknowledgements.
  public var outboundAcksMax = 100
  /// Frames waiting to be written.
  public var outboundFramesMax = 2_000

  /// Makes the default limits.
  public init() {}
}

/// How many frames of each cheap kind a peer may still send.
///
/// Token buckets: honest work (streams completed, bytes moved) and time handed in refill them, so a
/// long-lived connection never runs dry and a flood does at once. Pure; no clock.
struct HTTP2Budget {
  /// The kinds of frame that cost the peer almost nothing and us something.
  enum Kind: Int, CaseIterable {
    case reset, ping, settings, priority, windowUpdate, emptyData
    /// GOAWAY and what else nghttp2 shows us; it skips unknown types unseen.
    case other

    /// What the log says when the bucket is empty.
    var reason: StaticString {
      switch self {
      case .reset: "too many resets or refused requests"
      case .ping: "too many PING frames"
      case .settings: "too many SETTINGS frames"
      case .priority: "too many PRIORITY frames"
      case .windowUpdate: "too many WINDOW_UPDATE frames"
      case .emptyData: "too many empty DATA frames"
      case .other: "too many GOAWAY frames"
      }
    }
  }

  /// One bucket.
  struct Bucket {
    /// Frames left.
    var left: Int64
    /// Frames left when full.
    var burst: Int64
    /// Returned for each second handed in.
    var perSecond: Int64
    /// Returned for each stream that completed.
    var perStream: Int64
    /// Returned for each DATA frame that carried something.
    var perData: Int64

    /// Makes a full bucket.
    init(burst: Int64, perSecond: Int64, perStream: Int64, perData: Int64) {
      self.left = burst
      self.burst = burst
      self.perSecond = perSecond
      self.perStream = perStream
      self.perData = perData
    }
  }

  /// One bucket per kind, in the order of `Kind`.
  private var buckets: InlineArray<7, Bucket>
  /// Nanoseconds of the last `advance`; zero before the first.
  private var lastNanoseconds: UInt64 = 0

  /// Bytes a DATA frame must carry to count as work: below, a peer that opens its window byte by
  /// byte would pay for its WINDOW_UPDATE frames with our one-byte answers.
  static let workBytesMin = 64

  /// Makes full buckets.
  init(limits: HTTP2Limits) {
    buckets = [
      // A completed stream forgives one reset: half of all streams may be cancelled for ever.
      Bucket(
        burst: Int64(clamping: limits.resetBurst),
        perSecond: Int64(clamping: limits.resetRatePerSecond), perStream: 1, perData: 0),
      // gRPC probes the path with a PING per piece of data.
      Bucket(burst: 100, perSecond: 5, perStream: 4, perData: 2),
      Bucket(burst: 32, perSecond: 1, perStream: 0, perData: 0),
      // Browsers send a handful per stream; Envoy allows 100 per stream.
      Bucket(burst: 300, perSecond: 50, perStream: 20, perData: 0),
      // One for the stream and one for the connection per DATA frame, twice over.
      Bucket(burst: 500, perSecond: 100, perStream: 8, perData: 4),
      Bucket(burst: 100, perSecond: 10, perStream: 2, perData: 1),
      Bucket(burst: 200, perSecond: 20, perStream: 4, perData: 0),
    ]
  }

  /// Takes one frame from a bucket; false when it is empty.
  mutating func spend(_ kind: Kind) -> Bool {
    guard buckets[kind.rawValue].left > 0 else { return false }
    buckets[kind.rawValue].left -= 1
    return true
  }

  /// Refills for a stream that ended well.
  mutating func earnStream() {
    for index in buckets.indices {
      let bucket = buckets[index]
      buckets[index].left = min(bucket.burst, bucket.left + bucket.perStream)
    }
  }

  /// Refills for a DATA frame with `byteCount` bytes, either way.
  mutating func earnData(byteCount: Int) {
    guard byteCount >= Self.workBytesMin else { return }
    for kind in Kind.ping.rawValue...Kind.emptyData.rawValue {
      let bucket = buckets[kind]
      buckets[kind].left = min(bucket.burst, bucket.left + bucket.perData)
    }
  }

  /// Refills for the time that passed since the last call; whole seconds only.
  mutating func advance(toNanoseconds now: UInt64) {
    guard lastNanoseconds != 0, now > lastNanoseconds else {
      if lastNanoseconds == 0 { lastNanoseconds = max(now, 1) }
      return
    }
    let seconds = Int64(clamping: (now - lastNanoseconds) / 1_000_000_000)
    guard seconds > 0 else { return }
    lastNanoseconds += UInt64(seconds) * 1_000_000_000
    let capped = min(seconds, 3600)
    for index in buckets.indices {
      let bucket = buckets[index]
      buckets[index].left = min(bucket.burst, bucket.left + capped * bucket.perSecond)
    }
  }
}
