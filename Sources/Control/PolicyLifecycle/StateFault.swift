public import Reactor

/// What can be wrong with the state of an edge, beyond a version that is refused.
public enum StateFault: Error, Equatable, Sendable {
  /// A line of the history does not follow from the one before.
  case historyDamaged(path: String, line: Int)
  /// The pointer is no pointer.
  case pointerDamaged(path: String)
  /// The pointer names an entry that the history does not have: one of them was changed.
  case pointerContradicted(path: String)
  /// The archive lacks a file of a version.
  case archiveMissing(path: String)
  /// A file of the archive is not what it was.
  case archiveDamaged(path: String)
  /// The archived approvals do not carry the version.
  case notApproved(path: String, reasons: [String])
  /// The version that is to be shadowed is not what was put there.
  case shadowDamaged(path: String)
  /// An act whose line or books would not read back as they are: nothing was written.
  case unreadableAct(path: String)
  /// Another process changes the state.
  case busy(path: String)
  /// A file could not be read or written.
  case storage(path: String, SystemError)
}

extension StateFault: CustomStringConvertible {
  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .historyDamaged(let path, let line):
      "`\(path)`: line \(line) does not follow from the lines before; the history was changed;"
        + " put the file back from a copy"
    case .pointerDamaged(let path):
      "`\(path)` names no version; put the file back from a copy"
    case .pointerContradicted(let path):
      "`\(path)` names an entry that the history does not have; one of the two files was changed;"
        + " put both back from a copy"
    case .archiveMissing(let path):
      "`\(path)` is missing; activate the version again, or roll back to another"
    case .archiveDamaged(let path):
      "`\(path)` was changed after its activation; activate the version again, or roll back to"
        + " another"
    case .notApproved(let path, let reasons):
      "`\(path)` does not carry the version: \(reasons.joined(separator: "; ")); put the officers'"
        + " keys back (as `retired`, if they are), or activate a version with enough approvals"
    case .shadowDamaged(let path):
      "`\(path)` is not the version that was put there to be shadowed; nothing is shadowed; repeat"
        + " `homeward policy shadow`, or end it with `--off`"
    case .unreadableAct(let path):
      "`\(path)`: this act would not read back as it is, so it is refused, and nothing was written;"
        + " use plain names and shorter words"
    case .busy(let path):
      "`\(path)`: another command is changing what stands there; wait for its end and repeat"
        + " this one"
    case .storage(let path, let error):
      error.isDiskFull
        ? "`\(path)`: \(error); free some space and repeat the command" : "`\(path)`: \(error)"
    }
  }

  /// A stable word for programs.
  public var code: String {
    switch self {
    case .historyDamaged: "history-damaged"
    case .pointerDamaged: "pointer-damaged"
    case .pointerContradicted: "pointer-contradicted"
    case .archiveMissing: "archive-missing"
    case .archiveDamaged: "archive-damaged"
    case .notApproved: "not-approved"
    case .shadowDamaged: "shadow-damaged"
    case .unreadableAct: "unreadable-act"
    case .busy: "busy"
    case .storage: "storage"
    }
  }
}
