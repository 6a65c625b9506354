import Audit
import Base
import Testing

@Test func aWholeSegmentIsReadBack() throws {
  let (bytes, ends, expected) = segment(seed: 1, count: 30, firstIndex: 77)
  let (frames, verdict) = try scan(bytes)
  #expect(verdict == .end(offset: bytes.count))
  #expect(frames.map(\.end) == ends)
  #expect(frames.map(\.header.firstIndex) == (77..<107).map { UInt64($0) })
  #expect(try frames.flatMap { try records($0, testKeys()) } == expected.map(stored))
  let scanner = try SegmentScanner(MemorySource(bytes))
  #expect(scanner.header.number == 3 && scanner.header.firstIndex == 77)
  #expect(scanner.header.created == WallTime(microseconds: 9))
  #expect(scanner.header.frontier == frontier(size: 77))
}

@Test func rootsAreThoseOfTheEntries() throws {
  let (frames, _) = try scan(segment(seed: 9, count: 12).bytes)
  var (tree, tails) = (MerkleFrontier(), TileTails())
  var hasher = MerkleHasher()
  for frame in frames {
    _ = unsafe frame.body.withUnsafeBytes { body in
      unsafe frame.header.forEachEntry(in: body) { _, entry in
        tree.append(unsafe hasher.leaf(entry), &hasher, tiles: &tails)
      }
    }
    #expect(tree.root(&hasher) == frame.header.root && tree.size == frame.header.size)
  }
}

@Test func everyTruncationRecoversToTheLastWholeFrame() throws {
  let (bytes, ends, _) = segment(seed: 2, count: 6)
  for count in SegmentHeader.byteCount..<bytes.count {
    let (frames, verdict) = try scan(Array(bytes.prefix(count)))
    let whole = ends.filter { $0 <= count }
    let last = whole.last ?? SegmentHeader.byteCount
    #expect(frames.count == whole.count)
    switch verdict {
    case .end(let offset):
      // Nothing is dropped, or only zeros that a preallocated file could hold as well.
      #expect(offset == last && bytes[last..<count].allSatisfy { $0 == 0 })
    case .torn(let truncateTo, let dropped):
      #expect(truncateTo == last && dropped > 0 && dropped <= count - last)
    default: Issue.record("cut at \(count): \(verdict)")
    }
  }
}

/// A crash leaves any set of the last frame's sectors unwritten: zeros of the preallocation.
@Test(arguments: 0..<40 as Range<UInt64>)
func everySetOfLostSectorsIsATornWrite(seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  let (bytes, ends, _) = segment(seed: seed, count: 7)
  let start = ends[5]
  let sectors = (start / 512)...((bytes.count - 1) / 512)
  var file = bytes + [UInt8](repeating: 0, count: 4096)
  var isLost = false
  for sector in sectors where Bool.random(using: &random) || (sector == sectors.last && !isLost) {
    for place in max(sector * 512, start)..<min((sector + 1) * 512, bytes.count) {
      isLost = isLost || file[place] != 0
      file[place] = 0
    }
  }
  let (frames, verdict) = try scan(file)
  #expect(isLost && frames.count == 6)
  switch verdict {
  case .end(let offset), .torn(let offset, _): #expect(offset == start)
  default: Issue.record("\(verdict)")
  }
}

/// No write tears into single bits: a flipped one is damage, in the last frame too.
@Test func everyFlippedBitIsFound() throws {
  let (bytes, ends, _) = segment(seed: 4, count: 5)
  for bit in stride(from: 0, to: bytes.count * 8, by: 3) {
    var damaged = bytes
    damaged[bit / 8] ^= 1 << UInt8(bit % 8)
    if bit / 8 < SegmentHeader.byteCount {
      #expect(throws: SegmentFault.self) { try scan(damaged) }
      continue
    }
    let (frames, verdict) = try scan(damaged)
    let before = ends.filter { $0 <= bit / 8 }
    #expect(frames.count == before.count)
    let start = before.last ?? SegmentHeader.byteCount
    #expect(
      verdict
        == .corrupt(
          SegmentFault(kind: .damagedFrame, offset: start, index: UInt64(before.count))),
      "bit \(bit)")
  }
}

@Test func aDeletedFrameIsFound() throws {
  let (bytes, ends, _) = segment(seed: 5, count: 5)
  let without = Array(bytes[..<ends[1]] + bytes[ends[2]...])
  #expect(
    try scan(without).verdict
      == .corrupt(SegmentFault(kind: .indexBreak(found: 3), offset: ends[1], index: 2)))
  let twice = Array(bytes[..<ends[1]] + bytes[ends[0]...])
  #expect(
    try scan(twice).verdict
      == .corrupt(SegmentFault(kind: .indexBreak(found: 1), offset: ends[1], index: 2)))
}

@Test func onlyTheLastSegmentMayBeTorn() throws {
  let (bytes, ends, _) = segment(seed: 6, count: 3)
  let torn = Array(bytes.dropLast(1))
  let (_, verdict) = try scan(torn, isLast: false)
  #expect(
    verdict == .corrupt(SegmentFault(kind: .shortSegment, offset: ends[1], index: 2)))
}

