import Base
import StrictYAML

extension PolicyReader {
  /// Reads `cache`; nil when the file has no such section.
  func readCache(_ reader: MappingReader) -> [CacheRow]? {
    guard reader.contains("cache") else { return nil }
    return reader.mappings("cache", "a row of `cache`").map { readRow($0) }
  }

  private func readRow(_ reader: MappingReader) -> CacheRow {
    let classes = vocabulary(reader, "data_class", of: DataClass.self) ?? []
    let sensitivities = vocabulary(reader, "sensitivity", of: Sensitivity.self, isRequired: false)
    var storage: CacheStorage?
    switch reader.node("store") {
    case .scalar(let scalar)?:
      if scalar.text != "never" {
        error(
          .cacheStore, at: scalar.mark,
          "`store` must be `never`, or a mapping that says how",
          suggestion: Spelling.nearest(to: scalar.text, among: ["never"]))
      } else if sensitivities != nil {
        error(
          .cacheStore, at: reader.mark(of: "sensitivity"),
          "nothing of this row is stored; leave `sensitivity` out")
      }
    case .some(let node): storage = readStorage(MappingReader(node, "`store`", diagnostics))
    case nil: break
    }
    reader.finish()
    return CacheRow(
      dataClasses: classes, sensitivities: sensitivities ?? [.normal], store: storage,
      mark: reader.mark)
  }

  private func readStorage(_ reader: MappingReader) -> CacheStorage {
    var storage = CacheStorage()
    for destination in reader.node("regions").map({ destinations($0, "regions") }) ?? [] {
      switch destination {
      case .any: storage.isEverywhere = true
      case .home: storage.isAtHome = true
      case .named(let region): storage.regions.append(region)
      case .nearest, .backupOfHome, .leastLoaded:
        error(
          .cacheStore, at: reader.mark(of: "regions"),
          "`regions` of a cache are `any`, `home` or regions of this policy")
      }
    }
    storage.ttlMilliseconds = UInt32(
      reader.durationMilliseconds("ttl", in: 1...Limits.cacheMillisecondsMax))
    storage.jitterPercent = percent(reader, "jitter")
    storage.key = words(reader, "key", among: CacheKeyParts.vocabulary.map { ($0.word, $0.part) })
      .reduce(into: []) { $0.insert($1) }
    storage.seal = reader.enumeration("seal", of: CacheSeal.self, default: CacheSeal.none)
    storage.disk = reader.enumeration("disk", of: CacheDisk.self, default: CacheDisk.never)
    storage.staleIfErrorMilliseconds = UInt32(
      reader.durationMilliseconds(
        "stale_if_error", in: 0...Limits.cacheMillisecondsMax, default: 0))
    storage.staleWhileRevalidateMilliseconds = UInt32(
      reader.durationMilliseconds(
        "stale_while_revalidate", in: 0...Limits.cacheMillisecondsMax, default: 0))
    storage.negativeMilliseconds = UInt32(
      reader.durationMilliseconds(
        "negative", in: 0...Limits.negativeCacheMillisecondsMax, default: 0))
    storage.invalidations =
      words(
        reader, "invalidate", among: CacheInvalidations.vocabulary.map { ($0.word, $0.event) }
      )
      .reduce(into: []) { $0.insert($1) }
    if let readers = reader.optionalMapping("readers", "`readers`") {
      storage.readerRoles = vocabulary(readers, "role", of: Role.self, isRequired: false)
      storage.readerPurposes = vocabulary(readers, "purpose", of: Purpose.self, isRequired: false)
      readers.finish()
      if storage.readerRoles == nil, storage.readerPurposes == nil {
        error(.emptyList, at: readers.mark, "`readers` needs `role`, `purpose` or both")
      }
    }
    reader.finish()
    return storage
  }

  /// `10%`, from 0 to 50; zero when the key is absent.
  private func percent(_ reader: MappingReader, _ key: String) -> UInt8 {
    guard let scalar = reader.scalar(key, isRequired: false) else { return 0 }
    if scalar.text.hasSuffix("%"), let value = UInt8(scalar.text.dropLast()), value <= 50,
      scalar.text == "\(value)%"
    {
      return value
    }
    error(.cacheStore, at: scalar.mark, "`\(key)` must be from 0% to 50%, such as `10%`")
    return 0
  }

  /// A list of words of one vocabulary, sets expanded, each once; nil when the key is absent.
  private func vocabulary<Word: CaseIterable & RawRepresentable<String>>(
    _ reader: MappingReader, _ key: String, of _: Word.Type, isRequired: Bool = true
  ) -> [Word]? {
    guard let node = reader.node(key, isRequired: isRequired) else { return nil }
    let kind = Attribute.Kind.words(Word.allCases.map(\.rawValue))
    return values(node, key, kind).words.compactMap { Word(rawValue: $0.text) }
  }
}
