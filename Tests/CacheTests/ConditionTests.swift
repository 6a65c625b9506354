import HTTP
import Testing

@testable import Cache

/// RFC 9110 sections 13 and 14 as a cache answers them, RFC 9111 sections 3.2, 4.3 and 4.4.
@Suite struct ConditionTests {
  private let modified = "Sat, 21 Nov 2026 00:00:00 GMT"

  @Test(
    arguments: [
      ([], false), (["If-None-Match: \"a\""], true), (["If-None-Match: W/\"a\""], true),
      (["If-None-Match: \"b\""], false), (["If-None-Match: \"b\", \"a\""], true),
      (["If-None-Match: \"b\"", "If-None-Match: W/\"a\""], true), (["If-None-Match: *"], true),
      (["If-None-Match: a"], false), (["If-None-Match: \"a\" \"b\""], false),
      (["If-None-Match: , \"a\" ,"], true), (["If-None-Match: "], false),
      (["If-None-Match: w/\"a\""], false),
      (["If-None-Match: \"b\"", "If-Modified-Since: Sun, 22 Nov 2026 00:00:00 GMT"], false),
      (["If-None-Match: \"a\"", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"], true),
      (["If-Modified-Since: Sat, 21 Nov 2026 00:00:00 GMT"], true),
      (["If-Modified-Since: Sat, 21 Nov 2026 00:00:01 GMT"], true),
      (["If-Modified-Since: Fri, 20 Nov 2026 23:59:59 GMT"], false),
      (["If-Modified-Since: rubbish"], false),
      (["If-Modified-Since: Saturday, 21-Nov-26 00:00:00 GMT"], true),
      (["If-None-Match: \"a,b\""], false), (["If-None-Match: \"A\""], false),
    ] as [([String], Bool)])
  func conditions(lines: [String], isNotModified: Bool) {
    let stored = answer(200, ["ETag: \"a\"", "Last-Modified: \(modified)", "Date: \(noonDate)"])
    let verdict = Preconditions.isNotModified(
      asking(lines), etag: stored.etag, lastModifiedSeconds: stored.lastModifiedSeconds,
      dateSeconds: stored.dateSeconds, at: noon)
    #expect(verdict == isNotModified)
  }

  @Test func theDateStandsInForTheModificationDate() {
    let stored = answer(200, ["Date: \(noonDate)"])
    func verdict(_ lines: [String]) -> Bool {
      Preconditions.isNotModified(
        asking(lines), etag: nil, lastModifiedSeconds: nil, dateSeconds: stored.dateSeconds,
        at: noon)
    }
    #expect(verdict(["If-Modified-Since: \(noonDate)"]))
    #expect(!verdict(["If-Modified-Since: \(modified)"]))
    #expect(!verdict(["If-None-Match: \"a\""]))
  }

  /// FHIR's version tags are weak; a cache compares them weakly and never serves ranges by them.
  @Test(
    arguments: [
      ("W/\"3141\"", true), ("\"3141\"", true), ("W/\"31410\"", false), ("W/\"\"", false),
    ] as [(String, Bool)])
  func versions(tag: String, isNotModified: Bool) {
    let stored = answer(200, ["ETag: W/\"3141\""])
    #expect(
      Preconditions.isNotModified(
        asking(["If-None-Match: \(tag)"]), etag: stored.etag, lastModifiedSeconds: nil,
        dateSeconds: nil, at: noon) == isNotModified)
  }

  @Test(
    arguments: [
      ("bytes=0-0", .part(0..<1)), ("bytes=0-", .part(0..<10)), ("bytes=9-", .part(9..<10)),
      ("bytes=2-4", .part(2..<5)), ("bytes=2-99", .part(2..<10)), ("bytes=-3", .part(7..<10)),
      ("bytes=-99", .part(0..<10)), ("BYTES=0-1", .part(0..<2)), ("bytes= 0-1", .part(0..<2)),
      ("bytes=10-", .unsatisfiable), ("bytes=10-12", .unsatisfiable), ("bytes=-0", .unsatisfiable),
      ("bytes=99999999999999999999999-", .unsatisfiable), ("bytes=", .whole), ("bytes", .whole),
      ("bytes=4-2", .whole), ("bytes=a-b", .whole), ("bytes=-", .whole), ("bytes=1", .whole),
      ("bytes=0-1,4-5", .whole), ("bytes=0-1, ", .part(0..<2)), ("items=0-1", .whole),
      ("bytes=0-1-2", .whole), ("bytes=0 -1", .whole), ("bytes=+1-2", .whole), ("", .whole),
      ("bytes =0-1", .whole), ("bytes=0-99999999999999999999999", .part(0..<10)),
    ] as [(String, RangeAnswer)])
  func ranges(value: String, expected: RangeAnswer) {
    #expect(range(["Range: \(value)"]) == expected)
  }

  @Test(
    arguments: [
      (["Range: bytes=0-0", "If-Range: \"a\""], .part(0..<1)),
      (["Range: bytes=0-0", "If-Range: W/\"a\""], .whole),
      (["Range: bytes=0-0", "If-Range: \"b\""], .whole),
      (["Range: bytes=0-0", "If-Range: Sat, 21 Nov 2026 00:00:00 GMT"], .part(0..<1)),
      (["Range: bytes=0-0", "If-Range: Sat, 21 Nov 2026 00:00:01 GMT"], .whole),
      (["Range: bytes=0-0", "If-Range: rubbish"], .whole), (["If-Range: \"a\""], .whole),
      (["Range: bytes=0-0", "Range: bytes=2-2"], .whole),
      (["Range: bytes=99-", "If-Range: \"b\""], .whole),
    ] as [([String], RangeAnswer)])
  func rangeConditions(lines: [String], expected: RangeAnswer) {
    #expect(range(lines) == expected)
  }

  @Test func aHeadHasNoRanges() {
    let facts = asking(["Range: bytes=0-0"], .head)
    #expect(
      RangeAnswer(
        facts, length: 10, etag: nil, lastModifiedSeconds: nil, dateSeconds: nil, at: noon)
        == .whole)
  }

