/// Why a snapshot or a delta log cannot be used. Never says anything about a patient.
public enum DirectoryFault: Error, Equatable, Sendable {
  /// The file does not begin as its kind does.
  case notThisKind(String)
  /// The file has a format that this program does not know.
  case formatVersion(UInt32)
  /// The file is shorter or longer than it says.
  case length(expected: Int, found: Int)
  /// The file was made under another key for patient ids.
  case otherKey
  /// The signature is not the signer's.
  case signature
  /// A part of the content is not what was signed; counted in chunks of 1 MiB from the first slot.
  case content(chunk: Int)
  /// Signed, but not as this program writes it.
  case malformed(String)
  /// A home region that is not a region of the policy.
  case unknownHome(String)
  /// A batch is missing, or stands twice.
  case gap(expected: UInt64, found: UInt64)
  /// More patients were changed since the snapshot than the overlay takes.
  case overlayFull
}

extension DirectoryFault: CustomStringConvertible {
  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .notThisKind(let kind): "this is not a \(kind)"
    case .formatVersion(let version):
      "its format \(version) is not known to this program; build it again with this version"
    case .length(let expected, let found):
      "it should have \(expected) bytes and has \(found); copy or build it again"
    case .otherKey: "it was made with another key for patient ids than the one given"
    case .signature: "its signature is not the signer's; do not use it"
    case .content(let chunk):
      "its content differs from what was signed (chunk \(chunk) of 1 MiB); copy or build it again"
    case .malformed(let what): "it is signed but malformed: \(what)"
    case .unknownHome(let name): "home region `\(name)` is not a region of the policy"
    case .gap(let expected, let found):
      "batch \(expected) should follow, but batch \(found) does; build a new snapshot or restore"
        + " the missing batches"
    case .overlayFull:
      "more than \(DirectoryLimits.overlayPatientsMax) patients were changed since the snapshot;"
        + " build a new one with `homeward directory build --previous`"
    }
  }
}
