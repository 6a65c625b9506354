public import Base

/// What a resource type holds, when nothing in the request narrows it.
struct ResourceRow: Sendable {
  /// The class of a single resource of the type.
  var dataClass: DataClass
  /// Whether the type's resources belong to patients.
  var concernsPatient = false
  /// Whether a resource of the type may fall into a specially protected category.
  var canBeSensitive = false
  /// Whether changing one is an order, whatever reading it is.
  var writesAreOrders = false

  /// A type that no patient is concerned with.
  static func shared(_ dataClass: DataClass) -> ResourceRow { ResourceRow(dataClass: dataClass) }

  /// A patient's data without special categories.
  static func patient(_ dataClass: DataClass) -> ResourceRow {
    ResourceRow(dataClass: dataClass, concernsPatient: true)
  }

  /// A patient's data that may be specially protected.
  static func sensitive(_ dataClass: DataClass) -> ResourceRow {
    ResourceRow(dataClass: dataClass, concernsPatient: true, canBeSensitive: true)
  }

  /// A patient's medication data: may be specially protected, and changes are orders.
  static func medication() -> ResourceRow {
    ResourceRow(
      dataClass: .medications, concernsPatient: true, canBeSensitive: true, writesAreOrders: true)
  }
}

extension ResourceType {
  /// The class of the type's resources, before anything else is known of one.
  public var usualClass: DataClass { row.dataClass }

  /// The catalogue's row. `mixed` marks types whose single resources may be of any class.
  var row: ResourceRow {
    switch self {
    case .none, .unknown: .sensitive(.unknown)
    case .medicationAdministration, .medicationDispense, .medicationRequest, .medicationStatement:
      .medication()
    case .allergyIntolerance:
      .patient(.allergies)
    case .account, .coverageEligibilityRequest, .coverageEligibilityResponse, .enrollmentRequest,
      .enrollmentResponse, .paymentNotice, .paymentReconciliation:
      .patient(.billing)
    case .consent, .contract, .permission:
      .patient(.consent)
    case .coverage, .patient, .person, .relatedPerson:
      .patient(.demographics)
    case .imagingSelection, .imagingStudy:
      .patient(.imaging)
    case .immunization, .immunizationEvaluation, .immunizationRecommendation:
      .patient(.immunizations)
    case .supplyDelivery, .supplyRequest, .visionPrescription:
      .patient(.orders)
    case .appointment, .appointmentResponse:
      .patient(.scheduling)
    case .auditEvent, .provenance:
      .sensitive(.audit)
    case .chargeItem, .claim, .claimResponse, .explanationOfBenefit, .invoice:
      .sensitive(.billing)
    case .encounter, .encounterHistory, .episodeOfCare:
      .sensitive(.encounters)
    case .media:
      .sensitive(.imaging)
    case .genomicStudy, .molecularSequence, .specimen:
      .sensitive(.laboratory)
    case .basic, .bundle, .device, .deviceMetric, .diagnosticReport, .group, .linkage, .list,
      .measureReport, .messageHeader, .observation, .parameters, .researchSubject, .subscription,
      .subscriptionStatus:
      .sensitive(.mixed)
    case .adverseEvent, .binary, .carePlan, .careTeam, .clinicalImpression, .communication,
      .communicationRequest, .composition, .detectedIssue, .deviceUseStatement, .documentManifest,
      .documentReference, .goal, .guidanceResponse, .questionnaireResponse, .deviceAssociation,
      .deviceUsage, .nutritionIntake:
      .sensitive(.notes)
    case .biologicallyDerivedProductDispense, .deviceDispense, .deviceRequest, .nutritionOrder,
      .requestGroup, .requestOrchestration, .serviceRequest, .task, .transport:
      .sensitive(.orders)
    case .bodyStructure, .condition, .familyMemberHistory, .flag, .procedure, .riskAssessment:
      .sensitive(.problems)
    case .medication:
      .shared(.medications)
    case .activityDefinition, .biologicallyDerivedProduct, .capabilityStatement, .catalogEntry,
      .chargeItemDefinition, .codeSystem, .compartmentDefinition, .conceptMap, .deviceDefinition,
      .effectEvidenceSynthesis, .endpoint, .eventDefinition, .evidence, .evidenceVariable,
      .exampleScenario, .graphDefinition, .healthcareService, .implementationGuide, .insurancePlan,
      .library, .location, .measure, .medicationKnowledge, .medicinalProduct,
      .medicinalProductAuthorization, .medicinalProductContraindication,
      .medicinalProductIndication, .medicinalProductIngredient, .medicinalProductInteraction,
      .medicinalProductManufactured, .medicinalProductPackaged, .medicinalProductPharmaceutical,
      .medicinalProductUndesirableEffect, .messageDefinition, .namingSystem, .observationDefinition,
      .operationDefinition, .operationOutcome, .organization, .organizationAffiliation,
      .planDefinition, .practitioner, .practitionerRole, .questionnaire, .researchDefinition,
      .researchElementDefinition, .researchStudy, .riskEvidenceSynthesis, .searchParameter,
      .specimenDefinition, .structureDefinition, .structureMap, .substance, .substanceNucleicAcid,
      .substancePolymer, .substanceProtein, .substanceReferenceInformation,
      .substanceSourceMaterial, .substanceSpecification, .terminologyCapabilities, .testReport,
      .testScript, .valueSet, .verificationResult, .actorDefinition,
      .administrableProductDefinition, .artifactAssessment, .citation, .clinicalUseDefinition,
      .conditionDefinition, .evidenceReport, .formularyItem, .ingredient, .inventoryItem,
      .inventoryReport, .manufacturedItemDefinition, .medicinalProductDefinition, .nutritionProduct,
      .packagedProductDefinition, .regulatedAuthorization, .requirements, .subscriptionTopic,
      .substanceDefinition, .testPlan:
      .shared(.reference)
    case .schedule, .slot:
      .shared(.scheduling)
    }
  }
}
