internal import Audit
internal import Base
internal import Native
public import Reactor

/// What a measurement of index and search found.
public struct AuditSearchFigures: Sendable {
  /// Records in the log.
  public let recordCount: UInt64
  /// Entries that one thread puts into the index in a second, reading and writing included.
  public let indexedPerSecond: Double
  /// Processor time of that thread for one entry, nanoseconds.
  public let indexNanoseconds: Double
  /// Bytes of the log and of its index for one record.
  public let byteCounts: (log: Double, index: Double)
  /// What the kernel forgot before the first search.
  public let forgotten: FileCache.Extent
  /// How long it took to find a patient: at first, and a second one when the kernel remembers.
  public let milliseconds: (cold: Double, warm: Double)
  /// How many records the first search found.
  public let hitCount: UInt64
  /// How many of the entries it considered were not in the index yet.
  public let scannedCount: UInt64

  /// Writes a log of `recordCount` decisions about 20 times fewer patients below
  /// `options.directory`, makes its index and searches it. `progress` is told what begins. Blocks
  /// the calling thread.
  public static func measure(
    _ options: AuditOptions, recordCount: UInt64, progress: (String) -> Void
  ) throws -> AuditSearchFigures {
    let bench = AuditIndexBench(options: options, recordCount: recordCount)
    progress("writing \(recordCount) records")
    let folder = try bench.write()
    progress("making the index")
    let start = (Clock.monotonic(), Clock.threadNanoseconds())
    let indexer = AuditIndexer(folder.path, isThorough: true)
    while try indexer.step(isClosed: false) == .madeBlock {}
    let nanoseconds = Double(max(1, Clock.monotonic().nanoseconds - start.0.nanoseconds))
    let used = Double(Clock.threadNanoseconds() - start.1)
    progress("searching")
    let paths = try FileSystem.names(in: folder.path).map { "\(folder.path)/\($0)" }
    let forgotten = try FileCache.forget(paths)
    let cold = try bench.search(folder.path, patient: recordCount / 40)
    let warm = try bench.search(folder.path, patient: recordCount / 50)
    let indexed = Double(max(1, indexer.indexedCount))
    func byteCount(_ suffix: String) throws -> Double {
      var count = 0
      for path in paths where path.hasSuffix(suffix) {
        count += try FileSystem.status(of: path).byteCount
      }
      return Double(count)
    }
    return AuditSearchFigures(
      recordCount: recordCount, indexedPerSecond: indexed / nanoseconds * 1e9,
      indexNanoseconds: used / indexed,
      byteCounts: (
        try byteCount(AuditPaths.segmentSuffix) / Double(recordCount),
        try byteCount(AuditPaths.blockSuffix) / indexed
      ), forgotten: forgotten, milliseconds: (cold.milliseconds, warm.milliseconds),
      hitCount: cold.coverage.hitCount, scannedCount: cold.coverage.scannedCount)
  }
}

/// Makes and searches the log of a measurement.
private struct AuditIndexBench {
  let options: AuditOptions
  let recordCount: UInt64

  /// Decisions in one group, as many as a busy committer writes at once.
  private static let groupCount: UInt64 = 1_000

  /// Writes the log; gives its folder.
  func write() throws -> AuditFolder {
    let writer = try AuditWriter(options, at: Clock.wall())
    var group = GroupCommit(firstSequence: 1, capacityBytes: options.pendingByteCountMax)
    var batch = ByteQueue()
    var record = DecisionRecord()
    AuditBench.fill(&record)
    var random = SplitMix64(seed: 1)
    var done: UInt64 = 0
    while done < recordCount {
      record.time = Clock.wall()
      for _ in 0..<min(Self.groupCount, recordCount - done) {
        done += 1
        vary(&record, number: done, &random)
        _ = group.append(record)
      }
      guard case .write = group.begin(into: &batch) else { continue }
      try writer.write(batch, at: record.time)
      _ = group.wrote(byteCount: batch.count)
      batch.removeAll()
      guard try writer.synchronize() else {
        throw AuditOpenError(path: options.directory, reason: "its file was replaced")
      }
      _ = group.synced()
    }
    try writer.close()
    let path = "\(options.directory)/\(writer.state(of: 0).name.folder)"
    return try AuditFolder(path)
  }

  /// Who, whose and what, as various as in a network of hospitals.
  private func vary(_ record: inout DecisionRecord, number: UInt64, _ random: inout SplitMix64) {
    record.id = AuditID(high: random.next(), low: number)
    record.subject = .text("user-\(random.next() % 5_000)")
    let patient = Array("p\(random.next() % (recordCount / 20 + 1))".utf8)
    record.patientID =
      unsafe patient.withUnsafeBytes { unsafe PatientIdentifier($0) } ?? PatientIdentifier()
    record.conditions.tenant = .text("tenant-\(random.next() % 40)")
    let regions: [StaticString] = ["us-west", "us-east", "eu-north", "eu-west"]
    record.region = .literal(regions[Int(random.next() % 4)])
    record.dataClass = DataClass.allCases[Int(random.next() % 12)]
    record.verdict = random.next() % 50 == 0 ? .refuse(.forbidden) : .permit
  }

  /// Searches one patient as `audit search` does, opening everything anew.
  func search(
    _ path: String, patient: UInt64
  ) throws -> (coverage: AuditSearch.Coverage, milliseconds: Double) {
    let start = Clock.monotonic()
    guard let folder = try AuditFolder.logs(in: path).first else {
      throw AuditOpenError(path: path, reason: "the log is gone")
    }
    var keys = try folder.keys(operatorKey: options.pseudonymKey)
    var query = SearchQuery()
    query.patient = "p\(patient)"
    let coverage = try AuditSearch.run(query, in: folder, keys: &keys) { _ in true }
    guard let coverage else {
      throw AuditOpenError(path: path, reason: "the log's keys are gone")
    }
    return (coverage, Double(Clock.monotonic().microseconds(since: start)) / 1_000)
  }
}
