import Base
import Testing

@testable import Directory

private let head = "change,patient,home,residency,consent,flags,merged_into\n"

private func directory() throws -> PatientDirectory {
  let snapshot = try readPatients(
    mergeHeader + "p1,us-west,US-AZ,granted,vip,\np2,us-east,DE,withdrawn,,\nold,,,,,p1\n",
    homes: ["us-west", "us-east"])
  return try PatientDirectory(snapshot, hash: secretHash)
}

@Test(arguments: [
  ("remove,p9,,,,,", "8: this patient is not in the directory"),
  ("withdraw,p9,,,,,", "10: this patient is not in the directory"),
  ("grant,p9,,,,,", "7: this patient is not in the directory"),
  ("merge,p9,,,,,p1", "7: this patient is not in the directory"),
  ("merge,p1,,,,,p9", "14: this patient is not in the directory"),
  ("merge,old,,,,,p1", "15: both ids are one person's already"),
  ("remove,p1,,,,,\nwithdraw,old,,,,,", "10: this patient is not in the directory"),
])
func changesThatChangeNobodyAreNamed(lines: String, message: String) throws {
  let changes = try readChanges(head + lines + "\n")
  let errors = #expect(throws: DirectoryErrors.self) {
    try directory().rehearse(changes, file: "c.csv")
  }
  let line = lines.contains("\n") ? 3 : 2
  #expect(errors?.errors.map(\.description) == ["c.csv:\(line):" + message])
}

@Test func changesMayBuildOnEachOther() throws {
  let changes = try readChanges(
    head + "upsert,p9,us-west,US,granted,,\nmerge,p9,,,,,old\nwithdraw,p9,,,,,\n")
  let directory = try directory()
  try directory.rehearse(changes, file: "c.csv")
  #expect(directory.find("p1")?.consent == .withdrawn)
  #expect(directory.isSame("p9", "old"))
}

@Test func patientsAreCounted() throws {
  let directory = try directory()
  directory.apply([.remove(key("p2")), .upsert(key("p7"), entry(home: 1))], homeNames: ["us-east"])
  let counts = DirectoryStatistics(directory)
  #expect((counts.patientCount, counts.mergedCount, counts.homelessCount) == (2, 1, 1))
  #expect(counts.homeCounts == [1, 0])
  #expect(counts.consentCounts == [.granted: 2])
  #expect(counts.flagCounts == [0, 1, 0, 0, 0, 0, 0])
}

@Test(
  arguments: [
    (.part2, .behavioralHealth, .substanceUse), ([.part2, .behavioral], .notes, .substanceUse),
    ([.behavioral, .reproductive], .notes, .behavioralHealth),
    (.behavioral, .substanceUse, nil), (.reproductive, .mixed, .reproductiveHealth),
    ([.vip, .employee, .deceased, .merged], .notes, nil),
  ] as [(PatientFlags, DataClass, DataClass?)])
func marksProtect(flags: PatientFlags, named: DataClass, protected: DataClass?) {
  #expect(flags.protectedClass(insteadOf: named) == protected)
}
