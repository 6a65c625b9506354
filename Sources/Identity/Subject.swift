public import Base
public import Native

/// What a verified token or certificate proves about who asks. Immutable; any thread may use it.
///
/// Made once a token and shared by the requests that carry it, so that handing it on costs one
/// reference count.
public final class Subject: Sendable {
  /// How the subject proved himself.
  public enum Source: Sendable, Equatable {
    /// By a token of the issuer at this index, with a key of this hash.
    case token(issuerIndex: Int, keyID: String, algorithm: SigningAlgorithm, key: SHA256Digest)
    /// By a client certificate.
    case certificate
    /// Not at all.
    case stated
  }

  /// How the subject proved himself.
  public let source: Source
  /// The subject as its issuer names it.
  public let name: String
  /// The token's id, if it has one.
  public let tokenID: String?
  /// Who asks, for records: `issuer|subject|token`, the last being the first half of the SHA-256 of
  /// the token's id. A token itself is never recorded.
  public let recordName: [UInt8]
  /// The facts.
  public let facts: SubjectFacts
  /// From then on the proof is worth nothing, tolerance included.
  public let expiresAt: WallTime

  /// Somebody who proved nothing: what the edge would do for such a one is to be explained. No
  /// record ever names him.
  public init(stated facts: SubjectFacts) {
    source = .stated
    name = ""
    tokenID = nil
    recordName = []
    self.facts = facts
    expiresAt = WallTime(microseconds: .max)
  }

  init(
    source: Source, issuerName: String, name: String, tokenID: String?, facts: SubjectFacts,
    expiresAt: WallTime
  ) {
    self.source = source
    self.name = name
    self.tokenID = tokenID
    self.facts = facts
    self.expiresAt = expiresAt
    var text = "\(issuerName)|\(name)"
    if let tokenID {
      text += "|" + SHA256.hash(Array(tokenID.utf8)).description.prefix(32)
    }
    recordName = Array(text.utf8)
  }

  /// Whether the proof still holds at `time`.
  public func isCurrent(at time: WallTime) -> Bool { time < expiresAt }
}

/// The facts about a subject that do not depend on the request.
public struct SubjectFacts: Sendable, Equatable {
  /// The role.
  public var role = Role.unknown
  /// The organisation's name; nil when the token says none.
  public var tenant: String?
  /// The purposes for which the token was given, in its order.
  public var purposes: [PurposeOfUse] = []
  /// The SMART scopes; nil when the token has no scopes at all.
  public var scopes: SMARTScopes?
  /// The patient of the launch (`patient`), as the bytes of an id.
  public var launchPatient: [UInt8]?
  /// The user's FHIR resource type and id (`fhirUser`); nil when the token names none.
  public var fhirUser: FHIRUser?
  /// How surely the user is who he says he is.
  public var assurance = Assurance.unknown
  /// Whether the device is looked after.
  public var device = Device.unknown
  /// When the user proved himself.
  public var authenticatedAt: WallTime?

  /// Makes facts about which nothing is known.
  public init() {}

  /// Whether a factor beside the password was shown.
  public var isMultiFactor: Bool { assurance == .multiFactor || assurance == .phishingResistant }

  /// How long ago the user proved himself, in seconds; nil when the token does not say.
  public func authenticationAgeSeconds(at time: WallTime) -> UInt32? {
    guard let authenticatedAt else { return nil }
    guard time > authenticatedAt else { return 0 }
    return UInt32(clamping: (time.microseconds - authenticatedAt.microseconds) / 1_000_000)
  }

  /// Whether the user is the patient of this id or acts for him; nil when that is not known.
  /// `patient` is nil when the request names nobody, or more than one.
  public func ownsRecord(of patient: UnsafeRawBufferPointer?) -> Bool? {
    guard role == .patient else { return role == .unknown ? nil : false }
    guard let patient = unsafe patient else { return nil }
    if unsafe isLaunchPatient(patient) { return true }
    guard let fhirUser else { return launchPatient == nil ? nil : false }
    return unsafe fhirUser.type == "Patient" && patient.elementsEqual(fhirUser.id.utf8)
  }

  /// Whether the launch was for the patient of this id.
  public func isLaunchPatient(_ patient: UnsafeRawBufferPointer) -> Bool {
    guard let launchPatient else { return false }
    return unsafe patient.elementsEqual(launchPatient)
  }
}

/// Who a user is as a FHIR resource.
public struct FHIRUser: Sendable, Equatable {
  /// The resource's type: `Patient`, `Practitioner`, `RelatedPerson`.
  public let type: String
  /// The resource's id.
  public let id: String

  /// Reads `Practitioner/123` or a URL that ends so; nil for anything else.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard text.utf8.count <= IdentityLimits.claimByteCountMax, parts.count >= 2,
      let id = parts.last, !id.isEmpty,
      id.utf8.allSatisfy({ isIDByte($0) })
    else { return nil }
    type = String(parts[parts.count - 2])
    self.id = String(id)
    guard
      ["Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Person", "Device"]
        .contains(type)
    else { return nil }
  }
}

/// Whether a byte may stand in a FHIR id.
private func isIDByte(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."): true
  default: false
  }
}
