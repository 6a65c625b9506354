import Base
import HTTP
import Testing

/// The header rules between the two sides.
struct ForwardingTests {
  static let requestID: UInt128 = 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210
  static let trace = "traceparent=00-0123456789abcdeffedcba9876543210-00000000000000ff-02"
  static let newID = "x-request-id=0123456789abcdeffedcba9876543210"

  static func fields(_ lines: [(String, String)]) -> Fields {
    var fields = Fields()
    for (name, value) in lines {
      let (nameBytes, valueBytes) = (wire(name), wire(value))
      unsafe nameBytes.withUnsafeBytes { name in
        unsafe valueBytes.withUnsafeBytes { unsafe fields.append(name: name, value: $0) }
      }
    }
    return fields
  }

  static func prepared(
    _ lines: [(String, String)], peer: String = "192.0.2.7", isTrusted: Bool = false,
    authority: String = "ehr.example", received: ReceivedProtocol = .http2
  ) throws -> (lines: [String], refusal: ForwardingRefusal?) {
    var head = RequestHead()
    head.fields = fields(lines)
    head.authority = wire(authority)
    var context = ForwardingContext(
      peer: try #require(IPAddress(peer)), requestID: requestID, spanID: 255)
    context.isPeerTrusted = isTrusted
    context.received = received
    let refusal = Forwarding.prepareRequest(&head, context: context)
    let lines = describe(head.fields).split(separator: " | ").map(String.init)
    return (lines, refusal)
  }

  @Test func addsOurLines() throws {
    let result = try Self.prepared([("accept", "x")])
    #expect(result.refusal == nil)
    #expect(
      result.lines == [
        "accept=x", "via=2 homeward", "forwarded=for=192.0.2.7;proto=https;host=ehr.example",
        "x-forwarded-for=192.0.2.7", "x-forwarded-proto=https", "x-forwarded-host=ehr.example",
        Self.newID, Self.trace,
      ])
  }

