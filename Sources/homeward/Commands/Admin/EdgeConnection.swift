internal import Admin
internal import ArgumentParser
internal import Base
internal import Control
internal import Edge
internal import Reactor
internal import Synchronization

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
  /// Follows a run that the edge carries, from the event `after` on, until it carries it no more;
  /// why it could not go on, or nil. Ends with 1 after it was said why nothing more is heard.
  func follow(run: String, after: String, _ says: (String) -> Void) throws -> RunFault?
}

/// Why a run could not be carried on.
struct RunFault {
  /// For people.
  let words: String
  /// A stable word.
  let code: String

  /// What `progress` tells; nil unless something broke.
  init?(_ progress: JSONValue) {
    guard let code = progress["code"]?.text else { return nil }
    words = progress["words"]?.text ?? ""
    self.code = code
  }
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

  func follow(run: String, after: String, _ says: (String) -> Void) throws -> RunFault? {
    var last = after
    while true {
      var (end, hasGap): (JSONValue?, Bool) = (nil, false)
      do throws(AdminClient.Fault) {
        try client.follow(after: last) { event in
          if !event.id.isEmpty { last = event.id }
          hasGap = event.kind == "gap"
          guard event.kind == "progress",
            let told = try? JSONReader.read(event.data, depthMax: Self.depthMax),
            told["run"]?.text == run
          else { return !hasGap }
          let isOver = told["over"]?.boolean == true
          if isOver { end = told } else { says(told["words"]?.text ?? "") }
          return !isOver
        }
      } catch {
        says("the edge tells no more: \(words(of: error))")
      }
      if let end { return RunFault(end) }
      // The edge may have ended, and begun anew: then nobody carries the run.
      if try !isCarried(run, hasGap: hasGap) { return nil }
    }
  }

  /// Whether the edge carries a run, once it answers again. After a gap in what it told, waits for
  /// the end.
  private func isCarried(_ run: String, hasGap: Bool) throws -> Bool {
    var patience = Self.returnTryCountMax
    while true {
      do throws(AdminClient.Fault) {
        let answer = try client.send("GET", "/v1/plans/\(run)")
        let json = try? JSONReader.read(answer.body, depthMax: Self.depthMax)
        guard json?["carried"]?.boolean == true else { return false }
        if !hasGap { return true }
      } catch {
        patience -= 1
        guard patience > 0 else {
          StandardStream.error.write(
            "homeward: \(words(of: error)); the run stands in the record:"
              + " `homeward plan status \(run)`\n")
          throw ExitCode(1)
        }
      }
      Thread.pause(milliseconds: Self.returnMilliseconds)
    }
  }

  /// How often, and after how many milliseconds each, an edge that ended is looked for.
  private static let returnTryCountMax = 20
  private static let returnMilliseconds = 500

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
  /// What the office of this process tells of its runs.
  private let heard: HeardProgress

  /// What every author's name begins with here; no caller of the admin API has such a name.
  static let authorPrefix = "offline:"

  /// Reads an edge's configuration; prints complaints, and ends with 2 when there are errors.
  init(config: String, author: String) throws {
    let settings = try RegionSettings.required(config)
    let outline = settings.outline
    let acts = OperatorActs(
      store: FileControlStore(settings.folder, SystemStorage()), outline: { outline },
      report: { settings.folder.report(at: $0.time) })
    let office = PlanOffice(settings.configuration, settings.folder, isLocal: true)
    let heard = HeardProgress()
    office.listen { heard.append($0) }
    self.heard = heard
    desk = AdminDesk(
      rules: CallerRules(), routes: AdminRoutes.operators(acts, settings.folder, office),
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
    var answer = desk.answer(request, of: caller, at: moment)
    if case .later(let work) = answer.body { answer = work() }
    guard case .document(_, let bytes) = answer.body,
      let json = try? JSONReader.read(bytes, depthMax: 32)
    else { preconditionFailure("these routes answer with JSON") }
    return EdgeReply(status: answer.status, json: json)
  }

  func follow(run: String, after: String, _ says: (String) -> Void) throws -> RunFault? {
    while true {
      for progress in heard.take() where "R-\(progress.run)" == run {
        if progress.isOver { return RunFault(progress.json) }
        says(progress.words)
      }
      Thread.pause(milliseconds: 5)
    }
  }
}

/// What is told by one thread and read by another.
private final class HeardProgress: Sendable {
  private let waiting = Mutex<[PlanProgress]>([])

  func append(_ progress: PlanProgress) { waiting.withLock { $0.append(progress) } }

  /// Everything since the last time.
  func take() -> [PlanProgress] {
    waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
  }
}
