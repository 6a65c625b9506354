import Admin
import Base
import Control
import Foundation
import Reactor
import Testing

@testable import homeward

/// What edges leave in a folder of operators.
@Suite struct EdgeFilesTests {
  /// A folder that is empty, and the test's own.
  private func folder(_ name: String) throws -> OperatorFolder {
    let path = NSTemporaryDirectory() + "/homeward-\(name)-\(processIdentifier())"
    for inner in ["", "/edges", "/reports"] { try FileSystem.makeDirectory(path + inner) }
    for inner in ["/edges", "/reports"] {
      for name in try FileSystem.names(in: path + inner) {
        try FileSystem.remove("\(path)\(inner)/\(name)")
      }
    }
    return OperatorFolder(path)
  }

  /// What a killed process left is no answer to whether a file is taken, nor is who asks as well.
  @Test func aFileIsTakenBesideOthers() throws {
    let path = try folder("written").directory
    for number in 0..<4 {
      try FileSystem.replace("\(path)/.plan-\(processIdentifier())-\(number)", with: [])
    }
    try FileSystem.replace("\(path)/.plan-\(processIdentifier())", with: [])
    DispatchQueue.concurrentPerform(iterations: 32) { _ in #expect(PlanPlace.takesFile(path)) }
    #expect(try FileSystem.names(in: path).filter { $0.hasPrefix(".plan-") }.isEmpty)
    #expect(!PlanPlace.takesFile(path + "/nowhere"))
  }

  /// A report counts for ten seconds, and so does one whose edge's clock is a little ahead.
  @Test(
    arguments: [(0, true), (9, true), (10, false), (-9, true), (-10, true), (-11, false)] + [
      (-3_600, false), (3_600, false),
    ])
  func aReportOfAnotherTimeDoesNotCount(_ age: Int, _ counts: Bool) throws {
    let folder = try folder("reports\(age)")
    let now: UInt64 = 1_800_000_000_000_000
    let time = UInt64(Int(now) - age * 1_000_000)
    let report = try #require(RegionReport(Array("homeward-edge\t\(time)\t1\n".utf8)))
    let reports = EdgeReports(folder)
    reports.write(report, of: "edge-1.1")
    #expect(reports.recent(at: WallTime(microseconds: now)).isEmpty == !counts)
    try FileSystem.replace(folder.reportPath("edge-1.1.new"), with: [])
    reports.remove("edge-1.1")
    #expect(try FileSystem.names(in: folder.reportsPath).isEmpty)
  }
}
