import HTTP
import Testing

@testable import Cache

/// RFC 9111 section 3, and what we ask beyond it: one row per reason.
@Suite struct StorabilityTests {
  @Test(
    arguments: [
      (["Cache-Control: max-age=5"], nil), ([], nil), (["Cache-Control: public"], nil),
      (["Cache-Control: no-store"], .noStore), (["Cache-Control: no-store, max-age=5"], .noStore),
      (["Cache-Control: max-age=5", "Cache-Control: no-store"], .noStore),
      (["Cache-Control: no-store", "CDN-Cache-Control: max-age=5"], .noStore),
      (["Cache-Control: max-age=5", "CDN-Cache-Control: no-store"], .noStore),
      (["Cache-Control: must-understand, no-store, max-age=5"], nil),
      (["Cache-Control: private"], .isPrivate), (["Cache-Control: private=\"x\""], .isPrivate),
      (["Cache-Control: private", "CDN-Cache-Control: max-age=5"], nil),
      (["Cache-Control: no-cache", "ETag: \"a\""], nil),
      (["Set-Cookie: a=b", "Cache-Control: public"], .setsCookie),
      (["Clear-Site-Data: \"cache\""], .clearsSiteData),
      (["Access-Control-Allow-Origin: *"], nil),
      (["Access-Control-Allow-Origin: https://a.example"], .oneOrigin),
      (["Access-Control-Allow-Origin: *", "Access-Control-Allow-Origin: *"], .oneOrigin),
      (["Content-Range: bytes 0-1/2"], .partial), (["Vary: *"], .varyUnmatchable),
      (["Vary: *, Foo"], .varyUnmatchable), (["Vary: , *"], .varyUnmatchable),
      (["Vary: Accept", "Vary: *"], .varyUnmatchable), (["Vary: a b"], .varyUnmatchable),
      (["Vary: Accept"], nil), (["Vary: ACCEPT, accept-encoding"], nil), (["Vary: "], nil),
      (["Vary: Authorization"], .vary), (["Vary: Cookie"], .vary),
      (["Vary: Accept, X-Role"], .vary),
      (["Vary: Origin"], .vary), (["Content-Length: 1048577"], .tooLarge),
      (["Content-Length: 1048576"], nil),
      (["Vary: " + (0..<100).map { "h\($0)" }.joined(separator: ",")], .varyUnmatchable),
    ] as [([String], NotStored?)])
  func heads(lines: [String], expected: NotStored?) {
    #expect(Storability.judge(asking(), answer(200, lines), publicRules()) == expected)
  }

  @Test(
    arguments: [
      (200, nil), (203, nil), (204, nil), (300, nil), (301, nil), (308, nil), (404, .status),
      (410, .status), (206, .partial), (302, .status), (307, .status), (400, .status),
      (401, .status),
      (403, .status), (405, .status), (413, .status), (431, .status), (500, .status),
      (501, .status),
      (502, .status), (503, .status), (504, .status), (299, .status), (103, .status),
      (100, .status),
      (304, .status), (599, .status),
    ] as [(UInt16, NotStored?)])
  func statuses(status: UInt16, expected: NotStored?) {
    let facts = answer(status, ["Cache-Control: public, max-age=5"])
    #expect(Storability.judge(asking(), facts, publicRules()) == expected)
  }

  @Test(arguments: [UInt16(404), 410])
  func missingResourcesAreRememberedWhereTheRowSays(status: UInt16) {
    let rules = publicRules { $0.negativeMilliseconds = 2000 }
    #expect(Storability.judge(asking(), answer(status), rules) == nil)
    #expect(
      Storability.judge(asking(), answer(status, ["Cache-Control: no-store"]), rules) == .noStore)
  }

  @Test(
    arguments: [
      (HTTP.Method.get, nil), (.head, .method), (.post, .method), (.put, .method),
      (.delete, .method),
      (.options, .method), (.other, .method),
    ] as [(HTTP.Method, NotStored?)])
  func methods(method: HTTP.Method, expected: NotStored?) {
    let facts = answer(200, ["Cache-Control: public, max-age=5"])
    #expect(Storability.judge(asking([], method), facts, publicRules()) == expected)
  }

  /// RFC 9111 section 3.5, and the same for cookies.
  @Test(
    arguments: [
      (["Authorization: Bearer x"], ["Cache-Control: max-age=5"], .authenticated),
      (["Authorization: Bearer x"], [], .authenticated),
      (["Authorization: Bearer x"], ["Expires: \(noonDate)"], .authenticated),
      (["Authorization: Bearer x"], ["Cache-Control: public, max-age=5"], nil),
      (["Authorization: Bearer x"], ["Cache-Control: s-maxage=5"], nil),
      (["Authorization: Bearer x"], ["Cache-Control: must-revalidate"], nil),
      (["Authorization: Bearer x"], ["Cache-Control: proxy-revalidate"], .authenticated),
      (
        ["Authorization: Bearer x"], ["Cache-Control: public", "CDN-Cache-Control: max-age=5"],
        .authenticated
      ),
      (["Authorization: Bearer x"], ["CDN-Cache-Control: public, max-age=5"], nil),
      (["Authorization: Bearer x"], ["Cache-Control: public, private"], .isPrivate),
      (["Cookie: a=b"], ["Cache-Control: max-age=5"], .cookie),
      (["Cookie: a=b"], ["Cache-Control: public"], .cookie),
      (["Cache-Control: no-store"], ["Cache-Control: public"], .requestNoStore),
      (["Cache-Control: no-cache"], ["Cache-Control: public"], nil),
      (["Range: bytes=0-1"], ["Cache-Control: public"], nil),
    ] as [([String], [String], NotStored?)])
  func requests(lines: [String], answered: [String], expected: NotStored?) {
    #expect(Storability.judge(asking(lines), answer(200, answered), publicRules()) == expected)
  }

  @Test func aBodyOnAGetIsNoReasonToStore() {
    let facts = RequestFacts(request(), hasBody: true)
    #expect(Storability.judge(facts, answer(200), publicRules()) == .requestBody)
  }

  @Test(
    arguments: [
      ("text/css", nil), ("TEXT/CSS; charset=utf-8", nil), (" text/css ;x", nil),
      ("application/fhir+json", .mediaType), ("text/css2", .mediaType), ("", .mediaType),
    ] as [(String, NotStored?)])
  func assetsMustBeWhatTheyAre(type: String, expected: NotStored?) {
    let rules = publicRules { $0.mediaTypes = ["text/css"] }
    #expect(
      Storability.judge(asking(), answer(200, ["Content-Type: \(type)"]), rules) == expected)
  }

  @Test func whereOnlyWhatCanBeValidatedIsStored() {
    let rules = publicRules { $0.requiresValidator = true }
    #expect(Storability.judge(asking(), answer(200), rules) == .noValidator)
    #expect(Storability.judge(asking(), answer(200, ["ETag: bad"]), rules) == .noValidator)
    #expect(Storability.judge(asking(), answer(200, ["ETag: W/\"3\""]), rules) == nil)
    #expect(
      Storability.judge(asking(), answer(200, ["Last-Modified: \(noonDate)"]), rules) == nil)
  }

  /// The default rules allow nothing that names another class, and a row of nothing nothing.
  @Test func oneOriginIsFineWhenItIsKeyed() {
    let rules = publicRules { $0.representation.append(.origin) }
    let facts = answer(200, ["Access-Control-Allow-Origin: https://a.example", "Vary: Origin"])
    #expect(Storability.judge(asking(), facts, rules) == nil)
  }
}
