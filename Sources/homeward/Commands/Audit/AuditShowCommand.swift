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

  /// A record as it is asked for; `log` names its log where several are printed.
  func text(_ record: AuditRecord, index: UInt64, log: String? = nil) -> String {
    json
      ? AuditText.json(record, index: index, log: log) + "\n"
      : AuditText.readable(record, index: index, log: log)
  }
}

/// `homeward audit show`: the records of a log, running or copied.
struct AuditShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print the records of an audit log.",
    discussion: """
      Logs are printed one after the other, by retention class and age; where there are several, \
      each record names its own. Patients and subjects appear under the log's pseudonyms only, \
      unless --unseal is given. The identifier of a decision stands in every answer's \
      EHR-Decision-Id.

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
      for (log, folder) in try namedLogs(in: directory) {
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
          StandardStream.output.write(printing.text(record, index: index, log: log))
          return true
        }
      }
      guard let decision, printedCount == 0 else { return }
      StandardStream.error.write("homeward: `\(directory)` holds no decision \(decision)\n")
      throw ExitCode(1)
    }
  }
}

/// The logs of a folder by class and age, each with its name where there are several.
func namedLogs(in directory: String) throws -> [(log: String?, folder: AuditFolder)] {
  let folders = try AuditFolder.logs(in: directory)
  let named = try AuditFolder.chains(folders).joined()
  return named.map { (named.count > 1 ? $0.name.folder : nil, $0.folder) }
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
      The newest log of each retention class is printed and followed, and the log after it when a \
      month ends.

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
    /// The log that is followed of each chain, by instance and class, and its next entry.
    private var places: [String: (log: String, next: UInt64)] = [:]
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
      for chain in try AuditFolder.chains(try AuditFolder.logs(in: command.directory)) {
        guard let (name, folder) = chain.last else { continue }
        // The newest entries lie behind the checkpoint or just before it.
        let signed = try folder.checkpoint()?.value.size ?? 0
        let start = signed > command.n ? signed - command.n : 0
        var size = start
        try unsafe folder.forEachEntry(from: start) { index, _ in
          size = index + 1
          return true
        }
        places[Self.key(name)] = (name.origin, size > command.n ? size - command.n : 0)
      }
      try look()
    }

    private static func key(_ name: LogName) -> String { "\(name.instance)/\(name.retention)" }

    /// Prints what is new, log by log: a log that ended is read to its end first.
    private func look() throws {
      let chains = try AuditFolder.chains(try AuditFolder.logs(in: command.directory))
      for chain in chains {
        guard let first = chain.first?.name else { continue }
        let key = Self.key(first)
        let followed = places[key]?.log ?? ""
        let start = chain.firstIndex { $0.name.origin == followed } ?? chain.count - 1
        for (name, folder) in chain[start...] {
          if places[key]?.log != name.origin { places[key] = (name.origin, 0) }
          try print(folder, key, log: chains.count > 1 ? name.folder : nil)
        }
      }
    }

    private func print(_ folder: AuditFolder, _ key: String, log: String?) throws {
      var keys = try command.printing.unsealing.keys(of: folder)
      try unsafe folder.forEachEntry(from: places[key]?.next ?? 0) { index, entry in
        places[key]?.next = index + 1
        if let record = unsafe auditRecord(entry, &keys) {
          StandardStream.output.write(command.printing.text(record, index: index, log: log))
        }
        return true
      }
    }
  }
}
