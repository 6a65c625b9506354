import Base
import Directory
import Testing

private let hash = PatientHash(key0: 1, key1: 2)

/// Reads a directory from text.
private func read(_ text: String, homes: [String] = []) throws(DirectoryErrors) -> PatientDirectory
{
  let bytes = Array(text.utf8)
  let result = unsafe bytes.withUnsafeBytes { raw in
    Result { () throws(DirectoryErrors) in
      try unsafe DirectorySnapshot.reading(
        raw, as: .csv, file: "p.csv", homeNames: homes, hash: hash)
    }
  }
  do {
    return try PatientDirectory(try result.get(), hash: hash)
  } catch let error as DirectoryErrors {
    throw error
  } catch {
    preconditionFailure("a snapshot's own homes are always known")
  }
}

@Test func patientsAreFound() throws {
  let directory = try read(
    header
      + "# a remark\np1001,us-west,US-AZ,granted,\r\n\np2,us-east,unknown,withdrawn,vip+part2\n"
      + "p3,us-west,DE,unknown,deceased")
  #expect(directory.count == 3)
  #expect(directory.homeNames == ["us-west", "us-east"])
  #expect(
    directory.find("p1001")
      == PatientEntry(
        homeIndex: 0, residency: try #require(Place("US-AZ")), consent: .granted, flags: []))
  #expect(
    directory.find("p2")
      == PatientEntry(
        homeIndex: 1, residency: .unknown, consent: .withdrawn, flags: [.vip, .part2]))
  #expect(directory.find("p3")?.flags == .deceased)
  for stranger in ["", "p", "p10011", "P1001", String(repeating: "p", count: 500)] {
    #expect(directory.find(stranger) == nil)
  }
}

@Test func homesFollowTheGivenOrder() throws {
  let directory = try read(header + "a,us-east,US,granted,\n", homes: ["us-west", "us-east"])
  #expect(directory.find("a")?.homeIndex == 1)
}

@Test func everyMistakeIsNamedInOnePass() throws {
  let text =
    header + "p1,us-west,US-AZ,granted,\n" + "p 2,us-west,US-AZ,granted,\n"
    + "p3,mars,US-AZ,granted,\n" + "p4,us-west,Arizona,maybe,vip+vip\n" + "p5,us-west,US-AZ\n"
    + "p1,us-west,US-AZ,granted,\n" + "p6,us-west,US-AZ,granted,vip+\n"
    + String(repeating: "x", count: 600) + "\n"
  let errors = #expect(throws: DirectoryErrors.self) { try read(text, homes: ["us-west"]) }
  let found = try #require(errors).errors.map(\.description)
  #expect(
    found == [
      "p.csv:3:1: the patient id must be 1 to 64 letters, digits, `-` or `.`",
      "p.csv:4:4: unknown home region; expected one of `us-west`",
      "p.csv:5:12: expected a place such as `US-AZ` or `DE`, or `unknown`",
      "p.csv:5:20: expected `granted`, `withdrawn` or `unknown`",
      "p.csv:5:30: expected distinct words of `part2`, `vip`, `employee`, `deceased`, `merged`,"
        + " `behavioral`, `reproductive`, joined by `+`",
      "p.csv:6:1: expected 5 columns (`patient,home,residency,consent,flags`), found 3",
      "p.csv:7:1: this patient stands on an earlier line too; keep one of them",
      "p.csv:8:26: expected distinct words of `part2`, `vip`, `employee`, `deceased`, `merged`,"
        + " `behavioral`, `reproductive`, joined by `+`",
      "p.csv:9:1: the line is longer than 512 bytes",
    ])
}

@Test(arguments: ["", "\n", "patient,home\n", "p1,us-west,US,granted,\n", "\u{FEFF}" + header])
func aWrongHeaderIsRefused(text: String) {
  let errors = #expect(throws: DirectoryErrors.self) { try read(text) }
  #expect(errors?.errors.count == 1)
  #expect(errors?.errors.first?.line == 1)
}

@Test func errorsAreBounded() {
  let text = header + String(repeating: "!\n", count: 10_000)
  let errors = #expect(throws: DirectoryErrors.self) { try read(text) }
  #expect(errors?.errors.count == DirectoryLimits.errorsMax)
}

@Test func errorsNeverQuoteTheFile() {
  let errors = #expect(throws: DirectoryErrors.self) {
    try read(header + "secret-1 x,secret-2 x,secret-3,secret-4,secret-5\n")
  }
  for error in errors?.errors ?? [] { #expect(!error.description.contains("secret")) }
}

@Test func manyPatientsStayApart() throws {
  let count = 20_000
  var text = header
  for index in 0..<count { text += "p\(index),r\(index % 7),US-NY,granted,\n" }
  let directory = try read(text)
  #expect(directory.count == count)
  for index in 0..<count {
    let entry = try #require(directory.find("p\(index)"))
    #expect(directory.homeNames[Int(entry.homeIndex)] == "r\(index % 7)")
  }
  #expect(directory.find("p\(count)") == nil)
}

@Test(arguments: 0..<50 as Range<UInt64>)
func randomFilesNeverTrap(seed: UInt64) {
  var random = SplitMix64(seed: seed)
  var bytes = Array((header + "p1,us-west,US-AZ,granted,vip\np2,us-east,US,unknown,\n").utf8)
  for _ in 0..<Int.random(in: 1..<6, using: &random) {
    let index = Int.random(in: header.utf8.count..<bytes.count, using: &random)
    bytes[index] = [0x2C, 0x0A, 0x0D, 0x2B, 0, 0xFF].randomElement(using: &random) ?? 0
  }
  let directory = unsafe bytes.withUnsafeBytes { raw in
    try? unsafe DirectorySnapshot.reading(raw, as: .csv, file: "p.csv", hash: hash)
  }
  #expect(directory == nil || (directory?.header.patientCount ?? 0) <= 6)
}