@Test func garbageInsteadOfASegmentIsRefused() {
  func kind(_ bytes: [UInt8]) -> SegmentFault.Kind? {
    do {
      _ = try scan(bytes)
      return nil
    } catch { return (error as? SegmentFault)?.kind }
  }
  let (bytes, _, _) = segment(seed: 7, count: 1)
  #expect(kind([]) == .notASegment)
  #expect(kind([UInt8](repeating: 0, count: 4096)) == .notASegment)
  #expect(kind(Array("{\"not\":\"a segment\"}".utf8)) == .notASegment)
  #expect(kind(Array(bytes.prefix(SegmentHeader.byteCount - 1))) == .notASegment)
  var damaged = bytes
  damaged[20] ^= 1
  #expect(kind(damaged) == .damagedHeader)
}

@Test func stumpsMayBeMadeAnew() throws {
  let (bytes, _, _) = segment(seed: 8, count: 1)
  for count in stride(from: 0, to: SegmentHeader.byteCount, by: 64) {
    #expect(try SegmentScanner.isStump(MemorySource(Array(bytes.prefix(count)))))
    // Space was taken, and the last sector of the header was not written.
    let file = Array(bytes.prefix(min(count, 3584))) + [UInt8](repeating: 0, count: 5000)
    #expect(try SegmentScanner.isStump(MemorySource(file)))
  }
  #expect(try !SegmentScanner.isStump(MemorySource(bytes)))
}

@Test func faultsSayWhatToDo() {
  for kind in [SegmentFault.Kind.notASegment, .damagedHeader, .damagedFrame, .shortSegment] {
    let text = SegmentFault(kind: kind, offset: 12, index: 3).description
    #expect(text.contains("keep the folder as evidence"))
  }
  let later = SegmentFault(kind: .unsupportedVersion(9), offset: 0, index: 0).description
  #expect(later.contains("use a newer program"))
}

@Test(arguments: 0..<100 as Range<UInt64>)
func randomDamageNeverTraps(seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  let (bytes, ends, _) = segment(seed: seed, count: 4)
  for _ in 0..<20 {
    var damaged = bytes
    for _ in 0..<Int.random(in: 1..<40, using: &random) {
      let index = Int.random(in: SegmentHeader.byteCount..<damaged.count, using: &random)
      damaged[index] = UInt8.random(in: 0...255, using: &random)
    }
    let (frames, verdict) = try scan(damaged)
    #expect(frames.count <= ends.count)
    if damaged != bytes { #expect(verdict != .end(offset: bytes.count)) }
  }
}

@Test func logNamesSayWhichMonthTheyAreOf() throws {
  let time = WallTime(microseconds: 1_795_331_424_000_000)
  let name = LogName(instance: "edge.eu-1", retention: "clinical", at: time)
  #expect(name.folder == "edge.eu-1.clinical.20261122T071024Z")
  #expect(name.origin == "edge.eu-1/audit/clinical/20261122T071024Z")
  #expect(LogName(folder: name.folder) == name)
  // The clock did not move on, or was set back: the next log still sorts behind.
  let next = LogName(instance: "edge.eu-1", retention: "clinical", at: time, after: name)
  #expect(next.begin == "20261122T071025Z" && next.folder > name.folder)
  let day: UInt64 = 86_400_000_000
  #expect(
    !name.isOver(at: time) && !name.isOver(at: WallTime(microseconds: time.microseconds - 60 * day))
  )
  #expect(name.isOver(at: WallTime(microseconds: time.microseconds + 9 * day)))
  for folder in ["keys", "lock", "a.b", "a.b.20261122T071024", "..20261122T071024Z"] {
    #expect(LogName(folder: folder) == nil)
  }
}

/// A segment whose last frame is being written while it is read: later looks show more of it.
private struct GrowingSource: SegmentSource {
  let whole: [UInt8]
  /// How many bytes are there, behind which other bytes stand; grows with each `forget`.
  var written: Int
  var byteCount: Int { whole.count }

  mutating func forget() { written = min(written + 7, whole.count) }

  mutating func read(
    at offset: Int, _ byteCount: Int
  ) throws(SegmentFault) -> ArraySlice<UInt8> {
    var seen = whole
    for place in written..<whole.count { seen[place] ^= 0x55 }
    return seen[min(offset, seen.count)..<min(offset + byteCount, seen.count)]
  }
}

@Test func aFrameThatIsBeingWrittenIsNoDamage() throws {
  let (bytes, ends, _) = segment(seed: 10, count: 4)
  for missing in [1, 30, 200] {
    var scanner = try SegmentScanner(
      GrowingSource(whole: bytes, written: max(ends[2] + 1, bytes.count - missing)))
    var count = 0
    while case .frame = scanner.next() { count += 1 }
    #expect(count == 4 && scanner.next() == .end(offset: bytes.count))
  }
}
