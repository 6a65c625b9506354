internal import Control
internal import Reactor

/// A disk in memory under the operators' store: a crash keeps what was synced, and perhaps the
/// rest.
final class SimulatedStorage: Storage {
  /// What every reader sees.
  private(set) var files: [String: [UInt8]] = [:]
  /// What is on disk for sure.
  private var durable: [String: [UInt8]] = [:]
  /// Counts changes of the operators' files: stands for their stamps.
  private(set) var version = 0
  /// How many operations still succeed before the machine crashes; nil for no crash.
  var operationsUntilCrash: Int?
  private(set) var isDead = false
  private weak var lockHolder: Lock?

  private final class Lock {}

  private static let notFound = SystemError(code: 2, call: "open")
  private static let gone = SystemError(code: 5, call: "power failure")

  /// The machine comes back, with everything that was written or only with what was synced.
  func restart(keepingUnsynced: Bool) {
    if keepingUnsynced { durable = files } else { files = durable }
    isDead = false
    operationsUntilCrash = nil
    lockHolder = nil
    version += 1
  }

  /// Changes a file behind everybody's back; nil removes it.
  func tamper(_ path: String, _ bytes: [UInt8]?) {
    files[path] = bytes
    durable[path] = bytes
    version += 1
  }

  /// Counts an operation; `torn` is the half of it that a crash leaves.
  private func perform(_ path: String = "", torn: () -> Void = {}) throws(SystemError) {
    if isDead { throw Self.gone }
    if let left = operationsUntilCrash {
      guard left > 0 else {
        torn()
        isDead = true
        throw Self.gone
      }
      operationsUntilCrash = left - 1
    }
    if !path.contains("/edges/") { version += 1 }
  }

  /// Replaces an edge's registration; false when the machine is down.
  func replaceUnsynced(_ path: String, _ bytes: [UInt8]) -> Bool {
    if isDead { return false }
    files[path] = bytes
    return true
  }

  /// The files as they are, whether or not the machine is up: for the checker, who knows
  /// everything.
  struct Truth: StateFiles {
    let storage: SimulatedStorage

    func read(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8] {
      guard let bytes = storage.files[path] else { throw SimulatedStorage.notFound }
      return bytes
    }
  }

  func read(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8] {
    if isDead { throw Self.gone }
    guard let bytes = files[path] else { throw Self.notFound }
    guard bytes.count <= byteCountMax else { throw SystemError(code: 27, call: "read") }
    return bytes
  }

  func names(in path: String) throws(SystemError) -> [String] {
    files.keys.filter { $0.hasPrefix(path + "/") }.map { String($0.dropFirst(path.count + 1)) }
      .filter { !$0.contains("/") }.sorted()
  }

  func makeDirectory(_ path: String) throws(SystemError) { try perform() }

  func create(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
    try perform(torn: { files[path] = Array(bytes.prefix(bytes.count / 2)) })
    files[path] = bytes
  }

  func append(_ bytes: [UInt8], to path: String, at byteCount: Int) throws(SystemError) {
    guard let present = files[path] else { throw Self.notFound }
    let kept = Array(present.prefix(byteCount))
    try perform(torn: { files[path] = kept + bytes.prefix(bytes.count / 2) })
    files[path] = kept + bytes
    if durable[path] != nil { durable[path] = kept + bytes }
  }

  func rename(_ path: String, to target: String) throws(SystemError) {
    try perform()
    guard let bytes = files.removeValue(forKey: path) else { throw Self.notFound }
    files[target] = bytes
  }

  func remove(_ path: String) throws(SystemError) {
    try perform(path)
    files[path] = nil
  }

  func synchronizeDirectory(_ path: String) throws(SystemError) {
    try perform()
    for name in Set(files.keys).union(durable.keys) where name.hasPrefix(path + "/") {
      durable[name] = files[name]
    }
  }

  func lock(_ path: String) throws(SystemError) -> AnyObject? {
    if isDead { throw Self.gone }
    guard lockHolder == nil else { return nil }
    let lock = Lock()
    lockHolder = lock
    return lock
  }
}
