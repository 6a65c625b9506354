internal import Base
internal import Cache
internal import Native
internal import Reactor

extension CacheStore {
  /// The empty store of a checked configuration.
  convenience init(_ settings: Configuration.Cache) throws {
    var limits = CacheLimits()
    limits.byteCountMax = settings.byteCountMax
    limits.bodyByteCountMax = settings.bodyByteCountMax
    self.init(
      limits: limits, keys: try settings.sealingKey.map { try DataKeyRing($0, limits) },
      tableKey: (Self.random(), Self.random()),
      disk: settings.disk.map { DiskTier(byteCountMax: $0.byteCount) })
  }

  /// A random word.
  fileprivate static func random() -> UInt64 {
    var word: UInt64 = 0
    unsafe withUnsafeMutableBytes(of: &word) { unsafe secureRandom(into: $0) }
    return word
  }
}

extension DataKeyRing {
  /// The keys that the file at `path` wraps. From here on the process leaves no core dump, and no
  /// other process of the same user looks into its memory.
  fileprivate convenience init(_ path: String, _ limits: CacheLimits) throws {
    ProcessMemory.keepPrivate()
    let bytes = try FileSystem.read(path, byteCountMax: PseudonymKey.fileByteCountMax)
    guard let key = PseudonymKey.key(from: bytes) else {
      preconditionFailure("a checked key is a key")
    }
    var secret = SecretBytes(count: key.count)
    unsafe secret.withMutableBytes { unsafe $0.copyBytes(from: key) }
    guard
      let keeper = unsafe LocalKeyEncryption(
        name: path, key: secret, random: { unsafe secureRandom(into: $0) })
    else { preconditionFailure("a checked key has the right length") }
    self.init(
      keeper: keeper, instance: UInt32(truncatingIfNeeded: CacheStore.random()), limits: limits)
  }
}
