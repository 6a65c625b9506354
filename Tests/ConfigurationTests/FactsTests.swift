import Base
import Clinical
import Testing

@testable import homeward

/// What the report says about a request.
private func explain(
  _ method: String, _ url: String, _ fields: [(String, String)] = [], body: String? = nil,
  load: ConfigurationLoad? = nil
) throws -> FactsReport {
  var request = FactsRequest(method: method, target: try #require(FactsRequest.target(of: url)))
  request.fields = fields.map { (name: $0.0, value: $0.1) }
  request.body = body.map { Array($0.utf8) }
  return FactsReport(request, load: load)
}

/// The value of a fact in the report's text.
private func value(_ name: String, in report: FactsReport) -> String? {
  let line = report.text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
  return line?.dropFirst(name.count).drop { $0 == " " }.components
}

extension Substring {
  /// The first cell: up to two spaces.
  fileprivate var components: String {
    var cell = ""
    for character in self {
      if character == " ", cell.hasSuffix(" ") { break }
      cell.append(character)
    }
    return String(cell.reversed().drop { $0 == " " }.reversed())
  }
}

private let json = [("content-type", "application/fhir+json")]

@Test func factsOfASearchAreExplained() throws {
  let report = try explain(
    "GET", "https://ehr.example/fhir/Observation?patient=p1&category=vital-signs")
  #expect(value("operation", in: report) == "search")
  #expect(value("patient", in: report) == "p1")
  #expect(value("data_class", in: report) == "vitals")
  #expect(value("replica_allowed", in: report) == "yes")
  #expect(value("body", in: report) == "not needed")
  #expect(report.text.contains("safe default: none: nothing was assumed\n"))
  #expect(!report.isRefused)
}

@Test func bodiesAreReadWhereTheyDecide() throws {
  let body =
    #"{"resourceType":"Condition","subject":{"reference":"Patient/p1"},"#
    + #""code":{"coding":[{"code":"F11.20"}]}}"#
  let report = try explain("POST", "/fhir/Condition", json, body: body)
  #expect(value("patient", in: report) == "p1")
  #expect(value("data_class", in: report) == "substance-use")
  #expect(value("body", in: report) == "JSON of 4194304 bytes at most")
  let xml = try explain(
    "POST", "/fhir/Condition", [("content-type", "application/fhir+xml")], body: "<Condition/>")
  #expect(value("patient", in: xml) == "unknown")
  #expect(xml.text.contains("safe default: unreadable-body: the body cannot be judged"))
  let twice = json + [("content-type", "application/json")]
  #expect(
    value("body", in: try explain("POST", "/fhir/Condition", twice, body: body))?
      .hasPrefix("not judged") == true)
}

@Test(arguments: [
  ("GET", "/fhir/Observation?patient=A,B", "", "two-patients"),
  ("GET", "/fhir/Patient/a%2Fb", "", "encoded slash in the path"),
  ("PUT", "/fhir/Patient/p1", #"{"resourceType":"Patient","id":"p2"}"#, "body-contradicts"),
  ("POST", "/fhir/Patient", #"{"resourceType":"Patient","resourceType":"Group"}"#, "duplicate-key"),
  ("POST", "/fhir/Patient", "{", "the JSON value ends too early"),
])
func refusalsAreExplained(method: String, url: String, body: String, reason: String) throws {
  let report = try explain(method, url, json, body: body)
  #expect(report.isRefused)
  #expect(report.text.contains(reason))
  #expect(report.json.description.contains("\"refused\": true"))
}

@Test func aConfigurationAddsWhatItKnows() throws {
  var files = TestFiles()
  files.contents["conf/patients.csv"] = Array(
    ("patient,home,residency,consent,flags\np1,us-west,US-CA,granted,part2\n"
      + "p2,us-west,US-AZ,granted,\n").utf8)
  let text = TestFiles.minimal + "fhir: { base: /r4 }\npaths: [{ path: /app/*, class: asset }]\n"
  let load = TestFiles.load(text, files: files)
  #expect(load.diagnostics.isEmpty)
  let read = try explain("GET", "/r4/Condition/p1.c", load: load)
  #expect(value("home", in: read) == "us-west")
  #expect(value("residency", in: read) == "US-CA")
  #expect(value("patient_flags", in: read) == "part2")
  #expect(read.text.contains("the patient's flags; they win over the URL"))
  #expect(value("data_class", in: try explain("GET", "/app/x.js", load: load)) == "asset")
  let batch =
    #"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","#
    + #""url":"Patient/p1"}},{"request":{"method":"GET","url":"Patient/p2"}}]}"#
  let both = try explain("POST", "/r4", json, body: batch, load: load)
  #expect(value("patient", in: both) == "2 patients")
  #expect(value("home", in: both) == "us-west")
  #expect(value("entries", in: both) == "2")
}

@Test(arguments: [
  ("/a?b", "/a?b"), ("https://h/a", "/a"), ("HTTP://h:1/a?b=c", "/a?b=c"), ("https://h", "/"),
  ("https://h?x", "/?x"), ("https://", nil), ("a", nil), ("", nil),
])
func targetsOfURLs(url: String, target: String?) {
  #expect(FactsRequest.target(of: url) == target)
}

@Test func everyAmbiguityIsExplained() {
  for ambiguity in Ambiguity.allCases {
    #expect("\(ambiguity.word)".allSatisfy { $0.isLowercase || $0 == "-" })
    #expect("\(ambiguity.safeDefault)".count > 10)
  }
  #expect(Set(Ambiguity.allCases.map { "\($0.safeDefault)" }).count == Ambiguity.allCases.count)
}

@Test(arguments: [
  ("{ default: [us-west] }", "us-west"), ("{ US-AZ: [us-west] }", "by measured time"),
])
func nearestRegionsAreExplained(table: String, expected: String) throws {
  let load = TestFiles.load(
    TestFiles.minimal + "location: { database: geo.mmdb }\nlocality: \(table)\n")
  #expect(load.diagnostics.map(short) == [])
  let report = try explain("GET", "/fhir/Observation?patient=p1", load: load)
  #expect(value("nearest_regions", in: report) == expected)
  let without = try explain(
    "GET", "/fhir/Observation?patient=p1", load: TestFiles.load(TestFiles.minimal))
  #expect(value("nearest_regions", in: without) == nil)
}
