internal import ArgumentParser
internal import Audit
internal import Reactor

/// `homeward audit`: what was decided, and why.
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Read the audit log.",
    subcommands: [AuditShowCommand.self])
}

/// `homeward audit show`: the records of a log, running or copied.
struct AuditShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print the records of an audit log.",
    discussion: """
      Works on the log of a running edge and on a copy. Patients appear under the log's pseudonym \
      only. The identifier of a decision stands in every answer's EHR-Decision-Id.

      Examples:
        homeward audit show deploy/run/audit --decision 01a201a871162daac83c032db1421b67
        homeward audit show deploy/run/audit --json | tail -n 1

      Exit status: 0 done, 1 the log is damaged or holds no such decision, 2 wrong usage.
      """)

  @Argument(help: ArgumentHelp("The log's folder.", valueName: "dir"))
  var directory: String

  @Option(
    name: .long,
    help: ArgumentHelp("Only this decision and its outcome.", valueName: "id"),
    transform: { text in
      guard let id = AuditID(hexadecimal: text) else {
        throw ValidationError("`\(text)` is not a decision id; it has 32 hexadecimal digits")
      }
      return id
    })
  var decision: AuditID?

  @Flag(name: .long, help: "One JSON object a line.")
  var json = false

  /// Prints the records in the order of the log.
  func run() throws {
    let names: [String]
    do throws(SystemError) {
      names = try FileSystem.names(in: directory).filter { $0.hasSuffix(".segment") }
    } catch {
      throw ValidationError("`\(directory)`: \(error)")
    }
    guard !names.isEmpty else {
      throw ValidationError("`\(directory)` holds no audit segment")
    }
    var printedCount = 0
    for name in names {
      let path = "\(directory)/\(name)"
      let bytes = try FileSystem.read(path, byteCountMax: 4 << 30)
      printedCount += try unsafe bytes.withUnsafeBytes { raw in
        try unsafe show(raw, path: path, isLast: name == names.last)
      }
    }
    if let decision, printedCount == 0 {
      StandardStream.error.write("homeward: `\(directory)` holds no decision \(decision)\n")
      throw ExitCode(1)
    }
  }

  /// Prints the records of one segment and gives their number.
  private func show(_ bytes: UnsafeRawBufferPointer, path: String, isLast: Bool) throws -> Int {
    // The edge is just making it.
    if isLast, unsafe SegmentScanner.isStump(bytes) { return 0 }
    do {
      var scanner = try unsafe SegmentScanner(bytes, isLast: isLast)
      var count = 0
      while true {
        switch scanner.next() {
        case .frame(let frame):
          let record = try scanner.record(frame)
          guard isWanted(record) else { continue }
          count += 1
          let text =
            json
            ? AuditText.json(record, sequence: frame.sequence)
            : AuditText.readable(record, sequence: frame.sequence)
          StandardStream.output.write(text + "\n")
        // A torn end is a write under way, or one that the next start cuts off.
        case .end, .torn: return count
        case .corrupt(let fault): throw fault
        }
      }
    } catch let fault as SegmentFault {
      StandardStream.error.write("homeward: `\(path)`: \(fault)\n")
      throw ExitCode(1)
    } catch let fault as RecordFault {
      StandardStream.error.write("homeward: `\(path)`: \(fault)\n")
      throw ExitCode(1)
    }
  }

  private func isWanted(_ record: AuditRecord) -> Bool {
    guard let decision else { return true }
    switch record {
    case .decision(let record): return record.id == decision
    case .outcome(let record): return record.id == decision
    case .event: return false
    }
  }
}
