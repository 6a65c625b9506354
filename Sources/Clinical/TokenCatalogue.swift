import Base

/// A code system that the catalogue's rows belong to.
enum CodeSystem: UInt16, Sendable {
  case observationCategory, conditionCategory, documentCategory, diagnosticSection
  case loinc, snomed, icd10, rxnorm, actCode, confidentiality

  /// The systems' URIs (HL7 Terminology, US Core).
  static func table() -> NameTable {
    let rows: [(StaticString, CodeSystem)] = [
      ("http://terminology.hl7.org/CodeSystem/observation-category", .observationCategory),
      ("http://terminology.hl7.org/CodeSystem/condition-category", .conditionCategory),
      ("http://hl7.org/fhir/us/core/CodeSystem/condition-category", .conditionCategory),
      (
        "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
        .documentCategory
      ),
      ("http://terminology.hl7.org/CodeSystem/v2-0074", .diagnosticSection),
      ("http://loinc.org", .loinc), ("http://snomed.info/sct", .snomed),
      ("http://hl7.org/fhir/sid/icd-10-cm", .icd10), ("http://hl7.org/fhir/sid/icd-10", .icd10),
      ("http://www.nlm.nih.gov/research/umls/rxnorm", .rxnorm),
      ("http://terminology.hl7.org/CodeSystem/v3-ActCode", .actCode),
      ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", .confidentiality),
    ]
    return NameTable(rows.map { ($0.0, $0.1.rawValue) })
  }
}

/// What one code says about the resources that carry it.
struct TokenRow: Sendable {
  /// The class that the code narrows to; nil when it only raises the sensitivity.
  var dataClass: DataClass?
  /// The confidentiality that the code implies.
  var sensitivity: Sensitivity
  /// Whether resources with the code may still be specially protected.
  var mayContainRestricted: Bool
  /// The system that must be named, when one is, for an ordinary code to narrow.
  var system: CodeSystem
  /// The only type whose searches an ordinary code narrows; nil for every type.
  var type: ResourceType?
  /// The only parameter in which it does: others are not defined for the type, or mean something
  /// else.
  var parameter = ParameterKind.token

  /// Whether the code marks a specially protected category: it counts wherever it occurs.
  var isSpecial: Bool { sensitivity != .normal }
}

/// Codes and labels with a meaning for class and sensitivity.
///
/// Special rows: HL7 v3-ActCode and v3-Confidentiality, and physician-rated codes for substance use
/// and behavioural health. Ordinary rows narrow a search of one type. A code that is not here
/// never narrows, so a gap makes an answer more careful, not less.
public enum TokenCatalogue {
  /// The version of all that maps to classes: types, codes, labels. It changes with any row, and
  /// stands beside the policy's version wherever a decision is explained.
  public static let version = "2026.11.1"

  /// A specially protected category.
  private static func special(
    _ dataClass: DataClass?, _ system: CodeSystem, _ sensitivity: Sensitivity = .restricted
  ) -> TokenRow {
    TokenRow(
      dataClass: dataClass, sensitivity: sensitivity, mayContainRestricted: true, system: system,
      type: nil)
  }

  /// A class of ordinary records of `type`.
  private static func ordinary(
    _ dataClass: DataClass, _ type: ResourceType, _ system: CodeSystem, pure: Bool = false
  ) -> TokenRow {
    let parameter: ParameterKind
    switch system {
    case .loinc: parameter = type == .documentReference ? .type : .code
    default: parameter = .category
    }
    return TokenRow(
      dataClass: dataClass, sensitivity: .normal, mayContainRestricted: !pure, system: system,
      type: type, parameter: parameter)
  }

  /// The codes with their rows.
  static let rows: [(StaticString, TokenRow)] =
    labels + substanceUse + behavioralHealth + narrowing + vitalSigns

  /// v3-ActCode sensitivity and v3-Confidentiality.
  private static let labels: [(StaticString, TokenRow)] = [
    ("PSY", special(.behavioralHealth, .actCode)),
    ("PSYTHPN", special(.behavioralHealth, .actCode)),
    ("BH", special(.behavioralHealth, .actCode)),
    ("SUD", special(.substanceUse, .actCode)),
    ("ETH", special(.substanceUse, .actCode)),
    ("ETHUD", special(.substanceUse, .actCode)),
    ("OPIOIDUD", special(.substanceUse, .actCode)),
    ("42CFRPart2", special(.substanceUse, .actCode)),
    ("SEX", special(.reproductiveHealth, .actCode)),
    ("HIV", special(.mixed, .actCode)), ("STD", special(.mixed, .actCode)),
    ("SDV", special(.mixed, .actCode)), ("VIO", special(.mixed, .actCode)),
    ("GDIS", special(.mixed, .actCode)), ("DIA", special(.mixed, .actCode)),
    ("DRGIS", special(.mixed, .actCode)),
    ("MH", special(.behavioralHealth, .actCode)),
    ("HIPAAPsyNotes", special(.behavioralHealth, .actCode)),
    ("42CFRPart2CD", special(.substanceUse, .actCode)),
    ("SPI", special(.mixed, .actCode)), ("TBOO", special(.mixed, .actCode)),
    ("MST", special(.mixed, .actCode)), ("SCA", special(.mixed, .actCode)),
    ("SICKLE", special(.mixed, .actCode)), ("PREGNANT", special(.reproductiveHealth, .actCode)),
    // The label is inside the resource, which is not looked at that deeply.
    ("PROCESSINLINELABEL", special(nil, .actCode)),
    ("R", special(nil, .confidentiality)),
    ("V", special(nil, .confidentiality, .veryRestricted)),
  ]

