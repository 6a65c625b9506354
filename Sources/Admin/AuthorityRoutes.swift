internal import Base
public import Control
internal import Policy

/// The routes about who takes the writes of each home region.
public struct AuthorityRoutes {
  private let acts: OperatorActs
  private let edges: () throws(StateFault) -> [EdgeRegistration]

  /// For what operators may ask for; `edges` tells which edges follow the records.
  public init(
    _ acts: OperatorActs, edges: @escaping () throws(StateFault) -> [EdgeRegistration]
  ) {
    self.acts = acts
    self.edges = edges
  }

  /// All of them.
  public var all: [AdminRoute] { [authorities, change] }

  private var authorities: AdminRoute {
    AdminRoute(
      .get, "/v1/authorities", name: "getAuthorities", roles: .anybody,
      "Who takes the writes of each home region, how far a change of that has come, and which edges"
        + " follow",
      outcomes: [
        .init(
          200, "the records",
          .object([
            .init("revision", .integer),
            .init(
              "warning", .optional(.text), "what is wrong with the store of orders"),
            .init("authorities", .list(.named("Authority"))),
            .init("edges", .list(EdgeRegistration.schema)),
          ]))
      ]
    ) { call throws(Problem) in
      let (state, warning) = try self.acts.state(at: call.time)
      let edges: [EdgeRegistration]
      do throws(StateFault) { edges = try self.edges() } catch { throw Problem(error) }
      return .json(
        .object([
          ("revision", .number(state.revision)), ("warning", .optional(warning)),
          ("authorities", .list(state.authorities.map(\.json))),
          ("edges", .list(edges.map(\.json))),
        ]), revision: state.revision)
    }
  }

  /// The words of changes.
  private enum Word: String, CaseIterable {
    case claim, fence, fenced, restore, promote, activate, orphan, conflict
  }

  /// Whole numbers that every reader of JSON takes.
  private static let numbers = 0...(1 << 53)

  private var change: AdminRoute {
    AdminRoute(
      .post, "/v1/authorities/{domain}", name: "changeAuthority", roles: [.sre],
      "Make the first record of a home region's writes, or bring it into its next state, by hand",
      parameters: [
        .init("domain", in: .path, "the home region whose data it is", isRequired: true), .dryRun,
        .ifMatch,
      ],
      body: .object([
        .init("change", .word(Word.allCases.map(\.rawValue)), "`claim` makes the first record"),
        .init(
          "endpoint", .text,
          "the server that is promoted; of a claim, by default the configured primary",
          isRequired: false),
        .init(
          "epoch", .count(Self.numbers), "of a claim; by default what the server reports",
          isRequired: false),
        .init(
          "position", .count(Self.numbers), "the last position that is known to be there",
          isRequired: false),
        .init("reason", .text, "stands in the record; no patient's data"),
        .init("ticket", .text, "of the change", isRequired: false),
      ]), outcomes: [OperatorActs.outcomes[1]], problems: OperatorActs.refusals
    ) { call throws(Problem) in
      let change = try self.wanted(call)
      return try self.acts.act(call) { _ throws(Problem) in
        .authority(call.place("domain"), change)
      }
    }
  }

  /// The change that a body means.
  private func wanted(_ call: AdminCall) throws(Problem) -> AuthorityChange {
    let position = call.body["position"]?.number.map { UInt64($0) }
    switch Word(rawValue: call.text("change")) {
    case .claim: return try claim(call)
    case .fence: return .fence(plan: "")
    case .fenced: return .fenced(position: position)
    case .restore: return .restore
    case .activate: return .activate
    case .orphan: return .orphan
    case .conflict: return .conflict
    case .promote:
      let known = acts.outline().regions.flatMap { $0.servers.map(\.name) }
      guard known.contains(call.text("endpoint")) else {
        throw Problem(
          422, "unknown-endpoint",
          "`promote` needs an endpoint, one of \(known.joined(separator: ", "))")
      }
      return .promote(endpoint: call.text("endpoint"), position: position)
    case nil: preconditionFailure("the schema knows the words")
    }
  }

  /// The first record: what is not given, the configuration and the edge's sight tell.
  private func claim(_ call: AdminCall) throws(Problem) -> AuthorityChange {
    let domain = call.place("domain")
    let regions = acts.outline().regions
    guard let region = regions.first(where: { $0.name == domain }) else {
      throw Problem(OperatorRefusal.unknownRegion(domain, known: regions.map(\.name)))
    }
    let given = call.text("endpoint")
    let primary =
      given.isEmpty ? region.servers.first { $0.tier == .primary }?.name : given
    guard let primary else {
      throw Problem(
        409, "no-primary", "region `\(domain)` has no configured primary; name an endpoint")
    }
    if let epoch = call.body["epoch"]?.number {
      return .claim(endpoint: primary, epoch: UInt64(epoch))
    }
    let seen = acts.report(call)?.servers.first { $0.name == primary }
    guard let seen, seen.role == "primary", let epoch = seen.epoch else {
      throw Problem(
        409, "primary-unseen",
        "no running edge sees `\(primary)` as a primary; look at `homeward region status`, or give"
          + " its epoch")
    }
    return .claim(endpoint: primary, epoch: epoch)
  }

  /// The documents that these routes refer to by name.
  static let components: [(String, Schema)] = [("Authority", AuthorityRecord.schema)]
}

extension AuthorityRecord {
  /// What `json` holds.
  static let schema = Schema.object([
    .init("domain", .text, "the home region"),
    .init("state", .word(AuthorityState.allCases.map(\.rawValue))),
    .init("epoch", .integer, "the highest that was given"),
    .init("endpoint", .text, "who holds the writes, or held them last"),
    .init("holder_epoch", .integer, "the epoch in which it does"),
    .init("candidate", .optional(.text), "who is to take them in `epoch`"),
    .init("position", .optional(.integer), "the last one of the holder, if it is known"),
    .init("plan", .optional(.text), "the plan that changes it"),
    .init("author", .text, "who brought it into this state"), .init("reason", .text),
    .init("ticket", .text), .init("since", .time),
    .init("act", .integer, "the number of the act that did"),
  ])

  /// The record for programs.
  var json: JSONValue {
    .object([
      ("domain", .text(domain)), ("state", .text(state.rawValue)),
      ("epoch", .number(Int(clamping: epoch))), ("endpoint", .text(endpoint)),
      ("holder_epoch", .number(Int(clamping: holderEpoch))), ("candidate", .optional(candidate)),
      ("position", .optional(position.map { Int(clamping: $0) })),
      ("plan", .optional(plan.isEmpty ? nil : plan)), ("author", .text(warrant.author)),
      ("reason", .text(warrant.reason)), ("ticket", .text(warrant.ticket)),
      ("since", .text(since.text)), ("act", .number(number)),
    ])
  }
}

extension EdgeRegistration {
  /// What `json` holds.
  fileprivate static let schema = Schema.object([
    .init("edge", .text), .init("seen", .optional(.integer), "the last act that it knows"),
    .init("writes", .any, "how many are under way, by domain"), .init("time", .time),
  ])

  /// The edge for programs.
  fileprivate var json: JSONValue {
    .object([
      ("edge", .text(edge)), ("seen", .optional(seen)),
      ("writes", .object(writes.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })),
      ("time", .text(time.text)),
    ])
  }
}
