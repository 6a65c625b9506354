import Base

/// What a condition can ask about; the order is the order of the value codes.
enum Attribute: Int, CaseIterable, Sendable {
  case operation, dataClass, sensitivity, home, residency, location, role, purpose, consent
  case breakGlass, userInHomeRegion
  case assurance, device, ownRecord, scope, tenant
  case directoryAge, authenticationAge, hour
  /// When the request is decided; rules ask with `effective`.
  case time

  /// How many there are.
  static let count = allCases.count

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
    case .assurance: "assurance"
    case .device: "device"
    case .ownRecord: "own_record"
    case .scope: "scope"
    case .tenant: "tenant"
    case .directoryAge: "directory_age"
    case .authenticationAge: "authentication_age"
    case .hour: "hour"
    case .time: "time"
    }
  }

  /// Which attributes share their values, and so their sets.
  enum Kind: Equatable, Sendable {
    /// A closed vocabulary with `unknown`.
    case words([String])
    /// The file's regions, or `unknown`.
    case regions
    /// Places, or `unknown`.
    case places
    /// The file's tenants, `other` or `unknown`.
    case names
    /// Whole numbers of a unit, or `unknown`.
    case numbers(Quantity)
    /// An instant; always known.
    case time
  }

  /// What a number counts, and its range; greater values count as the greatest.
  enum Quantity: Equatable, Sendable {
    /// Seconds from 0 to 30 days.
    case age
    /// Hours of the day, from 0 to 23.
    case hourOfDay

    /// The greatest value.
    var greatest: Int {
      switch self {
      case .age: 30 * 86_400
      case .hourOfDay: 23
      }
    }
  }

  /// What values the attribute has.
  var kind: Kind { Self.kinds[rawValue] }

  /// The kinds by attribute, made once.
  private static let kinds: [Kind] = allCases.map { attribute in
    switch attribute {
    case .operation: .words(Operation.allCases.map(\.rawValue))
    case .dataClass: .words(DataClass.allCases.map(\.rawValue))
    case .sensitivity: .words(Sensitivity.allCases.map(\.rawValue))
    case .role: .words(Role.allCases.map(\.rawValue))
    case .purpose: .words(Purpose.allCases.map(\.rawValue))
    case .consent: .words(Consent.allCases.map(\.rawValue))
    case .breakGlass, .userInHomeRegion, .ownRecord: .words(["false", "true", "unknown"])
    case .assurance: .words(Assurance.allCases.map(\.rawValue))
    case .device: .words(Device.allCases.map(\.rawValue))
    case .scope: .words(TokenScope.allCases.map(\.rawValue))
    case .home: .regions
    case .residency, .location: .places
    case .tenant: .names
    case .directoryAge, .authenticationAge: .numbers(.age)
    case .hour: .numbers(.hourOfDay)
    case .time: .time
    }
  }
}

/// `false`, `true`, `unknown`: what is known about a yes-or-no question.
enum Answer: Int, CaseIterable, Sendable {
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
