public import Base
public import Native

/// A snapshot of all patients, used where its bytes lie. Immutable; any thread.
public struct DirectorySnapshot: Sendable {
  /// What its header says.
  public private(set) var header: SnapshotHeader
  /// The slots, inside `bytes`.
  let table: SlotTable
  /// What keeps the slots.
  private let bytes: DirectoryBytes
  /// Where in `bytes` the slots begin.
  private let contentStart: Int

  /// Opens the snapshot in `file`. Its header is verified; its slots are when `verifyContent`
  /// returned, and are safe to look at before.
  public init(
    _ file: DirectoryBytes, signer: VerifyingKey, keyID: UInt64
  ) throws(DirectoryFault) {
    let (header, start) = try SnapshotHeader.read(file, signer: signer)
    guard header.keyID == keyID else { throw .otherKey }
    self.init(header, file, contentStart: start)
  }

  /// Takes slots that this process made, after `contentStart` bytes that are no slots.
  init(_ header: SnapshotHeader, _ bytes: DirectoryBytes, contentStart: Int) {
    self.header = header
    self.bytes = bytes
    self.contentStart = contentStart
    precondition(
      bytes.count == contentStart + header.contentByteCount && contentStart % 8 == 0,
      "the slots are aligned and end with the bytes")
    // The bytes live as long as this value, are aligned, and as many as the slots need.
    unsafe table = bytes.withBytes { raw in
      unsafe SlotTable(
        words: (raw.baseAddress.unsafelyUnwrapped + contentStart)
          .assumingMemoryBound(to: UInt64.self),
        slotCount: header.slotCount, placeCount: header.placeCount,
        distanceMax: header.distanceMax)
    }
  }

  /// The same patients, as a snapshot that holds the deltas up to this one.
  public func holding(lastDelta: UInt64) -> DirectorySnapshot {
    var snapshot = self
    snapshot.header.lastDelta = lastDelta
    return snapshot
  }

  /// Hashes every chunk of the slots and looks at every entry. `progress` gets the bytes so far.
  public func verifyContent(progress: (Int) -> Void = { _ in }) throws(DirectoryFault) {
    let size = DirectoryLimits.chunkByteCount
    for (index, expected) in header.chunkHashes.enumerated() {
      let start = contentStart + index * size
      let found = unsafe bytes.withBytes { raw in
        unsafe SHA256.hash(
          UnsafeRawBufferPointer(rebasing: raw[start..<min(start + size, raw.count)]))
      }
      guard found == expected else { throw .content(chunk: index) }
      progress(min((index + 1) * size, header.contentByteCount))
    }
    try verifyForm()
  }

  /// Whether the slots are as this program writes them; INVARIANT (sorted slots).
  private func verifyForm() throws(DirectoryFault) {
    var (patientCount, isGap) = (0, true)
    var last: PatientKey?
    for index in 0..<table.slotCount {
      let word = table.word(at: index)
      guard word.isWellFormed(homeCount: header.homeNames.count, slotCount: table.slotCount) else {
        throw .malformed("an entry")
      }
      guard word != .empty else {
        isGap = true
        continue
      }
      let key = table.key(at: index)
      let place = SlotTable.place(of: key, among: table.placeCount)
      guard last.map({ $0 < key }) ?? true, place <= index,
        index - place <= table.distanceMax, !isGap || place == index
      else { throw .malformed("the order of its entries") }
      (last, isGap) = (key, false)
      patientCount += 1
    }
    guard patientCount == header.patientCount else { throw .malformed("its counts") }
  }

  /// The slots' bytes, for who writes the file.
  public func withContent<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try unsafe bytes.withBytes { raw throws(E) in
      try unsafe body(UnsafeRawBufferPointer(rebasing: raw[contentStart...]))
    }
  }

  /// The header as the file holds it, signed, with the hashes of the slots. `progress` gets the
  /// bytes hashed so far.
  public func signedHeader(
    version: UInt64, built: WallTime, lastDelta: UInt64, signer: borrowing SigningKey,
    progress: (Int) -> Void = { _ in }
  ) -> [UInt8] {
    var header = header
    (header.version, header.built, header.lastDelta) = (version, built, lastDelta)
    header.chunkHashes = []
    unsafe withContent { raw in
      for start in stride(from: 0, to: raw.count, by: DirectoryLimits.chunkByteCount) {
        let end = min(start + DirectoryLimits.chunkByteCount, raw.count)
        header.chunkHashes.append(
          unsafe SHA256.hash(UnsafeRawBufferPointer(rebasing: raw[start..<end])))
        progress(end)
      }
    }
    return header.encoded(signer: signer)
  }
}
