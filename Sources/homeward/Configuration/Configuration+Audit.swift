internal import Audit
internal import Base
internal import StrictYAML

extension Configuration {
  /// Where and how decisions are recorded.
  struct Audit: Sendable, Equatable {
    /// The log's folder; made at start if only it is missing.
    var directory = ""
    /// Milliseconds between syncs, 10 by default: what a durable write waits at most, and what one
    /// sync of a busy edge covers (a hundred records and more).
    var intervalMilliseconds = 10
    /// The file of the key that seals each log's own keys, under which identifiers are sealed and
    /// become pseudonyms: at least 32 bytes, or at least 64 hexadecimal digits.
    var pseudonymKey = ""
    /// The file of the Ed25519 key that signs the log's checkpoints; PEM.
    var signingKey = ""
    /// Bytes after which a new file is begun, 256 MiB by default: small enough to copy and to
    /// verify in seconds, large enough that a day is tens of files and not thousands.
    var segmentBytes = 256 << 20
    /// Records that may wait for the disk, 65,536 by default: half a second at 100,000 a second.
    /// Past it requests are refused, never left out.
    var pendingRecordCountMax = 65_536
    /// Which records belong together and how long their logs are kept; by default one class that
    /// never expires.
    var retention = RetentionClasses.standard
  }
}

extension Configuration.Audit {
  /// Reads `audit`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    directory = paths.writableFolder("directory", in: reader)
    intervalMilliseconds = reader.durationMilliseconds(
      "interval", in: 1...1_000, default: intervalMilliseconds)
    pseudonymKey = paths.file("pseudonym_key", in: reader)
    signingKey = paths.file("signing_key", in: reader)
    segmentBytes = reader.byteSize(
      "segment_size", in: (1 << 20)...(16 << 30), default: segmentBytes)
    pendingRecordCountMax = reader.integer(
      "pending_records", in: 1_024...16_777_216, default: pendingRecordCountMax)
    if let classes = Self.retention(reader) { retention = classes }
    reader.finish()
  }

  /// A log is kept a day at least; a century is longer than any law says.
  private static let keepSeconds = 86_400...(36_525 * 86_400)

  /// Reads `retention`; nil when it is absent or wrong.
  private static func retention(_ reader: MappingReader) -> RetentionClasses? {
    let entries = reader.namedMappings("retention", "retention class", isRequired: false)
    reader.requireItems("retention", entries.count, max: AuditLimits.retentionClassCountMax)
    var classes: [RetentionClass] = []
    var taken: Set<String> = []
    for (index, entry) in entries.enumerated() {
      let isName = RetentionClass.isName(entry.name.text) && entry.name.text != LogName.control
      if !isName {
        reader.diagnostics.error(
          .name, at: entry.name.mark,
          "a retention class is named by 1 to 32 lower-case letters, digits or `-`, and not"
            + " `\(LogName.control)`")
      }
      let one = retentionClass(
        entry.reader, name: isName ? entry.name.text : "class-\(index)", isFirst: index == 0,
        &taken)
      if !classes.contains(where: { $0.name == one.name }) { classes.append(one) }
    }
    guard !classes.isEmpty, classes.count <= AuditLimits.retentionClassCountMax else { return nil }
    return RetentionClasses(classes)
  }

  /// Reads one class; `taken` are the words that the classes before it named.
  private static func retentionClass(
    _ reader: MappingReader, name: String, isFirst: Bool, _ taken: inout Set<String>
  ) -> RetentionClass {
    var one = RetentionClass(name: name)
    if let scalar = reader.scalar("keep"),
      let seconds = reader.diagnostics.seconds(scalar, "keep", in: keepSeconds)
    {
      if seconds % 86_400 != 0 {
        reader.diagnostics.error(
          Code.unit.rawValue, at: scalar.mark, "`keep` must be whole days such as `30d`")
      }
      one.keepDays = UInt32(seconds / 86_400)
    }
    let kinds = RetentionClass.assignableKinds
    let classWords = words(
      "data_classes", reader, among: DataClass.allCases.map(\.rawValue), &taken)
    let kindWords = words("kinds", reader, among: kinds.map { "\($0.word)" }, &taken)
    one.dataClasses = classWords.compactMap { DataClass(rawValue: $0) }
    one.kinds = kinds.filter { kindWords.contains("\($0.word)") }
    for key in ["data_classes", "kinds"] where isFirst && reader.contains(key) {
      reader.diagnostics.error(
        Code.unknownWord.rawValue, at: reader.mark(of: key),
        "the first retention class takes what no other one names; leave `\(key)` out")
    }
    reader.finish()
    return isFirst ? RetentionClass(name: name, keepDays: one.keepDays) : one
  }

  /// Words of a list, each known and in one class only.
  private static func words(
    _ key: String, _ reader: MappingReader, among known: [String], _ taken: inout Set<String>
  ) -> [String] {
    var words: [String] = []
    for node in reader.list(key, isRequired: false) {
      guard case .scalar(let scalar) = node else {
        reader.diagnostics.error(
          Code.shape.rawValue, at: node.mark,
          "an item of `\(key)` must be a word, not \(node.shape)")
        continue
      }
      guard let word = reader.diagnostics.word(scalar, key, among: known) else { continue }
      guard taken.insert("\(key) \(word)").inserted else {
        reader.diagnostics.error(
          Code.duplicateItem.rawValue, at: scalar.mark,
          "`\(word)` belongs to one retention class already")
        continue
      }
      words.append(word)
    }
    return words
  }
}
