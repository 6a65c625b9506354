import Testing

@testable import Cache

/// RFC 9111 section 5.2 and RFC 9213: one row per way to write a directive.
@Suite struct DirectiveTests {
  /// What a `Cache-Control` says, in one line.
  private func summary(_ directives: ResponseDirectives) -> String {
    var words: [String] = []
    if directives.noStore { words.append("no-store") }
    if directives.noCache { words.append("no-cache") }
    if directives.isPrivate { words.append("private") }
    if directives.isPublic { words.append("public") }
    if directives.mustRevalidate { words.append("must-revalidate") }
    if directives.proxyRevalidate { words.append("proxy-revalidate") }
    if directives.mustUnderstand { words.append("must-understand") }
    if directives.immutable { words.append("immutable") }
    if let seconds = directives.maxAge { words.append("max-age=\(seconds)") }
    if let seconds = directives.sharedMaxAge { words.append("s-maxage=\(seconds)") }
    if let seconds = directives.staleWhileRevalidate { words.append("swr=\(seconds)") }
    if let seconds = directives.staleIfError { words.append("sie=\(seconds)") }
    return words.joined(separator: " ")
  }

  @Test(
    arguments: [
      ("", ""), ("max-age=60", "max-age=60"), ("MAX-AGE=60", "max-age=60"),
      ("max-age=\"60\"", "max-age=60"), ("Max-Age=\"6\\0\"", "max-age=60"),
      ("max-age=0", "max-age=0"), ("max-age=007", "max-age=7"),
      ("max-age=-1", "max-age=0"), ("max-age=1.5", "max-age=0"), ("max-age=abc", "max-age=0"),
      ("max-age", "max-age=0"), ("max-age=", "max-age=0"), ("max-age= 60", "max-age=0"),
      ("max-age =60", "max-age=0"), ("max-age=60 s", "max-age=0"), ("max-age=\"60", "max-age=0"),
      ("max-age=2147483648", "max-age=2147483648"),
      ("max-age=99999999999999999999999", "max-age=2147483648"),
      ("max-age=60, max-age=30", "max-age=30"), ("max-age=30, max-age=60", "max-age=30"),
      ("max-age=60, max-age=x", "max-age=0"), ("s-maxage=9, max-age=60", "max-age=60 s-maxage=9"),
      ("public,max-age=1", "public max-age=1"), (" , ,public, ,", "public"),
      ("no-store", "no-store"), ("No-Store", "no-store"), ("no-store=x", "no-store"),
      ("no-cache", "no-cache"), ("no-cache=\"set-cookie\"", "no-cache"),
      ("private=\"x, y\"", "private"), ("private=\"a,max-age=5\", max-age=1", "private max-age=1"),
      ("x=\"no-store\"", ""), ("x=\"a, no-store\"", ""), ("x=\"\\\", no-store\"", ""),
      ("nostore", ""), ("no-store-x", ""), ("x-no-store", ""), ("no_store", ""),
      ("must-revalidate, proxy-revalidate", "must-revalidate proxy-revalidate"),
      ("must-understand, no-store", "no-store must-understand"), ("immutable", "immutable"),
      ("stale-while-revalidate=5, stale-if-error=6", "swr=5 sie=6"),
      ("stale-if-error=x", "sie=0"), ("community=\"UCI\"", ""), ("no-store;", "no-store"),
      ("max-age=60;", "max-age=0"), ("=5, public", "public"),
      ("public\t,\tmax-age=4", "public max-age=4"),
    ] as [(String, String)])
  func cacheControl(value: String, expected: String) {
    #expect(summary(ResponseDirectives(cacheControl: Array(value.utf8))) == expected)
  }

