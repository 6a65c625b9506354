import Base
import StrictYAML

/// Checks the cache matrix: what may be stored at all, and that no stored answer reaches anybody
/// for whom it was not made.
struct CacheLint {
  let rows: [CacheRow]
  let routes: [Rule]
  /// Where the section stands.
  let mark: Mark
  let diagnostics: Diagnostics

  /// Looks at every row and every route.
  func check() {
    checkCompleteness()
    for row in rows {
      guard let store = row.store else { continue }
      checkConfidential(row, store)
      checkReaders(row, store)
      checkConsent(row, store)
      checkNegative(row, store)
      checkDisk(row, store)
    }
    checkRoutes()
  }

  /// Every data class stands in exactly one row.
  private func checkCompleteness() {
    var seen: [DataClass: Int] = [:]
    for row in rows {
      for dataClass in row.dataClasses {
        if let line = seen[dataClass] {
          error(
            .cacheClass, row, "`\(dataClass.rawValue)` has a row already, in line \(line)")
        }
        seen[dataClass] = row.mark.line
      }
    }
    let missing = DataClass.allCases.filter { seen[$0] == nil }
    if !missing.isEmpty {
      diagnostics.error(
        Code.cacheClass.rawValue, at: mark,
        "no row of `cache` names \(list(missing)); every data class needs one, if only with"
          + " `store: never`")
    }
  }

  /// What may be more than normally confidential is stored briefly, sealed, and for one user.
  private func checkConfidential(_ row: CacheRow, _ store: CacheStorage) {
    let classes = row.dataClasses.filter { $0.mayBeProtected || row.mayBeConfidential }
    guard !classes.isEmpty else { return }
    var lacks: [String] = []
    if store.seal == .none { lacks.append("a `seal`") }
    if !store.key.contains(.user) { lacks.append("`user` in `key`") }
    if store.ttlMilliseconds > Limits.confidentialCacheMillisecondsMax {
      lacks.append("a `ttl` of 60s at most")
    }
    if !lacks.isEmpty {
      error(
        .cacheConfidential, row,
        "\(list(classes)) may be more than normally confidential; storing it needs"
          + " \(lacks.joined(separator: ", "))")
    }
    for route in routes where route.durability != .durable {
      guard let dataClass = classes.first(where: { route.mayServe($0, row.storedSensitivities) })
      else { continue }
      error(
        .cacheConfidential, row,
        "`\(dataClass.rawValue)` may be more than normally confidential; storing it needs"
          + " `audit: durable` in `\(route.id)` (line \(route.mark.line))")
    }
  }

  /// Whoever may not read an entry must not share its key with one who may.
  private func checkReaders(_ row: CacheRow, _ store: CacheStorage) {
    if store.readerRoles != nil, !store.key.contains(.role) {
      error(.cacheReaders, row, "`readers` asks for the role, so `key` must hold `role`")
    }
    if store.readerPurposes != nil, !store.key.contains(.purpose) {
      error(.cacheReaders, row, "`readers` asks for the purpose, so `key` must hold `purpose`")
    }
  }

  /// What a patient may consent to ends with his consent, and is his organisation's.
  private func checkConsent(_ row: CacheRow, _ store: CacheStorage) {
    let classes = row.dataClasses.filter(\.bearsConsent)
    guard !classes.isEmpty else { return }
    var lacks: [String] = []
    if !store.key.contains(.tenant) { lacks.append("`tenant` in `key`") }
    if !store.key.contains(.consent) { lacks.append("`consent` in `key`") }
    if !store.invalidations.contains(.consent) { lacks.append("`consent` in `invalidate`") }
    if !store.invalidations.contains(.write) { lacks.append("`write` in `invalidate`") }
    if !lacks.isEmpty {
      error(
        .cacheConsent, row,
        "\(list(classes)) depends on the patient's consent; storing it needs"
          + " \(lacks.joined(separator: ", "))")
    }
  }