  @Test(
    arguments: [
      ([], .same), (["ETag: \"a\""], .same), (["ETag: \"b\""], .other), (["ETag: W/\"a\""], .same),
      (["Last-Modified: Sat, 21 Nov 2026 00:00:00 GMT"], .same),
      (["Last-Modified: Sat, 21 Nov 2026 00:00:01 GMT"], .other),
      (["ETag: \"a\"", "Last-Modified: Sat, 21 Nov 2026 00:00:01 GMT"], .same),
      (["Content-Length: 999"], .same),
    ] as [([String], ValidatorMatch)])
  func poisonedUpdates(lines: [String], expected: ValidatorMatch) {
    let stored = answer(200, ["ETag: \"a\"", "Last-Modified: \(modified)"])
    #expect(
      ValidatorMatch(
        answer(304, lines), etag: stored.etag, lastModifiedSeconds: stored.lastModifiedSeconds)
        == expected)
  }

  @Test func aStrongTagDoesNotVouchForAWeakOne() {
    #expect(
      ValidatorMatch(
        answer(304, ["ETag: \"a\""]), etag: EntityTag(isWeak: true, opaque: Array("a".utf8)),
        lastModifiedSeconds: nil) == .other)
  }

  @Test(
    arguments: [
      (["X-New: 1"], ["a: 1", "b: 2", "content-type: t", "x-new: 1"]),
      (["A: 9"], ["b: 2", "content-type: t", "a: 9"]),
      (["A: 8", "A: 9"], ["b: 2", "content-type: t", "a: 8", "a: 9"]),
      (["Content-Length: 7"], ["a: 1", "b: 2", "content-type: t"]),
      (["Content-Range: bytes 0-1/2"], ["a: 1", "b: 2", "content-type: t"]),
      (
        ["Content-Type: u", "Content-Foo: f"],
        ["a: 1", "b: 2", "content-type: u", "content-foo: f"]
      ),
      (["Connection: A", "A: 9"], ["a: 1", "b: 2", "content-type: t"]),
      (["Transfer-Encoding: chunked", "Keep-Alive: x"], ["a: 1", "b: 2", "content-type: t"]),
      (["Set-Cookie: s=1", "Age: 4"], ["a: 1", "b: 2", "content-type: t"]),
    ] as [([String], [String])])
  func updates(lines: [String], expected: [String]) {
    let stored = fields(["A: 1", "B: 2", "Content-Type: t"])
    #expect(text(StoredFields.merge(stored, fields(lines), .all)) == expected)
  }

  @Test(
    arguments: [
      (["ETag: \"a\"", "Content-Length: 10"], .updates), (["ETag: \"b\""], .outdates),
      (["ETag: W/\"a\""], .outdates), (["ETag: \"a\"", "Content-Length: 11"], .outdates),
      (["Last-Modified: Sat, 21 Nov 2026 00:00:00 GMT"], .updates),
      (["Last-Modified: Sat, 21 Nov 2026 00:00:01 GMT"], .outdates), ([], .updates),
    ] as [([String], HeadVerdict)])
  func headAnswers(lines: [String], expected: HeadVerdict) {
    let stored = answer(200, ["ETag: \"a\"", "Last-Modified: \(modified)"])
    func verdict(_ status: UInt16) -> HeadVerdict {
      HeadVerdict(
        answer(status, lines), etag: stored.etag, lastModifiedSeconds: stored.lastModifiedSeconds,
        bodyByteCount: 10)
    }
    #expect(verdict(200) == expected)
    #expect(verdict(404) == .nothing && verdict(500) == .nothing)
  }

  private func range(_ lines: [String]) -> RangeAnswer {
    let stored = answer(200, ["ETag: \"a\"", "Last-Modified: \(modified)", "Date: \(noonDate)"])
    return RangeAnswer(
      asking(lines), length: 10, etag: stored.etag, lastModifiedSeconds: stored.lastModifiedSeconds,
      dateSeconds: stored.dateSeconds, at: noon)
  }
}
