public import Admin
internal import Base
internal import Cache
internal import Identity
internal import Proxy

/// The routes about the cache: figures, purges, what would become of a request.
public struct CacheRoutes {
  private let operations: CacheOperations?

  /// For an edge's cache; nil for one that keeps nothing.
  public init(_ operations: CacheOperations?) { self.operations = operations }

  /// All of them.
  public var all: [AdminRoute] { [figures, explanation, purge, shred] }

  /// What a purge ends.
  private enum Target: String, CaseIterable { case all, tenant, tag, prefix, patient }

  private func cache() throws(Problem) -> CacheOperations {
    guard let operations else {
      throw Problem(409, "no-cache", "this edge keeps nothing: its configuration has no `cache`")
    }
    return operations
  }

  private static let problems: [UInt16: String] = [409: "this edge keeps nothing"]
  private static let unknown: [UInt16: String] = [
    422: "the body is malformed, or names a tenant or type that is not there: nothing was ended"
  ]

  // MARK: Looking

  private static let counts: [(String, @Sendable (CacheCounts) -> UInt64, String)] = [
    ("hits", { $0.hitCount }, "served fresh"),
    ("stale_hits", { $0.staleHitCount }, "served stale, as the row allows"),
    ("validations", { $0.validationCount }, "had to be validated with the server"),
    ("misses", { $0.missCount }, "found nothing"),
    ("collapsed", { $0.collapsedCount }, "waited for another request's answer"),
    ("withheld", { $0.withheldCount }, "found what this request must not get"),
    ("ended", { $0.deadCount }, "found what had ended"),
    ("stored", { $0.storedCount }, "answers stored"),
    ("broken_seals", { $0.brokenSealCount }, "did not open though their key was there"),
    ("disk_reads", { $0.diskReadCount }, "read back from disk"),
  ]

  private var figures: AdminRoute {
    AdminRoute(
      .get, "/v1/cache", name: "getCache", roles: .anybody, "What the cache holds and did",
      outcomes: [
        .init(
          200, "the figures since the edge's start",
          .object([
            .init("bytes", .integer), .init("bytes_max", .integer), .init("entries", .integer),
            .init("disk_bytes", .integer, "of entries that lie on disk"),
            .init("disk_bytes_max", .integer, "0: nothing may lie there"),
            .init("disk_entries", .integer),
            .init("fills", .integer, "answers that are being fetched"),
            .init("evicted", .integer, "entries that went to make room"),
            .init("data_keys", .integer, "keys that seal entries"),
            .init(
              "tenants",
              .list(
                .object([
                  .init("name", .text, "empty: nobody in particular"),
                  .init("entries", .integer), .init("bytes", .integer),
                ]))),
            .init(
              "classes",
              .list(
                .object(
                  [.init("class", .text)] + Self.counts.map { .init($0.0, .integer, $0.2) })),
              "data classes for which anything happened"),
          ]))
      ], problems: Self.problems
    ) { _ throws(Problem) in
      let figures = try self.cache().cacheStatistics()
      let statistics = figures.statistics
      let classes = zip(DataClass.allCases, statistics.classes).filter { $0.1 != CacheCounts() }
      return .json(
        .object([
          ("bytes", .number(statistics.byteCount)), ("bytes_max", .number(figures.byteCountMax)),
          ("entries", .number(statistics.entryCount)),
          ("disk_bytes", .number(statistics.diskByteCount)),
          ("disk_bytes_max", .number(figures.diskByteCountMax)),
          ("disk_entries", .number(statistics.diskEntryCount)),
          ("fills", .number(statistics.fillCount)),
          ("evicted", .number(Int(clamping: statistics.evictedCount))),
          ("data_keys", .number(statistics.dataKeyCount)),
          (
            "tenants",
            .list(
              figures.tenants.map { tenant in
                .object([
                  ("name", .text(tenant.name)), ("entries", .number(tenant.share.entryCount)),
                  ("bytes", .number(tenant.share.byteCount)),
                ])
              })
          ),
          (
            "classes",
            .list(
              classes.map { name, counts in
                .object(
                  [("class", .text(name.rawValue))]
                    + Self.counts.map { ($0.0, .number(Int(clamping: $0.1(counts)))) })
              })
          ),
        ]))
    }
  }

