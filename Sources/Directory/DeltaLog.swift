public import Base
public import Native

/// One change of the directory, as a delta log holds it. Homes are numbered by the batch's names.
public enum DirectoryChange: Equatable, Sendable {
  /// The patient is as said, whether known before or not.
  case upsert(PatientKey, PatientEntry)
  /// The patient is not known any more.
  case remove(PatientKey)
  /// The first id's person is the second one's.
  case merge(PatientKey, into: PatientKey)
  /// The person consented, or withdrew the consent.
  case consent(PatientKey, Consent)
}

/// The bytes of a delta log: a header, then batches that are only ever appended.
///
/// Header: magic (8 bytes), format (4), zero (4), base (8: the number of the batch before the first
/// one here), key id (8), made (8), signature (64). Batch: length (4), number of changes (4), its
/// number (8), time (8), length of the names (4), zero (4), the names of the homes (a length byte
/// and the name each), the changes (40 bytes each), signature (64). Both signatures are Ed25519
/// over a domain, for a batch also the key id, and all bytes before the signature. A batch without
/// changes is a heartbeat: it says that nothing happened until then. All is little-endian.
public enum DeltaLog {
  /// The first bytes of every log.
  static let magic = Array("hwpatdlt".utf8)
  /// The format that this program writes and reads.
  static let format: UInt32 = 1
  /// Bytes of the log's header.
  public static let headerByteCount = 104
  /// Bytes of a batch before the names.
  static let batchFixedByteCount = 32
  /// Bytes of a change.
  static let changeByteCount = 40
  /// What the signature of a header covers first.
  static let headerDomain = Array("homeward directory deltas v1\n".utf8)
  /// What the signature of a batch covers first.
  static let batchDomain = Array("homeward directory batch v1\n".utf8)

  /// The header of a log whose first batch has the number `base` + 1.
  public static func header(
    base: UInt64, keyID: UInt64, made: WallTime, signer: borrowing SigningKey
  ) -> [UInt8] {
    var bytes = magic
    bytes.append(little: format)
    bytes.append(little: 0 as UInt32)
    for word in [base, keyID, made.microseconds] { bytes.append(little: word) }
    bytes += signer.sign(headerDomain + bytes)
    return bytes
  }

  /// A batch of at most `DirectoryLimits.batchChangesMax` changes.
  public static func batch(
    _ changes: some Collection<DirectoryChange>, number: UInt64, time: WallTime,
    homeNames: [String], keyID: UInt64, signer: borrowing SigningKey
  ) -> [UInt8] {
    precondition(changes.count <= DirectoryLimits.batchChangesMax, "a batch is bounded")
    var names: [UInt8] = []
    for name in homeNames.map({ Array($0.utf8) }) {
      names.append(UInt8(name.count))
      names += name
    }
    let count =
      batchFixedByteCount + names.count + changes.count * changeByteCount
      + VerifyingKey.signatureByteCount
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    bytes.append(little: UInt32(count))
    bytes.append(little: UInt32(changes.count))
    bytes.append(little: number)
    bytes.append(little: time.microseconds)
    bytes.append(little: UInt32(names.count))
    bytes.append(little: 0 as UInt32)
    bytes += names
    for change in changes { append(change, to: &bytes) }
    bytes += signer.sign(signedBytes(bytes, keyID: keyID))
    return bytes
  }

  /// What the signature of a batch covers.
  static func signedBytes(_ batch: some Collection<UInt8>, keyID: UInt64) -> [UInt8] {
    var bytes = batchDomain
    bytes.append(little: keyID)
    bytes += batch
    return bytes
  }

  /// Writes a change: its kind, its patient, and two more words.
  private static func append(_ change: DirectoryChange, to bytes: inout [UInt8]) {
    let words: [UInt64] =
      switch change {
      case .upsert(let key, let entry): [1, key.high, key.low, EntryWord(entry).bits, 0]
      case .remove(let key): [2, key.high, key.low, 0, 0]
      case .merge(let key, let into): [3, key.high, key.low, into.high, into.low]
      case .consent(let key, let consent):
        [4, key.high, key.low, EntryWord(.nothing(but: consent)).bits, 0]
      }
    for word in words { bytes.append(little: word) }
  }

  /// Reads a change whose batch was found good.
  static func change(
    _ raw: UnsafeRawBufferPointer, at offset: Int, homeCount: Int
  ) throws(DirectoryFault) -> DirectoryChange {
    precondition(offset >= 0 && offset + changeByteCount <= raw.count, "change outside the batch")
    let words = unsafe (
      raw.little64(at: offset), raw.little64(at: offset + 8), raw.little64(at: offset + 16),
      raw.little64(at: offset + 24), raw.little64(at: offset + 32)
    )
    let key = PatientKey(high: words.1, low: words.2)
    let word = EntryWord(bits: words.3)
    switch words.0 {
    case 1 where word.kind == .patient && words.4 == 0:
      guard word.isWellFormed(homeCount: homeCount, slotCount: 0) else { break }
      return .upsert(key, word.entry)
    case 2 where words.3 == 0 && words.4 == 0: return .remove(key)
    case 3: return .merge(key, into: PatientKey(high: words.3, low: words.4))
    case 4 where word.kind == .patient && words.4 == 0:
      let entry = word.entry
      guard word == EntryWord(.nothing(but: entry.consent)) else { break }
      return .consent(key, entry.consent)
    default: break
    }
    throw .malformed("a change")
  }
}
