internal import Base
public import Control

/// The routes about who takes the writes of each home region.
public struct AuthorityRoutes {
  private let store: (any ControlStore)?

  /// For records kept in `store`; nil: there are none.
  public init(_ store: (any ControlStore)?) { self.store = store }

  /// All of them.
  public var all: [AdminRoute] { [authorities] }

  private var authorities: AdminRoute {
    AdminRoute(
      .get, "/v1/authorities", name: "getAuthorities", roles: .anybody,
      "Who takes the writes of each home region, and how far a change of that has come",
      outcomes: [
        .init(
          200, "the records",
          .object([
            .init("revision", .integer), .init("authorities", .list(.named("Authority"))),
          ]))
      ]
    ) { call throws(Problem) in
      var state = OperatorState()
      do throws(StateFault) {
        if let stored = try self.store?.read() { state = stored.books.state }
      } catch {
        throw Problem(error)
      }
      return .json(
        .object([
          ("revision", .number(state.settled(at: call.time).revision)),
          ("authorities", .list(state.authorities.map(\.json))),
        ]))
    }
  }

  /// The documents that these routes refer to by name.
  static let components: [(String, Schema)] = [
    (
      "Authority",
      .object([
        .init("domain", .text, "the home region"),
        .init("state", .word(AuthorityState.allCases.map(\.rawValue))),
        .init("epoch", .integer, "the highest that was given"),
        .init("endpoint", .text, "who holds the writes, or held them last"),
        .init("holder_epoch", .integer, "the epoch in which it does"),
        .init("candidate", .optional(.text), "who is to take them in `epoch`"),
        .init("plan", .optional(.text), "the plan that changes it"),
        .init("author", .text, "who brought it into this state"), .init("reason", .text),
        .init("since", .time),
      ])
    )
  ]
}

extension AuthorityRecord {
  /// The record for programs.
  fileprivate var json: JSONValue {
    .object([
      ("domain", .text(domain)), ("state", .text(state.rawValue)),
      ("epoch", .number(Int(clamping: epoch))), ("endpoint", .text(endpoint)),
      ("holder_epoch", .number(Int(clamping: holderEpoch))), ("candidate", .optional(candidate)),
      ("plan", .optional(plan.isEmpty ? nil : plan)), ("author", .text(warrant.author)),
      ("reason", .text(warrant.reason)), ("since", .text(since.text)),
    ])
  }
}