  private var explanation: AdminRoute {
    AdminRoute(
      .post, "/v1/cache/explanations", name: "explainCache", roles: .anybody,
      "What would become of a request, and why; it leaves no trace",
      body: .object([
        .init("method", .word(["GET", "HEAD"]), "without it, GET", isRequired: false),
        .init("authority", .text, "host, and port if any"), .init("target", .text),
        .init(
          "fields",
          .list(.object([.init("name", .text), .init("value", .text)])), isRequired: false),
        .init("client", .text, "the user's address; without it, not known", isRequired: false),
        .init(
          "token", .text, "the user's bearer token; it is kept and recorded nowhere",
          isRequired: false),
        .init(
          "subject",
          .object([
            .init("role", .word(Role.allCases.map(\.rawValue)), isRequired: false),
            .init("purpose", .word(Purpose.allCases.map(\.rawValue)), isRequired: false),
            .init("tenant", .text, "a name of the policy", isRequired: false),
          ]), "in place of a token: taken as proved. Without both, nobody proves anything",
          isRequired: false),
      ]),
      outcomes: [
        .init(
          200, "the verdict",
          .object([
            .init(
              "verdict", .text,
              "refused, bypass, miss, filling, hit, stale-hit, validate, ended or withheld"),
            .init("reason", .optional(.text)),
            .init("policy", .text, "version, and the rule that decided"),
            .init("class", .text), .init("sensitivity", .text),
            .init("row", .optional(.integer), "of the policy's matrix, from 1"),
            .init("key", .list(.text), "what entries are told apart by: names, never values"),
            .init("ends", .list(.text), "what ends an entry before its time"),
            .init("stores", .boolean, "whether a server's answer may be kept, if it allows that"),
            .init("staleness_milliseconds", .optional(.integer), "how old an answer may be"),
            .init("age_milliseconds", .optional(.integer)),
            .init("fresh_milliseconds", .optional(.integer), "how long it stays fresh"),
            .init("stored", .optional(.time)),
          ]))
      ], problems: Self.problems, isRead: true
    ) { call throws(Problem) in
      let advice = try self.cache().cacheExplain(try Self.question(call))
      guard let advice else {
        throw Problem(422, "malformed-body", "the body does not describe one request")
      }
      let evidence = advice.evidence
      return .json(
        .object([
          ("verdict", .text(advice.verdict)), ("reason", .optional(advice.reason)),
          ("policy", .text(advice.policy)), ("class", .text(advice.dataClass.rawValue)),
          ("sensitivity", .text(advice.sensitivity.rawValue)), ("row", .optional(advice.row)),
          ("key", .list(advice.keyParts.map { .text($0) })),
          ("ends", .list(advice.endings.map { .text($0) })), ("stores", .boolean(advice.stores)),
          (
            "staleness_milliseconds",
            .optional(advice.stalenessMillisecondsMax.map { Int(clamping: $0) })
          ),
          ("age_milliseconds", .optional(evidence.map { Int(clamping: $0.ageMilliseconds) })),
          (
            "fresh_milliseconds",
            .optional(evidence.map { Int(clamping: $0.remainingMilliseconds) })
          ),
          ("stored", .optional(evidence.map { Self.text(of: $0.storedWall) })),
        ]))
    }
  }

  /// RFC 3339, UTC.
  private static func text(of time: WallTime) -> String {
    var queue = ByteQueue()
    queue.append(rfc3339: time)
    return String(decoding: queue.copyToArray(), as: UTF8.self)
  }

  /// What a body asks.
  private static func question(_ call: AdminCall) throws(Problem) -> CacheOperations.Question {
    var question = CacheOperations.Question(head: try head(call))
    if let text = call.body["client"]?.text {
      guard let address = IPAddress(text) else {
        throw Problem(422, "malformed-body", "`client` is no IP address")
      }
      question.client = address
    }
    let token = call.body["token"]?.text
    if let subject = call.body["subject"] {
      guard token == nil else {
        throw Problem(422, "malformed-body", "`token` and `subject` exclude each other")
      }
      question.sender = .stated(facts(subject))
    } else if let token {
      question.sender = .bearer(Array(token.utf8))
    }
    return question
  }

  /// What a body says of a user; the words were checked.
  private static func facts(_ subject: JSONValue) -> SubjectFacts {
    var facts = SubjectFacts()
    facts.role = subject["role"]?.text.flatMap { Role(rawValue: $0) } ?? .unknown
    facts.tenant = subject["tenant"]?.text
    let purpose = subject["purpose"]?.text.flatMap { Purpose(rawValue: $0) }
    facts.purposes = PurposeOfUse.allCases.filter { $0.purpose == purpose }.prefix(1).map { $0 }
    return facts
  }

