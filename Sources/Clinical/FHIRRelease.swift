/// The release of FHIR that a server speaks.
public enum FHIRRelease: String, CaseIterable, Sendable {
  /// 4.0.1; also right for R4B servers, whose few new types then count as unknown.
  case r4
  /// 5.0.0.
  case r5
}

extension ResourceType {
  /// Whether `release` defines the type.
  func exists(in release: FHIRRelease) -> Bool {
    switch self {
    case .none, .unknown: false
    case .actorDefinition, .administrableProductDefinition, .artifactAssessment,
      .biologicallyDerivedProductDispense, .citation, .clinicalUseDefinition,
      .conditionDefinition, .deviceAssociation, .deviceDispense, .deviceUsage,
      .encounterHistory, .evidenceReport, .formularyItem, .genomicStudy, .imagingSelection,
      .ingredient, .inventoryItem, .inventoryReport, .manufacturedItemDefinition,
      .medicinalProductDefinition, .nutritionIntake, .nutritionProduct,
      .packagedProductDefinition, .permission, .regulatedAuthorization, .requestOrchestration,
      .requirements, .subscriptionStatus, .subscriptionTopic, .substanceDefinition, .testPlan,
      .transport:
      release == .r5
    case .catalogEntry, .deviceUseStatement, .documentManifest, .effectEvidenceSynthesis,
      .media, .medicinalProduct, .medicinalProductAuthorization,
      .medicinalProductContraindication, .medicinalProductIndication,
      .medicinalProductIngredient, .medicinalProductInteraction, .medicinalProductManufactured,
      .medicinalProductPackaged, .medicinalProductPharmaceutical,
      .medicinalProductUndesirableEffect, .requestGroup, .researchDefinition,
      .researchElementDefinition, .riskEvidenceSynthesis, .substanceSpecification:
      release == .r4
    default: true
    }
  }
}
