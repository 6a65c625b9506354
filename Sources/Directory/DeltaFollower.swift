internal import Base
internal import Native

/// Reads a delta log as it grows: bytes in, verified changes out. One thread.
///
/// INVARIANT (whole batches): a batch is interpreted after all its bytes are there, its signature
/// is good and its number is the next one; anything else stops the log for good, and what was
/// applied before stays in force.
struct DeltaFollower {
  /// What one call found.
  struct Step {
    /// Bytes that need not be handed in again.
    var consumedCount = 0
    /// Batches that were applied.
    var batchCount = 0
    /// Changes in them.
    var changeCount = 0
    /// Whether the bytes end inside a batch that is not whole yet.
    var isTorn = false
  }

  /// Whose batches are believed.
  private let signer: VerifyingKey
  /// The key that made patients' keys.
  private let keyID: UInt64
  /// The number of the last batch in force.
  private(set) var last: UInt64
  /// The number of the last batch read in this file; nil before its header.
  private var lastRead: UInt64?
  /// Why nothing more is read of this file.
  private(set) var fault: DirectoryFault?

  /// Goes on after the batches that a snapshot holds.
  init(signer: VerifyingKey, keyID: UInt64, after last: UInt64) {
    self.signer = signer
    self.keyID = keyID
    self.last = last
  }

  /// Begins at the start of a file: the first one, or one that took its place.
  mutating func begin() { (lastRead, fault) = (nil, nil) }

  /// Reads on in `raw`, which continues where the last call's consumed bytes ended. `apply` gets
  /// a batch's changes with the names of its homes, then `finish` its time; `hasRoom` says whether
  /// so many more patients can be changed.
  mutating func receive(
    _ raw: UnsafeRawBufferPointer,
    apply: ([DirectoryChange], [String]) -> Void, hasRoom: (Int) -> Bool,
    finish: (WallTime) -> Void
  ) -> Step {
    var step = Step()
    guard fault == nil else { return step }
    do throws(DirectoryFault) {
      while true {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: raw[step.consumedCount...])
        guard let lastRead else {
          guard let count = try unsafe readHeader(rest) else { break }
          step.consumedCount += count
          continue
        }
        guard let batch = try unsafe readBatch(rest, after: lastRead) else { break }
        if batch.number > last {
          guard hasRoom(2 * batch.changeCount) else { throw .overlayFull }
          // All of them first: a batch with one malformed change is not applied at all.
          var changes: [DirectoryChange] = []
          for index in 0..<batch.changeCount {
            changes.append(
              try unsafe DeltaLog.change(
                rest, at: batch.changesStart + index * DeltaLog.changeByteCount,
                homeCount: batch.homeNames.count))
          }
          apply(changes, batch.homeNames)
          finish(batch.time)
          last = batch.number
          step.batchCount += 1
          step.changeCount += batch.changeCount
        }
        self.lastRead = batch.number
        step.consumedCount += batch.byteCount
      }
      step.isTorn = step.consumedCount < raw.count
    } catch {
      fault = error
    }
    return step
  }

  /// Reads the log's header and gives its length; nil while it is not whole.
  private mutating func readHeader(_ raw: UnsafeRawBufferPointer) throws(DirectoryFault) -> Int? {
    let magicCount = min(raw.count, DeltaLog.magic.count)
    guard unsafe raw.prefix(magicCount).elementsEqual(DeltaLog.magic.prefix(magicCount)) else {
      throw .notThisKind("directory delta log")
    }
    guard raw.count >= DeltaLog.headerByteCount else { return nil }
    let format = unsafe raw.little32(at: 8)
    guard format == DeltaLog.format else { throw .formatVersion(format) }
    let signed = DeltaLog.headerByteCount - VerifyingKey.signatureByteCount
    let signature = unsafe Array(raw[signed..<DeltaLog.headerByteCount])
    guard
      unsafe signer.isValid(
        signature: signature, for: DeltaLog.headerDomain + Array(raw[..<signed]))
    else { throw .signature }
    let base = unsafe raw.little64(at: 16)
    guard unsafe raw.little64(at: 24) == keyID else { throw .otherKey }
    // A log may begin before what is in force, and what it repeats is passed over; not after it.
    guard base <= last else { throw .gap(expected: last &+ 1, found: base &+ 1) }
    lastRead = base
    return DeltaLog.headerByteCount
  }

  /// A batch that is whole, signed, and the next one.
  private struct Batch {
    var number: UInt64
    var time: WallTime
    var homeNames: [String]
    var changeCount: Int
    var changesStart: Int
    var byteCount: Int
  }

  /// Reads the batch at the start of `raw`; nil while it is not whole.
  private func readBatch(
    _ raw: UnsafeRawBufferPointer, after lastRead: UInt64
  ) throws(DirectoryFault) -> Batch? {
    guard raw.count >= DeltaLog.batchFixedByteCount else { return nil }
    let byteCount = unsafe Int(raw.little32(at: 0))
    let changeCount = unsafe Int(raw.little32(at: 4))
    let nameByteCount = unsafe Int(raw.little32(at: 24))
    let fixed = DeltaLog.batchFixedByteCount + VerifyingKey.signatureByteCount
    guard byteCount <= DirectoryLimits.batchBytesMax,
      byteCount == fixed + nameByteCount + changeCount * DeltaLog.changeByteCount
    else { throw .malformed("the length of a batch") }
    guard raw.count >= byteCount else { return nil }
    let signed = byteCount - VerifyingKey.signatureByteCount
    let signature = unsafe Array(raw[signed..<byteCount])
    guard
      unsafe signer.isValid(
        signature: signature, for: DeltaLog.signedBytes(raw[..<signed], keyID: keyID))
    else { throw .signature }
    let number = unsafe raw.little64(at: 8)
    guard number == lastRead &+ 1 else { throw .gap(expected: lastRead &+ 1, found: number) }
    let namesStart = DeltaLog.batchFixedByteCount
    let names = unsafe Array(raw[namesStart..<namesStart + nameByteCount])
    return unsafe Batch(
      number: number, time: WallTime(microseconds: raw.little64(at: 16)),
      homeNames: try Self.names(names), changeCount: changeCount,
      changesStart: namesStart + nameByteCount, byteCount: byteCount)
  }

  /// The names in their encoded form.
  private static func names(_ bytes: [UInt8]) throws(DirectoryFault) -> [String] {
    var names: [String] = []
    var start = 0
    while start < bytes.count {
      let end = start + 1 + Int(bytes[start])
      guard end <= bytes.count, names.count < DirectoryLimits.homesMax,
        isRegionName(bytes[start + 1..<end].span)
      else { throw .malformed("the names of homes") }
      names.append(String(decoding: bytes[start + 1..<end], as: UTF8.self))
      start = end
    }
    return names
  }
}
