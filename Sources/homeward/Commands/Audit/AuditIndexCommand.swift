internal import ArgumentParser
internal import Base
internal import Edge
internal import Policy
internal import Reactor

/// `homeward audit index`: makes and repairs the search index.
struct AuditIndexCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "index",
    abstract: "Make or repair an audit log's search index.",
    discussion: """
      A running edge keeps the index by itself; this is for a copy, for a log of an edge that does \
      not run, and for parts that `audit search` found damaged. Reads everything that is there, \
      removes what does not fit the log, and makes what is missing. The log itself is only read.

      Example:
        homeward audit index deploy/run/audit

      Exit status: 0 done, 1 a log is damaged or the index cannot be written, 2 wrong usage.
      """)

  @Argument(help: ArgumentHelp("The log's folder.", valueName: "dir"))
  var directory: String

  @Flag(name: .long, help: "Make everything again.")
  var rebuild = false

  @Flag(name: .long, help: "The result as JSON, a list with one object a log.")
  var json = false

  /// Makes the index of each log of the folder.
  func run() throws {
    try readingAudit {
      var values: [JSONValue] = []
      for folder in try AuditFolder.logs(in: directory) {
        guard let report = try AuditIndexing.run(folder, isAnew: rebuild) else {
          throw AuditReadError(
            path: folder.path, finding: "another process makes its index; ask again in a second")
        }
        values.append(
          .object([
            ("log", .text(folder.path)), ("indexed", .number(Int(report.indexedCount))),
            ("removedBlocks", .number(report.removedCount)),
          ]))
        guard !json else { continue }
        StandardStream.output.write(
          "\(folder.path): \(report.indexedCount) entries indexed, \(report.removedCount)"
            + " damaged blocks removed\n")
      }
      if json { StandardStream.output.write("\(JSONValue.list(values))\n") }
    }
  }
}

/// Reads a day or an instant, in UTC.
func auditTime(_ text: String) throws -> WallTime {
  guard let time = parseTimestamp(text.utf8.count == 10 ? text + "T00:00:00Z" : text) else {
    throw ValidationError(
      "`\(text)` is no time; write 2026-11-22 or 2026-11-22T08:00:00Z (UTC)")
  }
  return time
}
