/// The search parameters that tie a search of one type to a patient (R4 and R5 search parameters).
///
/// A parameter that the type does not define is ignored by lenient servers, which then return
/// everybody's resources: it must not establish the patient.
struct PatientParameters: OptionSet, Sendable {
  let rawValue: UInt8

  /// `patient`.
  static let patient = PatientParameters(rawValue: 1)
  /// `subject`, when it may be a patient.
  static let subject = PatientParameters(rawValue: 2)
  /// `beneficiary`.
  static let beneficiary = PatientParameters(rawValue: 4)
  /// `individual`.
  static let individual = PatientParameters(rawValue: 8)
  /// `actor`, when the reference names its type.
  static let actor = PatientParameters(rawValue: 16)
}

extension ResourceType {
  /// The parameters that establish the patient of a search of this type.
  func patientParameters(in release: FHIRRelease) -> PatientParameters {
    guard release == .r5 else { return patientParameters }
    switch self {
    case .device: return []
    case .adverseEvent, .consent, .detectedIssue, .nutritionOrder, .supplyRequest,
      .researchSubject:
      return [.patient, .subject]
    case .appointment: return [.patient, .subject, .actor]
    case .molecularSequence: return .subject
    default: return patientParameters
    }
  }

  /// The parameters of R4, and those of the types that are new in R5.
  private var patientParameters: PatientParameters {
    switch self {
    case .account, .basic, .carePlan, .careTeam, .chargeItem, .clinicalImpression,
      .communication, .communicationRequest, .composition, .condition, .contract, .deviceRequest,
      .deviceUseStatement, .diagnosticReport, .documentManifest, .documentReference, .encounter,
      .enrollmentRequest, .flag, .goal, .guidanceResponse, .imagingStudy, .invoice, .list,
      .measureReport, .media, .medicationAdministration, .medicationDispense,
      .medicationRequest, .medicationStatement, .observation, .procedure,
      .questionnaireResponse, .requestGroup, .riskAssessment, .serviceRequest, .specimen, .task,
      .deviceAssociation, .deviceDispense, .encounterHistory, .genomicStudy, .imagingSelection,
      .nutritionIntake, .requestOrchestration, .transport:
      [.patient, .subject]
    case .allergyIntolerance, .auditEvent, .bodyStructure, .claim, .claimResponse, .consent,
      .coverageEligibilityRequest, .coverageEligibilityResponse, .detectedIssue, .device,
      .episodeOfCare, .explanationOfBenefit, .familyMemberHistory, .immunization,
      .immunizationEvaluation, .immunizationRecommendation, .molecularSequence, .nutritionOrder,
      .person, .provenance, .relatedPerson, .supplyDelivery, .visionPrescription,
      .biologicallyDerivedProductDispense, .deviceUsage:
      .patient
    case .adverseEvent, .supplyRequest: .subject
    case .appointment, .appointmentResponse: [.patient, .actor]
    case .coverage: [.patient, .beneficiary]
    case .researchSubject: [.patient, .individual]
    default: []
    }
  }
}
