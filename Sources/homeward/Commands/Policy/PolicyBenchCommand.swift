internal import ArgumentParser
internal import Base
internal import Policy
internal import Reactor

/// `homeward policy bench`: how fast decisions and proofs are on this machine.
struct PolicyBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure decisions and proofs on a generated policy.",
    discussion: """
      Writes a policy of the given size in memory, loads, checks and compares it, and decides \
      random requests in three ways: compiled (as the edge does), by the index (its fallback) and \
      interpreted (the referee). Times are the best of several rounds.

      Example:
        homeward policy bench --rules 5000

      Exit status: 0 done, 1 the three ways disagree, 2 wrong usage.
      """)

  @Option(name: .long, help: ArgumentHelp("About how many rules, 10 to 9000.", valueName: "count"))
  var rules = 1000

  @Option(name: .long, help: ArgumentHelp("How many requests, 1 to 1000000.", valueName: "count"))
  var requests = 4096

  @Option(name: .long, help: ArgumentHelp("What chance begins with.", valueName: "number"))
  var seed: UInt64 = 7

  @Flag(name: .long, help: "Print the figures as JSON.")
  var json = false

  /// Refuses sizes that the language refuses.
  func validate() throws {
    guard (10...9000).contains(rules) else { throw ValidationError("--rules must be 10 to 9000") }
    guard (1...1_000_000).contains(requests) else {
      throw ValidationError("--requests must be 1 to 1000000")
    }
  }

  /// Measures and reports.
  func run() throws {
    let text = PolicyGenerator.text(ruleCount: rules, seed: seed)
    var (policy, loadSeconds) = Self.timed { Policy.load(text: text, file: "", hash: "").0 }
    guard let old = policy else { throw ValidationError("the generated policy has an error") }
    let (report, proofSeconds) = Self.timed { Analysis.report(old) }
    // One rule recorded in another way: the smallest real change.
    policy = Policy.load(text: Self.edited(text), file: "", hash: "").0
    guard let new = policy else { throw ValidationError("the edited policy has an error") }
    let (diff, diffSeconds) = Self.timed { try? PolicyDiff(old, new) }
    let facts = old.randomRequests(count: requests, seed: seed)
    var disagreementCount = 0
    for request in facts {
      let expected = old.decision(for: request, by: .interpreted)
      for form in [EvaluationForm.compiled, .index]
      where old.decision(for: request, by: form) != expected { disagreementCount += 1 }
    }
    let times = EvaluationForm.allCases.map { ($0, Self.nanoseconds(old, facts, $0)) }
    var figures: [(String, JSONValue)] = [
      ("rules", .number(old.rules.count)),
      ("nodes", .number(report.statistics?.nodeCount ?? 0)),
      ("requests", .number(requests)), ("disagreements", .number(disagreementCount)),
    ]
    figures += times.map { ("ns_\($0.rawValue)", .number($1)) }
    figures += [
      ("heap_bytes_per_decision", .number(Self.heapBytes(old, facts))),
      ("ms_load", .number(Int(loadSeconds * 1000))),
      ("ms_proofs", .number(Int(proofSeconds * 1000))),
      ("ms_check", .number(Int((loadSeconds + proofSeconds) * 1000))),
      ("ms_diff", .number(Int(diffSeconds * 1000))),
      ("diff_groups", .number(diff?.groups.count ?? 0)),
      ("mb_peak", .number(ProcessUsage.peakByteCount >> 20)),
    ]
    if json {
      StandardStream.output.write("\(JSONValue.object(figures))\n")
    } else {
      let rows = figures.map { [$0.0, "\($0.1)"] }
      StandardStream.output.write(Table(rows: rows).lines.joined(separator: "\n") + "\n")
    }
    if disagreementCount > 0 { throw ExitCode(1) }
  }

  /// What `work` gives, and how long it took in seconds.
  private static func timed<Value>(_ work: () -> Value) -> (Value, Double) {
    let start = Clock.monotonic()
    let value = work()
    return (value, Double(Clock.monotonic().nanoseconds - start.nanoseconds) / 1e9)
  }

  /// Nanoseconds for a decision: the best of some rounds, each of at least 100,000 decisions (of
  /// 2,000 where the rules are read word by word).
  private static func nanoseconds(_ policy: Policy, _ facts: [Facts], _ form: EvaluationForm) -> Int
  {
    let repetitions = (form == .interpreted ? 2000 : 100_000) / facts.count + 1
    var sum = 0
    let rounds = (0..<(form == .interpreted ? 2 : 9)).map { _ in
      timed {
        for _ in 0..<repetitions {
          for request in facts { sum &+= policy.decision(for: request, by: form).ruleIndex ?? 1 }
        }
      }.1
    }
    // The sum is used, so that nothing is left out.
    precondition(sum != .min)
    return Int((rounds.min() ?? 0) * 1e9 / Double(repetitions * facts.count))
  }

  /// How much the heap grows for each plan while all of them are held.
  private static func heapBytes(_ policy: Policy, _ facts: [Facts]) -> Int {
    var plans: [Plan] = []
    plans.reserveCapacity(facts.count)
    let before = ProcessUsage.heapByteCount
    for request in facts { plans.append(policy.plan(for: request)) }
    return (ProcessUsage.heapByteCount - before) / plans.count
  }

  /// The text with another `audit` in the middle.
  private static func edited(_ text: String) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let marks = lines.indices.filter { lines[$0].hasPrefix("    audit: ") }
    let line = marks[marks.count / 2]
    lines[line] = lines[line].hasSuffix("durable") ? "    audit: standard" : "    audit: durable"
    return lines.joined(separator: "\n")
  }
}
