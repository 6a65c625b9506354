import Base
import Native
import Testing

@testable import Admin

/// Who calls is proved, never said.
@Suite struct CallerTests {
  @Test func aTokenNamesItsOwner() throws {
    let rules = try Fixture.rules()
    func caller(_ authorization: String?) throws -> Caller {
      try rules.caller(Credentials(certificate: nil, authorization: authorization))
    }
    #expect(try caller("Bearer ana-token") == Caller("ana", [.sre], .token))
    #expect(try caller("bearer otto-token") == Caller("otto", [.auditor], .token))
    #expect(throws: CallerFault.token) { try caller("Bearer ana-toke") }
    #expect(throws: CallerFault.token) {
      try caller("Bearer " + String(repeating: "a", count: 600))
    }
    #expect(throws: CallerFault.scheme) { try caller("Basic YTpi") }
    #expect(throws: CallerFault.scheme) { try caller("Bearer") }
    #expect(throws: CallerFault.nothing) { try caller(nil) }
  }

  @Test(arguments: [
    ("ana sre", 1, "needs a name, roles and a SHA-256"),
    ("\nan/a sre 00", 2, "no caller's name"),
    ("ana boss 00", 1, "`boss` is no role"),
    ("ana sre 00", 1, "64 hexadecimal digits"),
    ("a sre DIGEST\nb sre DIGEST", 2, "stands in the file already"),
  ])
  func aWrongFileIsNamedByLine(text: String, line: Int, words: String) throws {
    let digest = Fixture.digests["ana"] ?? ""
    let pieces = text.split(separator: "DIGEST", omittingEmptySubsequences: false)
    let fault = #expect(throws: TokensFault.self) {
      _ = try AdminTokens(pieces.joined(separator: digest))
    }
    #expect(fault?.line == line)
    #expect(fault?.message.contains(words) == true)
  }

  @Test func guessersWaitAndRecordsAreFew() throws {
    var meter = FailureMeter()
    let address = try #require(IPAddress("192.0.2.7"))
    let now = Instant(nanoseconds: 5_000_000_000)
    let first = meter.failed(address, at: now)
    #expect(first == FailureMeter.Verdict(isTooMany: false, recordCount: 1))
    for _ in 1..<10 { #expect(!meter.failed(address, at: now).isTooMany) }
    #expect(meter.failed(address, at: now) == .init(isTooMany: true, recordCount: 0))
    // Others are not kept waiting, and a second later the record tells of all.
    let other = try #require(IPAddress("192.0.2.8"))
    let later = now.adding(milliseconds: 1_000)
    #expect(meter.failed(other, at: later) == .init(isTooMany: false, recordCount: 11))
    #expect(!meter.failed(address, at: later).isTooMany)
    #expect(meter.failed(address, at: later).isTooMany)
  }

  @Test func theMeterIsBounded() throws {
    var meter = FailureMeter()
    let now = Instant(nanoseconds: 1)
    let address = try #require(IPAddress("192.0.2.7"))
    for _ in 0..<11 { _ = meter.failed(address, at: now) }
    for number in 0..<AdminLimits.failureAddressCountMax {
      let other = try #require(IPAddress("10.0.\(number / 256).\(number % 256)"))
      #expect(!meter.failed(other, at: now).isTooMany)
    }
    // Forgotten, so counted anew.
    #expect(!meter.failed(address, at: now).isTooMany)
  }
}
