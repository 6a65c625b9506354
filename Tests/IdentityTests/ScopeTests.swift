import Base
import Testing

@testable import Identity

@Suite struct ScopeTests {
  /// A token's scopes, a request, whether it is about the launch's patient, and the verdict.
  typealias Row = (
    scopes: String, operation: Operation, type: StaticString, isLaunchPatient: Bool,
    verdict: TokenScope
  )

  static let rows: [Row] = [
    // Version 1.
    ("user/*.read", .read, "Observation", false, .granted),
    ("user/*.read", .vread, "Observation", false, .granted),
    ("user/*.read", .search, "Observation", false, .granted),
    ("user/*.read", .history, "Observation", false, .granted),
    ("user/*.read", .create, "Observation", false, .missing),
    ("user/*.write", .read, "Observation", false, .missing),
    ("user/*.write", .create, "Observation", false, .granted),
    ("user/*.write", .update, "Observation", false, .granted),
    ("user/*.write", .patch, "Observation", false, .granted),
    ("user/*.write", .delete, "Observation", false, .granted),
    ("user/Observation.*", .delete, "Observation", false, .granted),
    ("user/Observation.*", .read, "Condition", false, .missing),
    // Version 2, letter by letter.
    ("user/Observation.c", .create, "Observation", false, .granted),
    ("user/Observation.r", .read, "Observation", false, .granted),
    ("user/Observation.r", .search, "Observation", false, .missing),
    ("user/Observation.r", .history, "Observation", false, .missing),
    ("user/Observation.s", .search, "Observation", false, .granted),
    ("user/Observation.s", .read, "Observation", false, .missing),
    ("user/Observation.u", .patch, "Observation", false, .granted),
    ("user/Observation.d", .delete, "Observation", false, .granted),
    ("user/Observation.rs user/Observation.c", .create, "Observation", false, .granted),
    ("user/*.cruds", .operation, "Observation", false, .granted),
    ("user/Observation.cruds", .operation, "Observation", false, .granted),
    ("user/*.rs", .operation, "Observation", false, .missing),
    ("user/*.cruds", .batch, "", false, .granted),
    ("user/Observation.cruds", .transaction, "", false, .missing),
    // Nothing but the letters in their order.
    ("user/Observation.sr", .read, "Observation", false, .missing),
    ("user/Observation.dus", .delete, "Observation", false, .missing),
    ("user/Observation.rr", .read, "Observation", false, .missing),
    ("user/Observation.", .read, "Observation", false, .missing),
    ("user/Observation.Read", .read, "Observation", false, .missing),
    ("user/observation.rs", .read, "Observation", false, .missing),
    ("user/Obs*.rs", .read, "Observation", false, .missing),
    ("user/Observation.rs/x", .read, "Observation", false, .missing),
    ("USER/Observation.rs", .read, "Observation", false, .missing),
    ("user/Observation.rs?category=vital-signs", .search, "Observation", false, .missing),
    ("user/*.rs?_security=N", .read, "Observation", false, .missing),
    // Contexts.
    ("patient/*.rs", .read, "Observation", true, .granted),
    ("patient/*.rs", .read, "Observation", false, .missing),
    ("patient/Observation.rs user/Observation.r", .search, "Observation", false, .missing),
    ("system/*.rs", .read, "Observation", false, .granted),
    ("system/*.rs", .export, "", false, .granted),
    ("user/*.rs", .export, "", false, .missing),
    ("system/Patient.rs", .export, "Patient", false, .missing),
    // No data, no scope for it.
    ("openid profile launch/patient offline_access", .read, "Observation", true, .missing),
    ("", .read, "Observation", true, .missing),
    ("openid", .capabilities, "", false, .granted),
    ("user/*.cruds", .unknown, "Observation", false, .missing),
    ("openid", .asset, "", false, .unknown),
  ]

  @Test(arguments: rows.indices)
  func scopesCoverWhatTheySay(_ index: Int) {
    let row = Self.rows[index]
    let scopes = SMARTScopes(words: row.scopes.split(separator: " "))
    let verdict = scopes.cover(row.operation, type: row.type, isLaunchPatient: row.isLaunchPatient)
    #expect(verdict == row.verdict, "\(row)")
  }

  @Test func scopesNeverCoverMoreWhenOneIsTakenAway() {
    let words = Self.rows.flatMap { $0.scopes.split(separator: " ") }
    for operation in Operation.allCases {
      let all = SMARTScopes(words: words).cover(
        operation, type: "Observation", isLaunchPatient: true)
      for index in words.indices {
        var fewer = words
        fewer.remove(at: index)
        let verdict = SMARTScopes(words: fewer).cover(
          operation, type: "Observation", isLaunchPatient: true)
        #expect(verdict == all || verdict == .missing)
      }
    }
  }

  @Test func theCountIsBounded() {
    let words = Array(repeating: "user/A.rs"[...], count: 10_000)
    #expect(SMARTScopes(words: words).scopes.count == IdentityLimits.scopeCountMax)
  }
}
