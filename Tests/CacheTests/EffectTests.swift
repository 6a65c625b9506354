import HTTP
import Testing

@testable import Cache

/// RFC 9111 section 4.4, what is stored of a head, and RFC 9211.
@Suite struct EffectTests {
  @Test(
    arguments: [
      (200, [], ["/fhir/Patient/1"]), (204, [], ["/fhir/Patient/1"]),
      (500, [], ["/fhir/Patient/1"]),
      (404, ["Location: /x"], ["/fhir/Patient/1"]),
      (201, ["Location: /x"], ["/fhir/Patient/1", "/x"]),
      (303, ["Location: /x?a=b#f"], ["/fhir/Patient/1", "/x?a=b"]),
      (200, ["Content-Location: 2"], ["/fhir/Patient/1", "/fhir/Patient/2"]),
      (200, ["Location: ../Group/2"], ["/fhir/Patient/1", "/fhir/Group/2"]),
      (200, ["Location: https://ehr.example/y"], ["/fhir/Patient/1", "/y"]),
      (200, ["Location: HTTPS://EHR.example:443/y"], ["/fhir/Patient/1", "/y"]),
      (200, ["Location: //ehr.example/y"], ["/fhir/Patient/1", "/y"]),
      (200, ["Location: //ehr.example"], ["/fhir/Patient/1", "/"]),
      (200, ["Location: https://other.example/y"], ["/fhir/Patient/1"]),
      (200, ["Location: http://ehr.example/y"], ["/fhir/Patient/1"]),
      (200, ["Location: https://ehr.example:8443/y"], ["/fhir/Patient/1"]),
      (200, ["Location: https://u@ehr.example/y"], ["/fhir/Patient/1"]),
      (200, ["Location: javascript:x"], ["/fhir/Patient/1"]),
      (200, ["Location: /%2f"], ["/fhir/Patient/1"]),
      (200, ["Location: ?x=1"], ["/fhir/Patient/1", "/fhir/Patient/1?x=1"]),
      (200, ["Location: /a", "Content-Location: /b"], ["/fhir/Patient/1", "/a", "/b"]),
      (200, ["Location: /fhir/Patient/1"], ["/fhir/Patient/1"]),
      (200, ["Location: /%41"], ["/fhir/Patient/1", "/A"]),
    ] as [(UInt16, [String], [String])])
  func targets(status: UInt16, lines: [String], expected: [String]) {
    let found = UnsafeEffect.targets(
      of: request(.put, "/fhir/Patient/1"), answered: response(status, lines))
    #expect(found.map { String(decoding: $0.target, as: UTF8.self) } == expected)
  }

  @Test(
    arguments: [
      (HTTP.Method.get, false), (.head, false), (.options, false), (.trace, false), (.post, true),
      (.put, true), (.patch, true), (.delete, true), (.other, true), (.connect, true),
    ] as [(HTTP.Method, Bool)])
  func methods(method: HTTP.Method, mayChange: Bool) {
    #expect(UnsafeEffect.mayChange(method) == mayChange)
  }

  @Test(
    arguments: [
      (["A: 1", "Connection: X-Secret", "X-Secret: s"], ["a: 1"]),
      (["Connection: close", "Keep-Alive: 5", "Proxy-Authenticate: x", "B: 2"], ["b: 2"]),
      (["Set-Cookie: a", "Age: 5", "EHR-Region: x", "Proxy-Status: y", "C: 3"], ["c: 3"]),
      (["Clear-Site-Data: \"*\"", "D: 4"], ["d: 4"]), (["Content-Length: 5", "E: 5"], ["e: 5"]),
      (
        ["Warning: 110 - \"x\"", "Unknown-Field: u"], ["warning: 110 - \"x\"", "unknown-field: u"]
      ),
    ] as [([String], [String])])
  func stored(lines: [String], expected: [String]) {
    #expect(text(StoredFields.select(fields(lines), .all)) == expected)
  }

  @Test func rowsListWhatIsStored() {
    let lines = ["Content-Type: a", "X-Secret: b", "ETag: \"c\"", "Server: d"]
    let kept = StoredFields.select(fields(lines), .listed(RowRules.commonFields))
    #expect(text(kept) == ["content-type: a", "etag: \"c\""])
  }

  @Test(
    arguments: [
      (CacheStatus.hit(ttlMilliseconds: 30_500), "homeward; hit; ttl=30"),
      (CacheStatus.hit(ttlMilliseconds: -4000), "homeward; hit; ttl=-4"),
      (CacheStatus.forwarded(.uriMiss), "homeward; fwd=uri-miss"),
      (CacheStatus.forwarded(.bypass), "homeward; fwd=bypass"),
    ] as [(CacheStatus, String)])
  func statuses(status: CacheStatus, expected: String) {
    var fields = Fields()
    status.append(to: &fields)
    #expect(text(fields) == ["cache-status: \(expected)"])
  }

  @Test func everythingInOneStatus() {
    var status = CacheStatus.forwarded(.stale)
    status.forwardStatus = 304
    status.ttlSeconds = 60
    status.isStored = true
    status.isCollapsed = true
    status.detail = .varyUnmatchable
    var fields = Fields()
    status.append(to: &fields)
    let expected =
      "cache-status: homeward; fwd=stale; fwd-status=304; ttl=60; stored; collapsed"
      + "; detail=vary-unmatchable"
    #expect(text(fields) == [expected])
  }

  /// The longest words fit the reservation.
  @Test func everyWordFits() {
    for detail in NotStored.allCases {
      for reason in ForwardReason.allCases {
        var status = CacheStatus.forwarded(reason)
        status.forwardStatus = 599
        status.ttlSeconds = .min
        status.isStored = true
        status.isCollapsed = true
        status.detail = detail
        var fields = Fields()
        status.append(to: &fields)
        #expect(text(fields)[0].hasSuffix(detail.rawValue))
      }
    }
  }
}
