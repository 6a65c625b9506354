import Foundation
import Testing

@testable import Simulation

/// Random runs: as many as asked, on both cores.
@Suite struct RandomRunTests {
  /// How many runs there shall be; the large number needs a release build.
  static let count = Int(ProcessInfo.processInfo.environment["HOMEWARD_SIMULATIONS"] ?? "") ?? 200

  /// The first seed: a large number of runs can be done in parts.
  static let first =
    UInt64(ProcessInfo.processInfo.environment["HOMEWARD_FIRST_SEED"] ?? "") ?? 1

  @Test func nothingBreaksInAnyRun() async throws {
    let begin = ContinuousClock.now
    let results = await Batch.run(seeds: Self.first...(Self.first + UInt64(Self.count) - 1)) {
      Simulation.run(.random($0))
    }
    let took = begin.duration(to: .now)
    for result in results.broken.prefix(3) {
      Issue.record("seed \(result.seed): \(result.violation.map { "\($0)" } ?? "")")
    }
    print(
      "\(Self.count) runs from seed \(Self.first), \(results.requestCount) requests,"
        + " \(results.goodCount) good,"
        + " \(results.writeCount) writes, \(results.hedgeCount) sent twice,"
        + " \(results.sessionCount) of sessions, \(results.lostTailCount) lost tails, \(took)")
    #expect(results.broken.count == 0)
    #expect(results.goodCount * 10 > results.requestCount * 5)
    #expect(results.hedgeCount > 0 && results.sessionCount > 0)
  }

  @Test(arguments: [1, 2, 3, 77] as [UInt64])
  func oneSeedHasOneHistory(seed: UInt64) {
    let (first, second) = (Simulation.run(.random(seed)), Simulation.run(.random(seed)))
    #expect(first.hash == second.hash)
    #expect(first.eventCount == second.eventCount)
    #expect(first.hash != Simulation.run(.random(seed + 1)).hash)
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["HOMEWARD_SEED"] != nil))
  func oneSeedWithItsTrace() throws {
    let seed = try #require(UInt64(ProcessInfo.processInfo.environment["HOMEWARD_SEED"] ?? ""))
    var options = Options.random(seed)
    options.keepsTrace = true
    let result = Simulation.run(options)
    print(result.trace.joined(separator: "\n"))
    #expect(result.violation == nil)
  }

  @Test(arguments: Mutant.allCases)
  func theCheckerFindsEachMutant(mutant: Mutant) {
    let run = { (number: UInt64) in
      var options = Options.random(mutant.seed(number))
      options.mutant = mutant
      if mutant.needsMove { options.requestPauseMilliseconds = 15 }
      return Simulation.run(options)
    }
    let found = (1...200 as ClosedRange<UInt64>).first { run($0).violation != nil }
    #expect(found != nil, "\(mutant) was not found in 200 seeds")
    let rule = found.flatMap { run($0).violation?.rule }
    print("\(mutant) found at seed \(found ?? 0): \(rule ?? "")")
    if let rule { #expect(mutant.rules?.contains(rule) ?? true, "by `\(rule)`") }
  }
}

/// Many runs at once.
struct Batch: Sendable {
  var broken: [RunResult] = []
  var requestCount = 0
  var goodCount = 0
  var writeCount = 0
  var hedgeCount = 0
  var sessionCount = 0
  var lostTailCount = 0

  /// Runs every seed, on as many threads as there are cores.
  static func run(
    seeds: ClosedRange<UInt64>, _ body: @escaping @Sendable (UInt64) -> RunResult
  ) async -> Batch {
    let parts = ProcessInfo.processInfo.activeProcessorCount
    return await withTaskGroup(of: Batch.self) { group in
      for part in 0..<UInt64(parts) {
        group.addTask {
          var batch = Batch()
          // In pairs: every second run, with an authority that moves, takes twice as long.
          for seed in seeds where seed / 2 % UInt64(parts) == part { batch.add(body(seed)) }
          return batch
        }
      }
      var all = Batch()
      for await batch in group { all.add(batch) }
      return all
    }
  }

  mutating func add(_ result: RunResult) {
    if result.violation != nil { broken.append(result) }
    requestCount += result.requestCount
    goodCount += result.goodCount
    writeCount += result.writeCount
    hedgeCount += result.hedgeCount
    sessionCount += result.sessionCount
    lostTailCount += result.lostTailCount
  }

  mutating func add(_ other: Batch) {
    broken += other.broken
    requestCount += other.requestCount
    goodCount += other.goodCount
    writeCount += other.writeCount
    hedgeCount += other.hedgeCount
    sessionCount += other.sessionCount
    lostTailCount += other.lostTailCount
  }
}