  /// Physician-rated codes of 42 CFR Part 2, and the alcohol-use panel.
  private static let substanceUse: [(StaticString, TokenRow)] = [
    ("10939881000119105", special(.substanceUse, .snomed)),
    ("361055000", special(.substanceUse, .snomed)), ("6525002", special(.substanceUse, .snomed)),
    ("5602001", special(.substanceUse, .snomed)), ("55680006", special(.substanceUse, .snomed)),
    ("7200002", special(.substanceUse, .snomed)), ("65750-2", special(.substanceUse, .loinc)),
    ("72109-2", special(.substanceUse, .loinc)), ("72166-2", special(.substanceUse, .loinc)),
    // ICD-10-CM chapter 5: disorders due to psychoactive substances but nicotine, and below.
    ("F10", special(.substanceUse, .icd10)), ("F11", special(.substanceUse, .icd10)),
    ("F12", special(.substanceUse, .icd10)), ("F13", special(.substanceUse, .icd10)),
    ("F14", special(.substanceUse, .icd10)), ("F15", special(.substanceUse, .icd10)),
    ("F16", special(.substanceUse, .icd10)), ("F18", special(.substanceUse, .icd10)),
    ("F19", special(.substanceUse, .icd10)),
    ("82666-9", special(.substanceUse, .loinc)), ("74013-4", special(.substanceUse, .loinc)),
    ("351266", special(.substanceUse, .rxnorm)), ("1191222", special(.substanceUse, .rxnorm)),
  ]

  /// Behavioural and reproductive health.
  private static let behavioralHealth: [(StaticString, TokenRow)] = [
    ("44249-1", special(.behavioralHealth, .loinc)),
    ("89204-2", special(.behavioralHealth, .loinc)),
    ("F33.1", special(.behavioralHealth, .icd10)),
    ("72892002", special(.reproductiveHealth, .snomed)),
  ]

  /// Categories and note types that narrow a search.
  private static let narrowing: [(StaticString, TokenRow)] = [
    ("vital-signs", ordinary(.vitals, .observation, .observationCategory, pure: true)),
    ("laboratory", ordinary(.laboratory, .observation, .observationCategory)),
    ("imaging", ordinary(.imaging, .observation, .observationCategory)),
    ("problem-list-item", ordinary(.problems, .condition, .conditionCategory)),
    ("encounter-diagnosis", ordinary(.problems, .condition, .conditionCategory)),
    ("health-concern", ordinary(.problems, .condition, .conditionCategory)),
    ("clinical-note", ordinary(.notes, .documentReference, .documentCategory)),
    ("34117-2", ordinary(.notes, .documentReference, .loinc)),
    ("34111-5", ordinary(.notes, .documentReference, .loinc)),
    ("51847-2", ordinary(.notes, .documentReference, .loinc)),
    ("LAB", ordinary(.laboratory, .diagnosticReport, .diagnosticSection)),
    ("RAD", ordinary(.imaging, .diagnosticReport, .diagnosticSection)),
    ("2339-0", ordinary(.laboratory, .observation, .loinc, pure: true)),
    ("4548-4", ordinary(.laboratory, .observation, .loinc, pure: true)),
  ]

  /// US Core vital signs.
  private static let vitalSigns: [(StaticString, TokenRow)] = [
    ("85353-1", ordinary(.vitals, .observation, .loinc, pure: true)),
    ("85354-9", ordinary(.vitals, .observation, .loinc, pure: true)),
    ("8480-6", ordinary(.vitals, .observation, .loinc, pure: true)),
    ("8462-4", ordinary(.vitals, .observation, .loinc, pure: true)),
    ("8867-4", ordinary(.vitals, .observation, .loinc, pure: true)),
    ("9279-1", ordinary(.vitals, .observation, .loinc, pure: true)),
    ("8310-5", ordinary(.vitals, .observation, .loinc, pure: true)),
    ("8302-2", ordinary(.vitals, .observation, .loinc, pure: true)),
    ("29463-7", ordinary(.vitals, .observation, .loinc, pure: true)),
    ("39156-5", ordinary(.vitals, .observation, .loinc, pure: true)),
    ("59408-5", ordinary(.vitals, .observation, .loinc, pure: true)),
    ("2708-6", ordinary(.vitals, .observation, .loinc, pure: true)),
  ]
}