  /// The head of the request that a body describes, as HTTP/1.1 writes it.
  private static func head(_ call: AdminCall) throws(Problem) -> [UInt8] {
    var lines = [
      "\(call.body["method"]?.text ?? "GET") \(call.text("target")) HTTP/1.1",
      "host: \(call.text("authority"))",
    ]
    for field in call.body["fields"]?.items ?? [] {
      lines.append("\(field["name"]?.text ?? ""): \(field["value"]?.text ?? "")")
    }
    guard lines.allSatisfy({ $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }) else {
      throw Problem(422, "malformed-body", "the request has control characters")
    }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
  }

  // MARK: Ends

  private static let ended = AdminRoute.Outcome(
    200, "done; it holds on every loop",
    .object([
      .init("ok", .boolean),
      .init("count", .optional(.integer), "what went at once; null: it goes as it is met"),
    ]))

  private var purge: AdminRoute {
    AdminRoute(
      .post, "/v1/cache/purges", name: "purgeCache", roles: [.sre, .officer],
      "End entries, on all loops at once, and what is being fetched of them",
      body: .object([
        .init("what", .word(Target.allCases.map(\.rawValue))),
        .init("tenant", .text, "of `tenant`", isRequired: false),
        .init("tag", .text, "of `tag`: a FHIR type, or one resource", isRequired: false),
        .init("authority", .text, "of `prefix`: host, and port if any", isRequired: false),
        .init("path", .text, "of `prefix`: how paths begin", isRequired: false),
        .init("patient", .text, "of `patient`: one of his ids", isRequired: false),
        .init("reason", .text, "stands in the record; no patient's data"),
      ]), outcomes: [Self.ended], problems: Self.problems.merging(Self.unknown) { $1 }
    ) { call throws(Problem) in
      let purge = try Self.purge(call)
      let cache = try self.cache()
      let count: Int?
      do throws(CacheOperations.Unknown) {
        count = try cache.cachePurge(
          purge, author: call.caller.name, reason: call.text("reason"))
      } catch { throw Problem(error) }
      return .json(.object([("ok", .boolean(true)), ("count", .optional(count))]))
    }
  }

  /// What a body wants ended: the members that belong to its `what`, and no others.
  private static func purge(_ call: AdminCall) throws(Problem) -> CacheOperations.Purge {
    let what = Target(rawValue: call.text("what")) ?? .all
    let needed: [String] =
      switch what {
      case .all: []
      case .prefix: ["authority", "path"]
      case .tenant, .tag, .patient: [what.rawValue]
      }
    for name in ["tenant", "tag", "authority", "path", "patient"] {
      guard call.text(name).isEmpty == !needed.contains(name) else {
        throw Problem(
          422, "malformed-body",
          needed.contains(name)
            ? "a purge of `\(what)` needs `\(name)`" : "a purge of `\(what)` has no `\(name)`")
      }
    }
    return switch what {
    case .all: .all
    case .tenant: .tenant(call.text("tenant"))
    case .tag: .tag(call.text("tag"))
    case .prefix: .prefix(authority: call.text("authority"), path: call.text("path"))
    case .patient: .patient(call.text("patient"))
    }
  }

  private var shred: AdminRoute {
    AdminRoute(
      .post, "/v1/cache/shreds", name: "shredCache", roles: [.officer],
      "Destroy a tenant's keys: what they sealed cannot be opened by anybody any more",
      body: .object([
        .init("tenant", .text),
        .init("reason", .text, "stands in the record; no patient's data"),
      ]), outcomes: [Self.ended], problems: Self.problems.merging(Self.unknown) { $1 }
    ) { call throws(Problem) in
      let cache = try self.cache()
      let count: Int
      do throws(CacheOperations.Unknown) {
        count = try cache.cacheShred(
          tenant: call.text("tenant"), author: call.caller.name, reason: call.text("reason"))
      } catch { throw Problem(error) }
      return .json(.object([("ok", .boolean(true)), ("count", .number(count))]))
    }
  }
}

extension Problem {
  /// What was named is not there.
  fileprivate init(_ unknown: CacheOperations.Unknown) {
    switch unknown {
    case .tenant(let name, let known):
      let names = known.prefix(20).map { "`\($0)`" }.joined(separator: ", ")
      let rest = known.count > 20 ? " and \(known.count - 20) others" : ""
      self.init(
        422, "unknown-tenant",
        known.isEmpty
          ? "no tenant `\(name)`: the policy has none"
          : "no tenant `\(name)`: there are \(names)\(rest)")
    case .tag(let text):
      self.init(
        422, "unknown-tag",
        "`\(text)` is no FHIR type and no resource: write `ValueSet` or `ValueSet/123`")
    case .authority(let text):
      self.init(
        422, "malformed-body", "`\(text)` is no authority: write a host, and a port if any")
    }
  }
}