  /// That a patient has no such record is told to nobody who did not ask where it would be.
  private func checkNegative(_ row: CacheRow, _ store: CacheStorage) {
    guard store.negativeMilliseconds > 0 else { return }
    let classes = row.dataClasses.filter(\.bearsConsent)
    if !classes.isEmpty {
      error(
        .cacheNegative, row,
        "`negative` is for `reference`, `scheduling` and `asset`; that \(list(classes)) does not"
          + " exist is about a patient")
    }
  }

  /// Nobody's record lies on a disk, and nothing in the clear; one user's answers are too few.
  private func checkDisk(_ row: CacheRow, _ store: CacheStorage) {
    guard store.disk == .sealed else { return }
    let classes = row.dataClasses.filter(\.bearsConsent)
    var faults: [String] = []
    if !classes.isEmpty {
      faults.append("only `reference`, `scheduling` and `asset`, not \(list(classes))")
    }
    if row.mayBeConfidential { faults.append("`sensitivity: [normal]`") }
    if store.seal == .none || store.seal == .user {
      faults.append("`seal: tenant` or `seal: region`")
    }
    if !faults.isEmpty {
      error(.cacheDisk, row, "`disk: sealed` needs \(faults.joined(separator: ", "))")
    }
  }

  /// No route asks a cache for what is never there.
  private func checkRoutes() {
    let never = rows.filter { $0.store == nil }.flatMap(\.dataClasses)
    for route in routes where route.serve.contains(where: { $0.tier == .cache }) {
      let classes = never.filter { route.mayServe($0, Sensitivity.allCases) }
      if !classes.isEmpty {
        diagnostics.error(
          Code.cacheNever.rawValue, at: route.mark,
          "`\(route.id)` asks a cache for \(list(classes)), which `cache` never stores")
      }
    }
  }

  /// A few of `classes` in words.
  private func list(_ classes: [DataClass]) -> String {
    let shown = classes.prefix(4).map { "`\($0.rawValue)`" }.joined(separator: ", ")
    return classes.count > 4 ? "\(shown) and \(classes.count - 4) more" : shown
  }

  private func error(_ code: Code, _ row: CacheRow, _ message: String) {
    diagnostics.error(code.rawValue, at: row.mark, message)
  }
}

extension CacheRow {
  /// Whether it stores what is not known to be normally confidential.
  fileprivate var mayBeConfidential: Bool { sensitivities != [.normal] }

  /// The sensitivities for which a stored answer may be used.
  fileprivate var storedSensitivities: [Sensitivity] { store == nil ? [] : sensitivities }
}

extension DataClass {
  /// Whether such records may be protected, whatever the request's sensitivity says.
  var mayBeProtected: Bool {
    switch self {
    case .behavioralHealth, .substanceUse, .reproductiveHealth, .mixed, .bulk, .unknown: true
    default: false
    }
  }

  /// Whether the patient's consent decides about such records.
  var bearsConsent: Bool {
    switch self {
    case .reference, .asset, .scheduling: false
    default: true
    }
  }
}

extension Rule {
  /// Whether the route's conditions leave room for a request of this class and one of these
  /// sensitivities, whatever else it is.
  fileprivate func mayServe(_ dataClass: DataClass, _ sensitivities: [Sensitivity]) -> Bool {
    func holds(_ clause: Clause, _ sensitivity: Sensitivity, orUnknown: Bool) -> Bool? {
      let word: String
      switch clause.attribute {
      case .dataClass: word = dataClass.rawValue
      case .sensitivity: word = sensitivity.rawValue
      default: return nil
      }
      return clause.values.contains(word) || (orUnknown && word == "unknown")
    }
    return sensitivities.contains { sensitivity in
      guard when.clauses.allSatisfy({ holds($0, sensitivity, orUnknown: false) ?? true }) else {
        return false
      }
      // An `unless` leaves the class out only if it asks about nothing else.
      guard let unless else { return true }
      return !unless.clauses.allSatisfy { holds($0, sensitivity, orUnknown: true) ?? false }
    }
  }
}
