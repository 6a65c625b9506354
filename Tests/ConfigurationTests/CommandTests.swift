import ArgumentParser
import Base
import Testing

@testable import homeward

@Test func wrongUsageExitsWithTwo() throws {
  for arguments in [["chekc"], ["check"], ["check", "--config"], ["check", "--confg", "x"]] {
    let error = #expect(throws: (any Error).self) { _ = try Homeward.parseAsRoot(arguments) }
    #expect(Homeward.exitStatus(for: try #require(error)) == 2)
  }
  #expect(Homeward.exitStatus(for: ExitCode(1)) == 1)
  let help = #expect(throws: (any Error).self) { _ = try Homeward.parseAsRoot(["--version"]) }
  #expect(Homeward.exitStatus(for: try #require(help)) == 0)
}

@Test func theReportSaysWhatIsThere() {
  let report = CheckReport(file: "conf/edge.yaml", load: TestFiles.load(TestFiles.minimal))
  #expect(report.verdict == "")
  for part in [
    "conf/edge.yaml: ok\n", "127.0.0.1:8443", "small version 1", "1 region", "west-1", "clear text",
    "note: no `location`",
  ] {
    #expect(report.summary.contains(part))
  }
  #expect(report.json.description.contains("\"ok\": true"))
}

@Test func theReportOfABrokenFileHasNoSummary() {
  let load = TestFiles.load(TestFiles.minimal + "loops: 0\nlimit: 1\n")
  let report = CheckReport(file: "conf/edge.yaml", load: load)
  #expect(report.summary == "")
  #expect(report.verdict == "conf/edge.yaml: 2 errors; nothing was started\n")
  let json = report.json.description
  #expect(json.contains("\"ok\": false"))
  #expect(json.contains("\"suggestion\": \"limits\""))
  #expect(json.contains("\"line\": 12"))
}

@Test func jsonEscapesWhatItMust() {
  let value = JSONValue.object([
    ("a\"\\", .text("\u{1}\n\t\u{7F}é")), ("b", .list([.number(-1), .null, .boolean(false)])),
    ("c", .list([])), ("d", .object([])),
  ])
  #expect(
    value.description == """
      {
        "a\\"\\\\": "\\u0001\\n\\u0009\u{7F}é",
        "b": [
          -1,
          null,
          false
        ],
        "c": [],
        "d": {}
      }
      """)
}

@Test func tablesAlign() {
  #expect(
    Table(rows: [["a", "bb", "c"], ["long", "", ""]]).lines == ["a     bb  c", "long"])
}
