/// A resource type of FHIR R4 (4.0.1) or R5 (5.0.0), or one of two words for its absence.
public enum ResourceType: UInt8, CaseIterable, Sendable {
  /// The request names no type: the server as a whole, or not FHIR.
  case none
  /// A type that the server's release does not define.
  case unknown
  case account
  case activityDefinition
  case adverseEvent
  case allergyIntolerance
  case appointment
  case appointmentResponse
  case auditEvent
  case basic
  case binary
  case biologicallyDerivedProduct
  case bodyStructure
  case bundle
  case capabilityStatement
  case carePlan
  case careTeam
  case catalogEntry
  case chargeItem
  case chargeItemDefinition
  case claim
  case claimResponse
  case clinicalImpression
  case codeSystem
  case communication
  case communicationRequest
  case compartmentDefinition
  case composition
  case conceptMap
  case condition
  case consent
  case contract
  case coverage
  case coverageEligibilityRequest
  case coverageEligibilityResponse
  case detectedIssue
  case device
  case deviceDefinition
  case deviceMetric
  case deviceRequest
  case deviceUseStatement
  case diagnosticReport
  case documentManifest
  case documentReference
  case effectEvidenceSynthesis
  case encounter
  case endpoint
  case enrollmentRequest
  case enrollmentResponse
  case episodeOfCare
  case eventDefinition
  case evidence
  case evidenceVariable
  case exampleScenario
  case explanationOfBenefit
  case familyMemberHistory
  case flag
  case goal
  case graphDefinition
  case group
  case guidanceResponse
  case healthcareService
  case imagingStudy
  case immunization
  case immunizationEvaluation
  case immunizationRecommendation
  case implementationGuide
  case insurancePlan
  case invoice
  case library
  case linkage
  case list
  case location
  case measure
  case measureReport
  case media
  case medication
  case medicationAdministration
  case medicationDispense
  case medicationKnowledge
  case medicationRequest
  case medicationStatement
  case medicinalProduct
  case medicinalProductAuthorization
  case medicinalProductContraindication
  case medicinalProductIndication
  case medicinalProductIngredient
  case medicinalProductInteraction
  case medicinalProductManufactured
  case medicinalProductPackaged
  case medicinalProductPharmaceutical
  case medicinalProductUndesirableEffect
  case messageDefinition
  case messageHeader
  case molecularSequence
  case namingSystem
  case nutritionOrder
  case observation
  case observationDefinition
  case operationDefinition
  case operationOutcome
  case organization
  case organizationAffiliation
  case parameters
  case patient
  case paymentNotice
  case paymentReconciliation
  case person
  case planDefinition
  case practitioner
  case practitionerRole
  case procedure
  case provenance
  case questionnaire
  case questionnaireResponse
  case relatedPerson
  case requestGroup
  case researchDefinition
  case researchElementDefinition
  case researchStudy
  case researchSubject
  case riskAssessment
  case riskEvidenceSynthesis
  case schedule
  case searchParameter
  case serviceRequest
  case slot
  case specimen
  case specimenDefinition
  case structureDefinition
  case structureMap
  case subscription
  case substance
  case substanceNucleicAcid
  case substancePolymer
  case substanceProtein
  case substanceReferenceInformation
  case substanceSourceMaterial
  case substanceSpecification
  case supplyDelivery
  case supplyRequest
  case task
  case terminologyCapabilities
  case testReport
  case testScript
  case valueSet
  case verificationResult
  case visionPrescription
  // R5 only.
  case actorDefinition
  case administrableProductDefinition
  case artifactAssessment
  case biologicallyDerivedProductDispense
  case citation
  case clinicalUseDefinition
  case conditionDefinition
  case deviceAssociation
  case deviceDispense
  case deviceUsage
  case encounterHistory
  case evidenceReport
  case formularyItem
  case genomicStudy
  case imagingSelection
  case ingredient
  case inventoryItem
  case inventoryReport
  case manufacturedItemDefinition
  case medicinalProductDefinition
  case nutritionIntake
  case nutritionProduct
  case packagedProductDefinition
  case permission
  case regulatedAuthorization
  case requestOrchestration
  case requirements
  case subscriptionStatus
  case subscriptionTopic
  case substanceDefinition
  case testPlan
  case transport

