import Base
import Native
import Origins
import Policy
import StrictYAML

@testable import Admin
@testable import Control

/// A store in memory.
final class MemoryStore: ControlStore {
  private var stored = StoredBooks(books: OperatorBooks(), lines: [], warning: nil, byteCount: 0)
  /// What reading fails with.
  var fault: StateFault?

  func read() throws(StateFault) -> StoredBooks {
    if let fault { throw fault }
    return stored
  }

  func append(
    _ act: OperatorAct, at time: WallTime, to seen: StoredBooks
  ) throws(StateFault) -> OperatorLine? {
    var books = stored.books
    let line = OperatorLine(act, at: time, after: books)
    guard stored.books == seen.books, books.take(line) else { return nil }
    stored = StoredBooks(
      books: books, lines: stored.lines + [line], warning: nil, byteCount: 0)
    return line
  }
}

/// Two regions of a primary and a replica each, under a policy that reads anywhere.
enum Fixture {
  static let policyText = """
    policy: regional
    version: 1
    regions:
      west: { jurisdiction: US }
      east: { jurisdiction: US }
    routes:
      - id: R-1
        say: Everything goes to the primary of the home region
        when: {}
        serve:
          - { region: home, tier: primary }
        audit: standard
      - id: R-2
        say: All but demographics is read at home, then anywhere
        when: { operation: [read, vread, search] }
        unless: { data_class: [demographics] }
        overrides: [R-1]
        serve:
          - { region: home, tier: replica, staleness: 1h }
          - { region: any, tier: replica, staleness: 1h }
        audit: standard
      - id: R-3
        say: The server's own description comes from any copy
        when: { operation: [capabilities] }
        overrides: [R-1]
        serve:
          - { region: any, tier: replica, staleness: 1h, order: load }
        audit: standard

    """

  static func policy() throws -> Policy {
    let (policy, complaints) = Policy.load(text: policyText, file: "p.yaml", hash: "00")
    struct Unread: Error { let complaints: [Diagnostic] }
    guard let policy else { throw Unread(complaints: complaints) }
    return policy
  }

  static func outline() throws -> RegionOutline {
    RegionOutline(
      ["east", "west"].map { region in
        RegionOutline.Region(
          region, [.init("\(region)-1", .primary), .init("\(region)-2", .replica)])
      }, try policy())
  }

  static let start = WallTime(microseconds: 1_800_000_000_000_000)

  /// Seconds after the start.
  static func moment(_ seconds: UInt64 = 0) -> AdminDesk.Moment {
    AdminDesk.Moment(
      Instant(nanoseconds: 1_000_000_000_000 + seconds * 1_000_000_000),
      WallTime(microseconds: start.microseconds + seconds * 1_000_000))
  }

  static let digests = [
    "ana": "\(SHA256.hash(Array("ana-token".utf8)))",
    "otto": "\(SHA256.hash(Array("otto-token".utf8)))",
  ]

  /// `ana` is an SRE, `otto` an auditor.
  static func rules() throws -> CallerRules {
    CallerRules(
      tokens: try AdminTokens(
        "ana sre \(digests["ana"] ?? "")\n\n# a comment\notto auditor \(digests["otto"] ?? "")"))
  }

  static func desk(
    _ store: MemoryStore = MemoryStore(), driver: (any PlanDriver)? = nil
  ) throws -> AdminDesk {
    let outline = try outline()
    let acts = OperatorActs(store: store, outline: { outline }, report: { _ in nil })
    return AdminDesk(
      rules: try rules(),
      routes: RegionRoutes(acts).all + PlanRoutes(acts, driver: driver).all
        + AuthorityRoutes(acts) { () throws(StateFault) in [] }.all, since: start)
  }
}

extension AdminDesk {
  /// A call with a token; the answer's status and document.
  func call(
    _ method: String, _ target: String, _ token: String? = "ana-token", body: String? = nil,
    fields: [String: String] = [:], seconds: UInt64 = 0
  ) throws -> (status: UInt16, json: JSONValue, answer: AdminAnswer) {
    var request = AdminRequest(method: method, target: target, fields: fields)
    if let body {
      request.body = Array(body.utf8)
      request.fields["content-type"] = request.fields["content-type"] ?? "application/json"
    }
    let credentials = Credentials(
      certificate: nil, authorization: token.map { "Bearer \($0)" })
    var answer = reply(
      to: request, credentials, from: IPAddress("192.0.2.1") ?? IPAddress(ipv4: 0),
      at: Fixture.moment(seconds)
    ).answer
    if case .later(let work) = answer.body { answer = work() }
    guard case .document(_, let bytes) = answer.body else { return (answer.status, .null, answer) }
    return (answer.status, try JSONReader.read(bytes, depthMax: 40), answer)
  }
}
