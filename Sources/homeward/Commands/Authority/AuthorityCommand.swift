internal import ArgumentParser
internal import Base
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
        homeward authority init us-west --config deploy/homeward.yaml --reason "first record"
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

  @OptionGroup var options: AskOptions

  /// Shows them.
  func run() throws {
    let reply = try options.connection(acts: false).get("/v1/authorities")
    guard reply.isDone else { try options.fail(reply) }
    StandardStream.output.write(options.json ? "\(reply.json)\n" : text(reply.json))
  }

  private func text(_ json: JSONValue) -> String {
    var rows = [["DOMAIN", "STATE", "EPOCH", "SERVER", "NEXT", "PLAN", "SINCE"]]
    for record in json["authorities"]?.items ?? [] {
      func text(_ name: String) -> String { record[name]?.text ?? "-" }
      rows.append([
        text("domain"), text("state"), "\(record["epoch"]?.number ?? 0)", text("endpoint"),
        text("candidate"), text("plan"), text("since"),
      ])
    }
    var lines =
      rows.count == 1
      ? ["no records: servers say themselves who takes writes"] : Table(rows: rows).lines
    for edge in json["edges"]?.items ?? [] {
      var writes: [String] = []
      if case .object(let counts)? = edge["writes"] {
        writes = counts.map { "\($0.1.number ?? 0) of \($0.0)" }
      }
      lines.append(
        "edge \(edge["edge"]?.text ?? ""): has seen act"
          + " \(edge["seen"]?.number.map { "\($0)" } ?? "?"), writes under way:"
          + " \(writes.isEmpty ? "none" : writes.joined(separator: ", "))")
    }
    if let warning = json["warning"]?.text { lines.append("warning: \(warning)") }
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

  @OptionGroup var act: ActOptions

  @Argument(help: "The home region whose data it is.")
  var domain: String

  @Option(name: .long, help: "The server; by default the region's configured primary.")
  var endpoint: String?

  @Option(name: .long, help: "Its epoch; by default what it reports.")
  var epoch: Int?

  /// Makes it.
  func run() throws {
    try act.act(
      "POST", "/v1/authorities/\(percentEncoded(domain))",
      body: .change("claim", endpoint: endpoint, number: ("epoch", epoch), act.reason))
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

  @OptionGroup var act: ActOptions

  @Argument(help: "The home region whose data it is.")
  var domain: String

  @Argument(help: "The change.")
  var change: String

  @Option(name: .long, help: "The server that is promoted.")
  var endpoint: String?

  @Option(name: .long, help: "The last position that is known to be there.")
  var position: Int?

  /// Makes the change.
  func run() throws {
    try act.act(
      "POST", "/v1/authorities/\(percentEncoded(domain))",
      body: .change(change, endpoint: endpoint, number: ("position", position), act.reason))
  }

  func validate() throws {
    let words = ["fence", "fenced", "restore", "promote", "activate", "orphan", "conflict"]
    guard words.contains(change) else {
      throw ValidationError("`\(change)` is none of \(words.joined(separator: ", "))")
    }
  }
}

extension JSONValue {
  /// The body of a change; what is not given is left out.
  fileprivate static func change(
    _ change: String, endpoint: String?, number: (String, Int?), _ reason: String
  ) -> JSONValue {
    .object(
      [("change", .text(change)), ("reason", .text(reason))]
        + (endpoint.map { [("endpoint", .text($0))] } ?? [])
        + (number.1.map { [(number.0, .number($0))] } ?? []))
  }
}
