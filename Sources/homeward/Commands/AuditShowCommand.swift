internal import ArgumentParser
internal import Audit
internal import Base
internal import Edge
internal import Reactor

/// How records are printed.
struct AuditPrinting: ParsableArguments {
  @Flag(name: .long, help: "One JSON object a line.")
  var json = false

  @OptionGroup var unsealing: AuditUnsealOption

  /// A record as it is asked for.
  func text(_ record: AuditRecord, index: UInt64) -> String {
    json
      ? AuditText.json(record, index: index) + "\n" : AuditText.readable(record, index: index)
  }
}

/// `homeward audit show`: the records of a log, running or copied.
struct AuditShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print the records of an audit log.",
    discussion: """
      Patients and subjects appear under the log's pseudonyms only, unless --unseal is given. The \
      identifier of a decision stands in every answer's EHR-Decision-Id.

      Examples:
        homeward audit show deploy/run/audit --decision 01a201a871162daac83c032db1421b67
        homeward audit show deploy/run/audit --json | tail -n 1

      Exit status: 0 done, 1 the log is damaged or holds no such decision, 2 wrong usage.
      """)

  @Argument(help: ArgumentHelp("The log's folder.", valueName: "dir"))
  var directory: String

  @Option(
    name: .long, help: ArgumentHelp("Only this decision and its outcome.", valueName: "id"),
    transform: decisionID)
  var decision: AuditID?

  @OptionGroup var printing: AuditPrinting

  /// Prints the records in the order of the log.
  func run() throws {
    try readingAudit {
      var printedCount = 0
      for folder in try AuditFolder.logs(in: directory) {
        var keys = try printing.unsealing.keys(of: folder)
        if let decision {
          var query = SearchQuery()
          query.decision = decision
          _ = try AuditSearch.run(query, in: folder, keys: &keys) { hit in
            printedCount += 1
            StandardStream.output.write(printing.text(hit.record, index: hit.index))
            return true
          }
          continue
        }
        try unsafe folder.forEachEntry { index, entry in
          guard let record = unsafe auditRecord(entry, &keys) else { return true }
          printedCount += 1
          StandardStream.output.write(printing.text(record, index: index))
          return true
        }
      }
      guard let decision, printedCount == 0 else { return }
      StandardStream.error.write("homeward: `\(directory)` holds no decision \(decision)\n")
      throw ExitCode(1)
    }
  }
}

/// Reads a decision's identifier.
func decisionID(_ text: String) throws -> AuditID {
  guard let id = AuditID(hexadecimal: text) else {
    throw ValidationError("`\(text)` is not a decision id; it has 32 hexadecimal digits")
  }
  return id
}

/// `homeward audit tail`: the newest records, and those to come.
struct AuditTailCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tail",
    abstract: "Print the newest records of an audit log, and follow it.",
    discussion: """
      Examples:
        homeward audit tail deploy/run/audit -n 3
        homeward audit tail deploy/run/audit -f --json

      Exit status: 0 done, 1 the log is damaged, 2 wrong usage.
      """)

  @Argument(help: ArgumentHelp("The log's folder.", valueName: "dir"))
  var directory: String

  @Option(name: .short, help: ArgumentHelp("How many records.", valueName: "count"))
  var n: UInt64 = 10

  @Flag(name: .short, help: "Go on with what is recorded from now on, until interrupted.")
  var follow = false

  @OptionGroup var printing: AuditPrinting

  /// Prints, and follows if asked.
  func run() throws {
    try readingAudit {
      let follower = try Follower(self)
      try follower.printNewest()
      guard follow else { return }
      try follower.run()
    }
  }

  /// Looks for new records a few times a second.
  private final class Follower: TimerTarget {
    private let command: AuditTailCommand
    private let loop: EventLoop
    private var next: UInt64 = 0
    private var folderPath = ""
    private var failure: AuditReadError?

    /// How often a follower looks: quick for a person, nothing for a disk.
    private static let intervalMilliseconds: UInt64 = 200

    init(_ command: AuditTailCommand) throws {
      self.command = command
      loop = try EventLoop()
    }

    func run() throws {
      loop.schedule(at: loop.now.adding(milliseconds: Self.intervalMilliseconds), self)
      loop.run()
      if let failure { throw failure }
    }

    func timerFired(token: Int) {
      do {
        try look()
        loop.schedule(at: loop.now.adding(milliseconds: Self.intervalMilliseconds), self)
      } catch {
        failure = error as? AuditReadError
        loop.stop()
      }
    }

    func printNewest() throws {
      guard let folder = try AuditFolder.logs(in: command.directory).last else { return }
      folderPath = folder.path
      var size: UInt64 = 0
      // The newest entries lie behind the checkpoint or just before it.
      let signed = try folder.checkpoint()?.value.size ?? 0
      let start = signed > command.n ? signed - command.n : 0
      try unsafe folder.forEachEntry(from: start) { index, _ in
        size = index + 1
        return true
      }
      next = size > command.n ? size - command.n : 0
      try look()
    }

    private func look() throws {
      guard let folder = try AuditFolder.logs(in: command.directory).last else { return }
      if folder.path != folderPath {
        folderPath = folder.path
        next = 0
      }
      var keys = try command.printing.unsealing.keys(of: folder)
      try unsafe folder.forEachEntry(from: next) { index, entry in
        next = index + 1
        if let record = unsafe auditRecord(entry, &keys) {
          StandardStream.output.write(command.printing.text(record, index: index))
        }
        return true
      }
    }
  }
}
