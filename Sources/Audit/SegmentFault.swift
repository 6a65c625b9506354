/// Why a segment must not be used as it is. Nothing but an operator can heal it.
public struct SegmentFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was found.
  public enum Kind: Equatable, Sendable {
    /// The file does not start as a segment does.
    case notASegment
    /// The header's checksum does not fit.
    case damagedHeader
    /// A later version of the format.
    case unsupportedVersion(UInt32)
    /// A frame was changed after it was written.
    case damagedFrame
    /// A whole frame starts with another entry than the one that was due.
    case indexBreak(found: UInt64)
    /// A frame's root is not the root over the entries that it and its predecessors hold.
    case wrongRoot
    /// A segment that has a successor ends in the middle of a frame.
    case shortSegment
    /// The disk does not give the bytes.
    case unreadable(String)
  }

  /// What was found.
  public var kind: Kind
  /// Where in the file, bytes from its start.
  public var offset: Int
  /// The index of the entry that was due there.
  public var index: UInt64

  /// Makes a fault.
  public init(kind: Kind, offset: Int, index: UInt64) {
    self.kind = kind
    self.offset = offset
    self.index = index
  }

  /// What is wrong, without what to do.
  public var finding: String {
    switch kind {
    case .notASegment: "the file is not an audit segment"
    case .damagedHeader: "the segment's header is damaged"
    case .unsupportedVersion(let version):
      "the segment has format \(version), this program reads \(SegmentHeader.version)"
    case .damagedFrame: "the frame at byte \(offset) (entry \(index)) is damaged"
    case .indexBreak(let other):
      "entry \(index) is due at byte \(offset), but entry \(other) stands there"
    case .wrongRoot:
      "the frame at byte \(offset) (entry \(index)) does not have the root of its entries"
    case .shortSegment:
      "the segment ends inside the frame at byte \(offset) (entry \(index)), and a later segment"
        + " exists"
    case .unreadable(let reason): "byte \(offset) (entry \(index)) cannot be read: \(reason)"
    }
  }

  /// What is wrong and what to do.
  public var description: String {
    if case .unsupportedVersion = kind { return finding + "; use a newer program" }
    return finding
      + "; the log was altered or the disk failed: keep the folder as evidence, restore"
      + " it from a copy, or start a new log in an empty folder"
  }
}
