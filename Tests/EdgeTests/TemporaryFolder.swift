import Audit
import Base
import Foundation
import Native
import Reactor

@testable import Edge

/// A folder of a test's own, gone when its last user is.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/homeward-\(UUID().uuidString)"
    try FileSystem.makeDirectory(path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The names of the log's segments.
  func segments() throws -> [String] {
    try FileSystem.names(in: path).filter { $0.hasSuffix(".segment") }
  }

  /// A file's bytes.
  func read(_ name: String) throws -> [UInt8] { try FileSystem.read(path + "/" + name) }

  /// Replaces a file's bytes.
  func write(_ name: String, _ bytes: [UInt8]) throws {
    try FileSystem.replace(path + "/" + name, with: bytes)
  }

  /// Options of a log in this folder.
  func options(
    segmentByteCountMax: Int = 1 << 20, pendingByteCountMax: Int = 1 << 20
  ) -> AuditOptions {
    AuditOptions(
      directory: path, intervalMilliseconds: 50, segmentByteCountMax: segmentByteCountMax,
      pseudonymKey: [UInt8](repeating: 7, count: 32), instance: "edge-test",
      pendingByteCountMax: pendingByteCountMax)
  }
}

/// When everything happens.
let auditTime = WallTime(microseconds: 1_795_323_600_000_000)

/// A log on disk, written as the committer writes it.
struct LogWriter: ~Copyable {
  let segments: AuditSegments
  private var group: GroupCommit

  init(_ options: AuditOptions) throws {
    segments = try AuditSegments(options, at: auditTime)
    group = GroupCommit(firstSequence: segments.nextSequence)
  }

  /// Appends so many events as one batch and puts them on disk.
  mutating func write(_ count: Int, detail: String = "x") throws {
    for _ in 0..<count {
      var event = EventRecord(kind: .operatorAction, time: auditTime)
      event.detail = .text(detail)
      _ = group.append(event)
    }
    let first = group.durable + 1
    var batch = ByteQueue()
    guard group.begin(into: &batch) == .write else { return }
    try segments.write(batch, firstSequence: first, at: auditTime)
    _ = group.wrote(byteCount: batch.count)
    try segments.synchronize()
    _ = group.synced()
  }
}

/// What stands in one segment.
struct SegmentContent {
  let header: SegmentHeader
  let sequences: [UInt64]
  let end: ScanStep

  init(_ bytes: [UInt8]) throws {
    self = try unsafe bytes.withUnsafeBytes { raw in
      var scanner = try unsafe SegmentScanner(raw)
      var sequences: [UInt64] = []
      while true {
        let step = scanner.next()
        guard case .frame(let frame) = step else {
          return SegmentContent(header: scanner.header, sequences: sequences, end: step)
        }
        sequences.append(frame.sequence)
      }
    }
  }

  private init(header: SegmentHeader, sequences: [UInt64], end: ScanStep) {
    self.header = header
    self.sequences = sequences
    self.end = end
  }

  /// The hash of the segment before, in hexadecimal digits.
  var previousHash: String {
    var text = ""
    for index in 0..<32 {
      let digits = String(header.previousHash[index], radix: 16)
      text += digits.count < 2 ? "0" + digits : digits
    }
    return text
  }
}
