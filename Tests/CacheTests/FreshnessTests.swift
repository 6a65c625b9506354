import Base
import Testing

@testable import Cache

/// RFC 9111 section 4.2 and RFC 5861.
@Suite struct FreshnessTests {
  /// Asked at second 0, answered at second 2, when it is noon.
  private func freshness(
    _ lines: [String], status: UInt16 = 200, _ rules: RowRules = publicRules(), chance: UInt64 = 0
  ) -> Freshness {
    Freshness(
      answer(status, lines), rules, requestTime: second(0), responseTime: second(2), wall: noon,
      chance: chance)
  }

  @Test(
    arguments: [
      ([], 3600.0), (["Cache-Control: max-age=60"], 60), (["Cache-Control: max-age=99999"], 3600),
      (["Cache-Control: s-maxage=30, max-age=60"], 30),
      (["Cache-Control: s-maxage=90, max-age=60"], 90),
      (["Cache-Control: s-maxage=0, max-age=60"], 0), (["Cache-Control: max-age=x"], 0),
      (["Expires: Sun, 22 Nov 2026 00:01:00 GMT", "Date: \(noonDate)"], 60),
      (["Expires: Sun, 22 Nov 2026 00:01:00 GMT"], 60),
      (["Expires: Sun, 22 Nov 2026 00:01:00 GMT", "Date: Sun, 22 Nov 2026 00:00:30 GMT"], 30),
      (["Expires: \(noonDate)", "Date: \(noonDate)"], 0), (["Expires: 0"], 0), (["Expires: -1"], 0),
      (["Expires: Sat, 21 Nov 2026 00:00:00 GMT", "Date: \(noonDate)"], 0),
      (["Expires: Sun, 22 Nov 2026 00:01:00 EST"], 0),
      (["Expires: 0", "Cache-Control: max-age=60"], 60),
      (["Expires: rubbish", "Cache-Control: s-maxage=60"], 60),
      (["Expires: Sun, 22 Nov 2026 00:01:00 GMT", "Expires: Sun, 22 Nov 2026 00:01:00 GMT"], 0),
      (["Cache-Control: max-age=60", "CDN-Cache-Control: max-age=5"], 5),
      (["Expires: 0", "CDN-Cache-Control: public"], 3600),
      (["Cache-Control: max-age=1", "CDN-Cache-Control: public"], 3600),
      (["Cache-Control: immutable, max-age=60"], 60), (["Last-Modified: \(noonDate)"], 3600),
    ] as [([String], Double)])
  func lifetimes(lines: [String], seconds: Double) {
    #expect(freshness(lines).lifetimeMilliseconds == UInt64(seconds * 1000))
  }

  @Test(
    arguments: [
      ([], 0.0), (["Age: 10"], 12), (["Age: 10, 20"], 12), (["Age: 10", "Age: 20"], 12),
      (["Age: -10"], 2), (["Age: 1.5"], 2), (["Age: x"], 2), (["Age: "], 2), (["Age: 0x10"], 2),
      (["Age: 99999999999"], 2_147_483_650), (["Date: Sat, 21 Nov 2026 23:59:00 GMT"], 60),
      (["Date: Sat, 21 Nov 2026 23:59:00 GMT", "Age: 100"], 102),
      (["Date: Sun, 22 Nov 2026 01:00:00 GMT"], 2), (["Date: rubbish"], 2),
      (["Date: Sat, 21 Nov 2026 23:59:59 GMT"], 2),
    ] as [([String], Double)])
  func ages(lines: [String], seconds: Double) {
    // Without `Age`, the request's way counts as well.
    let expected = lines.isEmpty ? 2 : seconds
    #expect(freshness(lines).ageMilliseconds(at: second(2)) == UInt64(expected * 1000))
    #expect(freshness(lines).ageMilliseconds(at: second(12)) == UInt64((expected + 10) * 1000))
  }

