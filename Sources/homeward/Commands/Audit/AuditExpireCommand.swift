internal import ArgumentParser
internal import Audit
internal import Base
internal import Edge
internal import Reactor

/// `homeward audit expire`: removes whole logs whose time is over.
struct AuditExpireCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "expire",
    abstract: "Remove audit logs whose retention has ended.",
    discussion: """
      Says how each log stands; removes nothing without --apply. A log's time is over when the \
      days of its retention class, which its own first entry states, have passed since the end \
      of its month; --keep lengthens that, and says it for logs that state nothing. A log under \
      a hold and the newest of its class stay.

      Of an expired log remain the signed checkpoint, the public key, and the first entry with its \
      proof: `audit verify` follows the chain of logs through it. Who removed it, when and why \
      stands, signed, in the control log before anything is removed; after a crash the same \
      command goes on.

      Examples:
        homeward audit expire run/audit --signing-key run/signing.key \\
          --author "R. Roe, records" --reason "schedule 4.2"
        homeward audit expire run/audit --signing-key run/signing.key \\
          --author "R. Roe, records" --reason "schedule 4.2" --keep clinical=3650 --apply

      Exit status: 0 done, 1 a log could not be removed, 2 wrong usage.
      """)

  @OptionGroup var control: AuditControlOptions

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Keep a class at least so many days; may be repeated.", valueName: "class=days"))
  var keep: [String] = []

  @Flag(name: .long, help: "Remove what is due.")
  var apply = false

  @Flag(name: .long, help: "JSON, a list with one object a log.")
  var json = false

  /// Tells, and removes if asked.
  func run() throws {
    let (warrant, days) = (try control.warrant(), try keepDays())
    warnOfUnknown(days.keys.sorted(), in: control.directory)
    guard apply else {
      return try readingAudit {
        let folders = try AuditFolder.logs(in: control.directory)
        tell(
          try AuditExpiry.plan(
            folders, try AuditLedger.read(folders), keepDays: days, at: Clock.wall()))
      }
    }
    try control.act { life in
      let folders = try AuditFolder.logs(in: control.directory)
      let items = try AuditExpiry.plan(folders, life.ledger, keepDays: days, at: Clock.wall())
      for item in items where item.isDue { try life.expire(item, warrant) }
      tell(items)
    }
  }

  private func keepDays() throws -> [String: UInt32] {
    var days: [String: UInt32] = [:]
    for text in keep {
      let parts = text.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, RetentionClass.isName(parts[0]), let count = UInt32(parts[1]),
        (1...36_525).contains(count)
      else { throw ValidationError("--keep takes a class and days, such as clinical=2190") }
      days[String(parts[0])] = count
    }
    return days
  }

  private func tell(_ items: [AuditExpiry]) {
    if json {
      let values = items.map { item in
        JSONValue.object([
          ("log", .text(item.name.folder)), ("due", .boolean(item.isDue)),
          ("removed", .boolean(item.isDue && apply)), ("why", .text("\(item.standing)")),
        ])
      }
      return StandardStream.output.write("\(JSONValue.list(values))\n")
    }
    for item in items {
      let done = item.isDue ? apply ? "removed: " : "would be removed: " : "stays: "
      StandardStream.output.write("\(item.name.folder): \(done)\(item.standing)\n")
    }
  }
}

/// `homeward audit shred`: makes who and whose of a log unreadable for ever.
struct AuditShredCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shred",
    abstract: "Destroy the keys of an audit log.",
    discussion: """
      Addresses, subjects and patients of the log can never be read again, nor found under their \
      tokens; every other field, the tree and all proofs stay as they are. The newest log of a \
      class cannot be shredded, and none that a hold covers. The deed stands in the control log \
      before it is done; after a crash the same command goes on. Copies of the folder `keys` \
      elsewhere have to be destroyed too.

      Example:
        homeward audit shred run/audit edge-1.clinical.20260101T000000Z \\
          --signing-key run/signing.key --author "D. Poe, privacy" --reason "erasure 26-031"

      Exit status: 0 done, 1 it may not or could not be, 2 wrong usage.
      """)

  @OptionGroup var control: AuditControlOptions

  @Argument(help: ArgumentHelp("The log's folder in DIR.", valueName: "log"))
  var log: String

  /// Destroys them.
  func run() throws {
    let warrant = try control.warrant()
    guard let name = LogName(folder: log) else {
      throw ValidationError("`\(log)` is no log's name; `audit stats` prints them")
    }
    try control.act { life in
      try life.shred(name, warrant)
      StandardStream.output.write("\(name.folder): its keys are destroyed\n")
    }
  }
}
