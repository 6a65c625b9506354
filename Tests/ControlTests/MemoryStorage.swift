import Control
import Reactor

/// A disk in memory that breaks when told: what a crash leaves of it is what was synced, or
/// everything that was written, as the test wants it.
final class MemoryStorage: Storage {
  /// How operation number `at` breaks; operations are counted from 0.
  enum Break: Equatable, Sendable, CustomStringConvertible {
    /// The power goes before it has any effect.
    case crashBefore
    /// The power goes in the middle: half of the bytes are written.
    case crashTorn
    /// The power goes when it is done.
    case crashAfter
    /// It has no effect and says so, with this errno.
    case fails(Int32)
    /// It does what it should and says that it failed.
    case failsAfterwards(Int32)
    /// It and everything later fails without effect: the disk is full, or gone.
    case failsFromHere(Int32)

    var isCrash: Bool { self == .crashBefore || self == .crashTorn || self == .crashAfter }

    var description: String {
      switch self {
      case .crashBefore: "crash before"
      case .crashTorn: "crash within"
      case .crashAfter: "crash after"
      case .fails(let code): "error \(code)"
      case .failsAfterwards(let code): "done, but error \(code)"
      case .failsFromHere(let code): "error \(code) from here on"
      }
    }
  }

  /// What every reader sees.
  private(set) var files: [String: [UInt8]] = [:] {
    didSet { version += 1 }
  }
  /// Counts changes of the files.
  private(set) var version = 0
  /// What is on disk for sure.
  private var durable: [String: [UInt8]] = [:]
  /// Files whose bytes are synced; their names may still be lost.
  private var plan: (at: Int, Break)?
  private(set) var operationCount = 0
  private var isDead = false
  private weak var lockHolder: LockToken?

  private final class LockToken {}

  /// Breaks the operation that comes after `count` others.
  func breakOperation(after count: Int, _ kind: Break) {
    plan = (operationCount + count, kind)
  }

  /// The machine comes back: with everything that was written, or only with what was synced.
  func restart(keepingUnsynced: Bool) {
    if keepingUnsynced { durable = files } else { files = durable }
    isDead = false
    plan = nil
    lockHolder = nil
  }

  /// Changes a file behind everybody's back; nil removes it.
  func tamper(_ path: String, _ bytes: [UInt8]?) {
    files[path] = bytes
    durable[path] = bytes
  }

  /// Does `effect`, or breaks as planned; `torn` is its half.
  private func perform(
    _ name: String, torn: () -> Void = {}, _ effect: () -> SystemError?
  ) throws(SystemError) {
    let power = SystemError(code: 9999, call: "power failure")
    if isDead { throw power }
    defer { operationCount += 1 }
    if let (at, kind) = plan {
      if case .failsFromHere(let code) = kind, operationCount >= at {
        throw SystemError(code: code, call: name)
      }
      if operationCount == at {
        switch kind {
        case .crashBefore:
          isDead = true
          throw power
        case .crashTorn:
          torn()
          isDead = true
          throw power
        case .crashAfter:
          _ = effect()
          isDead = true
          throw power
        case .fails(let code): throw SystemError(code: code, call: name)
        case .failsAfterwards(let code):
          if let error = effect() { throw error }
          throw SystemError(code: code, call: name)
        case .failsFromHere: break
        }
      }
    }
    if let error = effect() { throw error }
  }

  private static let notFound = SystemError(code: 2, call: "open")

  func read(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8] {
    if isDead { throw SystemError(code: 9999, call: "power failure") }
    guard let bytes = files[path] else { throw Self.notFound }
    guard bytes.count <= byteCountMax else { throw SystemError(code: 27, call: "read") }
    return bytes
  }

  func names(in path: String) throws(SystemError) -> [String] {
    files.keys.filter { FileSystem.directory(of: $0) == path }
      .map { String($0.dropFirst(path.count + 1)) }.sorted()
  }

  func makeDirectory(_ path: String) throws(SystemError) { try perform("mkdir") { nil } }

  func create(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
    try perform("write", torn: { files[path] = Array(bytes.prefix(bytes.count / 2)) }) {
      files[path] = bytes
      return nil
    }
  }

  func append(_ bytes: [UInt8], to path: String, at byteCount: Int) throws(SystemError) {
    guard let present = files[path] else { throw Self.notFound }
    let kept = Array(present.prefix(byteCount))
    try perform("write", torn: { files[path] = kept + Array(bytes[..<(bytes.count / 2)]) }) {
      files[path] = kept + bytes
      // The name was made durable when the file was made.
      if durable[path] != nil { durable[path] = kept + bytes }
      return nil
    }
  }

  func rename(_ path: String, to target: String) throws(SystemError) {
    try perform("rename") {
      guard let bytes = files.removeValue(forKey: path) else { return Self.notFound }
      files[target] = bytes
      return nil
    }
  }

  func remove(_ path: String) throws(SystemError) {
    try perform("unlink") {
      files[path] = nil
      return nil
    }
  }

  func synchronizeDirectory(_ path: String) throws(SystemError) {
    try perform("fsync") {
      for name in Set(files.keys).union(durable.keys)
      where FileSystem.directory(of: name) == path { durable[name] = files[name] }
      return nil
    }
  }

  func lock(_ path: String) throws(SystemError) -> AnyObject? {
    var token: LockToken?
    try perform("flock") {
      if lockHolder == nil {
        token = LockToken()
        lockHolder = token
      }
      return nil
    }
    return token
  }
}
