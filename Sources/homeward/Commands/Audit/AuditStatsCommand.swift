internal import ArgumentParser
internal import Audit
internal import Base
internal import Edge
internal import Reactor

/// `homeward audit stats`: what a log holds, in numbers.
struct AuditStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Count what an audit log holds.",
    discussion: """
      Example:
        homeward audit stats deploy/run/audit

      Exit status: 0 done, 1 the log is damaged, 2 wrong usage.
      """)

  @Argument(help: ArgumentHelp("The log's folder.", valueName: "dir"))
  var directory: String

  @Flag(name: .long, help: "JSON, a list with one object a log.")
  var json = false

  /// Counts each log of the folder.
  func run() throws {
    try readingAudit {
      var values: [JSONValue] = []
      for (_, folder) in try namedLogs(in: directory) {
        var counts = Counts()
        var keys: LogKeys?
        try unsafe folder.forEachEntry { _, entry in
          counts.entries += 1
          counts.bytes += entry.count
          if let record = unsafe auditRecord(entry, &keys) { counts.add(record) }
          return true
        }
        if json {
          values.append(counts.json(folder.path))
        } else {
          StandardStream.output.write(counts.text(folder.path))
        }
      }
      if json { StandardStream.output.write("\(JSONValue.list(values))\n") }
    }
  }

  /// What is counted.
  private struct Counts {
    var entries = 0
    var bytes = 0
    var groups: [String: [String: Int]] = [:]
    var first: String?
    var last = ""

    mutating func add(_ record: AuditRecord) {
      let time: String
      switch record {
      case .decision(let decision):
        time = AuditText.timestamp(decision.time)
        count("kind", "decision")
        count("verdict", decision.verdict.word)
        count("data class", decision.dataClass.rawValue)
        count("rule", decision.rule.string)
        count("region", decision.region.string)
      case .outcome(let outcome):
        time = AuditText.timestamp(outcome.time)
        count("kind", "outcome")
        count("status", "\(outcome.status)")
        count("termination", outcome.termination.rawValue)
      case .event(let event):
        time = AuditText.timestamp(event.time)
        count("kind", "\(event.kind.word)")
      }
      if first == nil { first = time }
      last = time
    }

    private mutating func count(_ group: String, _ value: String) {
      groups[group, default: [:]][value.isEmpty ? "none" : value, default: 0] += 1
    }

    func text(_ path: String) -> String {
      var lines = [
        "\(path): \(entries) entries, \(bytes) bytes, from \(first ?? "never") to \(last)"
      ]
      for (group, values) in groups.sorted(by: { $0.key < $1.key }) {
        let parts = values.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
          .map { "\($0.key) \($0.value)" }
        lines.append("  \(group): \(parts.joined(separator: ", "))")
      }
      return lines.map { $0 + "\n" }.joined()
    }

    func json(_ path: String) -> JSONValue {
      let members = groups.sorted { $0.key < $1.key }.map { group, values in
        (
          group.replacing(" ", with: "_"),
          JSONValue.object(values.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })
        )
      }
      return .object(
        [
          ("path", .text(path)), ("entries", .number(entries)), ("bytes", .number(bytes)),
          ("first", .text(first ?? "")), ("last", .text(last)),
        ] + members
      )
    }
  }
}
