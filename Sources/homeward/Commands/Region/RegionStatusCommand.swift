internal import ArgumentParser
internal import Base
internal import Reactor

/// `homeward region status`: regions, servers, orders.
struct RegionStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show regions, their servers and the orders about them.",
    discussion: """
      What the running edge sees: whether each server answers, its lag, the load that it reports \
      (of those that do), requests a second, under way, and failed in the last ten seconds; why a \
      server is not used as usual; and every order in force with author, end and reason.

      Examples:
        homeward region status --config deploy/homeward.yaml
        homeward region status --config deploy/homeward.yaml --watch

      Exit status: 0 shown, 1 it could not be seen, 2 wrong usage or configuration.
      """)

  @OptionGroup var options: AskOptions

  @Flag(name: .long, help: "Show it again every second, until interrupted.")
  var watch = false

  /// Shows it once or again and again.
  func run() throws {
    let edge = try options.connection(acts: false)
    guard watch else {
      let (text, isDone) = try show(edge)
      (isDone ? StandardStream.output : .error).write(text)
      if !isDone { throw ExitCode(1) }
      return
    }
    let ticker = try StatusTicker {
      // Who cannot ask now may be able to in a second; why is on stderr.
      guard let (text, _) = try? show(edge) else { return }
      // Home, and clear to the end of the screen: no flicker.
      StandardStream.output.write(options.json ? text : "\u{1B}[H\u{1B}[J" + text)
    }
    ticker.run()
  }

  /// The text, and whether it is what was asked for.
  private func show(_ edge: any EdgeConnection) throws -> (String, Bool) {
    let reply = try edge.get("/v1/regions")
    guard reply.isDone else { return ("homeward: \(reply.detail) [\(reply.code)]\n", false) }
    return (options.json ? "\(reply.json)\n" : RegionStatus(reply.json).text, true)
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

/// The regions of an edge as a table: what `GET /v1/regions` answered.
struct RegionStatus {
  private let json: JSONValue

  /// Reads the answer.
  init(_ json: JSONValue) { self.json = json }

  /// Servers by region, reasons, orders; no line is longer than a terminal is wide.
  var text: String {
    let regions = json["regions"]?.items ?? []
    let servers = regions.flatMap { $0["servers"]?.items ?? [] }
    let showsLoad = servers.contains { load($0) != nil }
    var titles = ["SERVER", "TIER", "REACH", "LAG", "REQ/S", "BUSY", "FAIL", "ORDER"]
    if showsLoad { titles.insert("LOAD", at: 4) }
    var rows = [titles]
    var reasons: [String] = []
    for region in regions {
      rows.append([region["name"]?.text ?? ""] + titles.dropFirst().map { _ in "" })
      for server in region["servers"]?.items ?? [] {
        rows.append(row(server, showsLoad))
        reasons += reason(server).map { paragraph("\(name(server)): \($0)") } ?? []
      }
    }
    var lines = Table(rows: rows).lines
    if !reasons.isEmpty { lines += [""] + reasons }
    for order in json["orders"]?.items.map({ RegionOrder($0) }) ?? [] {
      lines += ["", "\(order.title) \(order.end)"]
      lines += detail(order.origin) + detail(order.reason)
    }
    for waiver in json["waivers"]?.items ?? [] {
      func text(_ name: String) -> String { waiver[name]?.text ?? "" }
      let second = waiver["second"]?.text
      lines += ["", "\(text("id")): break-glass \(text("rules")) until \(text("until"))"]
      lines += detail("by \(text("author"))" + (second.map { " and \($0)" } ?? ", not agreed yet"))
      lines += detail(text("reason"))
    }
    for run in json["plans"]?.items ?? [] {
      let words = ["id", "plan", "status"].map { run[$0]?.text ?? "" }
      lines += [""] + paragraph("\(words[0]): plan \(words[1]), \(words[2])")
    }
    let edge =
      json["edge"]?.text.map { "seen at \($0) by process \(json["process"]?.number ?? 0)" }
      ?? "no running edge reported lately"
    lines += ["", "revision \(json["revision"]?.number ?? 0); \(edge)"]
    if let warning = json["warning"]?.text { lines += paragraph("warning: \(warning)") }
    return lines.map { $0 + "\n" }.joined()
  }

  private func paragraph(_ text: String) -> [String] { wrapped(text, first: 0, hanging: 4) }

  private func detail(_ text: String) -> [String] { wrapped(text, first: 4, hanging: 4) }

  private func name(_ server: JSONValue) -> String { server["name"]?.text ?? "" }

  /// A line of the table. The load takes its room from the longest names and lists of orders.
  private func row(_ server: JSONValue, _ showsLoad: Bool) -> [String] {
    let lag = server["lag_milliseconds"]?.number
      .map { $0 < 10_000 ? "\($0) ms" : "\($0 / 1_000) s" }
    let isSeen = server["reach"]?.text != nil
    var row = [
      "  " + cut(name(server), showsLoad ? 13 : 16), server["tier"]?.text ?? "",
      server["reach"]?.text ?? "-", lag ?? (isSeen ? "?" : "-"),
      rate(server["requests_per_second"]), count(server["under_way"]), count(server["failures"]),
      cut(state(server), showsLoad ? 8 : 10),
    ]
    if showsLoad { row.insert(load(server) ?? "-", at: 4) }
    return row
  }

  /// The load that a server reports: `35%`; nil when it does not.
  private func load(_ server: JSONValue) -> String? {
    switch server["load"] {
    case .fraction(let load)?: "\(Int((load * 100).rounded()))%"
    case .number(let load)?: "\(load * 100)%"
    default: nil
    }
  }

  /// What is ordered about a server, in a few words: `drain`, `5 %`, `auto`.
  private func state(_ server: JSONValue) -> String {
    let percent = server["percent"]?.number ?? 100
    return percent < 100 && server["out_by"]?.text == nil
      ? "\(percent) %" : server["state"]?.text ?? ""
  }

  private func count(_ value: JSONValue?) -> String { value?.number.map { "\($0)" } ?? "-" }

  private func rate(_ value: JSONValue?) -> String {
    switch value {
    case .fraction(let rate)?: rate < 100 ? "\(rate)" : "\(Int(rate))"
    case .number(let rate)?: "\(rate)"
    default: "-"
    }
  }

  /// Why a server is not used as usual; nil when it is.
  private func reason(_ server: JSONValue) -> String? {
    var parts: [String] = []
    let reach = server["reach"]?.text ?? "healthy"
    if reach != "healthy" {
      let failure = server["failure"]?.text.map { " (\($0))" } ?? ""
      parts.append("\(reach) for \(server["reach_seconds"]?.number ?? 0) s\(failure)")
    } else if server["failures"]?.number ?? 0 > 0 {
      parts.append("requests fail (\(server["failure"]?.text ?? "no reason kept"))")
    }
    if let freshness = server["freshness"]?.text, freshness != "fresh" { parts.append(freshness) }
    if server["saturated"]?.boolean == true {
      parts.append("saturated, by its own report; read from only when nothing else is left")
    }
    let tier = server["tier"]?.text
    if let role = server["role"]?.text, role != tier { parts.append("says its role is \(role)") }
    if let id = server["out_by"]?.text {
      let order = json["orders"]?.items.map { RegionOrder($0) }.first { $0.id == id }
      parts.append("kept out by \(id), \(order?.origin ?? "") \(order?.end ?? "")")
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  private func cut(_ text: String, _ count: Int) -> String {
    text.count > count ? text.prefix(count - 1) + "…" : text
  }
}
