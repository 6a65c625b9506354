public import Base

/// What is known about one request when its plan is made. Nothing else influences a plan.
public struct Facts: Sendable, Equatable {
  /// The interaction.
  public var operation = Operation.unknown
  /// The kind of data.
  public var dataClass = DataClass.unknown
  /// How confidential the data is.
  public var sensitivity = Sensitivity.unknown
  /// The region that has authority over the patient's record; nil when it is not known, or when
  /// no patient is concerned.
  public var home: RegionID?
  /// Where the patient legally resides.
  public var residency = Place.unknown
  /// Where the user is.
  public var location = Place.unknown
  /// The user's role.
  public var role = Role.unknown
  /// What the data is asked for.
  public var purpose = Purpose.unknown
  /// The patient's consent.
  public var consent = Consent.unknown
  /// Whether the user broke the glass; nil when that could not be established.
  public var breakGlass: Bool?
  /// How surely the user is who he says he is.
  public var assurance = Assurance.unknown
  /// Whether the user's device is looked after.
  public var device = Device.unknown
  /// Whether the user is the patient, or his proxy; nil when that could not be established.
  public var ownRecord: Bool?
  /// Whether the token's scopes cover the request.
  public var scope = TokenScope.unknown
  /// For which organisation the user acts.
  public var tenant = Tenant.unknown
  /// How old the patient directory's knowledge is, in seconds.
  public var directoryAgeSeconds: UInt32?
  /// How long ago the user proved himself, in seconds.
  public var authenticationAgeSeconds: UInt32?
  /// The hour of the day in UTC, 0 to 23.
  public var hour: UInt8?
  /// When the decision is taken.
  public var time = WallTime(microseconds: 0)

  /// Makes facts; everything not given is unknown. Set the remaining fields afterwards.
  public init(
    operation: Operation = .unknown,
    dataClass: DataClass = .unknown,
    sensitivity: Sensitivity = .unknown,
    home: RegionID? = nil,
    residency: Place = .unknown,
    location: Place = .unknown,
    role: Role = .unknown,
    purpose: Purpose = .unknown,
    consent: Consent = .unknown,
    breakGlass: Bool? = nil
  ) {
    self.operation = operation
    self.dataClass = dataClass
    self.sensitivity = sensitivity
    self.home = home
    self.residency = residency
    self.location = location
    self.role = role
    self.purpose = purpose
    self.consent = consent
    self.breakGlass = breakGlass
  }
}
