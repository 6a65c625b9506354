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
      rounds. Then sends a trace with Zipf's distribution (exponent 1) through stores that hold a \
      part of its objects.

      Example:
        homeward cache bench --bytes 16384

      Exit status: 0 done, 1 an answer was lost, 2 wrong usage.
      """)

  @Option(name: .long, help: ArgumentHelp("Bytes of a body, 1 to 65536.", valueName: "count"))
  var bytes = 1024

  @Option(
    name: .long, help: ArgumentHelp("Requests of the trace, 0 to 5000000.", valueName: "count"))
  var requests = 1_000_000

  @Option(
    name: .long, help: ArgumentHelp("Objects of the trace, 1000 to 200000.", valueName: "count"))
  var objects = 100_000

  @Option(name: .long, help: ArgumentHelp("What chance begins with.", valueName: "number"))
  var seed: UInt64 = 7

  @Flag(name: .long, help: "Print the figures as JSON.")
  var json = false

  /// Refuses sizes that measure nothing.
  func validate() throws {
    guard (1...65_536).contains(bytes) else { throw ValidationError("--bytes must be 1 to 65536") }
    guard (0...5_000_000).contains(requests) else {
      throw ValidationError("--requests must be 0 to 5000000")
    }
    guard (1000...200_000).contains(objects) else {
      throw ValidationError("--objects must be 1000 to 200000")
    }
  }

  /// Measures and reports.
  func run() throws {
    var figures: [(String, JSONValue)] = [("bytes", .number(bytes))]
    for (name, seal) in [("plain", SealScope.none), ("sealed", .tenant)] {
      let bench = try CacheBench(byteCount: bytes, seal: seal, byteCountMax: 64 << 20)
      let nanoseconds = try bench.nanosecondsPerHit(pathCount: 1000)
      figures.append(("ns_hit_\(name)", .number(nanoseconds)))
    }
    for tenths in requests > 0 ? [10, 50, 100] : [] {
      let percent = try hitPercent(thousandths: tenths)
      let name = "hit_percent_times_100_at_\(tenths / 10)_percent"
      figures.append((name, .number(Int(percent * 100))))
    }
    if json {
      StandardStream.output.write("\(JSONValue.object(figures))\n")
    } else {
      let rows = figures.map { [$0.0, "\($0.1)"] }
      StandardStream.output.write(Table(rows: rows).lines.joined(separator: "\n") + "\n")
    }
  }

  /// The share of hits of the trace in a store for so many thousandths of its objects.
  private func hitPercent(thousandths: Int) throws -> Double {
    var random = SplitMix64(seed: seed)
    var sums: [Double] = []
    var sum = 0.0
    for rank in 1...objects {
      sum += 1 / Double(rank)
      sums.append(sum)
    }
    let bench = try CacheBench(
      byteCount: 1, seal: .none,
      byteCountMax: try CacheBench.cost(byteCount: 1) * (objects * thousandths / 1000))
    var hitCount = 0
    for _ in 0..<requests {
      let point = Double.random(in: 0..<sum, using: &random)
      var (low, high) = (0, objects - 1)
      while low < high {
        let middle = (low + high) / 2
        if sums[middle] > point { high = middle } else { low = middle + 1 }
      }
      if try bench.ask(path: low) { hitCount += 1 }
    }
    return Double(hitCount) * 100 / Double(requests)
  }
}
