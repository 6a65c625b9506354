import Base

/// What a condition can ask about; the order is the order of the value codes.
enum Attribute: Int, CaseIterable, Sendable {
  case operation, dataClass, sensitivity, home, residency, location, role, purpose, consent
  case breakGlass, userInHomeRegion

  /// The key in a policy file.
  var key: String {
    switch self {
    case .operation: "operation"
    case .dataClass: "data_class"
    case .sensitivity: "sensitivity"
    case .home: "home"
    case .residency: "residency"
    case .location: "location"
    case .role: "role"
    case .purpose: "purpose"
    case .consent: "consent"
    case .breakGlass: "break_glass"
    case .userInHomeRegion: "user_in_home_region"
    }
  }

  /// Which attributes share their values, and so their sets.
  enum Kind: Equatable {
    case words([String])
    case regions
    case places
  }

  /// What values the attribute has; every kind also has `unknown`.
  var kind: Kind {
    switch self {
    case .operation: .words(Operation.allCases.map(\.rawValue))
    case .dataClass: .words(DataClass.allCases.map(\.rawValue))
    case .sensitivity: .words(Sensitivity.allCases.map(\.rawValue))
    case .role: .words(Role.allCases.map(\.rawValue))
    case .purpose: .words(Purpose.allCases.map(\.rawValue))
    case .consent: .words(Consent.allCases.map(\.rawValue))
    case .breakGlass, .userInHomeRegion: .words(["false", "true", "unknown"])
    case .home: .regions
    case .residency, .location: .places
    }
  }
}

/// `false`, `true`, `unknown`: what is known about a yes-or-no question.
enum Answer: Int, Sendable {
  case no, yes, unknown

  /// The word in a policy file.
  var word: String {
    switch self {
    case .no: "false"
    case .yes: "true"
    case .unknown: "unknown"
    }
  }

  /// What an optional boolean says.
  init(_ value: Bool?) {
    switch value {
    case false?: self = .no
    case true?: self = .yes
    case nil: self = .unknown
    }
  }
}
