import Base
import Testing

@testable import Directory

@Test func bothFormatsGiveTheSameSnapshot() throws {
  let csv = try readPatients(
    mergeHeader + "p1,us-west,US-AZ,granted,,\np2,us-east,unknown,withdrawn,vip+part2,\n"
      + "p3,,,,,p2\n")
  let json = try readPatients(
    #"{"patient":"p1","home":"us-west","residency":"US-AZ","consent":"granted"}"# + "\n"
      + #" { "flags" : [ "vip" , "part2" ], "patient": "p2","#
      + #""home":"us-east","residency":"unknown","consent":"withdrawn" } "# + "\r\n\n"
      + #"{"merged_into":"p2","patient":"p3","flags":[ ]}"#, as: .ndjson)
  let signer = try makeSigner()
  #expect(file(csv, signer: signer) == file(json, signer: signer))
}

@Test(arguments: [
  ("x", "1: expected `{`"),
  ("{\"patient\":\"p1\"", "16: expected `,` or `}`"),
  ("{\"patient\":\"p1\"} x", "18: expected the end of the line after `}`"),
  ("{\"patient\":\"p\\u0031\"}", "14: no escapes or control characters are needed here"),
  ("{\"patient\":\"p1}", "12: this string has no closing quote"),
  ("{\"patient\":1}", "12: expected a string"),
  ("{\"patient\":\"p1\",\"patient\":\"p2\"}", "17: `patient` stands twice"),
  (
    "{\"change\":\"remove\"}",
    "2: expected one of the names `patient`, `home`, `residency`, `consent`, `flags`, `merged_into`"
  ),
  ("{\"patient\" \"p1\"}", "12: expected `:`"),
  ("{\"flags\":\"vip\"}", "10: expected a list such as `[\"vip\"]`"),
  (
    #"{"patient":"p1","home":"w","residency":"US","consent":"granted","flags":["x"]}"#,
    "74: expected distinct words of `part2`, `vip`, `employee`, `deceased`, `merged`,"
      + " `behavioral`, `reproductive`, in a list"
  ),
])
func mistakesInJSONAreNamed(line: String, message: String) {
  let errors = #expect(throws: DirectoryErrors.self) {
    try readPatients("\n" + line + "\n", as: .ndjson)
  }
  #expect(errors?.errors.first?.description == "p.csv:2:" + message)
}

@Test func changesAreRead() throws {
  let csv = """
    change,patient,home,residency,consent,flags,merged_into
    upsert,p1,us-east,US-NY,granted,vip,
    remove,p2,,,,,
    merge,p3,,,,,p1
    withdraw,p4,,,,,
    grant,p5,,,,,
    """
  let json = """
    {"change":"upsert","patient":"p1","home":"us-east","residency":"US-NY","consent":"granted",\
    "flags":["vip"]}
    {"change":"remove","patient":"p2"}
    {"change":"merge","patient":"p3","merged_into":"p1"}
    {"change":"withdraw","patient":"p4"}
    {"change":"grant","patient":"p5"}
    """
  let entry = PatientEntry(
    homeIndex: 1, residency: try #require(Place("US-NY")), consent: .granted, flags: .vip)
  let wanted: [DirectoryChange] = [
    .upsert(key("p1"), entry), .remove(key("p2")), .merge(key("p3"), into: key("p1")),
    .consent(key("p4"), .withdrawn), .consent(key("p5"), .granted),
  ]
  #expect(try readChanges(csv).map(\.change) == wanted)
  #expect(try readChanges(csv).map(\.line) == [2, 3, 4, 5, 6])
  #expect(try readChanges(json, as: .ndjson).map(\.change) == wanted)
}

@Test(arguments: [
  ("forget,p1,,,,,", "1: expected one of `upsert`, `remove`, `merge`, `withdraw`, `grant`"),
  ("withdraw,p1,us-west,,,,", "13: `home` must be empty: `withdraw` takes no such value"),
  ("merge,p1,,,,,p1", "14: a patient cannot be merged into itself"),
  ("merge,p1,,,,,", "14: the patient id must be 1 to 64 letters, digits, `-` or `.`"),
  ("upsert,p1,mars,US,granted,,", "11: unknown home region; expected one of `us-west`, `us-east`"),
  ("remove,,,,,,", "8: the patient id must be 1 to 64 letters, digits, `-` or `.`"),
])
func mistakesInChangesAreNamed(line: String, message: String) {
  let text = "change,patient,home,residency,consent,flags,merged_into\n" + line
  let errors = #expect(throws: DirectoryErrors.self) { try readChanges(text) }
  #expect(errors?.errors.map(\.description) == ["c.csv:2:" + message])
}

/// Any bytes end in a snapshot or in errors that stay inside the file and quote nothing of it.
@Test(arguments: 0..<200 as Range<UInt64>)
func readersEndOnAnyBytes(seed: UInt64) {
  var random = SplitMix64(seed: seed)
  let isJSON = Bool.random(using: &random)
  let line =
    isJSON
    ? #"{"patient":"sesame1","home":"us","residency":"US","consent":"granted","flags":["vip"]}"#
    : "sesame1,us-west,US-AZ,granted,vip+part2"
  var bytes = Array(((isJSON ? "" : header) + line + "\n" + line + "2\n").utf8)
  for _ in 0..<Int.random(in: 1..<8, using: &random) {
    let index = Int.random(in: 0..<bytes.count, using: &random)
    let byte: UInt8? = [0x22, 0x2C, 0x5B, 0x5D, 0x7B, 0x0A, 0x5C, 0x2B, 0x20, 0, 0xFF]
      .randomElement(using: &random)
    if Bool.random(using: &random) { bytes.remove(at: index) } else { bytes[index] = byte ?? 0 }
  }
  let text = bytes
  do throws(DirectoryErrors) {
    let result = unsafe text.withUnsafeBytes { raw in
      Result { () throws(DirectoryErrors) in
        try unsafe DirectorySnapshot.reading(
          raw, as: isJSON ? .ndjson : .csv, file: "p", hash: secretHash)
      }
    }
    #expect(try result.get().header.patientCount <= 9)
  } catch {
    #expect(!error.errors.isEmpty)
    for error in error.errors {
      #expect(!error.message.contains("sesame"))
      #expect(error.line >= 1 && error.column >= 1)
    }
  }
}
