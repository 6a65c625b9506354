import Base

// The position of a word in its vocabulary, as `allCases` counts it (a test compares them).
// Switches, because `allCases` makes an array each time; the compiler turns them into nothing.

extension Operation {
  /// Position in `allCases`.
  var ordinal: Int {
    switch self {
    case .read: 0
    case .vread: 1
    case .history: 2
    case .search: 3
    case .create: 4
    case .update: 5
    case .patch: 6
    case .delete: 7
    case .batch: 8
    case .transaction: 9
    case .operation: 10
    case .export: 11
    case .capabilities: 12
    case .asset: 13
    case .unknown: 14
    }
  }
}

extension DataClass {
  /// Position in `allCases`.
  var ordinal: Int {
    switch self {
    case .reference: 0
    case .scheduling: 1
    case .demographics: 2
    case .encounters: 3
    case .vitals: 4
    case .laboratory: 5
    case .problems: 6
    case .allergies: 7
    case .immunizations: 8
    case .medications: 9
    case .orders: 10
    case .notes: 11
    case .imaging: 12
    case .billing: 13
    case .consent: 14
    case .audit: 15
    case .behavioralHealth: 16
    case .substanceUse: 17
    case .reproductiveHealth: 18
    case .mixed: 19
    case .bulk: 20
    case .asset: 21
    case .unknown: 22
    }
  }
}

extension Sensitivity {
  /// Position in `allCases`.
  var ordinal: Int {
    switch self {
    case .normal: 0
    case .restricted: 1
    case .veryRestricted: 2
    case .unknown: 3
    }
  }
}

extension Role {
  /// Position in `allCases`.
  var ordinal: Int {
    switch self {
    case .clinician: 0
    case .nurse: 1
    case .pharmacist: 2
    case .administrator: 3
    case .billing: 4
    case .patient: 5
    case .support: 6
    case .system: 7
    case .unknown: 8
    }
  }
}

extension Purpose {
  /// Position in `allCases`.
  var ordinal: Int {
    switch self {
    case .treatment: 0
    case .payment: 1
    case .operations: 2
    case .research: 3
    case .emergency: 4
    case .unknown: 5
    }
  }
}

extension Consent {
  /// Position in `allCases`.
  var ordinal: Int {
    switch self {
    case .granted: 0
    case .withdrawn: 1
    case .unknown: 2
    }
  }
}

extension Assurance {
  /// Position in `allCases`.
  var ordinal: Int {
    switch self {
    case .singleFactor: 0
    case .multiFactor: 1
    case .phishingResistant: 2
    case .unknown: 3
    }
  }
}

extension Device {
  /// Position in `allCases`.
  var ordinal: Int {
    switch self {
    case .managed: 0
    case .unmanaged: 1
    case .unknown: 2
    }
  }
}

extension TokenScope {
  /// Position in `allCases`.
  var ordinal: Int {
    switch self {
    case .granted: 0
    case .missing: 1
    case .unknown: 2
    }
  }
}

extension Tier {
  /// Position in `allCases`.
  var ordinal: Int {
    switch self {
    case .cache: 0
    case .replica: 1
    case .primary: 2
    }
  }
}
