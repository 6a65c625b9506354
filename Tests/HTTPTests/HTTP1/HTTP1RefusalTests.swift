import HTTP
import Testing

/// A message that must be refused, and why.
struct RefusedMessage: CustomTestStringConvertible, Sendable {
  let message: String
  let refusal: HTTP1Refusal
  var testDescription: String { "\(refusal): \(message.debugDescription.prefix(60))" }

  init(_ refusal: HTTP1Refusal, _ message: String) {
    self.refusal = refusal
    self.message = message
  }
  /// A request for `/` with these lines after `Host`.
  static func fields(_ refusal: HTTP1Refusal, _ lines: String) -> RefusedMessage {
    RefusedMessage(refusal, "GET / HTTP/1.1\r\nHost: a.example\r\n\(lines)\r\n\r\n")
  }
  /// A request whose first line is this one.
  static func line(_ refusal: HTTP1Refusal, _ line: String) -> RefusedMessage {
    RefusedMessage(refusal, "\(line)\r\nHost: a.example\r\n\r\n")
  }
  /// A chunked request with this body.
  static func chunks(_ refusal: HTTP1Refusal, _ body: String) -> RefusedMessage {
    RefusedMessage(
      refusal,
      "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n\(body)")
  }
  /// An origin's answer that begins with these lines.
  static func answer(_ refusal: HTTP1Refusal, _ lines: String) -> RefusedMessage {
    RefusedMessage(refusal, "\(lines)\r\n\r\n")
  }
}

