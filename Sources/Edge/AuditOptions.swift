public import Audit
internal import Native
internal import Reactor

/// Where the audit log lies and how it is written.
public struct AuditOptions: Sendable {
  /// The folder of the logs; made when it is missing.
  public var directory: String
  /// How long records without urgency may wait for the disk, milliseconds.
  public var intervalMilliseconds: UInt64
  /// Bytes after which a new segment begins.
  public var segmentByteCountMax: Int
  /// The key that seals each log's own keys; at least 32 bytes.
  public var pseudonymKey: [UInt8]
  /// The file of the Ed25519 key that signs checkpoints.
  public var signingKeyPath: String
  /// The file of the key before that one, which goes on signing while readers change over.
  public var retiringSigningKeyPath: String?
  /// Which records belong together and how long they are kept; each class has a log of its own.
  public var retention = RetentionClasses.standard
  /// The edge that writes.
  public var instance: String
  /// Bytes that may wait for the disk before decisions are refused.
  public var pendingByteCountMax: Int

  /// Makes options.
  public init(
    directory: String, intervalMilliseconds: UInt64, segmentByteCountMax: Int,
    pseudonymKey: [UInt8], signingKeyPath: String, instance: String, pendingByteCountMax: Int
  ) {
    self.directory = directory
    self.intervalMilliseconds = intervalMilliseconds
    self.segmentByteCountMax = segmentByteCountMax
    self.pseudonymKey = pseudonymKey
    self.signingKeyPath = signingKeyPath
    self.instance = instance
    // A group must fit a frame, and a recovery must hold it in memory.
    self.pendingByteCountMax = min(pendingByteCountMax, AuditLimits.frameBytesMax / 4)
  }
}

/// Why a log could not be opened, and what to do.
struct AuditOpenError: Error, CustomStringConvertible {
  let path: String
  let reason: String
  var description: String { "audit log `\(path)`: \(reason)" }

  init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  /// What a failed call means for who starts the edge.
  init(path: String, _ error: SystemError) {
    self.path = path
    let advice: String? =
      if error.isReadOnly {
        "mount the file system for writing, or name another folder as `audit.directory`"
      } else if error.isDenied {
        "the edge's user must own the folder and everything in it"
      } else if error.isDiskFull {
        "free some space; nothing is disclosed without a record"
      } else if error.isDiskFault {
        "the disk fails: copy the folder away and replace the disk"
      } else if error.isSymbolicLink {
        "it is a symbolic link; put the file itself there"
      } else if error.isNoFolder {
        "a folder of the path is missing or is no folder"
      } else {
        nil
      }
    reason = advice.map { "\(error); \($0)" } ?? "\(error)"
  }
}

/// The names of a log's files.
enum AuditPaths {
  static let segmentSuffix = ".segment"
  static let checkpoint = "checkpoint"
  static let verifierKey = "key.pub"
  static let keys = "keys"
  /// What an expired log leaves of its entries: the first one with its proof.
  static let expired = "expired"
  /// The files that an expired log keeps.
  static let remaining: Set<String> = [checkpoint, verifierKey, expired]
  /// Held by the command that writes the control log.
  static let controlLock = "lock-control"
  static let blockSuffix = ".index"
  static let indexLock = "index.lock"

  /// A segment's name: sixteen digits sort by index.
  static func segment(_ firstIndex: UInt64) -> String { digits(firstIndex) + segmentSuffix }

  /// The index in a segment's name; nil for other files.
  static func firstIndex(ofSegment name: String) -> UInt64? { index(in: name, segmentSuffix) }

  /// The name of a block of the search index.
  static func block(_ firstIndex: UInt64) -> String { digits(firstIndex) + blockSuffix }

  /// The index in the name of a block of the search index; nil for other files.
  static func firstIndex(ofBlock name: String) -> UInt64? { index(in: name, blockSuffix) }

  private static func digits(_ index: UInt64) -> String {
    let digits = String(index)
    return String(repeating: "0", count: max(0, 16 - digits.count)) + digits
  }

  private static func index(in name: String, _ suffix: String) -> UInt64? {
    guard name.hasSuffix(suffix), let index = UInt64(name.dropLast(suffix.count)),
      digits(index) + suffix == name
    else { return nil }
    return index
  }

  /// The file of one level's hashes.
  static func level(_ level: Int) -> String { "level-\(level)" }
}
