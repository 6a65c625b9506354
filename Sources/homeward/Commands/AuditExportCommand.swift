internal import ArgumentParser
internal import Audit
internal import Base
internal import Edge
internal import Reactor

/// `homeward audit export`: the log in forms that other programs read.
struct AuditExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write an audit log in another form.",
    discussion: """
      ndjson: one JSON object a line, to --out or to standard output.
      tlog-tiles: the plain C2SP layout, which programs of others verify: --out gets a folder for \
      each log with `checkpoint`, `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`, as far as \
      the checkpoint goes.

      Examples:
        homeward audit export deploy/run/audit --format ndjson --out records.ndjson
        homeward audit export deploy/run/audit --format tlog-tiles --out tiles/

      Exit status: 0 done, 1 the log is damaged or the files cannot be written, 2 wrong usage.
      """)

  /// The forms.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case ndjson
    case tlogTiles = "tlog-tiles"
  }

  @Argument(help: ArgumentHelp("The log's folder.", valueName: "dir"))
  var directory: String

  @Option(name: .long, help: ArgumentHelp("The form.", valueName: "form"))
  var format: Format

  @Option(
    name: .long, help: ArgumentHelp("Where to; must not exist yet.", valueName: "path"))
  var out: String?

  @OptionGroup var unsealing: AuditUnsealOption

  /// Exports every log of the folder.
  func run() throws {
    if format == .tlogTiles, out == nil { throw ValidationError("tlog-tiles needs --out") }
    if let out, FileSystem.exists(out) { throw ValidationError("`\(out)` is there already") }
    do {
      try readingAudit {
        let folders = try AuditFolder.logs(in: directory)
        switch (format, out) {
        case (.tlogTiles, let out?): try exportTiles(folders, out)
        default: try exportLines(folders)
        }
      }
    } catch let error as SystemError {
      StandardStream.error.write("homeward: `\(out ?? "")`: \(error)\n")
      throw ExitCode(1)
    }
  }

  private func exportTiles(_ folders: [AuditFolder], _ out: String) throws {
    try FileSystem.makeDirectory(out)
    for folder in folders {
      let name = folder.path.split(separator: "/").last.map(String.init) ?? "log"
      try folder.exportTiles(to: folders.count == 1 ? out : "\(out)/\(name)")
    }
  }

  private func exportLines(_ folders: [AuditFolder]) throws {
    let file = try out.map { try DiskFile(path: $0, isNew: true) }
    var (offset, text) = (0, "")
    func flush() throws {
      guard let file else {
        StandardStream.output.write(text)
        text = ""
        return
      }
      let bytes = Array(text.utf8)
      try file.write(bytes, at: offset)
      offset += bytes.count
      text = ""
    }
    var failure: (any Error)?
    for folder in folders {
      var keys = try unsealing.keys(of: folder)
      try unsafe folder.forEachEntry { index, entry in
        if let record = unsafe auditRecord(entry, &keys) {
          text += AuditText.json(record, index: index) + "\n"
        }
        if text.utf8.count > 1 << 20 { do { try flush() } catch { failure = error } }
        return failure == nil
      }
      if let failure { throw failure }
    }
    try flush()
    try file?.synchronize()
  }
}

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
      for folder in try AuditFolder.logs(in: directory) {
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
