import Base
import Testing

@testable import Policy

@Test(arguments: 0..<20)
func requestsSurviveTheirText(seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  for _ in 0..<200 {
    let facts = randomFacts(regionCount: 3, tenantCount: 2, &random)
    let text = RequestText.json(facts, for: wholePolicy)
    #expect(try RequestText.facts(text, for: wholePolicy) == facts, "\(text)")
  }
}

@Test func readsEveryFormOfAFact() throws {
  let text = """
    {"operation": "read", "data_class":"vitals","home":"west" , "location":"US-\\u0041Z",\
    "hour":9, "directory_age":90, "authentication_age":"2h", "break_glass":true,\
    "own_record":"false", "tenant":"other", "time":"2026-06-01T00:00:00Z", "role":"unknown"}
    """
  var facts = Facts(
    operation: .read, dataClass: .vitals, home: RegionID(0), location: try #require(Place("US-AZ")),
    breakGlass: true)
  facts.hour = 9
  facts.directoryAgeSeconds = 90
  facts.authenticationAgeSeconds = 7200
  facts.ownRecord = false
  facts.tenant = .other
  facts.time = WallTime(microseconds: 1_780_272_000_000_000)
  #expect(try RequestText.facts(text, for: wholePolicy) == facts)
  var nothing = Facts()
  nothing.time = try #require(wholePolicy.effectiveFrom)
  #expect(try RequestText.facts(" { } ", for: wholePolicy) == nothing)
  #expect(RequestText.json(nothing, for: wholePolicy) == "{}")
  #expect(
    RequestText.json(facts, for: wholePolicy)
      == #"{"operation":"read","data_class":"vitals","home":"west","location":"US-AZ","#
      + #""break_glass":true,"own_record":false,"tenant":"other","directory_age":"90s","#
      + #""authentication_age":"2h","hour":9,"time":"2026-06-01T00:00:00Z"}"#)
}

/// Requests that are refused, with the column and the message.
private let refusals: [(text: String, fault: String)] = [
  ("", "1: an object such as `{\"operation\": \"read\"}` was expected"),
  ("[]", "1: an object such as `{\"operation\": \"read\"}` was expected"),
  ("{", "2: text in double quotes was expected"),
  ("{\"hour\"", "8: `:` was expected"),
  ("{\"hour\":}", "9: a value must be text, a whole number, `true` or `false`"),
  ("{\"hour\":null}", "9: a value must be text, a whole number, `true` or `false`"),
  ("{\"hour\":9", "10: `,` or `}` was expected"),
  ("{\"hour\":9,}", "11: text in double quotes was expected"),
  ("{\"hour\":9} x", "12: something after the object"),
  ("{\"hour\":9.5}", "10: a number must be whole"),
  ("{\"hour\":09}", "9: not a whole number that can be read"),
  ("{\"hour\":99999999999999999999}", "9: not a whole number that can be read"),
  ("{\"hour\":-1}", "9: a value must be text, a whole number, `true` or `false`"),
  ("{\"hour\":24}", "2: `hour` must be from 0 to 23, or `unknown`"),
  ("{\"hour\":9,\"hour\":9}", "11: the key `hour` stands twice"),
  ("{\"hour\":{}}", "9: a value must be text, a whole number, `true` or `false`"),
  ("{\"role\":\"nurse}", "16: text without an end"),
  ("{\"role\":\"nur\\x\"}", "15: an escape that cannot be read"),
  ("{\"role\":\"\\u001b[31m\"}", "21: a control character in text"),
  ("{\"role\":\"\u{9B}31m\"}", "16: a control character in text"),
  ("{\"role\":\"\u{7}\"}", "11: a control character in text"),
  ("{\"role\":\"\\uD800\"}", "12: an escape that cannot be read"),
  ("{\"role\":\"nurce\"}", "2: unknown word `nurce` for `role`; did you mean `nurse`?"),
  ("{\"rule\":\"nurse\"}", "2: no fact is called `rule`; did you mean `role`?"),
  ("{\"role\":7}", "2: `role` is text, not a number"),
  ("{\"home\":\"wets\"}", "2: no region is called `wets`; did you mean `west`?"),
  (
    "{\"location\":\"ny\"}",
    "2: `ny` is no place; write an ISO 3166 code such as `US` or `US-AZ`; did you mean `US-NY`?"
  ),
  (
    "{\"tenant\":\"north-clinc\"}",
    "2: `tenants` does not name `north-clinc`; write `other` for one that is not declared;"
      + " did you mean `north-clinic`?"
  ),
  ("{\"break_glass\":\"maybe\"}", "2: `break_glass` must be `true`, `false` or `unknown`"),
  (
    "{\"directory_age\":\"90\"}",
    "2: `directory_age` must be a whole number and one of `s`, `m`, `h`, `d`, or `unknown`"
  ),
  (
    "{\"time\":\"2026-06-01\"}",
    "2: `time` must be a time such as `2026-12-01T00:00:00Z`, in UTC"
  ),
  (
    "{\"user_in_home_region\":true}",
    "2: `user_in_home_region` is worked out from `location` and `home`"
  ),
]

@Test(arguments: refusals)
func refusesTheRequest(text: String, fault: String) {
  do throws(RequestTextFault) {
    let facts = try RequestText.facts(text, for: wholePolicy)
    Issue.record("\(text) was read as \(facts)")
  } catch {
    #expect("\(error.column): \(error)" == fault)
  }
}

@Test(arguments: 0..<8)
func anyBytesAreRefusedWithAPlace(seed: UInt64) {
  var random = SplitMix64(seed: seed)
  let start = Array(#"{"operation":"read","hour":9,"directory_age":"90s","own_record":true}"#.utf8)
  for _ in 0..<2000 {
    var bytes = start
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let index = Int.random(in: bytes.indices, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.remove(at: index)
      default: bytes.insert(any(of: start, &random), at: index)
      }
    }
    let text = String(decoding: bytes, as: UTF8.self)
    do throws(RequestTextFault) {
      let facts = try RequestText.facts(text, for: wholePolicy)
      let again = RequestText.json(facts, for: wholePolicy)
      #expect((try? RequestText.facts(again, for: wholePolicy)) == facts)
    } catch {
      #expect((1...text.utf8.count + 1).contains(error.column), "\(text): \(error)")
    }
  }
}

@Test func decisionsAreWrittenOnALine() throws {
  let facts = wholePolicy.tests[1].facts
  #expect(
    wholePolicy.decisionJSON(facts)
      == #"{"decision":"permit","rule":"R-2","reason":"The chart of our patients","#
      + #""candidates":["east replica 1500ms","west replica 1500ms","west primary","#
      + #""west replica 60s stale","east replica 60s stale"],"groups":[0,0,0,3,3],"#
      + #""obligations":[],"audit":"durable","cache":null,"phase":"enforce"}"#)
  var stored = facts
  stored.sensitivity = .normal
  #expect(wholePolicy.decisionJSON(stored).contains(#""cache":2,"#))
  #expect(
    wholePolicy.decisionJSON(Facts(dataClass: .billing))
      == #"{"decision":"no-rule","rule":null,"reason":"no route covers the request","#
      + #""candidates":[],"groups":[],"obligations":[],"audit":"standard","cache":null,"#
      + #""phase":"shadow"}"#)
}
