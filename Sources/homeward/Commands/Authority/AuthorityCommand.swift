internal import Admin
internal import ArgumentParser
internal import Base
internal import Control
internal import Reactor

/// `homeward authority`: who takes the writes of which region's data.
struct AuthorityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "authority",
    abstract: "See and change who takes the writes of a region's data.",
    discussion: """
      Each home region's data can have a record: one server, in one epoch, takes its writes. \
      Without one the server counts that says it is the primary. A record changes step by step: \
      fence, fenced, promote, activate; edges hold writes meanwhile. deploy/regions.md is the \
      runbook.

      Examples:
        homeward authority show --config deploy/homeward.yaml
        homeward authority init us-west --config deploy/homeward.yaml --author "A. Ito" \\
          --reason "first record"
      """,
    subcommands: [
      AuthorityShowCommand.self, AuthorityInitCommand.self, AuthorityChangeCommand.self,
    ])
}

/// `homeward authority show`.
struct AuthorityShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show the records, and the edges that follow them.",
    discussion: """
      Exit status: 0 shown, 1 the records could not be read, 2 wrong usage or configuration.
      """)

  @Option(name: .long, help: ArgumentHelp("The edge's configuration file.", valueName: "file"))
  var config: String

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  /// Shows them.
  func run() throws {
    let settings = try RegionSettings.required(config)
    let storage = SystemStorage()
    do throws(StateFault) {
      let stored = try settings.folder.read(storage)
      let edges = try settings.folder.registrations(storage)
      let records = stored.books.state.settled(at: Clock.wall()).authorities
      if json {
        let result = JSONValue.object([
          ("warning", .optional(stored.warning.map { "\($0)" })),
          ("authorities", .list(records.map(\.json))), ("edges", .list(edges.map(\.json))),
        ])
        return StandardStream.output.write("\(result)\n")
      }
      StandardStream.output.write(text(records, edges, stored.warning))
    } catch {
      StandardStream.error.write("homeward: \(error) [\(error.code)]\n")
      throw ExitCode(1)
    }
  }

  private func text(
    _ records: [AuthorityRecord], _ edges: [EdgeRegistration], _ warning: OperatorWarning?
  ) -> String {
    var rows = [["DOMAIN", "STATE", "EPOCH", "SERVER", "NEXT", "PLAN", "SINCE"]]
    for record in records {
      rows.append([
        record.domain, record.state.rawValue, "\(record.epoch)", record.endpoint,
        record.candidate ?? "-", record.plan.isEmpty ? "-" : record.plan, record.since.text,
      ])
    }
    var lines =
      records.isEmpty
      ? ["no records: servers say themselves who takes writes"] : Table(rows: rows).lines
    for edge in edges {
      let writes = edge.writes.sorted { $0.key < $1.key }.map { "\($0.value) of \($0.key)" }
      lines.append(
        "edge \(edge.edge): has seen act \(edge.seen.map { "\($0)" } ?? "?"), writes under way:"
          + " \(writes.isEmpty ? "none" : writes.joined(separator: ", "))")
    }
    if let warning { lines.append("warning: \(warning)") }
    return lines.map { $0 + "\n" }.joined()
  }
}

/// `homeward authority init`.
struct AuthorityInitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make the first record of a region's data.",
    discussion: """
      Names the region's configured primary and the epoch that it reports, as the running edge \
      sees it, unless both are given.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @OptionGroup var act: FolderActOptions

  @Argument(help: "The home region whose data it is.")
  var domain: String

  @Option(name: .long, help: "The server; by default the region's configured primary.")
  var endpoint: String?

  @Option(name: .long, help: "Its epoch; by default what it reports.")
  var epoch: UInt64?

  /// Makes it.
  func run() throws {
    let settings = try RegionSettings.required(act.config)
    let report = settings.report(at: Clock.wall())
    let primary =
      endpoint
      ?? settings.regions.first { $0.name == domain }?.endpoints
      .first { $0.tier == .primary }?.name
    guard let primary else {
      throw ValidationError("region `\(domain)` has no configured primary; name one (`--endpoint`)")
    }
    let server = report?.servers.first { $0.name == primary }
    guard let epoch = epoch ?? (server?.role == "primary" ? server?.epoch : nil) else {
      throw ValidationError(
        "no running edge sees `\(primary)` as a primary; start one, or give `--epoch`")
    }
    try act.act { _ in .authority(domain, .claim(endpoint: primary, epoch: epoch)) }
  }
}

/// `homeward authority change`.
struct AuthorityChangeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "change", abstract: "Bring a record into its next state, by hand.",
    discussion: """
      A failover plan does this step by step, waits for edges and asks servers. By hand the \
      waiting is yours: after `fence` look at `show` until every edge has seen the act and has no \
      write under way, or wait 6.4 seconds; say `fenced` only when the server takes no more \
      writes; say `activate` only when the new one says that it is the primary of the new epoch.

      Changes: fence, fenced, restore, promote, activate, orphan, conflict.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @OptionGroup var act: FolderActOptions

  @Argument(help: "The home region whose data it is.")
  var domain: String

  @Argument(help: "The change.")
  var change: String

  @Option(name: .long, help: "The server that is promoted.")
  var endpoint: String?

  @Option(name: .long, help: "The last position that is known to be there.")
  var position: UInt64?

  /// Makes the change.
  func run() throws {
    let settings = try RegionSettings.required(act.config)
    let wanted: AuthorityChange
    switch change {
    case "fence": wanted = .fence(plan: "")
    case "fenced": wanted = .fenced(position: position)
    case "restore": wanted = .restore
    case "activate": wanted = .activate
    case "orphan": wanted = .orphan
    case "conflict": wanted = .conflict
    case "promote":
      let known = settings.regions.flatMap { $0.endpoints.map(\.name) }
      guard let endpoint, known.contains(endpoint) else {
        throw ValidationError(
          "`promote` needs `--endpoint`, one of \(known.joined(separator: ", "))")
      }
      wanted = .promote(endpoint: endpoint, position: position)
    default:
      throw ValidationError(
        "`\(change)` is none of fence, fenced, restore, promote, activate, orphan, conflict")
    }
    try act.act { _ in .authority(domain, wanted) }
  }
}

extension AuthorityRecord {
  /// The record for programs.
  var json: JSONValue {
    .object([
      ("domain", .text(domain)), ("state", .text(state.rawValue)), ("epoch", .number(Int(epoch))),
      ("endpoint", .text(endpoint)), ("endpoint_epoch", .number(Int(holderEpoch))),
      ("candidate", .optional(candidate)),
      ("position", position.map { .number(Int($0)) } ?? .null),
      ("plan", .text(plan)), ("author", .text(warrant.author)), ("reason", .text(warrant.reason)),
      ("ticket", .text(warrant.ticket)), ("since", .text(since.text)), ("act", .number(number)),
    ])
  }

  /// The record in a line.
  var words: String {
    "\(domain): \(state.rawValue) in epoch \(epoch), `\(candidate ?? endpoint)`"
  }
}

extension EdgeRegistration {
  /// The edge for programs.
  fileprivate var json: JSONValue {
    .object([
      ("edge", .text(edge)), ("seen", seen.map { .number($0) } ?? .null),
      (
        "writes",
        .object(writes.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })
      ), ("time", .text(time.text)),
    ])
  }
}
