internal import HTTP
internal import StrictYAML

extension Configuration {
  /// How much anybody may use.
  struct Limits: Sendable, Equatable {
    /// The bounds of one connection; `HTTPLimits` gives defaults and reasons.
    var http = HTTPLimits()
    /// Client connections of the whole process, 10,000: 400 MiB of idle ones.
    var clientConnectionCountMax = 10_000
    /// Requests under way in the whole process, 4,096: about 1 GiB if all of them stall.
    var requestCountMax = 4_096
    /// Requests of one loop that may wait for one endpoint, 256: more is overload, which is
    /// answered.
    var originWaiterCountMax = 256
    /// Bytes of bodies that the process holds back until they are judged, 512 MiB: some sixty of
    /// the longest at once.
    var heldBytesMax = 512 << 20
    /// Bytes of an answer that is read for labels before any goes on, 1 MiB: a page of a thousand.
    var labelBytesMax = 1 << 20
    /// Writes that one loop holds back while a write authority moves, 1,000: more is an outage, and
    /// who is told so can decide better.
    var heldWriteCountMax = 1_000
  }
}

extension Configuration.Limits {
  /// Reads `limits`.
  init(_ reader: MappingReader) {
    clientConnectionCountMax = reader.integer(
      "client_connections", in: 16...1_000_000, default: clientConnectionCountMax)
    requestCountMax = reader.integer(
      "requests_in_flight", in: 16...1_000_000, default: requestCountMax)
    originWaiterCountMax = reader.integer(
      "origin_waiters", in: 0...65_536, default: originWaiterCountMax)
    heldBytesMax = reader.byteSize(
      "held_bodies", in: (16 << 20)...(64 << 30), default: heldBytesMax)
    labelBytesMax = reader.byteSize(
      "held_answer", in: 65_536...(64 << 20), default: labelBytesMax)
    heldWriteCountMax = reader.integer("held_writes", in: 0...100_000, default: heldWriteCountMax)
    readHeads(reader)
    readStreams(reader)
    readAbuse(reader)
    reader.finish()
    checkTogether(reader)
  }

  /// What a request or response head may hold.
  private mutating func readHeads(_ reader: MappingReader) {
    http.fieldCountMax = reader.integer(
      "header_fields", in: 16...1_024, default: http.fieldCountMax)
    http.fieldBytesMax = reader.byteSize(
      "header_size", in: 4_096...(1 << 20), default: http.fieldBytesMax)
    http.targetBytesMax = reader.byteSize(
      "target_size", in: 1_024...(256 << 10), default: http.targetBytesMax)
    http.chunkLineBytesMax = reader.byteSize(
      "chunk_line_size", in: 32...4_096, default: http.chunkLineBytesMax)
  }

  /// What is buffered and multiplexed.
  private mutating func readStreams(_ reader: MappingReader) {
    http.concurrentStreamsMax = UInt32(
      reader.integer("streams", in: 1...10_000, default: Int(http.concurrentStreamsMax)))
    http.streamWindowBytes = Int32(
      reader.byteSize(
        "stream_window", in: 65_536...(64 << 20), default: Int(http.streamWindowBytes)))
    http.connectionWindowBytes = Int32(
      reader.byteSize(
        "connection_window", in: 65_536...(1 << 30), default: Int(http.connectionWindowBytes)))
    http.sendHighMarkBytes = reader.byteSize(
      "send_high_mark", in: 16_384...(64 << 20), default: http.sendHighMarkBytes)
    http.sendLowMarkBytes = reader.byteSize(
      "send_low_mark", in: 4_096...(64 << 20), default: http.sendLowMarkBytes)
    http.receiveHighMarkBytes = reader.byteSize(
      "receive_high_mark", in: 16_384...(64 << 20), default: http.receiveHighMarkBytes)
  }

  /// What a hostile peer may try before its connection ends.
  private mutating func readAbuse(_ reader: MappingReader) {
    http.resetBurst = UInt64(
      reader.integer("reset_burst", in: 10...10_000, default: Int(http.resetBurst)))
    http.resetRatePerSecond = UInt64(
      reader.integer("resets_per_second", in: 1...1_000, default: Int(http.resetRatePerSecond)))
    http.continuationsMax = reader.integer(
      "continuations", in: 1...64, default: http.continuationsMax)
    http.settingsEntriesMax = reader.integer(
      "settings_entries", in: 8...256, default: http.settingsEntriesMax)
    http.outboundAcksMax = reader.integer(
      "waiting_acknowledgements", in: 10...10_000, default: http.outboundAcksMax)
    http.outboundFramesMax = reader.integer(
      "waiting_frames", in: 100...100_000, default: http.outboundFramesMax)
  }

  /// Limits that only make sense in one order.
  private func checkTogether(_ reader: MappingReader) {
    func require(_ low: String, _ lowValue: Int, below high: String, _ highValue: Int) {
      guard lowValue > highValue else { return }
      reader.diagnostics.error(
        .combination, at: reader.mark(of: reader.contains(low) ? low : high),
        "`\(low)` (\(byteSizeText(lowValue))) must not be above"
          + " `\(high)` (\(byteSizeText(highValue)))")
    }
    require("send_low_mark", http.sendLowMarkBytes, below: "send_high_mark", http.sendHighMarkBytes)
    require("held_answer", labelBytesMax, below: "held_bodies", heldBytesMax)
    require("target_size", http.targetBytesMax, below: "header_size", http.fieldBytesMax)
    require(
      "stream_window", Int(http.streamWindowBytes), below: "connection_window",
      Int(http.connectionWindowBytes))
  }
}