/// Strictness: every message that could be read in two ways is refused with its own reason, however
/// it is cut into pieces.
struct HTTP1RefusalTests {
  static let requestLines: [RefusedMessage] = [
    .init(.bareLineFeed, "GET / HTTP/1.1\nHost: a.example\n\n"),
    .init(.bareLineFeed, "GET / HTTP/1.1\r\nHost: a.example\n\r\n"),
    .init(.bareLineFeed, "GET / HTTP/1.1\r\nHost: a.example\r\n\n"),
    .init(.bareLineFeed, "\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n"),
    .init(.emptyLines, "\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n"),
    .line(.version, "GET / HTTP/1.1\r"), .line(.controlByte, "GET\u{0} / HTTP/1.1"),
    .line(.methodInvalid, "GET\t/ HTTP/1.1"), .line(.methodInvalid, "GE(T / HTTP/1.1"),
    .line(.methodInvalid, " GET / HTTP/1.1"), .line(.methodInvalid, "GET"),
    .line(.methodInvalid, "G\u{E9}T / HTTP/1.1"), .line(.http09, "GET /"),
    .line(.version, "GET  / HTTP/1.1"), .line(.version, "GET /  HTTP/1.1"),
    .line(.version, "GET / HTTP/1.1 "), .line(.version, "GET /a b HTTP/1.1"),
    .line(.version, "GET / http/1.1"), .line(.version, "GET / HTTP/1"),
    .line(.version, "GET / HTTP/1.10"), .line(.version, "GET / HTTP/11"),
    .line(.version, "GET / FTP/1.1"), .line(.version, "GET / "),
    .line(.versionUnsupported, "GET / HTTP/1.2"), .line(.versionUnsupported, "GET / HTTP/2.0"),
    .line(.versionUnsupported, "GET / HTTP/0.9"), .line(.versionUnsupported, "GET / HTTP/3.0"),
    .init(.http2Preface, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    .line(.methodTooLong, String(repeating: "A", count: 25) + " / HTTP/1.1"),
    .line(.connect, "CONNECT a.example:443 HTTP/1.1"), .line(.connect, "CONNECT / HTTP/1.1"),
    .line(.targetAsterisk, "GET * HTTP/1.1"), .line(.targetInvalid, "OPTIONS ** HTTP/1.1"),
    .line(.targetInvalid, "GET a HTTP/1.1"), .line(.targetInvalid, "GET /a#b HTTP/1.1"),
    .line(.targetInvalid, "GET /%2f HTTP/1.1"), .line(.targetInvalid, "GET /\u{80} HTTP/1.1"),
    .line(.targetInvalid, "GET /a%zz HTTP/1.1"), .line(.targetInvalid, "GET /a\\b HTTP/1.1"),
    .line(.targetInvalid, "GET /\u{1} HTTP/1.1"), .line(.targetInvalid, "GET /\t HTTP/1.1"),
    .line(.targetInvalid, "GET ftp://a.example/ HTTP/1.1"),
    .line(.targetInvalid, "GET a.example:80 HTTP/1.1"),
    .line(.targetAuthority, "GET http:///x HTTP/1.1"),
    .line(.targetAuthority, "GET http://u@a.example/ HTTP/1.1"),
    .line(.targetAuthority, "GET http://a.example:/ HTTP/1.1"),
    .line(.targetAuthority, "GET http://a.example:70000/ HTTP/1.1"),
    .line(.targetAuthority, "GET http://[::1/ HTTP/1.1"),
    .line(.targetTooLong, "GET /" + String(repeating: "a", count: 16_384) + " HTTP/1.1"),
    .line(.requestLineTooLong, "GET /" + String(repeating: "a", count: 17_000) + " HTTP/1.1"),
    .init(.requestLineTooLong, "GET /" + String(repeating: "a", count: 17_000)),
  ]

  static let fieldLines: [RefusedMessage] = [
    .init(.hostMissing, "GET / HTTP/1.1\r\n\r\n"),
    .init(.hostMissing, "GET http://a.example/ HTTP/1.1\r\nAccept: x\r\n\r\n"),
    .fields(.hostDuplicate, "Host: a.example"), .fields(.hostDuplicate, "hOST: b.example"),
    .init(.hostInvalid, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    .init(.hostInvalid, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    .init(.hostInvalid, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
    .init(.hostInvalid, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    .init(.hostInvalid, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    .init(.hostInvalid, "GET / HTTP/1.1\r\nHost: a:\r\n\r\n"),
    .init(.hostInvalid, "GET / HTTP/1.1\r\nHost: a:0\r\n\r\n"),
    .init(.hostInvalid, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
    .init(.hostInvalid, "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n"),
    .init(.hostInvalid, "GET / HTTP/1.1\r\nHost: [1.2.3.4]\r\n\r\n"),
    .init(.hostInvalid, "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"),
    .init(.hostInvalid, "GET / HTTP/1.1\r\nHost: a%2eb\r\n\r\n"),
    .init(.hostMismatch, "GET http://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"),
    .init(.hostMismatch, "GET http://a.example:80/ HTTP/1.1\r\nHost: a.example\r\n\r\n"),
    .init(.hostInvalid, "GET http://a.example/ HTTP/1.1\r\nHost: a b\r\n\r\n"),
    .fields(.spaceBeforeColon, "Foo : x"), .fields(.spaceBeforeColon, "Foo\t: x"),
    .fields(.spaceBeforeColon, "Transfer-Encoding : chunked"), .fields(.obsoleteFold, " folded"),
    .fields(.obsoleteFold, "\tfolded"), .fields(.obsoleteFold, "A: b\r\n c"),
    .init(.obsoleteFold, "GET / HTTP/1.1\r\n Host: a.example\r\n\r\n"),
    .fields(.nameEmpty, ": x"), .fields(.colonMissing, "Foo"), .fields(.nameInvalid, "F o: x"),
    .fields(.nameInvalid, "F\u{0}o: x"), .fields(.nameInvalid, "F\u{E9}: x"),
    .fields(.nameInvalid, "F(o: x"), .fields(.nameInvalid, "F\ro: x"),
    .fields(.nameUnderscore, "X_Forwarded_For: x"), .fields(.nameUnderscore, "Content_Length: 5"),
    .fields(.valueControl, "A: b\u{0}c"), .fields(.valueControl, "A: b\rc"),
    .fields(.valueControl, "A: b\u{7F}c"), .fields(.valueControl, "A: \u{1}"),
    .fields(.valueControl, "A: 12345678901\u{1B}[0m"), .fields(.valueControl, "A: b\r"),
    .fields(.fieldsTooMany, (0..<128).map { "a\($0): b" }.joined(separator: "\r\n")),
    .fields(.fieldsTooLarge, "A: " + String(repeating: "b", count: 65_500)),
    .fields(.fieldsTooLarge, "A: " + String(repeating: "b", count: 70_000)),
    .init(.fieldsTooLarge, "GET / HTTP/1.1\r\nA: " + String(repeating: "b", count: 70_000)),
    .fields(
      .fieldsTooLarge,
      (0..<9).map { "a\($0): " + String(repeating: "b", count: 8_000) }.joined(
        separator: "\r\n")),
    .fields(.expectation, "Expect: 200-ok"), .fields(.expectation, "Expect:"),
  ]

  static let framing: [RefusedMessage] = [
    .fields(.lengthInvalid, "Content-Length: -1"), .fields(.lengthInvalid, "Content-Length: +1"),
    .fields(.lengthInvalid, "Content-Length: 0x10"), .fields(.lengthInvalid, "Content-Length: 1 1"),
    .fields(.lengthInvalid, "Content-Length: 5, 5"), .fields(.lengthInvalid, "Content-Length: 5,6"),
    .fields(.lengthInvalid, "Content-Length:"), .fields(.lengthInvalid, "Content-Length: 1e3"),
    .fields(.lengthInvalid, "Content-Length: 9223372036854775808"),
    .fields(.lengthInvalid, "Content-Length: 18446744073709551621"),
    .fields(.lengthInvalid, "Content-Length: 00000000000000000005"),
    .fields(.lengthDuplicate, "Content-Length: 5\r\nContent-Length: 5"),
    .fields(.lengthDuplicate, "Content-Length: 5\r\nContent-Length: 6"),
    .fields(.lengthAndEncoding, "Content-Length: 5\r\nTransfer-Encoding: chunked"),
    .fields(.lengthAndEncoding, "Transfer-Encoding: chunked\r\nContent-Length: 0"),
    .fields(.encodingUnknown, "Transfer-Encoding: gzip, chunked"),
    .fields(.encodingUnknown, "Transfer-Encoding: chunked, identity"),
    .fields(.encodingUnknown, "Transfer-Encoding: identity"),
    .fields(.encodingUnknown, "Transfer-Encoding: xchunked"),
    .fields(.encodingUnknown, "Transfer-Encoding: \"chunked\""),
    .fields(.encodingUnknown, "Transfer-Encoding: chunked;a=b"),
    .fields(.encodingUnknown, "Transfer-Encoding:"),
    .fields(.valueControl, "Transfer-Encoding: \u{B}chunked"),
    .fields(.encodingDuplicate, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    .init(.encodingOnHTTP10, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    .chunks(.chunkSize, "x\r\n"), .chunks(.chunkSize, "\r\n"), .chunks(.chunkSize, "-1\r\n"),
    .chunks(.chunkSize, "0x5\r\nhello\r\n"), .chunks(.chunkSize, " 5\r\nhello\r\n"),
    .chunks(.chunkSize, "5 \r\nhello\r\n"), .chunks(.chunkSize, "5 ;a\r\nhello\r\n"),
    .chunks(.chunkSize, "8000000000000000\r\n"), .chunks(.chunkSize, "10000000000000005\r\n"),
    .chunks(.chunkSize, "00000000000000005\r\nhello\r\n"), .chunks(.chunkSize, "5\rhello\r\n"),
    .chunks(.bareLineFeed, "5\nhello\r\n"), .chunks(.bareLineFeed, "5\r\nhello\n0\r\n\r\n"),
    .chunks(.bareLineFeed, "0\n\n"), .chunks(.bareLineFeed, "0\r\n\n"),
    .chunks(.bareLineFeed, "5;a\nhello\r\n"), .chunks(.chunkExtension, "5;a\u{0}\r\nhello\r\n"),
    .chunks(.chunkExtension, "5;a\rb\r\nhello\r\n"), .chunks(.chunkEnd, "5\r\nhello!\r\n"),
    .chunks(.chunkEnd, "5\r\nhello!!\r\n"),
    .chunks(.chunkLineTooLong, "5;" + String(repeating: "a", count: 256) + "\r\nhello\r\n"),
    .chunks(.chunkLineTooLong, "5;" + String(repeating: "a", count: 300)),
    .chunks(
      .chunkExtensionsTooLong,
      String(repeating: "1;" + String(repeating: "a", count: 250) + "\r\nx\r\n", count: 17)),
    .chunks(.trailerForbidden, "0\r\nContent-Length: 5\r\n\r\n"),
    .chunks(.trailerForbidden, "0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    .chunks(.trailerForbidden, "0\r\nHost: b.example\r\n\r\n"),
    .chunks(.trailerForbidden, "0\r\nAuthorization: x\r\n\r\n"),
    .chunks(.trailerForbidden, "0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n"),
    .chunks(.trailerForbidden, "0\r\nContent-Encoding: gzip\r\n\r\n"),
    .chunks(.trailerForbidden, "0\r\nConnection: close\r\n\r\n"),
    .chunks(.trailerForbidden, "0\r\nEHR-Region: us\r\n\r\n"),
    .chunks(.nameInvalid, "0\r\nGET / HTTP/1.1\r\n\r\n"),
    .chunks(.obsoleteFold, "0\r\n a: b\r\n\r\n"),
    .chunks(.fieldsTooMany, "0\r\n" + (0..<129).map { "a\($0): b\r\n" }.joined()),
    .chunks(.fieldsTooLarge, "0\r\nA: " + String(repeating: "b", count: 70_000)),
  ]

  static let answers: [RefusedMessage] = [
    .answer(.statusLine, "HTTP/1.1 20"), .answer(.statusLine, "HTTP/1.1 2000 OK"),
    .answer(.statusLine, "HTTP/1.1  200 OK"), .answer(.statusLine, "HTTP/1.1 +20 OK"),
    .answer(.statusLine, "http/1.1 200 OK"), .answer(.statusLine, "HTTP/2.0 200 OK"),
    .answer(.statusLine, "HTTP/1.1 200 O\u{0}K"), .answer(.statusLine, "HTTP/1.1 200OK"),
    .answer(.statusLine, ""), .answer(.statusLine, "ICY 200 OK"),
    .answer(.statusInvalid, "HTTP/1.1 099 x"), .answer(.statusInvalid, "HTTP/1.1 600 x"),
    .answer(.switchingProtocols, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket"),
    .answer(.informationalBody, "HTTP/1.1 100 Continue\r\nContent-Length: 5"),
    .answer(.informationalBody, "HTTP/1.1 103 Hints\r\nTransfer-Encoding: chunked"),
    .answer(
      .lengthAndEncoding, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"),
    .answer(.encodingOnHTTP10, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked"),
    .answer(.encodingUnknown, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked"),
    .answer(.lengthDuplicate, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5"),
    .answer(.lengthInvalid, "HTTP/1.1 200 OK\r\nContent-Length: 5, 5"),
    .answer(.obsoleteFold, "HTTP/1.1 200 OK\r\nA: b\r\n c"),
    .answer(.valueControl, "HTTP/1.1 200 OK\r\nA: b\u{0}"),
    .answer(.spaceBeforeColon, "HTTP/1.1 200 OK\r\nContent-Length : 5"),
    .init(.bareLineFeed, "HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
    .init(
      .informationalsTooMany,
      String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 17)),
    .init(
      .trailerForbidden,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 1\r\n\r\n"),
    .init(.chunkSize, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
  ]

  @Test(arguments: requestLines + fieldLines + framing)
  func serverRefuses(_ refused: RefusedMessage) throws {
    // Whatever follows a refused message must never be read as a request.
    let bytes = wire(refused.message)
    let smuggled = bytes + wire("GET /admin HTTP/1.1\r\nHost: a.example\r\n\r\n")
    let whole = serve([smuggled])
    let reason = refused.refusal.rawValue
    #expect(whole.events.last == "failed malformed(\"\(reason)\")")
    #expect(!whole.events.contains { $0.contains("/admin") })
    #expect(whole.events.count { $0.hasPrefix("failed") } == 1)
    #expect(whole.events.count { $0.hasPrefix("refused 1") } == 1)
    #expect(whole.events.suffix(2).first == "closed 1")
    #expect(whole.output.contains("connection: close\r\n"))
    #expect(whole.output.hasPrefix("HTTP/1.1 400 "))
    #expect(serve(cut(smuggled, seed: 0)) == whole)
    for seed: UInt64 in 1...8 { #expect(serve(cut(smuggled, seed: seed)) == whole) }
  }

  /// What is told of a request that is refused: its kind, and the method once it was read.
  @Test(
    arguments: [
      ("PUT /%2f HTTP/1.1\r\n", "PUT target"), ("GET * HTTP/1.1\r\n", "GET target"),
      ("HEAD / HTTP/1.1\r\n\r\n", "HEAD malformed"), ("hello\r\n", " malformed"),
      ("\r\n\r\n", " malformed"), ("CONNECT a.example:1 HTTP/1.1\r\n", "CONNECT connect"),
      ("GET / HTTP/3.0\r\n", " version"), ("PRI * HTTP/2.0\r\n", " version"),
      (String(repeating: "A", count: 25) + " / HTTP/1.1\r\n", " method"),
      ("GET /" + String(repeating: "a", count: 16_384) + " HTTP/1.1\r\n", " targetTooLong"),
      ("GET /" + String(repeating: "a", count: 17_000), " targetTooLong"),
      ("GET / HTTP/1.1\r\nA: " + String(repeating: "b", count: 70_000), "GET fieldsTooLarge"),
      ("GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n", "GET expectation"),
      ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n", "PUT coding"),
    ])
  func whatIsToldOfARefusal(_ message: String, _ told: String) {
    #expect(serve([wire(message)]).events.first == "refused 1 \(told)")
    // A request before it leaves nothing behind.
    let before = "DELETE /x HTTP/1.1\r\nHost: a.example\r\nAccept: text/html\r\n\r\n"
    #expect(serve([wire(before + message)]).events.contains("refused 2 \(told)"))
  }

  /// Of a refused head only `Accept` is kept: the rest may be cut off or forged.
  @Test func aRefusedHeadKeepsNothingElse() {
    let codec = HTTP1ServerCodec()
    let message =
      "PUT /Patient/1 HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: 1.2.3.4\r\n"
      + "Accept: text/html\r\nAuthorization: x\r\nbad\r\n"
    var head = RequestHead()
    feed(codec, wire(message)) {
      while let event = codec.nextEvent() {
        if case .refused(let stream, .malformed) = event { head = codec.takeRequest(stream) }
      }
    }
    #expect(head.methodName == "PUT" && head.method == .put)
    #expect(describe(head.fields) == " | accept=text/html")
    #expect(head.target.isEmpty && head.authority.isEmpty && head.contentLength == nil)
    #expect(!codec.isFinished && !codec.wantsToReceive)
  }

  @Test(arguments: answers)
  func clientRefuses(_ refused: RefusedMessage) {
    let bytes = wire(refused.message)
    let whole = fetch([bytes])
    let fault = "malformed(\"\(refused.refusal.rawValue)\")"
    #expect(whole.events.suffix(2) == ["reset 1 \(fault)", "failed \(fault)"])
    #expect(whole.output == "not reusable")
    #expect(fetch(cut(bytes, seed: 0)) == whole)
    for seed: UInt64 in 1...8 { #expect(fetch(cut(bytes, seed: seed)) == whole) }
  }

  @Test func everyRefusalIsMet() {
    let all = Self.requestLines + Self.fieldLines + Self.framing + Self.answers
    let met = Set(all.map(\.refusal))
    let missing = HTTP1Refusal.allCases.filter { !met.contains($0) }
    // `bytesUnexpected` has its own tests.
    #expect(missing == [.bytesUnexpected])
    #expect(all.count >= 80)
  }
}
