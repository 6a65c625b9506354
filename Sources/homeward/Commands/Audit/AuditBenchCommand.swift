internal import ArgumentParser
internal import Base
internal import Edge
internal import Native
internal import Reactor

/// `homeward audit bench`: how fast this machine's disk takes records.
struct AuditBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure how fast records become durable here.",
    discussion: """
      Appends decisions of the usual size from one thread and commits them as the edge does: \
      sealed, hashed into the tree, one write and one sync a group, a signed checkpoint each \
      second, the search index behind it. The log goes to a new folder below DIR, which stays for \
      `audit verify`; run it on the disk that the edge will use.

      With --search, a log of --records decisions is written as fast as it can be, one thread \
      makes its search index, and a patient is looked for after the kernel forgot what it had read \
      (all of it for root, else these files).

      Examples:
        homeward audit bench /var/lib/homeward --rate 100000 --seconds 5
        homeward audit bench /var/lib/homeward --search --records 10000000

      Exit status: 0 done, 1 the log failed or refused records, 2 wrong usage.
      """)

  @Argument(help: ArgumentHelp("Where the log goes.", valueName: "dir"))
  var directory: String

  @Option(
    name: .long,
    help: ArgumentHelp("Records a second; 0 is as fast as they are taken.", valueName: "count"))
  var rate: UInt64 = 100_000

  @Option(name: .long, help: ArgumentHelp("How long.", valueName: "seconds"))
  var seconds: UInt64 = 5

  @Option(
    name: .long,
    help: ArgumentHelp("Milliseconds between groups that are not urgent.", valueName: "ms"))
  var interval: UInt64 = 10

  @Flag(name: .long, help: "Measure index and search instead.")
  var search = false

  @Option(name: .long, help: ArgumentHelp("Records of the log to search.", valueName: "count"))
  var records: UInt64 = 1_000_000

  @Flag(name: .long, help: "The figures as one JSON object; times in microseconds.")
  var json = false

  /// Measures and prints.
  func run() throws {
    guard rate <= 10_000_000, (1...600).contains(seconds), (1...1_000).contains(interval) else {
      throw ValidationError(
        "--rate is at most 10000000, --seconds 1 to 600, --interval 1 to 1000")
    }
    guard (1...1_000_000_000).contains(records) else {
      throw ValidationError("--records is 1 to 1000000000")
    }
    let folder = "\(directory)/bench-\(Clock.wall().microseconds)"
    if search { return try measureSearch(folder) }
    let figures: AuditFigures
    do {
      try prepare(folder)
      figures = try AuditFigures.measure(options(folder), rate: rate, seconds: seconds)
    } catch {
      StandardStream.error.write("homeward: \(error)\n")
      throw ExitCode(1)
    }
    StandardStream.output.write(json ? "\(value(figures))\n" : text(figures, folder))
    if figures.refusedCount > 0 && rate > 0 { throw ExitCode(1) }
  }

  private func prepare(_ folder: String) throws {
    try FileSystem.makeDirectory(folder)
    let key = SigningKey()
    try key.save(toPEMFile: folder + "/signing.key")
    try FileSystem.replace(folder + "/signing.key.pub", with: Array(key.verifyingKey.pem.utf8))
  }

  private func options(_ folder: String) throws -> AuditOptions {
    var key = [UInt8](repeating: 0, count: 32)
    unsafe key.withUnsafeMutableBytes { unsafe secureRandom(into: $0) }
    // Kept, so that `audit search --unseal` can try more.
    try FileSystem.replace(folder + "/pseudonym.key", with: key)
    return AuditOptions(
      directory: folder + "/audit", intervalMilliseconds: interval,
      segmentByteCountMax: 256 << 20, pseudonymKey: key,
      signingKeyPath: folder + "/signing.key", instance: "bench",
      pendingByteCountMax: 65_536 * 512)
  }

  private func text(_ figures: AuditFigures, _ folder: String) -> String {
    let wait = figures.waitMilliseconds
    return """
      \(figures.recordCount) durable records, \(figures.refusedCount) refused
      records a second    \(Int(figures.recordsPerSecond))
      bytes a record      \(Int(figures.recordByteCount))
      append              \(Int(figures.appendNanoseconds)) ns on the caller's thread
      committer           \(tenths(figures.committerPercent)) % of one core
      records a group     \(Int(figures.recordsPerGroup))
      in the index        \(figures.indexedCount) entries by then
      oldest to durable   \(tenths(wait.median)) ms in 50 of 100, \(tenths(wait.p99)) ms in 99
      log                 \(folder)/audit (key: \(folder)/signing.key.pub)

      """
  }

  private func measureSearch(_ folder: String) throws {
    let figures: AuditSearchFigures
    let isWatched = StandardStream.error.isTerminal
    do {
      try prepare(folder)
      figures = try AuditSearchFigures.measure(options(folder), recordCount: records) { step in
        if isWatched { StandardStream.error.write("\(step) ...\n") }
      }
    } catch {
      StandardStream.error.write("homeward: \(error)\n")
      throw ExitCode(1)
    }
    StandardStream.output.write(
      json ? "\(value(figures))\n" : text(figures, folder))
  }

  private func text(_ figures: AuditSearchFigures, _ folder: String) -> String {
    """
    \(figures.recordCount) records of \(Int(figures.byteCounts.log)) bytes
    indexed a second    \(Int(figures.indexedPerSecond)), by one thread
    index               \(Int(figures.indexNanoseconds)) ns and \
    \(Int(figures.byteCounts.index)) bytes an entry
    a patient, cold     \(tenths(figures.milliseconds.cold)) ms (forgotten: \
    \(figures.forgotten.rawValue)): \(figures.hitCount) hits, \
    \(figures.scannedCount) entries read without the index
    another one, warm   \(tenths(figures.milliseconds.warm)) ms
    log                 \(folder)/audit (keys: \(folder)/signing.key.pub, pseudonym.key)

    """
  }

  private func value(_ figures: AuditSearchFigures) -> JSONValue {
    .object([
      ("records", .number(Int(figures.recordCount))),
      ("indexedPerSecond", .number(Int(figures.indexedPerSecond))),
      ("indexNanoseconds", .number(Int(figures.indexNanoseconds))),
      ("bytesPerRecord", .number(Int(figures.byteCounts.log))),
      ("indexBytesPerRecord", .number(Int(figures.byteCounts.index))),
      ("forgotten", .text(figures.forgotten.rawValue)),
      ("coldMicroseconds", .number(Int(figures.milliseconds.cold * 1_000))),
      ("warmMicroseconds", .number(Int(figures.milliseconds.warm * 1_000))),
      ("hits", .number(Int(figures.hitCount))),
      ("scanned", .number(Int(figures.scannedCount))),
    ])
  }

  /// A number with one decimal.
  private func tenths(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  private func value(_ figures: AuditFigures) -> JSONValue {
    .object([
      ("records", .number(Int(figures.recordCount))),
      ("refused", .number(Int(figures.refusedCount))),
      ("recordsPerSecond", .number(Int(figures.recordsPerSecond))),
      ("bytesPerRecord", .number(Int(figures.recordByteCount))),
      ("appendNanoseconds", .number(Int(figures.appendNanoseconds))),
      ("committerPermille", .number(Int(figures.committerPercent * 10))),
      ("indexed", .number(Int(figures.indexedCount))),
      ("recordsPerGroup", .number(Int(figures.recordsPerGroup))),
      ("waitMedianMicroseconds", .number(Int(figures.waitMilliseconds.median * 1_000))),
      ("waitP99Microseconds", .number(Int(figures.waitMilliseconds.p99 * 1_000))),
    ])
  }
}
