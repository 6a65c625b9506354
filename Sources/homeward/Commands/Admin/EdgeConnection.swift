internal import Admin
internal import ArgumentParser
internal import Base
internal import Control
internal import Edge
internal import Reactor

/// What an edge answered.
struct EdgeReply {
  /// The status.
  let status: UInt16
  /// The document.
  let json: JSONValue

  /// Whether it was done.
  var isDone: Bool { (200...299).contains(status) }
  /// The stable word of what is wrong.
  var code: String { json["title"]?.text ?? "status-\(status)" }
  /// What is wrong, and what to do.
  var detail: String { json["detail"]?.text ?? "the answer has status \(status)" }

  /// The document, if it was done; otherwise says why not, and ends with 1.
  func required() throws -> JSONValue {
    guard isDone else {
      StandardStream.error.write("homeward: \(detail) [\(code)]\n")
      throw ExitCode(1)
    }
    return json
  }
}

/// Whom a command asks: a running edge, or the files of one that does not run.
protocol EdgeConnection {
  /// Asks; `body` is nil for none. Ends with 1 after it was said why there is no answer.
  func ask(
    _ method: String, _ target: String, body: JSONValue?, ifRevision: Int?
  ) throws -> EdgeReply
}

extension EdgeConnection {
  /// Asks to see something.
  func get(_ target: String) throws -> EdgeReply {
    try ask("GET", target, body: nil, ifRevision: nil)
  }
}

/// A running edge, through its admin API.
struct RemoteEdge: EdgeConnection {
  let client: AdminClient
  let url: String
  let config: String?

  /// Nesting of an answer; the description of the API is the deepest.
  private static let depthMax = 32

  func ask(
    _ method: String, _ target: String, body: JSONValue?, ifRevision: Int?
  ) throws -> EdgeReply {
    do throws(AdminClient.Fault) {
      let answer = try client.send(
        method, target, fields: ifRevision.map { [("if-match", "\"\($0)\"")] } ?? [],
        body: body.map { Array($0.line.utf8) } ?? [])
      let json = try? JSONReader.read(answer.body, depthMax: Self.depthMax)
      return EdgeReply(status: answer.status, json: json ?? .null)
    } catch {
      StandardStream.error.write("homeward: \(words(of: error))\n")
      throw ExitCode(1)
    }
  }

  private func words(of fault: AdminClient.Fault) -> String {
    switch fault {
    case .unreachable(let reason):
      let command = "homeward run --config \(config ?? "FILE")"
      return "no edge answers at \(url): \(reason); start it (`\(command)`), or act on its folder"
        + " with `--offline` and its configuration [unreachable]"
    case .untrusted(let reason):
      return "the edge at \(url) and this command do not trust each other: \(reason); look at"
        + " `--ca`, `--server-name`, `--cert` and `--key` [untrusted]"
    case .broken(let reason): return "\(url): \(reason) [broken]"
    }
  }
}

/// The folder of an edge, used by the operator of its machine: for when no edge runs, or its admin
/// API cannot be asked. Who acts is not proved, and the record says so.
struct OfflineEdge: EdgeConnection {
  private let desk: AdminDesk
  private let caller: Caller

  /// What every author's name begins with here; no caller of the admin API has such a name.
  static let authorPrefix = "offline:"

  /// Reads an edge's configuration; prints complaints, and ends with 2 when there are errors.
  init(config: String, author: String) throws {
    let settings = try RegionSettings.required(config)
    let outline = settings.outline
    let acts = OperatorActs(
      store: FileControlStore(settings.folder, SystemStorage()), outline: { outline },
      report: { settings.report(at: $0.time) })
    desk = AdminDesk(
      rules: CallerRules(), routes: AdminRoutes.operators(acts, settings.folder),
      since: Clock.wall())
    caller = Caller(Self.authorPrefix + author, .anybody, .local)
  }

  func ask(
    _ method: String, _ target: String, body: JSONValue?, ifRevision: Int?
  ) throws -> EdgeReply {
    var request = AdminRequest(method: method, target: target)
    if let body {
      request.body = Array(body.line.utf8)
      request.fields["content-type"] = "application/json"
    }
    if let ifRevision { request.fields["if-match"] = "\"\(ifRevision)\"" }
    let moment = AdminDesk.Moment(Clock.monotonic(), Clock.wall())
    let answer = desk.answer(request, of: caller, at: moment)
    guard case .document(_, let bytes) = answer.body,
      let json = try? JSONReader.read(bytes, depthMax: 32)
    else { preconditionFailure("these routes answer with JSON") }
    return EdgeReply(status: answer.status, json: json)
  }
}
