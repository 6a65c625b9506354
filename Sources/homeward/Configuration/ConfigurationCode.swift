internal import StrictYAML

/// The stable codes of what only a configuration can get wrong; `W` codes are warnings.
///
/// Complaints about YAML and about kinds, units, ranges and words carry the codes of `StrictYAML`.
enum ConfigurationCode: String, CaseIterable, Sendable {
  /// Not an IP address with a port.
  case address = "E401"
  /// Not a block of addresses, or one that would trust too many.
  case network = "E402"
  /// A file or folder that is not there.
  case missingFile = "E403"
  /// A file that cannot be read, or a folder where a file was due.
  case unreadableFile = "E404"
  /// A name or address that stands twice.
  case duplicate = "E405"
  /// A region that the policy does not know.
  case unknownRegion = "E406"
  /// A region of the policy that nothing serves, or an empty list.
  case nothingThere = "E407"
  /// A second primary in one region.
  case secondPrimary = "E408"
  /// Patient data would cross a network in clear text.
  case cleartext = "E409"
  /// Settings that contradict each other or have no effect together.
  case combination = "E410"
  /// A name with characters that records or certificates cannot carry.
  case name = "E411"
  /// A URL path or a file path that is not written as one.
  case path = "E412"
  /// A key, certificate or database whose content is not what it should be.
  case material = "E413"
  /// A patient directory, one of its lines or its deltas, that is not what it should be.
  case directory = "E414"
  /// No version of the policy is in force.
  case noActivePolicy = "E415"
  /// The state of the policy cannot be used.
  case policyState = "E416"

  /// A secret that others on this machine may read.
  case openSecret = "W401"
  /// A certificate that ends soon, or has ended.
  case expiry = "W403"
  /// A region that can serve no writes.
  case noPrimary = "W402"
  /// Something about the policy's state that somebody must look at.
  case policyDoubt = "W404"
}

extension Diagnostics {
  /// Reports an error of the configuration.
  func error(
    _ code: ConfigurationCode, at mark: Mark, _ message: String, suggestion: String? = nil
  ) {
    error(code.rawValue, at: mark, message, suggestion: suggestion)
  }

  /// Reports a warning of the configuration.
  func warning(_ code: ConfigurationCode, at mark: Mark, _ message: String) {
    warning(code.rawValue, at: mark, message)
  }
}

/// Notices what stands twice, and says where it stood first.
struct Uniqueness {
  private var lines: [String: Int] = [:]

  /// Remembers `value`, which is a `what`; complains when it was there before.
  mutating func note(_ value: String, at mark: Mark, _ what: String, _ diagnostics: Diagnostics) {
    if let line = lines[value] {
      diagnostics.error(.duplicate, at: mark, "\(what) `\(value)` was used in line \(line) already")
    } else {
      lines[value] = mark.line
    }
  }
}
