internal import ArgumentParser
internal import Base
internal import Reactor

/// Which edge, and by which way.
struct AskOptions: ParsableArguments {
  @OptionGroup(title: "Which edge, and who asks")
  var admin: AdminOptions

  @Flag(
    name: .long,
    help: """
      Ask no edge: work on the folder of the one that `--config` names. For when none runs, or \
      none can be asked; the record says that nobody proved who acted.
      """)
  var offline = false

  @Option(
    name: .long,
    help: ArgumentHelp("Who acts, with `--offline` only.", valueName: "name"))
  var author: String?

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    if offline, admin.config == nil {
      throw ValidationError("`--offline` needs `--config`, the edge's configuration")
    }
    if author != nil, !offline {
      throw ValidationError(
        "who acts is who the certificate or token belongs to; `--author` needs `--offline`")
    }
  }

  /// Whom to ask. An act needs somebody who acts.
  func connection(acts: Bool) throws -> any EdgeConnection {
    guard offline else { return try admin.client() }
    guard let author = author ?? (acts ? nil : "nobody") else {
      throw AdminOptions.usage("`--offline` needs `--author`: nothing proves who acts")
    }
    return try OfflineEdge(config: admin.config ?? "", author: author)
  }

  /// Says why nothing was done, and ends with 1.
  func fail(_ reply: EdgeReply) throws -> Never {
    try fail(reply.detail, reply.code)
  }

  /// The same in other words than the edge's.
  func fail(_ message: String, _ code: String) throws -> Never {
    if json {
      let result = JSONValue.object([
        ("ok", .boolean(false)), ("code", .text(code)), ("message", .text(message)),
      ])
      StandardStream.output.write("\(result)\n")
    } else {
      StandardStream.error.write("homeward: \(message) [\(code)]\n")
    }
    throw ExitCode(1)
  }
}

/// What every act has: why, and how.
struct ActOptions: ParsableArguments {
  @OptionGroup var edge: AskOptions

  @Option(
    name: .long,
    help: ArgumentHelp("Why; stands in the record. No patient's data.", valueName: "text"))
  var reason: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Act only if `status` shows this revision still.", valueName: "number"))
  var ifRevision: Int?

  @Flag(name: .long, help: "Change nothing; say what would change and which rules hold.")
  var dryRun = false

  /// Asks for an act and says what came of it; ends with 1 when it is not done. `query` is further
  /// parameters of the target.
  func act(
    _ method: String, _ path: String, query: [(String, String)] = [], body: JSONValue? = nil
  ) throws {
    let parameters = query + (dryRun ? [("dry-run", "true")] : [])
    let target =
      path + (parameters.isEmpty ? "" : "?")
      + parameters.map { "\($0.0)=\(percentEncoded($0.1))" }.joined(separator: "&")
    let reply = try edge.connection(acts: true).ask(
      method, target, body: body, ifRevision: ifRevision)
    guard reply.isDone else { try edge.fail(reply) }
    let isAllowed = reply.json["ok"]?.boolean == true
    if edge.json {
      StandardStream.output.write("\(reply.json)\n")
    } else {
      let lines = dryRun ? Self.previewLines(reply.json) : doneLines(reply.json)
      StandardStream.output.write(lines.map { $0 + "\n" }.joined())
    }
    if !isAllowed { throw ExitCode(1) }
  }

  /// What is new.
  private func doneLines(_ json: JSONValue) -> [String] {
    let begun = json["begun"]?.items.map { RegionOrder($0) } ?? []
    let ended = json["ended"]?.items.map { RegionOrder($0) } ?? []
    let waivers = (json["waivers"]?.items ?? []).map(Self.line(waiver:))
    let authorities = (json["authorities"]?.items ?? []).map { record in
      func text(_ name: String) -> String { record[name]?.text ?? "" }
      let server = record["candidate"]?.text ?? text("endpoint")
      return
        "\(text("domain")): \(text("state")) in epoch \(record["epoch"]?.number ?? 0), `\(server)`"
    }
    let orders = begun.map { "\($0.title) \($0.end)" } + ended.map { "\($0.title) is over" }
    return orders + waivers + authorities + [
      "revision \(json["revision"]?.number ?? 0); in force on a running edge within 50 ms"
    ]
  }

  private static func line(waiver: JSONValue) -> String {
    func text(_ name: String) -> String { waiver[name]?.text ?? "" }
    let end =
      waiver["second"]?.text.map { "set aside until \(text("until")), agreed by \($0)" }
      ?? "wait for a second person: homeward region agree \(text("id"))"
    return "\(text("id")): \(text("rules")) \(end)"
  }

  /// What would change, and which rules would hold.
  private static func previewLines(_ json: JSONValue) -> [String] {
    let changes = json["changes"]?.items.compactMap(\.text) ?? []
    let refusal = json["message"]?.text
    var lines = changes.isEmpty && refusal == nil ? ["nothing would move"] : changes
    for rule in json["rules"]?.items ?? [] {
      let name = rule["rule"]?.text ?? ""
      if let complaint = rule["complaint"]?.text {
        lines.append("\(name) BROKEN: \(complaint)")
      } else {
        lines.append("\(name) holds: \(rule["says"]?.text ?? "")")
      }
    }
    let code = json["code"]?.text ?? ""
    return lines + [refusal.map { "would be refused: \($0) [\(code)]" } ?? "would be done"]
  }
}

/// An order as the edge tells of it.
struct RegionOrder {
  private let json: JSONValue

  /// Reads one.
  init(_ json: JSONValue) { self.json = json }

  private func text(_ name: String) -> String { json[name]?.text ?? "" }

  /// `O-1: drain us-west/replica`.
  var title: String {
    if let endpoint = json["endpoint"]?.text {
      return "\(text("id")): \(text("kind")) \(text("region"))/\(endpoint)"
    }
    let tier = text("tier")
    return "\(text("id")): \(text("kind")) \(text("region"))\(tier == "all" ? "" : "/\(tier)")"
  }

  /// Its name.
  var id: String { text("id") }
  /// `until 2026-…`, or until when else.
  var end: String { json["until"]?.text.map { "until \($0)" } ?? "until it is released" }
  /// `by A. Ito  ticket OPS-12`.
  var origin: String {
    "by \(text("author"))" + (text("ticket").isEmpty ? "" : "  ticket \(text("ticket"))")
  }
  /// Why.
  var reason: String { text("reason") }
}

/// `text` as a part of a target (RFC 3986 section 2.1).
func percentEncoded(_ text: String) -> String {
  var result = ""
  for byte in text.utf8 {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
      result.unicodeScalars.append(Unicode.Scalar(byte))
    default:
      let digits = String(byte, radix: 16, uppercase: true)
      result += "%" + (digits.count == 1 ? "0" : "") + digits
    }
  }
  return result
}
