internal import Base
internal import Identity
internal import Reactor

/// Where one issuer's keys come from. Confined to the identity thread.
enum KeySource {
  /// A file, read when it changes.
  case file(WatchedFile<KeySet>)
  /// A URL.
  case fetched(FetchedKeys)

  /// The keys that were read last.
  var value: KeySet? {
    switch self {
    case .file(let file): file.value
    case .fetched(let keys): keys.value
    }
  }

  /// The file or URL, for the log.
  var name: String {
    switch self {
    case .file(let file): file.path
    case .fetched(let keys): keys.endpoint.url
    }
  }

  /// Whether there are keys that may be used.
  func isUsable(at now: Instant, graceMilliseconds: UInt64) -> Bool {
    switch self {
    case .file(let file): file.isUsable(at: now, graceMilliseconds: graceMilliseconds)
    case .fetched(let keys): keys.isUsable(at: now, graceMilliseconds: graceMilliseconds)
    }
  }

  /// Whether the issuer's keys come from here.
  func serves(_ issuer: IssuerRules) -> Bool {
    switch self {
    case .file(let file): issuer.keyEndpoint == nil && file.path == issuer.keysPath
    case .fetched(let keys): issuer.keyEndpoint == keys.endpoint
    }
  }

  /// Looks at a file; nothing for a URL, which is asked by `FetchedKeys.poll`.
  mutating func pollFile(
    at now: Instant, parse: ([UInt8]) -> Result<KeySet, FileReason>
  ) -> FileNews {
    guard case .file(var file) = self else { return .nothing }
    let news = file.poll(at: now, byteCountMax: IdentityLimits.keySetByteCountMax, parse: parse)
    self = .file(file)
    return news
  }

  /// Whether a fetch is under way that may bring a key that is not here.
  func fetchWanted(at now: Instant) -> Bool {
    guard case .fetched(let keys) = self else { return false }
    return keys.fetchWanted(at: now)
  }

  /// Nobody needs these keys any more.
  func abandon() {
    if case .fetched(let keys) = self { keys.abandon() }
  }
}
