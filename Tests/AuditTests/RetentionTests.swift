import Base
import Testing

@testable import Audit

/// Records of several retention classes share a queue and a sync, and part in the logs.
@Suite struct RetentionTests {
  private let classes = RetentionClasses([
    RetentionClass(name: "clinical", keepDays: 2_190),
    RetentionClass(name: "part2", keepDays: 3_650, dataClasses: [.substanceUse]),
    RetentionClass(name: "operations", dataClasses: [.asset], kinds: [.policyLoad]),
  ])

  @Test func recordsGoWhereTheClassesSay() {
    #expect(classes.index(of: .vitals) == 0 && classes.index(of: .substanceUse) == 1)
    #expect(classes.index(of: .asset) == 2)
    #expect(classes.index(of: .policyLoad) == 2 && classes.index(of: .keyEvent) == 0)
    #expect(classes.index(of: RecordKind.heartbeat) == nil)
    #expect(RetentionClasses.standard.index(of: .substanceUse) == 0)
    for name in ["", "a.b", "A", "a/b", "a b", String(repeating: "a", count: 33)] {
      #expect(!RetentionClass.isName(name))
    }
  }

  /// Random records of three classes: each log's account is whole and recounts, together they are
  /// the whole edge's, and each log holds its own records in order.
  @Test(arguments: 0..<30 as Range<UInt64>)
  func eachLogsAccountIsExact(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var commit = GroupCommit(
      firstSequence: 1, classCount: 3, capacityBytes: 4_000, reserveBytes: 2_000)
    let builders = (0..<3).map { _ in FrameTaker() }
    for index in 0..<3 {
      _ = commit.append(EventRecord(kind: .start, time: WallTime(microseconds: 1)), in: index)
    }
    var expected: [[UInt64]] = [[], [], []]
    var queue = ByteQueue()
    var time: UInt64 = 1
    for _ in 0..<80 {
      for _ in 0..<Int.random(in: 0..<30, using: &random) {
        let index = Int.random(in: 0..<3, using: &random)
        var record = DecisionRecord()
        record.id = AuditID(high: 9, low: random.next())
        if case .accepted = commit.append(record, in: index) {
          expected[index].append(record.id.low)
        }
        var outcome = OutcomeRecord()
        outcome.id = record.id
        _ = commit.append(outcome, in: index)
      }
      time += 1
      commit.appendHeartbeat(at: WallTime(microseconds: time))
      guard commit.begin(into: &queue) == .write else { continue }
      let counts = BatchClasses(queue)
      #expect((0..<3).reduce(0) { $0 + counts[$1] } == queue.count)
      for index in 0..<3 where counts[index] > 0 { builders[index].take(queue, index) }
      #expect(commit.wrote(byteCount: queue.count) == .sync)
      queue.removeAll()
      guard case .publish = commit.synced() else {
        Issue.record("nothing became durable")
        return
      }
      var sum = AuditCounters()
      for index in 0..<3 { sum += commit.counters(of: index) }
      #expect(sum == commit.counters)
      expectWhole(sum)
    }
    var totals = TotalCheck()
    for index in 0..<3 {
      var account = AccountCheck()
      totals.begin("log \(index)", follows: false)
      var ids: [UInt64] = []
      for entry in builders[index].entries {
        let (finding, record) = try unsafe entry.withUnsafeBytes { raw in
          unsafe totals.take(raw)
          return (unsafe account.take(raw), try unsafe AuditRecord(decoding: raw))
        }
        #expect(finding == nil, "log \(index), seed \(seed)")
        if case .decision(let decision) = record { ids.append(decision.id.low) }
      }
      #expect(ids == expected[index])
      #expect(commit.counters(of: index).committed == UInt64(ids.count))
    }
    #expect(totals.finish().comparedCount > 0 && totals.finish().finding == nil)
  }

  /// The logs of two processes, each with a heartbeat a second; the second log's last one is off.
  @Test(arguments: [0, 1])
  func logsThatDoNotAddUpAreFound(surplus: UInt64) throws {
    var totals = TotalCheck()
    for log in 0..<2 as Range<UInt64> {
      totals.begin("log \(log)", follows: false)
      for life in [100, 200] as [UInt64] {
        totals.take(EventRecord(kind: .start, time: WallTime(microseconds: life)))
        for second in 1...5 as ClosedRange<UInt64> {
          var beat = EventRecord(kind: .heartbeat, time: WallTime(microseconds: life + second))
          let isOff = log == 1 && life == 200 && second == 5
          beat.counters.decided = second * (log + 1) + (isOff ? surplus : 0)
          if log == 0 {
            beat.logCount = 2
            beat.total.decided = 3 * second
          }
          totals.take(beat)
        }
      }
    }
    let (compared, finding) = totals.finish()
    #expect((finding == nil) == (surplus == 0) && compared == 4)
    if let finding {
      #expect(
        finding.hasSuffix(
          "add up to 16 decisions in 2 logs, but the edge"
            + " states 15"))
    }
  }

  /// A process that another one followed without having said that it ended.
  @Test(arguments: [false, true])
  func aProcessWithoutAStopIsNamed(saysIt: Bool) {
    var totals = TotalCheck()
    for log in 0..<2 {
      totals.begin("log \(log)", follows: false)
      for life in [100, 200, 300] as [UInt64] {
        totals.take(EventRecord(kind: .start, time: WallTime(microseconds: life)))
        for beat in 1...3 as ClosedRange<UInt64> {
          totals.take(EventRecord(kind: .heartbeat, time: WallTime(microseconds: life + beat)))
        }
        guard life == 100 || (life == 200 && saysIt) else { continue }
        totals.take(EventRecord(kind: .stop, time: WallTime(microseconds: life + 4)))
      }
    }
    // The newest one may be running.
    let broken = TotalCheck.Break(
      start: WallTime(microseconds: 200), last: WallTime(microseconds: 203))
    #expect(totals.breaks == (saysIt ? [] : [broken]))
  }
}

extension TotalCheck {
  /// Takes an event as it stands in a log.
  fileprivate mutating func take(_ event: EventRecord) {
    var batch = ByteQueue()
    _ = Pending.append(event, to: &batch)
    let entry = Array(batch.copyToArray().dropFirst(Pending.headerByteCount))
    unsafe entry.withUnsafeBytes { unsafe take($0) }
  }
}

/// Builds one log's frames and keeps their entries.
private final class FrameTaker {
  private var builder = FrameBuilder(frontier: MerkleFrontier(), keys: testKeys())
  var entries: [[UInt8]] = []

  func take(_ batch: borrowing ByteQueue, _ retention: Int) {
    var file = segmentHead()
    builder.build(batch, of: retention, into: &file)
    let bytes = Array(file.copyToArray().dropFirst(SegmentHeader.byteCount))
    var offset = FrameHeader.byteCount
    while offset < bytes.count {
      let count = Int(bytes[offset]) << 8 | Int(bytes[offset + 1])
      entries.append(Array(bytes[(offset + 2)..<(offset + 2 + count)]))
      offset += 2 + count
    }
  }
}