  @Test(
    arguments: [
      ([], 3.0, [], "fresh"), (["Cache-Control: max-age=60"], 59.9, [], "fresh"),
      (["Cache-Control: max-age=60"], 60, [], "swr"),
      (["Cache-Control: max-age=60"], 119, [], "swr"),
      (["Cache-Control: max-age=60"], 120, [], "validate"),
      (["Cache-Control: max-age=60, stale-while-revalidate=10"], 69, [], "swr"),
      (["Cache-Control: max-age=60, stale-while-revalidate=10"], 70, [], "validate"),
      (["Cache-Control: max-age=60, stale-while-revalidate=9999"], 119, [], "swr"),
      (["Cache-Control: max-age=60, stale-while-revalidate=9999"], 121, [], "validate"),
      (["Cache-Control: max-age=60, must-revalidate"], 59, [], "fresh"),
      (["Cache-Control: max-age=60, must-revalidate"], 60, [], "validate"),
      (["Cache-Control: max-age=60, proxy-revalidate"], 60, [], "validate"),
      (["Cache-Control: s-maxage=60"], 60, [], "validate"),
      (["Cache-Control: max-age=60, no-cache"], 3, [], "validate"),
      (["Cache-Control: max-age=60, no-cache=\"x\""], 3, [], "validate"),
      (["CDN-Cache-Control: max-age=60, no-cache"], 3, [], "validate"),
      (["Cache-Control: no-cache", "CDN-Cache-Control: max-age=60"], 3, [], "fresh"),
      ([], 3, ["Cache-Control: no-cache"], "validate"), ([], 3, ["Pragma: no-cache"], "validate"),
      ([], 10, ["Cache-Control: max-age=10"], "fresh"),
      ([], 11, ["Cache-Control: max-age=10"], "validate"),
      ([], 3, ["Cache-Control: max-age=0"], "validate"),
      (["Cache-Control: max-age=60"], 40, ["Cache-Control: min-fresh=20"], "fresh"),
      (["Cache-Control: max-age=60"], 41, ["Cache-Control: min-fresh=20"], "validate"),
      (["Cache-Control: max-age=60"], 70, ["Cache-Control: max-stale=100"], "swr"),
      (["Cache-Control: max-age=60"], 130, ["Cache-Control: max-stale=100"], "validate"),
      (["Cache-Control: max-age=60"], 70, ["Cache-Control: max-age=100"], "validate"),
      (["Cache-Control: max-age=60", "Age: 50"], 11, [], "swr"),
      (["Cache-Control: max-age=60", "Age: 60"], 3, [], "swr"),
      (["CDN-Cache-Control: max-age=60", "Age: 180"], 3, [], "validate"),
      ([], 3, ["Cache-Control: immutable"], "fresh"),
    ] as [([String], Double, [String], String)])
  func uses(lines: [String], at seconds: Double, asked: [String], expected: String) {
    // Answered the moment it was asked for, so that seconds are ages.
    let freshness = Freshness(
      answer(200, lines), publicRules(), requestTime: second(0), responseTime: second(0),
      wall: noon,
      chance: 0)
    let use = freshness.use(at: second(seconds), for: asking(asked).directives)
    switch use {
    case .fresh: #expect(expected == "fresh")
    case .staleWhileRevalidating: #expect(expected == "swr")
    case .validate: #expect(expected == "validate")
    }
  }

  @Test(
    arguments: [
      (["Cache-Control: max-age=60"], 659.0, [], true),
      (["Cache-Control: max-age=60"], 660, [], false),
      (["Cache-Control: max-age=60, stale-if-error=5"], 64, [], true),
      (["Cache-Control: max-age=60, stale-if-error=5"], 65, [], false),
      (["Cache-Control: max-age=60, must-revalidate"], 61, [], false),
      (["Cache-Control: s-maxage=60"], 61, [], false),
      (["Cache-Control: s-maxage=60"], 59, [], true),
      (["Cache-Control: max-age=60, no-cache"], 3, [], false),
      (["Cache-Control: max-age=60"], 61, ["Cache-Control: no-cache"], false),
      (["Cache-Control: max-age=60"], 61, ["Cache-Control: max-age=60"], false),
      (["Cache-Control: max-age=60"], 61, ["Cache-Control: max-age=70"], true),
    ] as [([String], Double, [String], Bool)])
  func errors(lines: [String], at seconds: Double, asked: [String], expected: Bool) {
    let freshness = Freshness(
      answer(200, lines), publicRules(), requestTime: second(0), responseTime: second(0),
      wall: noon,
      chance: 0)
    let may = freshness.mayReplaceError(at: second(seconds), for: asking(asked).directives)
    #expect(may == expected)
  }

  @Test(
    arguments: [
      (UInt16(500), true), (501, false), (502, true), (503, true), (504, true), (404, false),
      (429, false),
    ] as [(UInt16, Bool)])
  func whichStatusesAreErrors(status: UInt16, isError: Bool) {
    #expect(Freshness.isError(status: status) == isError)
  }

  @Test(arguments: [UInt32(2000), 60_000, 90_000])
  func missingResourcesAreForgottenSoon(wanted: UInt32) {
    let rules = publicRules { $0.negativeMilliseconds = wanted }
    let found = freshness(["Cache-Control: max-age=600"], status: 404, rules)
    #expect(found.lifetimeMilliseconds == UInt64(min(wanted, 60_000)))
    #expect(found.staleIfErrorMilliseconds == 0 && found.staleWhileRevalidateMilliseconds == 0)
  }

  /// Jitter shortens, by no more than the row says.
  @Test(arguments: [UInt64(1), 2, 3])
  func chanceOnlyShortens(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let rules = publicRules { $0.jitterPercent = 20 }
    var lifetimes: Set<UInt64> = []
    for _ in 0..<200 {
      let found = freshness([], rules, chance: random.next()).lifetimeMilliseconds
      #expect(found <= 3_600_000 && found >= 2_880_000)
      lifetimes.insert(found)
    }
    #expect(lifetimes.count > 100)
  }

  /// Attack: a wall clock that jumps makes nothing fresher, since ages run on the other one.
  @Test(arguments: [0, 86_400, 20_000 * 86_400])
  func theWallClockIsReadOnce(shift: UInt64) {
    let wall = WallTime(microseconds: shift * 1_000_000)
    let found = Freshness(
      ResponseFacts(response(200, ["Cache-Control: max-age=60"]), at: wall), publicRules(),
      requestTime: second(0), responseTime: second(0), wall: wall, chance: 0)
    #expect(found.use(at: second(61), for: RequestDirectives()) == .staleWhileRevalidating)
  }
}
