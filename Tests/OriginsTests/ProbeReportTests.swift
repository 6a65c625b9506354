import Base
import Origins
import Testing

@Suite struct ProbeReportTests {
  private static let head =
    #"{"region":"us-west","name":"us-west-r1","role":"replica","epoch":3,"position":1289,"#

  private func parse(_ text: String) -> Result<ProbeReport, ProbeReportFault> {
    do throws(ProbeReportFault) {
      return .success(try ProbeReport(parsing: Array(text.utf8)))
    } catch {
      return .failure(error)
    }
  }

  @Test func readsAReportAndIgnoresWhatItDoesNotKnow() {
    let text =
      Self.head
      + #" "lag_ms" : 12 , "as_of":"2026-11-22T04:00:00Z","x":-1.5e+3,"y":[true],"#
      + #""z":null,"status":"ok" } "#
    let expected = ProbeReport(
      region: "us-west", name: "us-west-r1", role: .replica, epoch: 3, position: 1289,
      lagMilliseconds: 12)
    #expect(parse(text) == .success(expected))
  }

  @Test(
    arguments: [
      ("null", nil), ("-1", nil), ("-2", nil), ("0", 0), ("86400000", 86_400_000),
    ] as [(String, UInt64?)])
  func neverTakesAMissingLagForASmallOne(_ lag: String, _ expected: UInt64?) throws {
    let report = try parse(Self.head + #""lag_ms":\#(lag),"status":"ok"}"#).get()
    #expect(report.lagMilliseconds == expected)
    let without = try parse(Self.head + #""status":"ok"}"#).get()
    #expect(without.lagMilliseconds == nil)
  }

  @Test(
    arguments: [
      ("ok", .ok), ("draining", .draining), ("unmeasured", .ok), ("OK", .unready),
      ("starting", .unready),
      ("", .unready),
    ] as [(String, ProbeReport.Status)])
  func readsTheStatus(_ word: String, _ status: ProbeReport.Status) throws {
    #expect(try parse(Self.head + #""status":"\#(word)"}"#).get().status == status)
  }

  @Test func readsTheLagOfOtherRegionsData() throws {
    let text =
      Self.head
      + #""lag_ms":null,"status":"unmeasured","homes":{"a":{"position":9,"lag_ms":5},"#
      + #""b":{"lag_ms":null},"c":{"lag_ms":-1},"d":{},"a":{"lag_ms":3}}}"#
    let report = try parse(text).get()
    #expect(report.homeLagsMilliseconds == ["a": 5])
    #expect(report.lagMilliseconds == nil)
  }

  /// A load that is not one number is unknown, and spoils nothing else of the report.
  @Test(
    arguments: [
      (#""load":0.35"#, 350), (#""load":0"#, 0), (#""load":1"#, 1_000), (#""load":1.2345"#, 1_235),
      (#""load":95e-2"#, 950), (#""load":0.0004"#, 0), (#""load":-0.0"#, 0), (#""load":7"#, 7_000),
      (#""load":9223372036854775807"#, 9_999), (#""load":1e999"#, 9_999),
      (#""load":99999999999999999999"#, 9_999),
      (#""load":-0.1"#, nil), (#""load":-1"#, nil), (#""load":-1e999"#, nil),
      (#""load":null"#, nil),
      (#""load":"0.5""#, nil), (#""load":true"#, nil), (#""load":[0.5]"#, nil),
      (#""load":{"x":0.5}"#, nil), (#""x":{"load":0.5}"#, nil),
      (#""load":0.5,"load":0.5"#, nil), (#""load":0.5,"load":"x""#, nil),
      (#""load":0.5,"load":0.5,"load":0.5"#, nil), (#""x":1"#, nil),
    ] as [(String, UInt16?)])
  func readsTheLoad(_ member: String, _ permille: UInt16?) throws {
    let report = try parse(Self.head + member + #","lag_ms":4,"status":"ok"}"#).get()
    #expect(report.loadPermille == permille)
    #expect(report.lagMilliseconds == 4)
  }

  @Test func readsEscapes() throws {
    let text =
      #"{"region":"\u0075s\/\"\\\n\ud83d\uDE00","name":"n","role":"primary","epoch":0,"#
      + #""position":0,"status":"ok"}"#
    #expect(try parse(text).get().region == "us/\"\\\n😀")
  }

  @Test(
    arguments: [
      ("", .json(.syntax(offset: 0))), ("{", .json(.syntax(offset: 1))),
      ("[]", .json(.syntax(offset: 0))), ("{} x", .json(.syntax(offset: 3))),
      ("{,}", .json(.syntax(offset: 1))), (#"{"a":1,}"#, .json(.syntax(offset: 7))),
      (#"{"a" 1}"#, .json(.syntax(offset: 5))), (#"{"a":01}"#, .json(.syntax(offset: 5))),
      (#"{"a":-}"#, .json(.syntax(offset: 6))), (#"{"a":1.}"#, .json(.syntax(offset: 7))),
      (#"{"a":tru}"#, .json(.syntax(offset: 8))), (#"{"a":"\x"}"#, .json(.syntax(offset: 7))),
      (#"{"a":"\ud800"}"#, .json(.syntax(offset: 8))),
      ("{\"a\":\"\u{1}\"}", .json(.syntax(offset: 6))),
      (#"{"a":{"b":[{"c":[1]}]}}"#, .json(.nested(offset: 16))),
      (#"{"a":[1,]}"#, .json(.syntax(offset: 8))),
      (#"{"a":{"b":[{"c":1}]}}"#, .missing(.region)), (#"{"a":{1:2}}"#, .json(.syntax(offset: 6))),
      (#"{"a":[1}"#, .json(.syntax(offset: 7))), (#"{"a":[],"b":{}}"#, .missing(.region)),
      (#"{"homes":{"e":{"lag_ms":"1"}}}"#, .unfit(.lag)),
      ("{}", .missing(.region)),
      (#"{"region":"a","region":"b"}"#, .duplicate(.region)),
      (#"{"region":1}"#, .unfit(.region)),
      (#"{"region":"a","name":"b","role":"leader"}"#, .unfit(.role)),
      (#"{"region":"a","name":"b","role":"primary","epoch":-1}"#, .unfit(.epoch)),
      (#"{"region":"a","name":"b","role":"primary","epoch":1.5}"#, .unfit(.epoch)),
      (#"{"region":"a","name":"b","role":"primary","epoch":99999999999999999999}"#, .unfit(.epoch)),
      (
        #"{"region":"a","name":"b","role":"primary","epoch":1,"position":1,"lag_ms":"5"}"#,
        .unfit(.lag)
      ),
      (#"{"region":"a","name":"b","role":"primary","epoch":1,"position":1}"#, .missing(.status)),
    ] as [(String, ProbeReportFault)])
  func refusesWhatIsNotAReport(_ text: String, _ fault: ProbeReportFault) {
    #expect(parse(text) == .failure(fault))
  }

  @Test func refusesTooManyBytesAndBrokenUTF8() {
    #expect(throws: ProbeReportFault.json(.tooLong)) {
      try ProbeReport(parsing: [UInt8](repeating: 0x20, count: 4097))
    }
    #expect(throws: ProbeReportFault.json(.syntax(offset: 2))) {
      try ProbeReport(parsing: [0x7B, 0x22, 0xC3, 0x28, 0x22, 0x3A, 0x31, 0x7D])
    }
  }

  /// Every prefix and every mutation of one byte ends in a value or an error, never in a trap; no
  /// prefix of a report is a report.
  @Test func survivesDamage() {
    let good = Array((Self.head + #""lag_ms":12,"status":"ok"}"#).utf8)
    for count in good.indices {
      #expect(throws: ProbeReportFault.self) { try ProbeReport(parsing: Array(good[..<count])) }
    }
    var random = SplitMix64(seed: 11)
    var acceptedCount = 0
    for _ in 0..<20_000 {
      var bytes = good
      bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
        in: 0...255, using: &random)
      if (try? ProbeReport(parsing: bytes)) != nil { acceptedCount += 1 }
    }
    #expect((1..<20_000).contains(acceptedCount))
  }
}
