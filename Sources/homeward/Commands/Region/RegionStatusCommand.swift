internal import ArgumentParser
internal import Base
internal import Control
internal import Reactor

/// `homeward region status`: regions, servers, orders.
struct RegionStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show regions, their servers and the orders about them.",
    discussion: """
      What the running edge sees, as of its last report (every two seconds), and every order in \
      force with author, end and reason.

      Examples:
        homeward region status --config deploy/homeward.yaml
        homeward region status --config deploy/homeward.yaml --watch

      Exit status: 0 shown, 1 the orders could not be read, 2 wrong usage or configuration.
      """)

  @Option(name: .long, help: ArgumentHelp("The edge's configuration file.", valueName: "file"))
  var config: String

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  @Flag(name: .long, help: "Show it again every second, until interrupted.")
  var watch = false

  /// Shows it once or again and again.
  func run() throws {
    let settings = try RegionSettings.required(config)
    guard watch else { return StandardStream.output.write(try text(settings)) }
    // The mailbox is what a loop waits for; nobody posts to it.
    let ticker = try StatusTicker {
      guard let text = try? text(settings) else { return }
      // Home, and clear to the end of the screen: no flicker.
      StandardStream.output.write(json ? text : "\u{1B}[H\u{1B}[J" + text)
    }
    ticker.run()
  }

  private func text(_ settings: RegionSettings) throws -> String {
    let now = Clock.wall()
    let stored: StoredBooks
    do throws(StateFault) { stored = try settings.folder.read(SystemStorage()) } catch {
      StandardStream.error.write("homeward: \(error) [\(error.code)]\n")
      throw ExitCode(1)
    }
    let status = RegionStatus(settings, stored, at: now)
    return json ? "\(status.json)\n" : status.text
  }
}

/// Does something each second, on this thread, until the process is interrupted.
private final class StatusTicker: TimerTarget {
  private let loop: EventLoop
  private let body: () -> Void

  init(_ body: @escaping () -> Void) throws(SystemError) {
    loop = try EventLoop()
    self.body = body
  }

  func run() {
    timerFired(token: 0)
    loop.run()
  }

  func timerFired(token: Int) {
    body()
    loop.schedule(at: Clock.monotonic().adding(milliseconds: 1_000), self)
  }
}

/// What is known of the regions at one moment.
struct RegionStatus {
  private let settings: RegionSettings
  private let stored: StoredBooks
  private let state: OperatorState
  private let report: RegionReport?
  private let now: WallTime

  init(_ settings: RegionSettings, _ stored: StoredBooks, at now: WallTime) {
    self.settings = settings
    self.stored = stored
    self.now = now
    state = stored.books.state.settled(at: now)
    report = settings.report(at: now)
  }

  /// A table of servers and a list of orders; no line is longer than 80 columns unless names are.
  var text: String {
    var rows = [["REGION", "SERVER", "TIER", "REACH", "ROLE", "LAG", "ORDER"]]
    for region in settings.regions {
      for endpoint in region.endpoints {
        let tier: Tier = endpoint.tier == .primary ? .primary : .replica
        let server = report?.servers.first { $0.name == endpoint.name }
        rows.append([
          cut(region.name, 14), cut(endpoint.name, 16), tier.rawValue, server?.reach ?? "-",
          server?.role ?? "-", server.map(lag) ?? "-",
          cut(state.words(region.name, tier, endpoint.name), 12),
        ])
      }
    }
    var lines = Table(rows: rows).lines
    for order in state.overrides {
      lines.append("")
      lines.append("\(order.id) \(order.kind.rawValue) \(order.scope) \(order.end)")
      let ticket = order.warrant.ticket.isEmpty ? "" : "  ticket \(order.warrant.ticket)"
      lines.append(cut("    by \(order.warrant.author)\(ticket)", 80))
      lines.append(cut("    \(order.warrant.reason)", 80))
    }
    for waiver in state.waivers {
      lines.append("")
      lines.append(
        "\(waiver.id) break-glass \(waiver.words) until \(waiver.until.text)"
          + (waiver.second == nil ? ", not agreed yet" : ""))
      lines.append(
        cut("    by \(waiver.warrant.author)\(waiver.second.map { " and \($0)" } ?? "")", 80))
      lines.append(cut("    \(waiver.warrant.reason)", 80))
    }
    for run in state.plans.active {
      lines.append("")
      lines.append(cut("\(run.id) plan \(run.plan.id): \(run.status.rawValue)", 80))
    }
    lines.append("")
    let edge =
      report.map { "the edge (process \($0.process)) reported \(age($0)) ago" }
      ?? "no running edge reported lately"
    lines.append("revision \(state.revision); \(edge)")
    if let warning = stored.warning { lines.append("warning: \(warning)") }
    return lines.map { $0 + "\n" }.joined()
  }

  /// For programs.
  var json: JSONValue {
    .object([
      ("revision", .number(state.revision)),
      ("edge", .optional(report?.time.text)),
      ("warning", .optional(stored.warning.map { "\($0)" })),
      (
        "regions",
        .list(
          settings.regions.map { region in
            .object([
              ("name", .text(region.name)),
              ("servers", .list(region.endpoints.map { json($0, of: region.name) })),
            ])
          })
      ),
      ("orders", .list(state.overrides.map(\.json))),
    ])
  }

  private func json(_ endpoint: Configuration.Endpoint, of region: String) -> JSONValue {
    let tier: Tier = endpoint.tier == .primary ? .primary : .replica
    let server = report?.servers.first { $0.name == endpoint.name }
    let effect = state.effect(region, tier, endpoint.name)
    return .object([
      ("name", .text(endpoint.name)), ("tier", .text(tier.rawValue)),
      ("reach", .optional(server?.reach)), ("role", .optional(server?.role)),
      ("freshness", .optional(server?.freshness)),
      ("lag_milliseconds", server?.lag.map { .number($0) } ?? .null),
      ("state", .text(effect.words)),
      ("percent", .number(state.percent(region, tier, endpoint.name))),
      ("out_by", .optional(effect.out?.id)),
    ])
  }

  private func lag(_ server: RegionReport.Server) -> String {
    server.lag.map { "\($0) ms" } ?? "?"
  }

  private func age(_ report: RegionReport) -> String {
    "\((max(now, report.time).microseconds - report.time.microseconds) / 1_000_000) s"
  }

  private func cut(_ text: String, _ count: Int) -> String {
    text.count > count ? text.prefix(count - 1) + "…" : text
  }
}

extension OperatorState {
  /// What is ordered about a server, in a few words: `drain`, `5 %`, `auto`.
  fileprivate func words(_ region: String, _ tier: Tier, _ name: String) -> String {
    let percent = percent(region, tier, name)
    let effect = effect(region, tier, name)
    return percent < 100 && effect.out == nil ? "\(percent) %" : effect.words
  }
}
