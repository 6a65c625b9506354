internal import ArgumentParser
internal import Base
internal import Cache
internal import HTTP
internal import Native
internal import Reactor

/// `homeward cache bench`: what a hit costs on this machine, and how often a trace hits.
struct CacheBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure hits, and the share of hits on a generated trace.",
    discussion: """
      Stores answers in memory and asks for them as the edge will: key, look-up, second \
      authorisation, head with Age, body. Once in the clear and once sealed, best of several \
      rounds. With --trace, also sends the trace through stores that have room for 1, 5 and 10 \
      percent of its objects.

      Example:
        homeward cache bench --bytes 16384

      Exit status: 0 done, 1 an answer was lost, 2 wrong usage.
      """)

  @Option(name: .long, help: ArgumentHelp("Bytes of a body, 1 to 65536.", valueName: "count"))
  var bytes = 1024

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A file with an object's number on each line, 0 to 1000000.", valueName: "file"))
  var trace: String?

  @Flag(name: .long, help: "Print the figures as JSON.")
  var json = false

  /// Refuses sizes that measure nothing.
  func validate() throws {
    guard (1...65_536).contains(bytes) else { throw ValidationError("--bytes must be 1 to 65536") }
  }

  /// Measures and reports.
  func run() throws {
    var figures: [(String, JSONValue)] = [("bytes", .number(bytes))]
    for (name, seal) in [("plain", SealScope.none), ("sealed", .tenant)] {
      let bench = try CacheBench(byteCount: bytes, seal: seal, byteCountMax: 64 << 20)
      let nanoseconds = try bench.nanosecondsPerHit(pathCount: 1000)
      figures.append(("ns_hit_\(name)", .number(nanoseconds)))
    }
    if let trace {
      let paths = try readTrace(trace)
      for percent in [1, 5, 10] {
        let share = try hitPercent(paths, sizePercent: percent)
        figures.append(("hit_percent_times_100_at_\(percent)_percent", .number(Int(share * 100))))
      }
    }
    if json {
      StandardStream.output.write("\(JSONValue.object(figures))\n")
    } else {
      let rows = figures.map { [$0.0, "\($0.1)"] }
      StandardStream.output.write(Table(rows: rows).lines.joined(separator: "\n") + "\n")
    }
  }

  /// The objects that a trace asks for, in its order.
  private func readTrace(_ path: String) throws -> [Int] {
    guard let bytes = try? FileSystem.read(path, byteCountMax: 64 << 20) else {
      throw ValidationError("`\(path)` cannot be read, or is longer than 64 MiB")
    }
    var paths: [Int] = []
    for line in bytes.split(separator: 0x0A) {
      guard let number = Int(String(decoding: line, as: UTF8.self)),
        (0...1_000_000).contains(number)
      else {
        throw ValidationError(
          "line \(paths.count + 1) of `\(path)` is not a number from 0 to 1000000")
      }
      paths.append(number)
    }
    return paths
  }

  /// The share of hits of the trace in a store for so many hundredths of its objects.
  private func hitPercent(_ paths: [Int], sizePercent: Int) throws -> Double {
    let objectCount = Set(paths).count
    let bench = try CacheBench(
      byteCount: 1, seal: .none,
      byteCountMax: try CacheBench.cost(byteCount: 1) * (objectCount * sizePercent / 100))
    var hitCount = 0
    for path in paths where try bench.ask(path: path) { hitCount += 1 }
    return Double(hitCount) * 100 / Double(max(1, paths.count))
  }
}
