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
    auditOptions(path, segmentByteCountMax, pendingByteCountMax)
  }
}

/// Options of a log.
func auditOptions(
  _ directory: String, _ segmentByteCountMax: Int = 1 << 20, _ pendingByteCountMax: Int = 1 << 20
) -> AuditOptions {
  AuditOptions(
    directory: directory, intervalMilliseconds: 50, segmentByteCountMax: segmentByteCountMax,
    pseudonymKey: [UInt8](repeating: 7, count: 32), signingKeyPath: directory + "/signing.key",
    instance: "edge-test", pendingByteCountMax: pendingByteCountMax)
}

/// When everything happens.
let auditTime = WallTime(microseconds: 1_795_323_600_000_000)