  /// The type's name as FHIR writes it; `none` and `unknown` stand for themselves.
  public var name: StaticString {
    switch self {
    case .none: "none"
    case .unknown: "unknown"
    case .account: "Account"
    case .activityDefinition: "ActivityDefinition"
    case .adverseEvent: "AdverseEvent"
    case .allergyIntolerance: "AllergyIntolerance"
    case .appointment: "Appointment"
    case .appointmentResponse: "AppointmentResponse"
    case .auditEvent: "AuditEvent"
    case .basic: "Basic"
    case .binary: "Binary"
    case .biologicallyDerivedProduct: "BiologicallyDerivedProduct"
    case .bodyStructure: "BodyStructure"
    case .bundle: "Bundle"
    case .capabilityStatement: "CapabilityStatement"
    case .carePlan: "CarePlan"
    case .careTeam: "CareTeam"
    case .catalogEntry: "CatalogEntry"
    case .chargeItem: "ChargeItem"
    case .chargeItemDefinition: "ChargeItemDefinition"
    case .claim: "Claim"
    case .claimResponse: "ClaimResponse"
    case .clinicalImpression: "ClinicalImpression"
    case .codeSystem: "CodeSystem"
    case .communication: "Communication"
    case .communicationRequest: "CommunicationRequest"
    case .compartmentDefinition: "CompartmentDefinition"
    case .composition: "Composition"
    case .conceptMap: "ConceptMap"
    case .condition: "Condition"
    case .consent: "Consent"
    case .contract: "Contract"
    case .coverage: "Coverage"
    case .coverageEligibilityRequest: "CoverageEligibilityRequest"
    case .coverageEligibilityResponse: "CoverageEligibilityResponse"
    case .detectedIssue: "DetectedIssue"
    case .device: "Device"
    case .deviceDefinition: "DeviceDefinition"
    case .deviceMetric: "DeviceMetric"
    case .deviceRequest: "DeviceRequest"
    case .deviceUseStatement: "DeviceUseStatement"
    case .diagnosticReport: "DiagnosticReport"
    case .documentManifest: "DocumentManifest"
    case .documentReference: "DocumentReference"
    case .effectEvidenceSynthesis: "EffectEvidenceSynthesis"
    case .encounter: "Encounter"
    case .endpoint: "Endpoint"
    case .enrollmentRequest: "EnrollmentRequest"
    case .enrollmentResponse: "EnrollmentResponse"
    case .episodeOfCare: "EpisodeOfCare"
    case .eventDefinition: "EventDefinition"
    case .evidence: "Evidence"
    case .evidenceVariable: "EvidenceVariable"
    case .exampleScenario: "ExampleScenario"
    case .explanationOfBenefit: "ExplanationOfBenefit"
    case .familyMemberHistory: "FamilyMemberHistory"
    case .flag: "Flag"
    case .goal: "Goal"
    case .graphDefinition: "GraphDefinition"
    case .group: "Group"
    case .guidanceResponse: "GuidanceResponse"
    case .healthcareService: "HealthcareService"
    case .imagingStudy: "ImagingStudy"
    case .immunization: "Immunization"
    case .immunizationEvaluation: "ImmunizationEvaluation"
    case .immunizationRecommendation: "ImmunizationRecommendation"
    case .implementationGuide: "ImplementationGuide"
    case .insurancePlan: "InsurancePlan"
    case .invoice: "Invoice"
    case .library: "Library"
    case .linkage: "Linkage"
    case .list: "List"
    case .location: "Location"
    case .measure: "Measure"
    case .measureReport: "MeasureReport"
    case .media: "Media"
    case .medication: "Medication"
    case .medicationAdministration: "MedicationAdministration"
    case .medicationDispense: "MedicationDispense"
    case .medicationKnowledge: "MedicationKnowledge"
    case .medicationRequest: "MedicationRequest"
    case .medicationStatement: "MedicationStatement"
    case .medicinalProduct: "MedicinalProduct"
    case .medicinalProductAuthorization: "MedicinalProductAuthorization"
    case .medicinalProductContraindication: "MedicinalProductContraindication"
    case .medicinalProductIndication: "MedicinalProductIndication"
    case .medicinalProductIngredient: "MedicinalProductIngredient"
    case .medicinalProductInteraction: "MedicinalProductInteraction"
    case .medicinalProductManufactured: "MedicinalProductManufactured"
    case .medicinalProductPackaged: "MedicinalProductPackaged"
    case .medicinalProductPharmaceutical: "MedicinalProductPharmaceutical"
    case .medicinalProductUndesirableEffect: "MedicinalProductUndesirableEffect"
    case .messageDefinition: "MessageDefinition"
    case .messageHeader: "MessageHeader"
    case .molecularSequence: "MolecularSequence"
    case .namingSystem: "NamingSystem"
    case .nutritionOrder: "NutritionOrder"
    case .observation: "Observation"
    case .observationDefinition: "ObservationDefinition"
    case .operationDefinition: "OperationDefinition"
    case .operationOutcome: "OperationOutcome"
    case .organization: "Organization"
    case .organizationAffiliation: "OrganizationAffiliation"
    case .parameters: "Parameters"
    case .patient: "Patient"
    case .paymentNotice: "PaymentNotice"
    case .paymentReconciliation: "PaymentReconciliation"
    case .person: "Person"
    case .planDefinition: "PlanDefinition"
    case .practitioner: "Practitioner"
    case .practitionerRole: "PractitionerRole"
    case .procedure: "Procedure"
    case .provenance: "Provenance"
    case .questionnaire: "Questionnaire"
    case .questionnaireResponse: "QuestionnaireResponse"
    case .relatedPerson: "RelatedPerson"
    case .requestGroup: "RequestGroup"
    case .researchDefinition: "ResearchDefinition"
    case .researchElementDefinition: "ResearchElementDefinition"
    case .researchStudy: "ResearchStudy"
    case .researchSubject: "ResearchSubject"
    case .riskAssessment: "RiskAssessment"
    case .riskEvidenceSynthesis: "RiskEvidenceSynthesis"
    case .schedule: "Schedule"
    case .searchParameter: "SearchParameter"
    case .serviceRequest: "ServiceRequest"
    case .slot: "Slot"
    case .specimen: "Specimen"
    case .specimenDefinition: "SpecimenDefinition"
    case .structureDefinition: "StructureDefinition"
    case .structureMap: "StructureMap"
    case .subscription: "Subscription"
    case .substance: "Substance"
    case .substanceNucleicAcid: "SubstanceNucleicAcid"
    case .substancePolymer: "SubstancePolymer"
    case .substanceProtein: "SubstanceProtein"
    case .substanceReferenceInformation: "SubstanceReferenceInformation"
    case .substanceSourceMaterial: "SubstanceSourceMaterial"
    case .substanceSpecification: "SubstanceSpecification"
    case .supplyDelivery: "SupplyDelivery"
    case .supplyRequest: "SupplyRequest"
    case .task: "Task"
    case .terminologyCapabilities: "TerminologyCapabilities"
    case .testReport: "TestReport"
    case .testScript: "TestScript"
    case .valueSet: "ValueSet"
    case .verificationResult: "VerificationResult"
    case .visionPrescription: "VisionPrescription"
    case .actorDefinition: "ActorDefinition"
    case .administrableProductDefinition: "AdministrableProductDefinition"
    case .artifactAssessment: "ArtifactAssessment"
    case .biologicallyDerivedProductDispense: "BiologicallyDerivedProductDispense"
    case .citation: "Citation"
    case .clinicalUseDefinition: "ClinicalUseDefinition"
    case .conditionDefinition: "ConditionDefinition"
    case .deviceAssociation: "DeviceAssociation"
    case .deviceDispense: "DeviceDispense"
    case .deviceUsage: "DeviceUsage"
    case .encounterHistory: "EncounterHistory"
    case .evidenceReport: "EvidenceReport"
    case .formularyItem: "FormularyItem"
    case .genomicStudy: "GenomicStudy"
    case .imagingSelection: "ImagingSelection"
    case .ingredient: "Ingredient"
    case .inventoryItem: "InventoryItem"
    case .inventoryReport: "InventoryReport"
    case .manufacturedItemDefinition: "ManufacturedItemDefinition"
    case .medicinalProductDefinition: "MedicinalProductDefinition"
    case .nutritionIntake: "NutritionIntake"
    case .nutritionProduct: "NutritionProduct"
    case .packagedProductDefinition: "PackagedProductDefinition"
    case .permission: "Permission"
    case .regulatedAuthorization: "RegulatedAuthorization"
    case .requestOrchestration: "RequestOrchestration"
    case .requirements: "Requirements"
    case .subscriptionStatus: "SubscriptionStatus"
    case .subscriptionTopic: "SubscriptionTopic"
    case .substanceDefinition: "SubstanceDefinition"
    case .testPlan: "TestPlan"
    case .transport: "Transport"
    }
  }
}
