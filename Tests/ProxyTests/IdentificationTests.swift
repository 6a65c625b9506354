import Base
import HTTP
import Identity
import Native
import Policy
import Testing

@testable import Proxy

/// Who asks, as a fact of the decision, and what a plan demands of him.
@Suite struct IdentificationTests {
  /// A subject with these facts, by way of a certificate, which needs no signature here.
  private func subject(_ change: (inout CertificateRule) -> Void = { _ in }) throws -> Subject {
    var rule = CertificateRule(.subject, "CN=x", role: .clinician)
    change(&rule)
    return Subject(certifiedBy: rule, until: WallTime(microseconds: .max))
  }

  private func decide(
    _ identification: Identification, _ request: String = "GET /fhir/Observation?patient=az1",
    _ fields: [(String, String)] = []
  ) throws -> (Decision, World) {
    let world = try World()
    var head = RequestHead(request)
    for (name, value) in fields { head.fields.add(name, value) }
    var decider = Decider(seed: 1)
    var decision = Decision(client: ClientFacts(place: "US-AZ"))
    decision.identification = identification
    decider.decide(
      head, snapshot: world.snapshot, health: world.health, loads: world.loads, now: world.now,
      time: world.time, into: &decision)
    return (decision, world)
  }

  @Test func withoutIdentitiesEveryFactIsUnknown() throws {
    let (decision, _) = try decide(.notConfigured)
    #expect(decision.refusal == nil)
    #expect(decision.facts.role == .unknown)
    #expect(decision.facts.breakGlass == nil)
  }

  @Test(arguments: TokenFault.allCases)
  func whatProvesNothingIsRefusedAndSaysWhy(_ fault: TokenFault) throws {
    let (decision, world) = try decide(.refused(fault))
    #expect(decision.refusal == (fault.isOurs ? .identityUnavailable : .unauthenticated))
    #expect(decision.plan == nil)
    let refusal = try #require(decision.refusal)
    let challenge = decision.challenge(refusal, world.snapshot)
    #expect((challenge == nil) == fault.isOurs)
    #expect(challenge?.contains(#"error="invalid_token""#) != false)
  }

  @Test func facts() throws {
    let (decision, _) = try decide(.proven(subject { $0.purpose = .treatment }))
    #expect(decision.facts.role == .clinician)
    #expect(decision.facts.purpose == .treatment)
    #expect(decision.facts.breakGlass == false)
    #expect(decision.facts.ownRecord == false)
    #expect(decision.facts.tenant == .unknown)
    #expect(decision.facts.scope == .unknown)
    let (other, _) = try decide(.proven(subject { $0.tenant = "nobody" }))
    #expect(other.facts.tenant == .other)
  }

  /// The purpose that a request names, the reason that it gives, and what comes of it.
  static let glass: [(assurance: Assurance, purpose: String?, reason: String?, refusal: Refusal?)] =
    [
      (.multiFactor, nil, "a good reason", nil), (.multiFactor, "BTG", "a good reason", nil),
      (.phishingResistant, "BTG", "a good reason", nil),
      (.singleFactor, "BTG", "a good reason", .stepUpRequired),
      (.unknown, "BTG", "a good reason", .stepUpRequired),
      (.multiFactor, "BTG", nil, .reasonRequired), (.multiFactor, "BTG", "short", .reasonRequired),
      (.multiFactor, "TREAT", "a good reason", .purposeNotGranted),
      (.multiFactor, "btg", "a good reason", .purposeNotGranted),
      (.multiFactor, "", "a good reason", .purposeNotGranted),
    ]

  @Test(arguments: glass.indices)
  func theGlass(_ index: Int) throws {
    let row = Self.glass[index]
    let subject = try subject {
      $0.purpose = .breakTheGlass
      $0.assurance = row.assurance
    }
    var fields: [(String, String)] = []
    if let purpose = row.purpose { fields.append(("ehr-purpose", purpose)) }
    if let reason = row.reason { fields.append(("ehr-reason", reason)) }
    let (decision, _) = try decide(.proven(subject), fields: fields)
    // An attempt for which two factors are missing says why, too; what is no reason is not kept.
    let isKept = row.reason == "a good reason" && row.refusal != .purposeNotGranted
    #expect(decision.statedReason == (isKept ? Array("a good reason".utf8) : []))
    if let refusal = row.refusal {
      #expect(decision.refusal == refusal)
      #expect(decision.facts.breakGlass != true)
    } else {
      #expect(decision.facts.breakGlass == true)
      #expect(decision.facts.purpose == .emergency)
    }
  }

  private func decide(
    _ identification: Identification, fields: [(String, String)]
  ) throws -> (Decision, World) {
    try decide(identification, "GET /fhir/Observation?patient=az1", fields)
  }

  /// An obligation, an assurance, and what is refused.
  static let obligations: [(Obligations, Assurance, Refusal?)] = [
    ([], .unknown, nil), (.stepUpMultiFactor, .multiFactor, nil),
    (.stepUpMultiFactor, .phishingResistant, nil),
    (.stepUpMultiFactor, .singleFactor, .stepUpRequired),
    (.stepUpMultiFactor, .unknown, .stepUpRequired),
    (.stepUpPhishingResistant, .multiFactor, .stepUpRequired),
    (.stepUpPhishingResistant, .phishingResistant, nil),
    (.requireReason, .unknown, .reasonRequired),
    (.tokenizeRestricted, .phishingResistant, .obligationUnmet),
    (.redactRestricted, .phishingResistant, .obligationUnmet),
    (.summarize, .phishingResistant, .obligationUnmet),
    ([.redactRestricted, .stepUpMultiFactor], .unknown, .stepUpRequired),
  ]

  @Test(arguments: obligations.indices)
  func obligationsAreMetOrTheRequestIsRefused(_ index: Int) throws {
    let (obligations, assurance, refusal) = Self.obligations[index]
    var decision = Decision(client: ClientFacts(place: "US-AZ"))
    decision.identification = .proven(try subject())
    decision.facts.assurance = assurance
    Decider(seed: 1).demand(obligations, RequestHead("GET /"), into: &decision)
    #expect(decision.refusal == refusal)
    decision.identification = .anonymous
    decision.refusal = nil
    Decider(seed: 1).demand(obligations, RequestHead("GET /"), into: &decision)
    #expect(decision.refusal == (refusal == .stepUpRequired ? .unauthenticated : refusal))
  }

  @Test func bearerTokensAreFoundOnce() {
    func token(_ lines: String...) -> String? {
      var fields = Fields()
      for line in lines { fields.add("authorization", line) }
      guard !BearerToken.isAmbiguous(fields) else { return "several" }
      return BearerToken.line(in: fields).map { fields.value($0) }
    }
    #expect(token("Bearer a.b.c") == "a.b.c")
    #expect(token("bEARER a.b.c") == "a.b.c")
    #expect(token("Bearer  a") == " a")
    #expect(token("Bearer ") == nil)
    #expect(token("Bearer") == nil)
    #expect(token("Basic YTpi") == nil)
    #expect(token("Bearera.b.c") == nil)
    #expect(token() == nil)
    #expect(token("Bearer a", "Bearer b") == "several")
    #expect(token("Basic a", "Bearer b") == "several")
  }
}
