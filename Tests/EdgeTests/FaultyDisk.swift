import Base
import Glibc
import Reactor

@testable import Edge

/// A disk in memory that fails when a test wants it, and that forgets in a crash what was not
/// synced: any set of sectors of any file, and names whose folder was not synced.
final class FaultyDisk: AuditDisk {
  /// What an operation does instead of succeeding.
  enum Fault: CaseIterable, Sendable {
    /// It fails and has no effect.
    case lost
    /// It fails although it took effect.
    case doneButFailed
  }

  /// One file: what a reader sees, and what a crash leaves.
  final class Node {
    var current: [UInt8] = []
    var stored: [UInt8] = []
    /// Sectors that were written since the last sync.
    var dirty: Set<Int> = []
    var linkCount = 1

    /// Stores the length and what was written since the last time.
    func synchronize() {
      if stored.count > current.count { stored.removeLast(stored.count - current.count) }
      stored += [UInt8](repeating: 0, count: current.count - stored.count)
      for sector in dirty {
        let start = sector * FaultyDisk.sector
        for place in start..<max(start, min(start + FaultyDisk.sector, current.count)) {
          stored[place] = current[place]
        }
      }
      dirty = []
    }
  }

  private(set) var files: [String: Node] = [:]
  /// The names that a crash leaves.
  private var storedFiles: [String: Node] = [:]
  private var folders: Set<String> = []
  /// Operations that change something, counted.
  private(set) var operationCount = 0
  /// The operation that fails, and how.
  var failing: (at: Int, fault: Fault)?
  /// Whether a failure has happened.
  private(set) var hasFailed = false

  fileprivate static let sector = 512

  /// Counts an operation and lets it fail when its time has come.
  fileprivate func perform(_ call: String, _ action: () -> Void) throws(SystemError) {
    operationCount += 1
    guard let failing, failing.at == operationCount else { return action() }
    hasFailed = true
    if failing.fault == .doneButFailed { action() }
    throw SystemError(code: call == "fallocate" ? ENOSPC : EIO, call: call)
  }

  /// Power is lost and comes back: each sector that was not synced is the old or the new one.
  func crash(_ random: inout SplitMix64) {
    files = storedFiles
    for node in files.values {
      for sector in node.dirty.sorted() where Bool.random(using: &random) {
        let range = (sector * Self.sector)..<min((sector + 1) * Self.sector, node.current.count)
        guard range.upperBound <= node.stored.count else { continue }
        for place in range { node.stored[place] = node.current[place] }
      }
      node.current = node.stored
      node.dirty = []
    }
    failing = nil
  }

  func names(in folder: String) throws(SystemError) -> [String] {
    let all = files.keys.map { $0 } + folders
    let inside = all.filter { $0.hasPrefix(folder + "/") }.map { $0.dropFirst(folder.count + 1) }
    return Set(inside.filter { !$0.contains("/") }.map(String.init)).sorted()
  }

  func makeFolder(_ path: String) throws(SystemError) {
    if folders.contains(path) { return }
    try perform("mkdir") { folders.insert(path) }
  }

  func synchronizeFolder(_ path: String) throws(SystemError) {
    try perform("fsync") { storeNames(in: path) }
  }

  private func storeNames(in folder: String) {
    let isInside = { (path: String) in path.hasPrefix(folder + "/") }
    storedFiles = storedFiles.filter { !isInside($0.key) }
    for (path, node) in files where isInside(path) { storedFiles[path] = node }
  }

  func byteCount(of path: String) throws(SystemError) -> Int? { files[path]?.current.count }

  func read(_ path: String, at offset: Int, _ byteCount: Int) throws(SystemError) -> [UInt8] {
    guard let node = files[path] else { throw SystemError(code: ENOENT, call: "open") }
    let end = min(offset + byteCount, node.current.count)
    return offset < end ? Array(node.current[offset..<end]) : []
  }

  func open(_ path: String, isNew: Bool) throws(SystemError) -> any AuditFile {
    if isNew {
      guard files[path] == nil else { throw SystemError(code: EEXIST, call: "open") }
      try perform("open") { files[path] = Node() }
    }
    guard let node = files[path] else { throw SystemError(code: ENOENT, call: "open") }
    return File(disk: self, path: path, node: node)
  }

  func replace(_ path: String, with bytes: [UInt8]) throws(SystemError) {
    try perform("rename") {
      let node = Node()
      node.current = bytes
      node.stored = bytes
      files[path] = node
      storedFiles[path] = node
    }
  }

  func remove(_ path: String) throws(SystemError) {
    try perform("unlink") {
      files[path]?.linkCount = 0
      files[path] = nil
    }
  }

  /// Changes a file behind the log's back, durably.
  func alter(_ path: String, _ change: (inout [UInt8]) -> Void) {
    guard let node = files[path] else { preconditionFailure("no file \(path)") }
    change(&node.current)
    node.stored = node.current
    node.dirty = []
    storedFiles[path] = node
  }

  /// Puts another file of the same content in the place of one.
  func replaceBehindTheLog(_ path: String) {
    let node = Node()
    node.current = files[path]?.current ?? []
    node.stored = node.current
    files[path] = node
  }

  /// A file that is open.
  private final class File: AuditFile {
    private let disk: FaultyDisk
    private let path: String
    private let node: Node

    init(disk: FaultyDisk, path: String, node: Node) {
      self.disk = disk
      self.path = path
      self.node = node
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
      try disk.perform("write") {
        let end = offset + bytes.count
        if node.current.count < end { grow(to: end) }
        for index in 0..<bytes.count { node.current[offset + index] = unsafe bytes[index] }
        if bytes.count > 0 {
          for sector in (offset / FaultyDisk.sector)...((end - 1) / FaultyDisk.sector) {
            node.dirty.insert(sector)
          }
        }
      }
    }

    /// The file's length is part of what a sync stores; a crash may keep it or not.
    private func grow(to count: Int) {
      node.current += [UInt8](repeating: 0, count: count - node.current.count)
    }

    func allocate(_ range: Range<Int>) throws(SystemError) {
      try disk.perform("fallocate") {
        if node.current.count < range.upperBound { grow(to: range.upperBound) }
      }
    }

    func synchronize() throws(SystemError) {
      let before = disk.hasFailed
      // The kernel forgets what it could not write: a second sync would not write it.
      defer { if disk.hasFailed != before { node.dirty = [] } }
      try disk.perform("fdatasync") { node.synchronize() }
    }

    func truncate(byteCount: Int) throws(SystemError) {
      try disk.perform("ftruncate") {
        if node.current.count > byteCount {
          node.current.removeLast(node.current.count - byteCount)
        }
      }
    }

    func isIntact() throws(SystemError) -> Bool {
      disk.files[path] === node && node.linkCount == 1
    }
  }
}
