public import Base

/// What is known about one request when its plan is made. Nothing else influences a plan.
public struct Facts: Sendable, Equatable {
  /// The interaction.
  public var operation: Operation
  /// The kind of data.
  public var dataClass: DataClass
  /// How confidential the data is.
  public var sensitivity: Sensitivity
  /// The region that has authority over the patient's record; nil when it is not known, or when
  /// no patient is concerned.
  public var home: RegionID?
  /// Where the patient legally resides.
  public var residency: Place
  /// Where the user is.
  public var location: Place
  /// The user's role.
  public var role: Role
  /// What the data is asked for.
  public var purpose: Purpose
  /// The patient's consent.
  public var consent: Consent
  /// Whether the user broke the glass; nil when that could not be established.
  public var breakGlass: Bool?

  /// Makes facts; everything not given is unknown.
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
