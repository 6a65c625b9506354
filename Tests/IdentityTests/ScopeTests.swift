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
    let verdict = unsafe scopes.cover(
      row.operation, type: row.type, isLaunchPatient: row.isLaunchPatient)
    #expect(verdict == row.verdict, "\(row)")
  }

  @Test func scopesNeverCoverMoreWhenOneIsTakenAway() {
    let words = Self.rows.flatMap { $0.scopes.split(separator: " ") }
    for operation in Operation.allCases {
      let all = unsafe SMARTScopes(words: words).cover(
        operation, type: "Observation", isLaunchPatient: true)
      for index in words.indices {
        var fewer = words
        fewer.remove(at: index)
        let verdict = unsafe SMARTScopes(words: fewer).cover(
          operation, type: "Observation", isLaunchPatient: true)
        #expect(verdict == all || verdict == .missing)
      }
    }
  }

  static let sys = "http://terminology.hl7.org/CodeSystem/observation-category"

  /// A granular scope, a request's query, and whether the scope covers the search.
  static let granular: [(scope: String, query: String?, isGranted: Bool)] = [
    ("user/Observation.rs?category=laboratory", "patient=A&category=laboratory", true),
    ("user/Observation.s?category=laboratory", "category=laboratory", true),
    ("user/Observation.rs?category=\(sys)|laboratory", "category=\(sys)|laboratory", true),
    (
      "user/Observation.rs?category=\(sys)|laboratory",
      "category=http%3A%2F%2Fterminology.hl7.org%2FCodeSystem%2Fobservation-category%7Claboratory",
      true
    ),
    ("user/Observation.rs?category=laboratory,vital-signs", "category=vital-signs", true),
    ("user/Observation.rs?category=a,b", "category=b,a", true),
    ("user/Observation.rs?category=a,b", "category=a%2Cb", true),
    ("user/Observation.rs?category=a,b", "category=a&category=b&_count=5", true),
    ("user/Observation.rs?category=a&status=final", "status=final&category=a", true),
    ("user/Observation.rs?category=a user/Observation.rs?category=b", "category=b", true),
    ("user/Observation.rs?_security=N", "_security=N&code=1", true),
    // Wider than the scope, or not provably inside it.
    ("user/Observation.rs?category=laboratory", nil, false),
    ("user/Observation.rs?category=laboratory", "", false),
    ("user/Observation.rs?category=laboratory", "patient=A", false),
    ("user/Observation.rs?category=laboratory", "category=", false),
    ("user/Observation.rs?category=laboratory", "category", false),
    ("user/Observation.rs?category=laboratory", "category=social-history", false),
    ("user/Observation.rs?category=laboratory", "category=laboratory,social-history", false),
    ("user/Observation.rs?category=laboratory", "category=laboratory,", false),
    ("user/Observation.rs?category=laboratory", "category=,laboratory", false),
    ("user/Observation.rs?category=laboratory", "category=laboratoryx", false),
    ("user/Observation.rs?category=laboratory", "category=Laboratory", false),
    ("user/Observation.rs?category=laboratory", "category=labor", false),
    ("user/Observation.rs?category=laboratory", "category=laboratory%2Csdoh", false),
    ("user/Observation.rs?category=laboratory", "category=laboratory&category=sdoh", false),
    ("user/Observation.rs?category=laboratory", "category=laboratory;category=sdoh", false),
    ("user/Observation.rs?category=laboratory", "code=1;2&category=laboratory", false),
    ("user/Observation.rs?category=laboratory", "category:not=laboratory", false),
    ("user/Observation.rs?category=laboratory", "category=laboratory&category:not=x", false),
    ("user/Observation.rs?category=laboratory", "categor%79=laboratory", false),
    ("user/Observation.rs?category=laboratory", "category=laboratory&categor%79=sdoh", false),
    ("user/Observation.rs?category=laboratory", "category=laborator%79%2", false),
    ("user/Observation.rs?category=laboratory", "CATEGORY=laboratory", false),
    ("user/Observation.rs?category=laboratory", "category=\(sys)|laboratory", false),
    ("user/Observation.rs?category=\(sys)|laboratory", "category=laboratory", false),
    ("user/Observation.rs?category=a", "category=a&_include=Observation:subject", false),
    ("user/Observation.rs?category=a", "category=a&_revinclude=Provenance:target", false),
    ("user/Observation.rs?category=a", "category=a&_has:Group:member:code=1", false),
    ("user/Observation.rs?category=a", "category=a&subject.name=x", false),
    ("user/Observation.rs?category=a", "category=a&_contained=both", false),
    ("user/Observation.rs?category=a", "category=a&_list=42", false),
    ("user/Observation.rs?category=a&status=final", "category=a", false),
    ("user/Observation.r?category=a", "category=a", false),
    ("user/Condition.rs?category=a", "category=a", false),
    ("patient/Observation.rs?category=a", "category=a", false),
    // Scopes that say nothing.
    ("user/*.rs?category=a", "category=a", false),
    ("user/Observation.read?category=a", "category=a", false),
    ("user/Observation.rs?", "", false), ("user/Observation.rs?category", "category=a", false),
    ("user/Observation.rs?category=", "category=", false),
    ("user/Observation.rs?category=a,,b", "category=a", false),
    ("user/Observation.rs?category:in=a", "category:in=a", false),
    ("user/Observation.rs?patient.name=a", "patient.name=a", false),
    ("user/Observation.rs?_has:Group:member:code=1", "_has:Group:member:code=1", false),
    ("user/Observation.rs?_include=a", "_include=a", false),
    ("user/Observation.rs?category=%61", "category=a", false),
    ("user/Observation.rs?category=a+b", "category=a+b", false),
    ("user/Observation.rs?a=1&a=2&a=3&a=4&a=5&a=6&a=7&a=8&a=9", "a=1", false),
  ]

  @Test(arguments: granular.indices)
  func granularScopesCoverSearchesInsideThem(_ index: Int) {
    let row = Self.granular[index]
    let scopes = SMARTScopes(words: row.scope.split(separator: " "))
    func cover(_ operation: Operation) -> TokenScope {
      guard let query = row.query else {
        return unsafe scopes.cover(operation, type: "Observation", isLaunchPatient: false)
      }
      return unsafe Array(query.utf8).withUnsafeBytes {
        unsafe scopes.cover(operation, type: "Observation", isLaunchPatient: false, query: $0)
      }
    }
    #expect(cover(.search) == (row.isGranted ? .granted : .missing), "\(row)")
    for operation in [Operation.read, .vread, .history, .create, .update, .operation, .export] {
      #expect(cover(operation) == .missing, "\(row)")
    }
  }

  /// What a query finds grows with alternatives only, and shrinks with parameters: nothing that is
  /// put after a query that lies outside brings it inside, unless it repeats the scope.
  @Test(arguments: [UInt64](1...20))
  func nothingAddedBringsAnAlternativeInside(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let query = try #require(ScopeQuery("category=a,b&status=final"))
    let parts = [
      "category=a", "category=b,a", "status=final", "category=a,c", "category=%61", "code=1",
      "_count=3", "status:not=x", "_include=x", "category=", "status=final%2Cdraft", ";",
    ]
    let bad = [3, 7, 8, 9, 10, 11]
    for _ in 0..<200 {
      let picked = (0..<Int.random(in: 0...6, using: &random)).map { _ in
        Int.random(in: 0..<parts.count, using: &random)
      }
      let text = picked.map { parts[$0] }.joined(separator: "&")
      let isInside = unsafe Array(text.utf8).withUnsafeBytes { unsafe query.contains($0) }
      let hasBoth =
        picked.contains { [0, 1, 4].contains($0) } && picked.contains(2)
      #expect(isInside == (hasBoth && !picked.contains { bad.contains($0) }), "\(text)")
    }
  }

  @Test func supportSeesGranularScopes() {
    let word = "patient/Observation.rs?category=\(Self.sys)|laboratory&status=final"
    #expect(SMARTScopes(words: [word[...]]).words == [word])
  }

  @Test func theCountIsBounded() {
    let words = Array(repeating: "user/A.rs"[...], count: 10_000)
    #expect(SMARTScopes(words: words).scopes.count == IdentityLimits.scopeCountMax)
  }
}
