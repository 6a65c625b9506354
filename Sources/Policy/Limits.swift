/// Bounds on a policy file, each with the reason for its value.
enum Limits {
  /// Candidate lists are expanded for every home × nearest pair, and masks are words of 64 bits.
  static let regionCountMax = 32
  /// A plan's removed candidates are bits of one word.
  static let candidateCountMax = 64
  /// Twice the largest policy we plan for.
  static let ruleCountMax = 10_000
  /// Tenants have value codes of a byte, and each costs a row of the index.
  static let tenantCountMax = 200
  /// Distinct thresholds of one number, or dates in `effective`: each costs a row of the index.
  static let cutCountMax = 1000
  /// A stored answer older than this is not worth keeping for clinical use.
  static let cacheMillisecondsMax = 24 * 3_600_000
  /// What does not exist may exist a moment later, and only its own edge hears of that.
  static let negativeCacheMillisecondsMax = 60_000
  /// What may be confidential lives no longer in a cache than a screen shows it.
  static let confidentialCacheMillisecondsMax: UInt32 = 60_000
  /// A request in text: every fact with its longest word, many times over.
  static let requestByteCountMax = 16 << 10
  /// Identifiers are repeated in every record.
  static let identifierByteCountMax = 48
  /// Far staler than any clinical use; a bound above it is a mistake in the unit.
  static let stalenessMillisecondsMax = 24 * 3_600_000
  /// Distinct places in conditions and `near` lists; the world has about 5,000 subdivisions.
  static let placeCountMax = 6000
  /// Pairs of conflicting routes that are reported: who has more of them knows enough.
  static let conflictCountMax = 100
  /// Kinds of uncovered requests that are listed: more would not be read.
  static let gapCountMax = 16
  /// Boxes by which one group of changed requests is told.
  static let diffBoxCountMax = 8
  /// Nodes of a diagram: 25 times what 5,000 rules with named groups need, and about 200 MB.
  static let diagramNodeCountMax = 4_000_000
  /// States that building may remember; each has a list of conditions, some ten words long.
  static let diagramStateCountMax = 6_000_000
  /// Edges of a diagram, four bytes each: bounds the memory where nodes are wide.
  static let diagramEdgeCountMax = 64_000_000
}

/// The stable codes of what this target complains about.
enum Code: String, CaseIterable {
  case unknownRegion = "E301"
  case unknownSet = "E302"
  case setOfOtherAttribute = "E303"
  case identifier = "E304"
  case overlap = "E305"
  case unknownOverride = "E306"
  case overrideCycle = "E307"
  case selfBackup = "E308"
  case nearTwice = "E309"
  case emptyServe = "E310"
  case staleness = "E311"
  case notAPlace = "E312"
  case effectiveDates = "E313"
  case tooMany = "E314"
  case emptyList = "E315"
  case neverWithoutConsequence = "E316"
  case unknownTenant = "E317"
  case numberRange = "E318"
  case supersedes = "E319"
  case phaseWithoutPast = "E320"
  case cacheStore = "E321"
  case cacheClass = "E322"
  case cacheConfidential = "E323"
  case cacheReaders = "E324"
  case cacheConsent = "E325"
  case cacheNever = "E326"
  case cacheNegative = "E339"
  case cacheDisk = "E340"
  case unknownRule = "E327"
  case candidateText = "E328"
  case factValue = "E329"
  case testFailed = "E330"
  case ruleUnexercised = "E331"
  case bestEffort = "E338"
  case unusedSet = "W301"
  case unusedOverride = "W302"
  case cacheWithoutMatrix = "W303"
}
