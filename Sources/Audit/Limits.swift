/// The bounds of the audit log's formats.
public enum AuditLimits {
  /// Bytes of one record: what an entry of a tlog-tiles bundle can hold.
  public static let recordBytesMax = 65_535
  /// Bytes of a record before its private fields are sealed: the rest is for nonce, tag and tokens.
  public static let pendingRecordBytesMax = recordBytesMax - 256
  /// Bytes of one frame's entries: what a recovery must be able to hold in memory.
  public static let frameBytesMax = 1 << 30
  /// Bytes kept of a patient's identifier: what FHIR allows.
  public static let patientBytesMax = 64
  /// Bytes kept of a name, rule, reason or endpoint; configuration grants less.
  public static let nameBytesMax = 255
  /// Bytes kept of a subject: distinguished names are longer than names.
  public static let subjectBytesMax = 512
  /// Bytes kept of a user's words for why he asks: `IdentityLimits.reasonByteCounts` takes no more.
  public static let statedReasonBytesMax = 256
  /// Bytes kept of a checkpoint: with the signatures of some witnesses.
  public static let noteBytesMax = 8_192
  /// Candidates kept of one plan; policies name a handful.
  public static let candidatesMax = 32
  /// Removals kept of one narrowing: some endpoints for each candidate.
  public static let removalsMax = 128
  /// Retention classes of one edge: each is a file that is written and a sync in each group that
  /// touches it. Laws name three or four durations.
  public static let retentionClassCountMax = 8
  /// Bytes that may wait for the disk before decisions are refused: a quarter of a second at
  /// 100,000 records of 400 bytes a second.
  public static let capacityBytes = 10 << 20
  /// Bytes beyond the capacity that outcomes and events may use, so that what was decided can
  /// still be closed when no more may be decided.
  public static let reserveBytes = 2 << 20
}
