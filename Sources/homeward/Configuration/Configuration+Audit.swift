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
    reader.finish()
  }
}
