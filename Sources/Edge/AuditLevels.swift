internal import Audit
internal import Native
internal import Reactor

/// The flat files of a log's tile hashes. They can be made from the segments at any time, so they
/// are synced only when a segment ends: opening a log then repairs at most the last segment's part.
struct AuditLevels {
  private let disk: any AuditDisk
  private let folder: String
  private var files: [(any AuditFile)?] = Array(repeating: nil, count: TileTails.levelCount)
  /// Hashes in each file.
  private var counts: [Int] = Array(repeating: 0, count: TileTails.levelCount)

  /// Goes on behind a tree of `size` leaves; nil when the files hold less.
  init?(_ disk: any AuditDisk, folder: String, size: UInt64) throws(SystemError) {
    self.disk = disk
    self.folder = folder
    for level in 0..<TileTails.levelCount {
      counts[level] = Int(Tiles.hashCount(level: level, size: size))
      let path = "\(folder)/\(AuditPaths.level(level))"
      guard let present = try disk.byteCount(of: path) else {
        if counts[level] > 0 { return nil }
        continue
      }
      if present < 32 * counts[level] { return nil }
      let file = try disk.open(path, isNew: false)
      // What a crash left behind the last synced part is written anew.
      if present > 32 * counts[level] { try file.truncate(byteCount: 32 * counts[level]) }
      files[level] = file
    }
  }

  /// Appends what is in `tails`.
  mutating func append(_ tails: TileTails) throws(SystemError) {
    for level in tails.levels.indices where !tails.levels[level].isEmpty {
      let hashes = tails.levels[level]
      let file: any AuditFile
      if let open = files[level] {
        file = open
      } else {
        file = try disk.open("\(folder)/\(AuditPaths.level(level))", isNew: true)
        files[level] = file
      }
      let failure = unsafe hashes.withUnsafeBytes { raw -> SystemError? in
        do throws(SystemError) {
          try unsafe file.write(raw, at: 32 * counts[level])
          return nil
        } catch {
          return error
        }
      }
      if let failure { throw failure }
      counts[level] += hashes.count / 32
    }
  }

  /// Puts the files on disk.
  func synchronize() throws(SystemError) {
    for file in files { try file?.synchronize() }
  }

  /// Reads one hash of a level; nil when it is not there.
  static func hash(
    _ disk: any AuditDisk, folder: String, level: Int, index: UInt64
  ) throws(SystemError) -> SHA256Digest? {
    let path = "\(folder)/\(AuditPaths.level(level))"
    let bytes = try disk.read(path, at: 32 * Int(index), 32)
    return unsafe bytes.withUnsafeBytes { unsafe SHA256Digest($0) }
  }
}
