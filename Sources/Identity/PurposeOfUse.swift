public import Base

/// Why data is asked for, as HL7 codes it (v3 PurposeOfUse) and as far as routing distinguishes it.
public enum PurposeOfUse: String, CaseIterable, Sendable {
  case treatment = "TREAT"
  case emergencyTreatment = "ETREAT"
  case payment = "HPAYMT"
  case operations = "HOPERAT"
  case research = "HRESCH"
  /// Break the glass: see `BreakGlass`.
  case breakTheGlass = "BTG"

  /// The policy's word.
  public var purpose: Purpose {
    switch self {
    case .treatment: .treatment
    case .emergencyTreatment, .breakTheGlass: .emergency
    case .payment: .payment
    case .operations: .operations
    case .research: .research
    }
  }
}
