import Audit
import Base
import Native
import Reactor
import Testing

@testable import Edge

/// Every write and every sync of a log's life fails once, in both ways, and the power goes out.
///
/// What was acknowledged is there afterwards, in order and unaltered, under a checkpoint that fits.
@Suite struct AuditFaultTests {
  /// Writes batches until something fails; the details that were acknowledged.
  private func live(_ disk: FaultyDisk, from first: Int, count: Int) -> [String] {
    var acknowledged: [String] = []
    do {
      var log = try LogWriter(disk, segmentByteCountMax: 5_500)
      for number in first..<(first + count) {
        let detail = "\(number) " + String(repeating: "d", count: 37 * (number % 7))
        try log.write(1 + number % 3, detail: detail)
        acknowledged += Array(repeating: detail, count: 1 + number % 3)
        if number % 2 == 0 { try log.writer.publish() }
      }
      try log.writer.close()
    } catch {}
    return acknowledged
  }

  /// The same with two classes, in turn and together; what each log acknowledged.
  private func liveTwice(_ disk: FaultyDisk, count: Int) -> [[String]] {
    var acknowledged: [[String]] = [[], []]
    do {
      var log = try LogWriter(disk, segmentByteCountMax: 5_500, retention: twoClasses)
      for number in 0..<count {
        let details = (0..<2).map { "\(number) \($0)" }
        let touched = number % 3 == 2 ? [0, 1] : [number % 3]
        try log.write(touched.map { ($0, details[$0]) })
        for index in touched { acknowledged[index].append(details[index]) }
        if number % 2 == 0 { try log.writer.publish() }
      }
      try log.writer.close()
    } catch {}
    return acknowledged
  }

  /// A fault in one class's log loses nothing that was acknowledged in either.
  @Test(arguments: FaultyDisk.Fault.allCases, [UInt64](0..<3))
  func everyFaultLeavesBothClassesLogs(fault: FaultyDisk.Fault, seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let whole = FaultyDisk()
    #expect(liveTwice(whole, count: 12).joined().count == 16)
    #expect(whole.operationCount > 60)
    for at in 1...whole.operationCount {
      let disk = FaultyDisk()
      disk.failing = (at, fault)
      let acknowledged = liveTwice(disk, count: 12)
      #expect(disk.hasFailed)
      if Bool.random(using: &random) { disk.crash(&random) } else { disk.failing = nil }
      var log = try LogWriter(disk, segmentByteCountMax: 5_500, retention: twoClasses)
      try log.write([(0, "after"), (1, "after")])
      try log.writer.publish()
      for index in 0..<2 {
        let content = try LogContent(disk, log.writer.state(of: index).name)
        let details = content.details.filter { !$0.isEmpty }
        let place = "operation \(at), \(fault), seed \(seed), log \(index)"
        #expect(details.starts(with: acknowledged[index]) && details.last == "after", "\(place)")
        #expect(content.checkpoint?.root == content.root(UInt64(content.entries.count)), "\(place)")
      }
    }
  }

  /// How many operations a whole life has.
  private func operationCount() -> Int {
    let disk = FaultyDisk()
    #expect(live(disk, from: 0, count: 14).count > 14)
    return disk.operationCount
  }

  @Test(arguments: FaultyDisk.Fault.allCases, [UInt64](0..<6))
  func everyFaultLeavesALogThatGoesOn(fault: FaultyDisk.Fault, seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let count = operationCount()
    #expect(count > 60)
    for at in 1...count {
      let disk = FaultyDisk()
      disk.failing = (at, fault)
      let acknowledged = live(disk, from: 0, count: 14)
      #expect(disk.hasFailed)
      // With or without a power loss behind the fault.
      if Bool.random(using: &random) { disk.crash(&random) } else { disk.failing = nil }
      let place = "operation \(at), \(fault), seed \(seed)"
      try expectWhole(disk, acknowledged, place)
      // What was acknowledged since then survives too, and what the first life left behind.
      disk.crash(&random)
      try expectWhole(disk, acknowledged + ["after"], place)
    }
  }

  /// The power goes out at any time, without a fault before, and once more during the recovery.
  @Test(arguments: [UInt64](0..<12))
  func everyPowerLossLeavesALogThatGoesOn(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let count = operationCount()
    for at in 1...count {
      let disk = FaultyDisk()
      disk.failing = (at, .lost)
      let acknowledged = live(disk, from: 0, count: 14)
      disk.crash(&random)
      // The recovery itself is cut short.
      disk.failing = (disk.operationCount + Int.random(in: 1...6, using: &random), .lost)
      _ = try? LogWriter(disk, segmentByteCountMax: 5_500)
      disk.crash(&random)
      try expectWhole(disk, acknowledged, "operation \(at), seed \(seed)")
      disk.crash(&random)
      try expectWhole(disk, acknowledged + ["after"], "operation \(at), seed \(seed)")
    }
  }

  /// The log opens, holds what was acknowledged, and takes more.
  private func expectWhole(
    _ disk: FaultyDisk, _ acknowledged: [String], _ place: String
  ) throws {
    var log: LogWriter
    do {
      log = try LogWriter(disk, segmentByteCountMax: 5_500)
    } catch {
      Issue.record("\(place): \(error)")
      return
    }
    try log.write(1, detail: "after")
    try log.writer.publish()
    let content = try LogContent(disk, log.writer.state(of: 0).name)
    let details = content.details.filter { !$0.isEmpty }
    // Between them may stand what was written and not acknowledged.
    let rest = details.dropFirst(acknowledged.count(where: { $0 != "after" }))
    #expect(details.starts(with: acknowledged.filter { $0 != "after" }), "\(place)")
    #expect(rest.count { $0 == "after" } == 1 + acknowledged.count { $0 == "after" }, "\(place)")
    #expect(details.last == "after", "\(place)")
    let checkpoint = try #require(content.checkpoint)
    #expect(checkpoint.size == UInt64(content.entries.count), "\(place)")
    #expect(checkpoint.root == content.root(checkpoint.size), "\(place)")
    let levels = try disk.byteCount(of: "audit/\(log.writer.state(of: 0).name.folder)/level-0")
    #expect(levels == 32 * content.entries.count, "\(place)")
  }
}
