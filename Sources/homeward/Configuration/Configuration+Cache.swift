internal import Native
internal import Policy
internal import Reactor
internal import StrictYAML

extension Configuration {
  /// What is kept of answers, and where the edge stands that keeps it.
  struct Cache: Sendable, Equatable {
    /// The region in which the edge stores and serves: one of the policy's.
    var region = ""
    /// Where the region is named.
    var mark = Mark(line: 1, column: 1)
    /// Bytes that entries may take, 256 MiB by default: some hundred thousand resources.
    var byteCountMax = 256 << 20
    /// Bytes of one stored body: a 64th of all, and 4 MiB at most, by default. More would push out
    /// many others, since each of sixteen shards has its part of the memory.
    var bodyByteCountMax = 4 << 20
    /// The file of the key under which the keys of sealed entries are wrapped; nil: what the policy
    /// wants sealed is not stored.
    var sealingKey: String?
    /// Where answers lie for which memory has no room; nil: nowhere.
    var disk: CacheDisk?
  }

  /// A part of a disk for stored answers.
  struct CacheDisk: Sendable, Equatable {
    /// The folder in which the file without a name is made.
    var directory = ""
    /// Bytes of the file, taken at the start.
    var byteCount = 0
  }
}

extension Configuration.Cache {
  /// How many of the longest bodies fit in at least.
  private static let bodiesMin = 64

  /// Reads `cache`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    region = reader.name("region")
    mark = reader.mark(of: "region")
    byteCountMax = reader.byteSize("size", in: (1 << 20)...(1 << 40), default: byteCountMax)
    bodyByteCountMax = reader.byteSize(
      "body_size", in: 1_024...(64 << 20),
      default: min(bodyByteCountMax, byteCountMax / Self.bodiesMin))
    if bodyByteCountMax > byteCountMax / Self.bodiesMin {
      reader.diagnostics.error(
        .combination, at: reader.mark(of: "body_size"),
        "`body_size` must be a \(Self.bodiesMin)th of `size` at most")
    }
    sealingKey = paths.optionalFile("sealing_key", in: reader)
    disk = reader.optionalMapping("disk", "`disk`").map { Configuration.CacheDisk($0, paths) }
    if disk != nil, sealingKey == nil {
      reader.diagnostics.error(
        .combination, at: reader.mark(of: "disk"),
        "`disk` needs `sealing_key`: nothing lies there unsealed")
    }
    reader.finish()
  }

  /// Checks what only the policy knows; gives what is worth knowing.
  func check(_ policy: Policy, _ diagnostics: Diagnostics) -> [String] {
    guard policy.region(named: region) != nil else {
      diagnostics.error(
        .unknownRegion, at: mark,
        "`cache.region` names `\(region)`, which the policy `\(policy.name)` does not have",
        suggestion: Spelling.nearest(to: region, among: policy.regions.map(\.name)))
      return []
    }
    let stores = policy.cacheRows.compactMap(\.store)
    if stores.isEmpty { return ["`cache`: the policy stores nothing, so nothing is kept"] }
    if sealingKey == nil, stores.contains(where: { $0.seal != .none }) {
      return [
        "`cache`: without `sealing_key` nothing is kept of what the policy wants sealed"
      ]
    }
    if disk != nil, !stores.contains(where: { $0.disk == .sealed }) {
      return ["`cache.disk`: no row of the policy has `disk: sealed`, so nothing lies there"]
    }
    return []
  }
}

extension Configuration.CacheDisk {
  /// Reads `cache.disk`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    directory = paths.writableFolder("directory", in: reader)
    byteCount = reader.byteSize("size", in: (16 << 20)...(16 << 40))
    reader.finish()
  }
}

/// The sealing key is 32 bytes and nobody else's business.
func checkSealingKey(
  _ path: String?, _ paths: ConfigurationPaths, _ diagnostics: Diagnostics
) {
  guard let path, paths.isUsable(path) else { return }
  if let status = try? paths.files.status(of: path), status.isOpenToOthers {
    let mode = String(status.permissions, radix: 8)
    diagnostics.error(
      .material, at: paths.mark(of: path),
      "the sealing key `\(path)` is open to others (mode \(mode)); `chmod 600 \(path)` closes it")
    return
  }
  let bytes = try? paths.files.read(path, byteCountMax: PseudonymKey.fileByteCountMax)
  guard bytes.flatMap({ PseudonymKey.key(from: $0) })?.count == AEADKey.keyByteCount else {
    diagnostics.error(
      .material, at: paths.mark(of: path),
      "`\(path)` is no sealing key: it needs \(AEADKey.keyByteCount) random bytes, or"
        + " \(2 * AEADKey.keyByteCount) hexadecimal digits"
        + " (`openssl rand -hex 32 > \(path)` makes one)")
    return
  }
}
