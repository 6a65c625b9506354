import Audit
import Base
import Testing

@Test func aWholeSegmentIsReadBack() throws {
  let (bytes, ends, records) = segment(seed: 1, count: 30, firstSequence: 77)
  let (frames, verdict) = try scan(bytes)
  #expect(verdict == .end(offset: bytes.count))
  #expect(frames.map(\.payload.upperBound) == ends)
  #expect(frames.map(\.sequence) == (77..<107).map { UInt64($0) })
  try unsafe bytes.withUnsafeBytes { raw in
    var scanner = try unsafe SegmentScanner(raw)
    for record in records {
      guard case .frame(let frame) = scanner.next() else { break }
      #expect(try scanner.record(frame) == record)
    }
    #expect(scanner.nextSequence == 107)
    #expect(scanner.header.number == 3)
    #expect(scanner.header.created == WallTime(microseconds: 9))
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

@Test func everyTruncationInAPreallocatedFileRecovers() throws {
  let (bytes, ends, _) = segment(seed: 3, count: 4)
  for count in stride(from: SegmentHeader.byteCount, through: bytes.count, by: 3) {
    let file = bytes.prefix(count) + [UInt8](repeating: 0, count: bytes.count - count + 500)
    let (frames, verdict) = try scan(Array(file))
    // A cut in trailing zeros of a frame leaves it whole.
    #expect(frames.count >= ends.filter { $0 <= count }.count)
    switch verdict {
    case .end(let offset), .torn(let offset, _):
      #expect(offset == frames.last?.payload.upperBound ?? SegmentHeader.byteCount)
    default: Issue.record("cut at \(count): \(verdict)")
    }
  }
}

@Test func everyFlippedBitIsFound() throws {
  let (bytes, ends, _) = segment(seed: 4, count: 5)
  for bit in 0..<(bytes.count * 8) {
    var damaged = bytes
    damaged[bit / 8] ^= 1 << UInt8(bit % 8)
    guard let (frames, verdict) = try? scan(damaged) else {
      #expect(bit / 8 < SegmentHeader.byteCount)
      continue
    }
    let before = ends.filter { $0 <= bit / 8 }
    #expect(frames.count == before.count)
    let start = before.last ?? SegmentHeader.byteCount
    if before.count == ends.count - 1 {
      // In the last frame a flipped bit looks like a torn write.
      guard case .torn(start, _) = verdict else {
        Issue.record("bit \(bit): \(verdict)")
        continue
      }
    } else {
      #expect(
        verdict
          == .corrupt(
            SegmentFault(
              kind: .damagedFrame, offset: start, sequence: UInt64(before.count + 1))))
    }
  }
}

@Test func aDeletedFrameIsFound() throws {
  let (bytes, ends, _) = segment(seed: 5, count: 5)
  let without = Array(bytes[..<ends[1]] + bytes[ends[2]...])
  #expect(
    try scan(without).verdict
      == .corrupt(SegmentFault(kind: .sequenceBreak(found: 4), offset: ends[1], sequence: 3)))
  let twice = Array(bytes[..<ends[1]] + bytes[ends[0]...])
  #expect(
    try scan(twice).verdict
      == .corrupt(SegmentFault(kind: .sequenceBreak(found: 2), offset: ends[1], sequence: 3)))
}

@Test func onlyTheLastSegmentMayBeTorn() throws {
  let (bytes, ends, _) = segment(seed: 6, count: 3)
  let torn = Array(bytes.dropLast(1))
  let (_, verdict) = try scan(torn, isLast: false)
  #expect(
    verdict == .corrupt(SegmentFault(kind: .shortSegment, offset: ends[1], sequence: 3)))
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
  #expect(kind(Array(bytes.prefix(127))) == .notASegment)
  var damaged = bytes
  damaged[20] ^= 1
  #expect(kind(damaged) == .damagedHeader)
}

@Test func stumpsMayBeMadeAnew() {
  let (bytes, _, _) = segment(seed: 8, count: 1)
  for count in 0..<SegmentHeader.byteCount {
    let isStump = unsafe Array(bytes.prefix(count)).withUnsafeBytes {
      unsafe SegmentScanner.isStump($0)
    }
    #expect(isStump)
  }
  let zeros = [UInt8](repeating: 0, count: 5000)
  let zerosAreStump = unsafe zeros.withUnsafeBytes { unsafe SegmentScanner.isStump($0) }
  #expect(zerosAreStump)
  let wholeIsStump = unsafe bytes.withUnsafeBytes { unsafe SegmentScanner.isStump($0) }
  #expect(!wholeIsStump)
}

@Test func faultsSayWhatToDo() {
  for kind in [SegmentFault.Kind.notASegment, .damagedHeader, .damagedFrame, .shortSegment] {
    let text = SegmentFault(kind: kind, offset: 12, sequence: 3).description
    #expect(text.contains("keep the file as evidence"))
  }
  let later = SegmentFault(kind: .unsupportedVersion(9), offset: 0, sequence: 0).description
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
