import Base
import Foundation
import Testing

@testable import Identity

@Suite struct MappingTests {
  private func facts(
    _ claims: [String: Any], _ mapping: ClaimMapping = .smart
  ) throws -> SubjectFacts {
    let verifier = try TestIssuer.verifier(mapping: mapping)
    return try verifier.verify(TestIssuer.token(claims: claims), at: TestIssuer.time).facts
  }

  @Test func smartTokensBecomeFacts() throws {
    let facts = try facts([
      "fhirUser": "https://ehr.test/fhir/Practitioner/dr-1", "patient": "p1",
      "purpose_of_use": ["TREAT", "BTG"], "tenant": "west-clinic", "acr": "phr",
      "auth_time": TestIssuer.now - 90, "device_posture": "compliant",
    ])
    #expect(facts.role == .clinician)
    #expect(facts.launchPatient == Array("p1".utf8))
    #expect(facts.purposes == [.treatment, .breakTheGlass])
    #expect(facts.tenant == "west-clinic")
    #expect(facts.assurance == .phishingResistant)
    #expect(facts.authenticationAgeSeconds(at: TestIssuer.time) == 90)
    #expect(facts.device == .managed)
    #expect(facts.scopes?.scopes.count == 2)
  }

  @Test func udapTokensBecomeFacts() throws {
    let facts = try facts(
      [
        "extensions": [
          "hl7-b2b": [
            "version": "1", "subject_role": "163W00000X", "organization_id": "https://east.test",
            "purpose_of_use": ["urn:oid:2.16.840.1.113883.5.8#TREAT"],
          ]
        ], "scope": NSNull(),
      ], .udap)
    #expect(facts.role == .nurse)
    #expect(facts.tenant == "https://east.test")
    #expect(facts.purposes == [.treatment])
    #expect(facts.scopes == nil)
  }

  @Test func iuaTokensBecomeFacts() throws {
    let facts = try facts(
      [
        "extensions": [
          "ihe_iua": [
            "subject_role": [
              ["system": "http://nucc.org/provider-taxonomy", "code": "207Q00000X"]
            ],
            "subject_organization_id": "urn:oid:1.2.3",
            "purpose_of_use": [["code": "HPAYMT"], ["code": "LATER"]],
          ]
        ]
      ], .iua)
    #expect(facts.role == .clinician)
    #expect(facts.tenant == "urn:oid:1.2.3")
    #expect(facts.purposes == [.payment])
  }

  /// Claims and the role that they give.
  static var roles: [(claims: [String: Any], role: Role)] {
    [
      ([:], .unknown), (["roles": "nurse"], .nurse), (["roles": ["x", "billing"]], .billing),
      // The mapping's order, not the token's.
      (["roles": ["nurse", "clinician"]], .clinician),
      (["roles": ["clinician", "nurse"]], .clinician),
      (["roles": ["unheard-of"]], .unknown), (["roles": ["unknown"]], .unknown),
      (["roles": ["Clinician"]], .unknown),
      // A role that is not known must not become the user's usual one.
      (["roles": ["janitor"], "fhirUser": "Practitioner/1"], .unknown),
      (["fhirUser": "Practitioner/1"], .clinician), (["fhirUser": "Patient/1"], .patient),
      (["fhirUser": "RelatedPerson/1"], .patient), (["fhirUser": "Person/1"], .unknown),
      (["fhirUser": "Practitioner"], .unknown), (["fhirUser": "Practitioner/"], .unknown),
      (["fhirUser": "Practitioner/1?x=y"], .unknown),
    ]
  }

  @Test(arguments: roles.indices)
  func rolesFollowTheMapping(_ index: Int) throws {
    let (claims, role) = Self.roles[index]
    #expect(try facts(claims).role == role)
  }

  /// `acr`, `amr` and how sure that is.
  static var assurances: [(acr: String, amr: [String], assurance: Assurance)] {
    [
      ("", [], .unknown), ("", ["pwd"], .singleFactor), ("", ["pwd", "pwd"], .singleFactor),
      ("", ["pwd", "otp"], .multiFactor), ("", ["mfa"], .multiFactor),
      ("", ["hwk"], .singleFactor), ("", ["hwk", "pin"], .multiFactor),
      ("", ["sc"], .phishingResistant), ("phr", [], .phishingResistant),
      ("phrh", ["pwd"], .phishingResistant), ("aal2", ["pwd"], .multiFactor),
      ("aal1", ["mfa"], .multiFactor), ("0", ["telepathy"], .unknown),
      ("http://idmanagement.gov/ns/assurance/aal/3", [], .phishingResistant),
    ]
  }

  @Test(arguments: assurances.indices)
  func assuranceIsTheStrongestProof(_ index: Int) throws {
    let row = Self.assurances[index]
    #expect(try facts(["acr": row.acr, "amr": row.amr]).assurance == row.assurance)
  }

  @Test func onesOwnRecordNeedsThePatientRole() throws {
    func owns(_ claims: [String: Any], _ patient: String?) throws -> Bool? {
      let facts = try facts(claims)
      guard let patient else { return unsafe facts.ownsRecord(of: nil) }
      return unsafe Array(patient.utf8).withUnsafeBytes { unsafe facts.ownsRecord(of: $0) }
    }
    let herself: [String: Any] = ["fhirUser": "Patient/p1", "patient": "p1"]
    #expect(try owns(herself, "p1") == true)
    #expect(try owns(herself, "p2") == false)
    #expect(try owns(herself, nil) == nil)
    #expect(try owns(["fhirUser": "Patient/p1"], "p1") == true)
    #expect(try owns(["fhirUser": "RelatedPerson/r", "patient": "Patient/p1"], "p1") == true)
    #expect(try owns(["fhirUser": "RelatedPerson/p1", "patient": "p2"], "p1") == false)
    // A clinician who opened the patient's chart is not the patient.
    #expect(try owns(["fhirUser": "Practitioner/d", "patient": "p1"], "p1") == false)
    #expect(try owns([:], "p1") == nil)
  }
}
