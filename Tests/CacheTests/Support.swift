import Base
import HTTP

@testable import Cache

/// `2026-11-22T00:00:00Z`, when most tests happen.
let noon = WallTime(microseconds: 1_795_305_600_000_000)
/// The same as HTTP writes it.
let noonDate = "Sun, 22 Nov 2026 00:00:00 GMT"

/// An instant so many seconds after the tests' beginning.
func second(_ seconds: Double) -> Instant {
  Instant(nanoseconds: UInt64((1000 + seconds) * 1e9))
}

/// Field lines from `Name: value`.
func fields(_ lines: [String]) -> Fields {
  var fields = Fields()
  for line in lines {
    let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let text = Array(parts[0].utf8) + Array(parts[1].drop { $0 == " " }.utf8)
    let nameCount = parts[0].utf8.count
    unsafe text.withUnsafeBytes {
      _ = unsafe fields.append(text: $0, nameCount: nameCount, value: nameCount..<text.count)
    }
  }
  return fields
}

/// A response's head; `Content-Length` becomes the declared length.
func response(_ status: UInt16, _ lines: [String] = []) -> ResponseHead {
  var head = ResponseHead(status: status)
  head.fields = fields(lines)
  for line in lines where line.lowercased().hasPrefix("content-length:") {
    head.contentLength = UInt64(line.dropFirst(15).drop { $0 == " " })
  }
  return head
}

/// A request's head.
func request(
  _ method: HTTP.Method = .get, _ target: String = "/a", authority: String = "ehr.example",
  _ lines: [String] = []
) -> RequestHead {
  var head = RequestHead()
  head.method = method
  head.methodName = method.rawValue
  head.authority = Array(authority.utf8)
  head.target = Array(target.utf8)
  head.pathCount = target.utf8.prefix { $0 != 0x3F }.count
  head.fields = fields(lines)
  return head
}

/// What caching sees of a request.
func asking(_ lines: [String] = [], _ method: HTTP.Method = .get) -> RequestFacts {
  RequestFacts(request(method, "/a", authority: "ehr.example", lines), hasBody: false)
}

/// What caching sees of a response that came at `noon`.
func answer(_ status: UInt16, _ lines: [String] = []) -> ResponseFacts {
  ResponseFacts(response(status, lines), at: noon)
}

/// Rules under which everything public is kept for an hour: the class of RFC tests.
func publicRules(_ change: (inout RowRules) -> Void = { _ in }) -> RowRules {
  var rules = RowRules()
  rules.dataClasses = [.reference]
  rules.sensitivities = [.normal]
  rules.ttlMilliseconds = 3_600_000
  rules.fields = .all
  rules.statuses = [200, 203, 204, 300, 301, 308]
  rules.representation = [.accept, .acceptEncoding, .acceptLanguage]
  rules.staleWhileRevalidateMilliseconds = 60_000
  rules.staleIfErrorMilliseconds = 600_000
  change(&rules)
  return rules
}

/// The lines of a section, as text.
func text(_ fields: Fields) -> [String] {
  fields.lines.map { line in
    let name = unsafe fields.withName(line) { unsafe String(decoding: $0, as: UTF8.self) }
    return "\(name): \(fields.value(line))"
  }
}
