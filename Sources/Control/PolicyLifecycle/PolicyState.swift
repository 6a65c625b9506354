internal import Reactor

/// The folder in which an edge keeps what is in force, and how to read it.
///
///     active            the pointer
///     history           every event, chained
///     lock              held by the one writer
///     shadow            the content hash of the version that is shadowed, if any
///     shadow.yaml       that version
///     versions/HASH.yaml, HASH.approvals, HASH.report
public struct PolicyState: Hashable, Sendable {
  /// The folder.
  public let directory: String

  /// Names a folder; nothing is read.
  public init(_ directory: String) { self.directory = directory }

  /// The pointer's path.
  public var pointerPath: String { directory + "/active" }
  /// The history's path.
  public var historyPath: String { directory + "/history" }
  /// The lock's path.
  var lockPath: String { directory + "/lock" }
  /// The archive's folder.
  var versionsPath: String { directory + "/versions" }

  /// The three files of an archived version.
  enum ArchivedFile: String, CaseIterable {
    case policy = "yaml"
    case approvals, report
  }

  /// Where a file of a version is archived.
  func path(of hash: ContentHash, _ file: ArchivedFile) -> String {
    "\(versionsPath)/\(hash.hexadecimal).\(file.rawValue)"
  }

  /// The history; empty before the first event.
  public func history(_ files: any StateFiles) throws(StateFault) -> History {
    guard
      let bytes = try optional(files, historyPath, byteCountMax: Limits.historyByteCountMax)
    else { return History() }
    return try History(bytes, path: historyPath)
  }

  /// The pointer; nil before the first activation.
  public func pointer(_ files: any StateFiles) throws(StateFault) -> ActivePointer? {
    guard let bytes = try optional(files, pointerPath, byteCountMax: Limits.lineByteCountMax)
    else { return nil }
    guard let pointer = ActivePointer(bytes) else {
      throw .pointerDamaged(path: pointerPath)
    }
    return pointer
  }

  /// The history and the pointer, which must agree.
  ///
  /// A writer replaces the pointer between two appends: the history is read between two readings of
  /// the pointer that are the same.
  public func books(
    _ files: any StateFiles
  ) throws(StateFault) -> (history: History, pointer: ActivePointer?) {
    var pointer = try pointer(files)
    for _ in 0..<Self.readingCountMax {
      let history = try history(files)
      let again = try self.pointer(files)
      if again == pointer {
        guard pointer == expectedPointer(history, found: pointer) else { break }
        return (history, pointer)
      }
      pointer = again
    }
    throw .pointerContradicted(path: pointerPath)
  }

  /// Versions come into force by hand: more than a few in one reading is no change but a fault.
  private static let readingCountMax = 8

  /// What the pointer must be: with an operation under way, either that of before or the new one.
  private func expectedPointer(_ history: History, found: ActivePointer?) -> ActivePointer? {
    if let pending = history.pending, found == ActivePointer(pending) { return found }
    guard let present = history.inForce else { return nil }
    let operation = history.entries[..<(present.number - 1)].last {
      $0.event == .activating || $0.event == .rollingBack
    }
    return operation.map { ActivePointer($0) }
  }

  /// The archived policy of this hash.
  public func policy(
    _ hash: ContentHash, _ files: any StateFiles
  ) throws(StateFault) -> [UInt8] {
    let bytes = try archived(hash, .policy, files, byteCountMax: Limits.policyByteCountMax)
    guard ContentHash(of: bytes) == hash else {
      throw .archiveDamaged(path: path(of: hash, .policy))
    }
    return bytes
  }

  /// The archived approvals and the report of this hash.
  func evidence(
    _ hash: ContentHash, _ files: any StateFiles
  ) throws(StateFault) -> (approvals: Approvals, report: [UInt8]) {
    let approvals = try archived(
      hash, .approvals, files, byteCountMax: Limits.approvalsByteCountMax)
    let report = try archived(hash, .report, files, byteCountMax: Limits.reportByteCountMax)
    return (Approvals(approvals), report)
  }

  private func archived(
    _ hash: ContentHash, _ file: ArchivedFile, _ files: any StateFiles, byteCountMax: Int
  ) throws(StateFault) -> [UInt8] {
    let path = path(of: hash, file)
    guard let bytes = try optional(files, path, byteCountMax: byteCountMax) else {
      throw .archiveMissing(path: path)
    }
    return bytes
  }

  /// A file's bytes; nil when it is not there.
  func optional(
    _ files: any StateFiles, _ path: String, byteCountMax: Int
  ) throws(StateFault) -> [UInt8]? {
    do throws(SystemError) {
      return try files.read(path, byteCountMax: byteCountMax)
    } catch {
      if error.isNotFound { return nil }
      throw .storage(path: path, error)
    }
  }
}
