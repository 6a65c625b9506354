internal import StrictYAML

/// The stable codes of complaints about a plan's file.
public enum PlanCode: String, CaseIterable, Sendable {
  /// A name that records cannot carry.
  case name = "E601"
  /// Not a time.
  case time = "E602"
  /// A hook that does nothing, or several things.
  case hook = "E603"
  /// An address that is not this machine, or is none.
  case address = "E604"
  /// Keys that contradict each other, or have no effect together.
  case combination = "E605"
  /// Not a region, or a region's servers.
  case scope = "E606"
  /// Too many or too few of something.
  case count = "E607"
  /// A hook that a step needs is missing.
  case missingHook = "E608"
  /// A ramp that does not rise to a hundred.
  case ramp = "E609"
  /// A word between braces that no hook is told.
  case placeholder = "E610"
  /// A region, domain or server that the configuration does not have.
  case unknownPlace = "E611"
}

extension Diagnostics {
  /// Reports an error of a plan.
  func error(_ code: PlanCode, at mark: Mark, _ message: String, suggestion: String? = nil) {
    error(code.rawValue, at: mark, message, suggestion: suggestion)
  }
}
