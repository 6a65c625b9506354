internal import ArgumentParser
internal import Audit
internal import Base
internal import Edge
internal import Policy
internal import Reactor
internal import StrictYAML

/// `homeward policy diff`: what a new version changes, for every request there can be.
struct PolicyDiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compare two versions: every request whose decision changes, in groups.",
    discussion: """
      Compares the decisions, not the text: a renamed set or a rule moved about changes nothing. \
      Each group of requests with the same rules before and after is told in boxes of the new \
      version's own sets, with an example. Regions and tenants are matched by name.

      --audit counts the past decisions of an audit log by group, each with the facts and at the \
      time that the record holds, whichever version took it. --weigh counts recorded or invented \
      requests: a file with one JSON object a line, as policy eval reads them, in the words of the \
      old version.

      Examples:
        homeward policy diff policies/clinical-routing/0001.yaml policies/clinical-routing/0002.yaml
        homeward policy diff 0001.yaml 0002.yaml --audit deploy/run/audit

      Exit status, as diff(1) has it: 0 every decision stays as it is, 1 some change, 2 wrong \
      usage, or a file or log that cannot be used.
      """)

  @Argument(help: ArgumentHelp("The policy file before.", valueName: "old"))
  var old: String

  @Argument(help: ArgumentHelp("The policy file after.", valueName: "new"))
  var new: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Requests to be counted by group, or - for standard input.",
      valueName: "file"))
  var weigh: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The folder of an audit log, of a running edge or a copy, whose decisions are counted by"
        + " group.", valueName: "dir"))
  var audit: String?

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  /// One sample at a time.
  func validate() throws {
    if weigh != nil, audit != nil {
      throw ValidationError("--weigh and --audit exclude each other: groups have one count")
    }
  }

  /// Compares, reports, and exits with what was found.
  func run() throws {
    let before = try PolicyFile.usable(old).policy
    let after = try PolicyFile.usable(new).policy
    var diff: PolicyDiff
    do throws(DiagramError) {
      diff = try PolicyDiff(before, after)
    } catch {
      throw ValidationError("`\(new)` cannot be compared: \(error)")
    }
    if let weigh { for facts in try Self.requests(weigh, before) { diff.weigh(facts) } }
    var past: PastDecisions?
    do throws(AuditReadError) {
      if let audit { past = try PastDecisions(in: audit, under: before) { diff.weigh($0) } }
    } catch {
      // Status 1 would say that the versions differ.
      throw ValidationError("\(error)")
    }
    let text = PolicyDiffText(diff: diff, hasSample: weigh != nil, past: past)
    StandardStream.output.write(json ? "\(text.json)\n" : text.lines)
    if diff.change != nil { throw ExitCode(1) }
  }

  /// The requests of a file, one a line.
  static func requests(_ path: String, _ policy: Policy) throws -> [Facts] {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try FileSystem.read(path == "-" ? "/dev/stdin" : path)
    } catch {
      throw ValidationError("`\(path)`: \(error)")
    }
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    var requests: [Facts] = []
    for (index, line) in lines.enumerated() where !line.isEmpty {
      do throws(RequestTextFault) {
        requests.append(try RequestText.facts(String(decoding: line, as: UTF8.self), for: policy))
      } catch {
        throw ValidationError("\(path):\(index + 1):\(error.column): \(error)")
      }
    }
    return requests
  }
}

/// A comparison for people and for programs.
struct PolicyDiffText {
  let diff: PolicyDiff
  /// Whether requests of a file were counted.
  let hasSample: Bool
  /// The audit log whose decisions were counted.
  var past: PastDecisions?

  /// The verdict in a word or two.
  private var verdict: String { diff.change?.rawValue ?? "equivalent" }

  /// For people.
  var lines: String {
    var text = "\(verdict): \(diff.changedShare) of all requests are decided otherwise"
    if hasSample { text += ", \(diff.sampleChangedCount) of \(diff.sampleCount) in the sample" }
    text += "\n"
    if let past { text += past.lines(changedCount: diff.sampleChangedCount) }
    for group in diff.groups {
      text += "\n\(group.change.rawValue)"
      if past != nil { text += " (\(plural(group.sampleCount, "past decision")))" }
      if hasSample { text += " (\(plural(group.sampleCount, "request")) of the sample)" }
      text += "\n  before: \(line(group.before))\n  after:  \(line(group.after))\n"
      for box in group.boxes { text += "  - \(box)\n" }
      if !group.isComplete { text += "  - and more\n" }
      text += "  example: \(group.example)\n"
    }
    if !diff.cacheChanges.isEmpty {
      let classes = diff.cacheChanges.map(\.rawValue).joined(separator: ", ")
      text += "\nthe cache matrix says something else about: \(classes)\n"
    }
    return text
  }

  /// A decision in one line.
  private func line(_ decision: PolicyDiff.Decision) -> String {
    var text = decision.verdict.word + (decision.rule.map { " by \($0)" } ?? "")
    if !decision.candidates.isEmpty { text += ": \(decision.candidates.joined(separator: "; "))" }
    if !decision.obligations.isEmpty { text += "; \(decision.obligations.joined(separator: ", "))" }
    return text + "; audit \(decision.durability.rawValue)"
  }

  /// For programs.
  var json: JSONValue {
    .object([
      ("change", .text(verdict)), ("equivalent", .boolean(diff.change == nil)),
      ("requests", .text("\(diff.requestCount)")), ("changed", .text("\(diff.changedCount)")),
      ("sample", hasSample ? .number(diff.sampleCount) : .null),
      ("sample_changed", hasSample ? .number(diff.sampleChangedCount) : .null),
      ("audit", past.map { $0.json(changedCount: diff.sampleChangedCount) } ?? .null),
      ("cache_changes", .list(diff.cacheChanges.map { .text($0.rawValue) })),
      (
        "groups",
        .list(
          diff.groups.map { group in
            .object([
              ("change", .text(group.change.rawValue)), ("before", json(group.before)),
              ("after", json(group.after)), ("requests", .text("\(group.requestCount)")),
              ("sample", hasSample ? .number(group.sampleCount) : .null),
              ("past_decisions", past != nil ? .number(group.sampleCount) : .null),
              ("boxes", .list(group.boxes.map { .text($0) })),
              ("complete", .boolean(group.isComplete)), ("example", .text(group.example)),
            ])
          })
      ),
    ])
  }

  private func json(_ decision: PolicyDiff.Decision) -> JSONValue {
    .object([
      ("decision", .text(decision.verdict.word)), ("rule", .optional(decision.rule)),
      ("candidates", .list(decision.candidates.map { .text($0) })),
      ("obligations", .list(decision.obligations.map { .text($0) })),
      ("audit", .text(decision.durability.rawValue)),
    ])
  }
}
