internal import Base

extension ClaimMapping {
  /// SMART App Launch 1 and 2: scopes and launch context, roles in `roles` where an issuer sends
  /// them, else by the kind of user.
  public static var smart: ClaimMapping {
    var mapping = common
    mapping.rolePaths = [["roles"], ["role"]]
    mapping.roleWords = roles
    mapping.tenantPaths = [["tenant"]]
    mapping.purposePaths = [["purpose_of_use"]]
    mapping.patientPaths = [["patient"]]
    mapping.userPaths = [["fhirUser"]]
    return mapping
  }

  /// UDAP's business-to-business object `hl7-b2b`, as authorisation servers repeat it in the access
  /// token: roles are NUCC taxonomy codes, purposes are HL7 codes or their URNs.
  public static var udap: ClaimMapping {
    let b2b = ["extensions", "hl7-b2b"]
    var mapping = common
    mapping.rolePaths = [b2b + ["subject_role"]]
    mapping.roleWords = taxonomy + roles
    mapping.tenantPaths = [b2b + ["organization_id"]]
    mapping.purposePaths = [b2b + ["purpose_of_use"]]
    mapping.purposeWords = urns
    mapping.patientPaths = [["patient"]]
    mapping.userPaths = [["fhirUser"]]
    return mapping
  }

  /// IHE Internet User Authorization: the extension `ihe_iua`, with Codings.
  public static var iua: ClaimMapping {
    let iua = ["extensions", "ihe_iua"]
    var mapping = common
    mapping.rolePaths = [iua + ["subject_role"]]
    mapping.roleWords = taxonomy + roles
    mapping.tenantPaths = [iua + ["subject_organization_id"]]
    mapping.purposePaths = [iua + ["purpose_of_use"]]
    mapping.purposeWords = urns
    mapping.patientPaths = [["patient"], ["extensions", "ihe_bppc", "patient_id"]]
    mapping.userPaths = [["fhirUser"]]
    return mapping
  }

  /// What OpenID Connect and SMART fix for all of them.
  private static var common: ClaimMapping {
    var mapping = ClaimMapping()
    mapping.scopePaths = [["scope"], ["scp"]]
    mapping.userRoles = [
      Word("Patient", .patient), Word("RelatedPerson", .patient), Word("Practitioner", .clinician),
      Word("PractitionerRole", .clinician), Word("Device", .system),
    ]
    // OpenID Connect EAP, and NIST SP 800-63 levels.
    mapping.acrWords = [
      Word("phrh", .phishingResistant), Word("phr", .phishingResistant),
      Word("http://idmanagement.gov/ns/assurance/aal/3", .phishingResistant),
      Word("http://idmanagement.gov/ns/assurance/aal/2", .multiFactor),
      Word("http://idmanagement.gov/ns/assurance/aal/1", .singleFactor),
      Word("aal3", .phishingResistant), Word("aal2", .multiFactor), Word("aal1", .singleFactor),
    ]
    // RFC 8176: a smart card is unlocked by a PIN; `hwk` alone is one factor.
    mapping.amrWords = [
      Word("sc", .phishingResistant), Word("fido", .phishingResistant), Word("mfa", .multiFactor),
      Word("hwk", .singleFactor), Word("swk", .singleFactor), Word("otp", .singleFactor),
      Word("pwd", .singleFactor), Word("pin", .singleFactor), Word("sms", .singleFactor),
      Word("fpt", .singleFactor), Word("face", .singleFactor),
    ]
    mapping.devicePaths = [["device_posture"]]
    mapping.deviceWords = [
      Word("managed", .managed), Word("compliant", .managed), Word("unmanaged", .unmanaged),
      Word("noncompliant", .unmanaged),
    ]
    return mapping
  }

  /// The policy's own words.
  private static var roles: [Word<Role>] {
    Role.allCases.filter { $0 != .unknown }.map { Word($0.rawValue, $0) }
  }

  /// NUCC health care provider taxonomy, by the start of its codes.
  private static let taxonomy: [Word<Role>] = [
    Word("20*", .clinician), Word("363A*", .clinician), Word("363L*", .nurse),
    Word("163W*", .nurse), Word("164*", .nurse), Word("1835*", .pharmacist),
    Word("103*", .clinician), Word("246Y*", .billing),
  ]

  /// HL7's codes as URNs of the code system v3-ActReason.
  private static let urns: [Word<PurposeOfUse>] = PurposeOfUse.allCases.map {
    Word("urn:oid:2.16.840.1.113883.5.8#\($0.rawValue)", $0)
  }
}