  @Test func quotesAddressesAndPorts() throws {
    let lines = try Self.prepared(
      [], peer: "2001:db8::1", authority: "ehr.example:8443", received: .http11
    ).lines
    #expect(
      lines.contains("forwarded=for=\"[2001:db8::1]\";proto=https;host=\"ehr.example:8443\""))
    #expect(lines.contains("x-forwarded-for=2001:db8::1"))
    #expect(lines.contains("via=1.1 homeward"))
  }

  /// Lines that must not reach the origin as they came, whatever `Connection` says.
  @Test(arguments: [
    ("connection", "keep-alive"), ("keep-alive", "timeout=5"), ("proxy-connection", "close"),
    ("transfer-encoding", "gzip"), ("upgrade", "h2c"), ("http2-settings", "x"), ("trailer", "a"),
    ("te", "gzip"), ("proxy-authorization", "Basic x"), ("forwarded", "for=1.2.3.4"),
    ("x-forwarded-for", "1.2.3.4"), ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "http"), ("x-forwarded-port", "1"), ("x-forwarded-prefix", "/a"),
    ("x-forwarded-client-cert", "By=x"), ("x-real-ip", "1.2.3.4"), ("ehr-region", "us-west"),
    ("ehr-position", "1"), ("x-fhir-tenant-id", "1"), ("x-consent-scope", "all"),
    ("x-authority-epoch", "9"), ("x-http-method-override", "DELETE"), ("x-original-url", "/x"),
    ("x-rewrite-url", "/x"), ("x-http-method", "PUT"), ("x-method-override", "PUT"),
    ("expect", "100-continue"), ("tracestate", "a=b"), ("traceparent", "x"),
    ("x-request-id", "a b"),
  ])
  func strips(name: String, value: String) throws {
    let expected = try Self.prepared([]).lines
    #expect(try Self.prepared([(name, value)]).lines == expected)
    #expect(try Self.prepared([("connection", "close, \(name)"), (name, value)]).lines == expected)
    #expect(
      try Self.prepared([(name, value), ("connection", name.uppercased())]).lines == expected)
  }

  @Test func connectionNamesFields() throws {
    let lines = try Self.prepared([
      ("connection", "X-Foo, x-bar,, close"), ("x-foo", "1"), ("x-bar", "2"), ("x-baz", "3"),
      ("connection", "x-qux"), ("x-qux", "4"), ("x-foo", "5"),
    ]).lines
    #expect(lines.first == "x-baz=3")
    #expect(!lines.contains { $0.contains("x-foo") || $0.contains("x-bar") || $0.contains("qux") })
    // Naming our own lines does not take them away.
    let ours = try Self.prepared([
      ("connection", "via, forwarded, x-forwarded-for, traceparent, x-request-id")
    ]).lines
    #expect(ours == (try Self.prepared([]).lines))
    let many = (0..<33).map { "x\($0)" }.joined(separator: ",")
    #expect(try Self.prepared([("connection", many)]).refusal == .connectionOptions)
  }

  /// The edge has judged them, so the origin must see them.
  @Test(arguments: ["Content-Type", "authorization", "if-none-exist", "Idempotency-Key", "prefer"])
  func endToEndFieldsAreNobodysOwn(name: String) throws {
    let refusal = try Self.prepared([("connection", "close, \(name)"), ("x", "1")]).refusal
    #expect(refusal == .endToEndOption)
  }

  @Test func keepsTrailersOption() throws {
    let lines = try Self.prepared([("te", "gzip;q=1, Trailers"), ("connection", "te")]).lines
    #expect(lines.first == "te=trailers")
  }

  @Test func believesTrustedPeers() throws {
    let lines = try Self.prepared(
      [
        ("x-forwarded-for", "203.0.113.1"), ("forwarded", "for=203.0.113.1"),
        ("x-forwarded-for", "10.0.0.1"), ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "www.example"), ("x-forwarded-prefix", "/p"), ("ehr-region", "x"),
      ], peer: "10.0.0.2", isTrusted: true
    ).lines
    #expect(lines.contains("x-forwarded-for=203.0.113.1, 10.0.0.1, 10.0.0.2"))
    #expect(
      lines.contains("forwarded=for=203.0.113.1, for=10.0.0.2;proto=https;host=ehr.example"))
    #expect(lines.filter { $0.hasPrefix("x-forwarded-proto") } == ["x-forwarded-proto=http"])
    #expect(lines.filter { $0.hasPrefix("x-forwarded-host") } == ["x-forwarded-host=www.example"])
    #expect(lines.contains("x-forwarded-prefix=/p"))
    #expect(!lines.contains { $0.hasPrefix("ehr-") })
    let doubled = try Self.prepared(
      [("x-forwarded-proto", "http"), ("x-forwarded-proto", "https")], isTrusted: true
    ).lines
    #expect(doubled.filter { $0.hasPrefix("x-forwarded-proto") } == ["x-forwarded-proto=https"])
  }

  @Test(arguments: [
    ("abc-DEF_1.2", true), (String(repeating: "a", count: 64), true),
    (String(repeating: "a", count: 65), false), ("", false), ("a/b", false), ("a\"b", false),
  ])
  func requestIdentifiers(value: String, isKept: Bool) throws {
    let lines = try Self.prepared([("x-request-id", value)]).lines
    #expect(lines.contains("x-request-id=\(value)") == isKept)
    #expect(lines.contains(Self.newID) != isKept)
    #expect(
      try Self.prepared([("x-request-id", "a"), ("x-request-id", "a")]).lines.contains(Self.newID))
  }

  @Test(
    arguments: [
      ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "01"),
      ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fd", "01"),
      ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", "01"),
      ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", nil),
      ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more", nil),
      ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", nil),
      ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", nil),
      ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", nil),
      ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", nil),
      ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0", nil),
      ("00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01", nil),
      ("00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", nil),
    ] as [(String, String?)])
  func traces(value: String, flags: String?) throws {
    let lines = try Self.prepared([("traceparent", value), ("tracestate", "a=b")]).lines
    let continued = "traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00000000000000ff-"
    #expect(lines.last == (flags.map { continued + $0 } ?? Self.trace))
    #expect(lines.contains("tracestate=a=b") == (flags != nil))
    let twice = try Self.prepared([("traceparent", value), ("traceparent", value)]).lines
    #expect(twice.last == Self.trace)
  }

  @Test func detectsLoops() throws {
    let via = ("via", "1.1 homeward, 2 Homeward (edge), 1.1 other")
    #expect(try Self.prepared([via]).refusal == nil)
    #expect(try Self.prepared([via, ("via", "2 homeward")]).refusal == nil)
    #expect(try Self.prepared([via, via]).refusal == .loop)
    let connection = ("connection", "via")
    #expect(try Self.prepared([connection, via, via]).refusal == .loop)
  }

  @Test func preparesResponses() {
    var head = ResponseHead()
    head.fields = Self.fields([
      ("connection", "x-foo"), ("x-foo", "1"), ("ehr-region", "x"), ("ehr-lag", "5"),
      ("ehr-position", "7"), ("alt-svc", "h3"), ("trailer", "a"), ("server", "origin"),
      ("set-cookie", "a=b"), ("via", "1.1 cache"),
    ])
    Forwarding.prepareResponse(&head)
    #expect(
      describe(head.fields)
        == " | ehr-lag=5 | ehr-position=7 | server=origin | set-cookie=a=b | via=1.1 cache"
        + " | via=1.1 homeward")
  }

  @Test(
    arguments: [
      ("198.51.100.1", ["203.0.113.9"], "198.51.100.1", .connection),
      ("10.0.0.1", [], "10.0.0.1", .connection),
      ("10.0.0.1", [""], "10.0.0.1", .connection),
      ("10.0.0.1", ["203.0.113.9"], "203.0.113.9", .forwarded),
      ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9", .forwarded),
      ("10.0.0.1", ["1.1.1.1, 203.0.113.9"], "203.0.113.9", .forwarded),
      ("10.0.0.1", ["1.1.1.1, 203.0.113.9, 10.0.0.2"], "203.0.113.9", .forwarded),
      ("10.0.0.1", ["1.1.1.1", "203.0.113.9,10.0.0.2", "10.0.0.3"], "203.0.113.9", .forwarded),
      ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3", .allTrusted),
      ("10.0.0.1", ["203.0.113.9, unknown, 10.0.0.2"], "10.0.0.2", .unreadable),
      ("10.0.0.1", ["203.0.113.9, _x"], "10.0.0.1", .unreadable),
      ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9", .forwarded),
      ("10.0.0.1", ["[2001:db8::9]:4711, [fd00::1]"], "2001:db8::9", .forwarded),
      ("10.0.0.1", ["2001:db8::9"], "2001:db8::9", .forwarded),
      ("10.0.0.1", ["203.0.113.9:x"], "10.0.0.1", .unreadable),
      ("10.0.0.1", [String(repeating: "10.0.0.5,", count: 40)], "10.0.0.5", .unreadable),
      ("10.0.0.1", ["203.0.113.9,, ,"], "203.0.113.9", .forwarded),
    ] as [(String, [String], String, ClientAddress.Provenance)])
  func findsClients(
    peer: String, chain: [String], address: String, provenance: ClientAddress.Provenance
  ) throws {
    let trusted = try ["10.0.0.0/8", "fd00::/8"].map { try #require(CIDR($0)) }
    let fields = Self.fields(chain.map { ("x-forwarded-for", $0) } + [("forwarded", "for=9.9.9.9")])
    let found = ClientAddress.resolve(
      peer: try #require(IPAddress(peer)), fields: fields, trusted: trusted)
    #expect(
      found == ClientAddress(address: try #require(IPAddress(address)), provenance: provenance))
  }

  @Test(
    arguments: [
      ("for=203.0.113.9", "203.0.113.9", .forwarded),
      ("For=\"[2001:db8::9]:80\";proto=https", "2001:db8::9", .forwarded),
      ("for=1.1.1.1, proto=http; for=203.0.113.9 , for=10.0.0.2", "203.0.113.9", .forwarded),
      ("for=unknown, for=10.0.0.2", "10.0.0.2", .unreadable),
      ("proto=https", "10.0.0.1", .unreadable),
      ("for=203.0.113.9;for=1.1.1.1", "10.0.0.1", .unreadable),
      ("for=\"1.1.1.1, for=203.0.113.9\"", "10.0.0.1", .unreadable),
    ] as [(String, String, ClientAddress.Provenance)])
  func findsClientsInForwarded(
    value: String, address: String, provenance: ClientAddress.Provenance
  ) throws {
    let trusted = [try #require(CIDR("10.0.0.0/8"))]
    let fields = Self.fields([("forwarded", value), ("x-forwarded-for", "9.9.9.9")])
    let found = ClientAddress.resolve(
      peer: try #require(IPAddress("10.0.0.1")), fields: fields, trusted: trusted,
      source: .forwarded)
    #expect(
      found == ClientAddress(address: try #require(IPAddress(address)), provenance: provenance))
  }
}

/// A head whose memory is used again keeps what heads usually need, and no more.
@Test(arguments: [(100, true), (4_000, true), (20_000, false), (60_000, false)])
func aResponseHeadLetsUnusualMemoryGo(_ row: (Int, Bool)) {
  var head = ResponseHead(status: 200)
  head.fields.append("x-large", String(repeating: "l", count: row.0))
  #expect(head.fields.byteCapacity >= row.0)
  head.removeAll()
  #expect((head.fields.byteCapacity >= row.0) == row.1)
  #expect(head.fields.isEmpty)
}