  @Test(
    arguments: [
      ("max-age=60", "max-age=60"), ("max-age=60;x=1", "max-age=60"),
      ("max-age=60, no-store", "no-store max-age=60"),
      ("no-store=?1", "no-store"), ("no-store=?0", ""), ("no-cache=\"x\"", "no-cache"),
      ("private=x", "private"), ("max-age=60.0", ""), ("max-age=\"60\"", ""), ("max-age=x", ""),
      ("max-age=?1", ""), ("max-age", ""), ("max-age=-5", ""),
      ("max-age=10, max-age=20", "max-age=20"),
      ("max-age=20, max-age=\"x\"", ""), ("x=(1 2);a, max-age=5", "max-age=5"),
      ("x=:YWJj:, max-age=5", "max-age=5"), ("x=@1659578233, max-age=5", "max-age=5"),
      ("x=%\"f%c3%bc\", max-age=5", "max-age=5"), ("*x=1.5;q=\"a\\\"b\", max-age=5", "max-age=5"),
      ("unknown, max-age=5", "max-age=5"), ("max-age=999999999999999", "max-age=2147483648"),
      ("public , max-age=5", "public max-age=5"),
    ] as [(String, String)])
  func targeted(value: String, expected: String) {
    #expect(TargetedField.directives(Array(value.utf8)).map(summary) == expected)
  }

  /// What makes a targeted field as if absent.
  @Test(arguments: [
    "", " ", "max-age=60,", "MAX-AGE=60", "max-age=60 no-store", "max-age==60", ", max-age=5",
    "max-age=60,,no-store", "max-age=1234567890123456", "x=\"a", "x=(1", "x=:a b:", "x=?2",
    "max-age=1.", "max-age=1.2345", "max-age=60; Q", "x=%\"%C3\"", "max-age=\u{7F}", "-x=1",
    "x=(1,2)",
    "x=@1.5", "max-age=--1",
  ])
  func brokenTargeted(value: String) {
    #expect(TargetedField.directives(Array(value.utf8)) == nil)
  }

  /// Which field is in force: RFC 9213 section 2.2.
  @Test(
    arguments: [
      (["Cache-Control: max-age=1"], false, UInt64(1)),
      (["Cache-Control: max-age=1", "CDN-Cache-Control: max-age=2"], true, 2),
      (["CDN-Cache-Control: max-age=2", "Homeward-Cache-Control: max-age=3"], true, 3),
      (["Homeward-Cache-Control: MAX", "CDN-Cache-Control: max-age=2"], true, 2),
      (
        ["Cache-Control: max-age=1", "CDN-Cache-Control: max-age=2", "CDN-Cache-Control: x"], true,
        2
      ),
      (["Cache-Control: max-age=1", "CDN-Cache-Control: "], false, 1),
      (["Cache-Control: max-age=1", "CDN-Cache-Control: max-age=2,"], false, 1),
      (["Cache-Control: max-age=1", "Surrogate-Control: max-age=9"], false, 1),
      (["Cache-Control: max-age=4", "Cache-Control: s-maxage=1"], false, 4),
    ] as [([String], Bool, UInt64)])
  func fieldInForce(lines: [String], isTargeted: Bool, maxAge: UInt64) {
    let facts = answer(200, lines)
    #expect(facts.isTargeted == isTargeted)
    #expect(facts.directives.maxAge == maxAge)
  }

  @Test(
    arguments: [
      ([], ""), (["Cache-Control: no-cache"], "no-cache"), (["Pragma: no-cache"], "no-cache"),
      (["Pragma: no-cache", "Cache-Control: max-age=5"], "max-age=5"), (["Pragma: x"], ""),
      (["Cache-Control: no-store, only-if-cached"], "no-store only-if-cached"),
      (["Cache-Control: max-age=x"], "max-age=0"), (["Cache-Control: min-fresh=5"], "min-fresh=5"),
      (["Cache-Control: min-fresh=x"], "min-fresh=2147483648"),
      (["Cache-Control: max-stale=100"], ""),
      (["Cache-Control: max-age=9", "Cache-Control: max-age=4"], "max-age=4"),
    ] as [([String], String)])
  func requests(lines: [String], expected: String) {
    let directives = asking(lines).directives
    var words: [String] = []
    if directives.noCache { words.append("no-cache") }
    if directives.noStore { words.append("no-store") }
    if directives.onlyIfCached { words.append("only-if-cached") }
    if let seconds = directives.maxAge { words.append("max-age=\(seconds)") }
    if let seconds = directives.minFresh { words.append("min-fresh=\(seconds)") }
    #expect(words.joined(separator: " ") == expected)
  }
}
