internal import StrictYAML

extension Configuration {
  /// How long anybody may take, all in milliseconds.
  struct Timeouts: Sendable, Equatable {
    /// From the first byte of a request head to its last, 10 s: slower senders are an attack.
    var clientHeaderMilliseconds = 10_000
    /// A client connection without requests, 60 s: what browsers and mobile networks expect.
    var clientIdleMilliseconds = 60_000
    /// A client that neither sends nor takes what is due, 30 s.
    var clientStallMilliseconds = 30_000
    /// From the head of a request whose body decides to that body's end, 45 s: 8 MiB at 2 Mbit/s.
    var bodyMilliseconds = 45_000
    /// From accept to the end of the TLS handshake, 10 s: ten round trips by satellite.
    var tlsHandshakeMilliseconds = 10_000
    /// TCP and TLS to an origin, 1 s: after that another endpoint is the better bet.
    var connectMilliseconds = 1_000
    /// The same to an origin whose probes say that it is near, 250 ms.
    var connectNearMilliseconds = 250
    /// From the whole request sent to the response's head, 30 s: long searches are slow.
    var firstByteMilliseconds = 30_000
    /// The same for one attempt of a read while another choice is left: monitors 100 ms, single
    /// records and orders 200 ms, pages 800 ms. Others have `first_byte`.
    var alarmTryMilliseconds = 100
    var interactiveTryMilliseconds = 200
    var chartTryMilliseconds = 800
    /// An unused origin connection, 45 s: below the 60 s of common servers, so that we close first.
    var originIdleMilliseconds = 45_000
    /// An origin that neither sends nor takes what is due, 30 s.
    var originStallMilliseconds = 30_000
    /// From the signal to stop until connections are cut, 30 s: what supervisors wait by default.
    var drainMilliseconds = 30_000
  }
}

extension Configuration.Timeouts {
  /// Reads `timeouts`.
  init(_ reader: MappingReader) {
    func read(_ key: String, _ range: ClosedRange<Int>, _ value: inout Int) {
      value = reader.durationMilliseconds(key, in: range, default: value)
    }
    read("client_header", 1_000...60_000, &clientHeaderMilliseconds)
    read("client_idle", 1_000...3_600_000, &clientIdleMilliseconds)
    read("client_stall", 1_000...600_000, &clientStallMilliseconds)
    read("body", 1_000...600_000, &bodyMilliseconds)
    read("tls_handshake", 1_000...60_000, &tlsHandshakeMilliseconds)
    read("connect", 50...30_000, &connectMilliseconds)
    connectNearMilliseconds = min(connectNearMilliseconds, connectMilliseconds)
    read("connect_near", 50...30_000, &connectNearMilliseconds)
    if connectNearMilliseconds > connectMilliseconds {
      reader.diagnostics.error(
        .combination, at: reader.mark(of: "connect_near"),
        "`connect_near` (\(durationText(milliseconds: connectNearMilliseconds))) must not be longer"
          + " than `connect` (\(durationText(milliseconds: connectMilliseconds)))")
    }
    read("first_byte", 100...600_000, &firstByteMilliseconds)
    read("try_alarm", 10...600_000, &alarmTryMilliseconds)
    read("try_interactive", 10...600_000, &interactiveTryMilliseconds)
    read("try_chart", 10...600_000, &chartTryMilliseconds)
    read("origin_idle", 1_000...3_600_000, &originIdleMilliseconds)
    read("origin_stall", 1_000...600_000, &originStallMilliseconds)
    read("drain", 100...600_000, &drainMilliseconds)
    reader.finish()
  }
}
