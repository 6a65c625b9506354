import Base
import Native
import Testing

@testable import Audit

@Suite struct SearchBlockTests {
  /// A frame at the segment's start.
  private static func frame(_ firstIndex: UInt64, count: UInt32) -> SearchBlockBuilder.Frame {
    SearchBlockBuilder.Frame(header(firstIndex, count), offset: 4_096)
  }

  private static func header(
    _ firstIndex: UInt64, _ count: UInt32, root: SHA256Digest = .zero
  ) -> FrameHeader {
    FrameHeader(
      firstIndex: firstIndex, entryCount: count, bodyByteCount: 9, bodyChecksum: 9, root: root)
  }

  private static func bytes(_ header: FrameHeader) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: FrameHeader.byteCount)
    unsafe bytes.withUnsafeMutableBytes { raw in
      if let base = raw.baseAddress { unsafe header.encode(to: base) }
    }
    return bytes
  }

  /// Every term of random records is found where it stands, and nowhere else.
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func aBlockFindsWhatWasAdded(seed: UInt64) throws {
    var records = RandomRecords(seed: seed)
    var shape = SearchBlockShape()
    shape.termPostingsMax = 40
    var builder = SearchBlockBuilder(firstIndex: 1_000, shape: shape)
    var expected: [SearchTerm: [Int]] = [:]
    var (offset, starts) = (5_000, [Int]())
    let count = Int.random(in: 1...1_500, using: &records.random)
    for number in 0..<count {
      var queue = ByteQueue()
      let isDecision = records.bool()
      _ =
        isDecision
        ? Pending.append(records.decision(), to: &queue)
        : Pending.append(records.outcome(), to: &queue)
      let entry = Array(queue.copyToArray().dropFirst(Pending.headerByteCount))
      unsafe entry.withUnsafeBytes { raw in
        _ = unsafe SearchFacts(raw) { expected[$0, default: []].append(number) }
        #expect(unsafe builder.add(raw, at: offset, frame: Self.frame(990, count: 2_000)))
      }
      starts.append(offset)
      offset += 2 + entry.count
    }
    let file = builder.finish()
    #expect(builder.isEmpty && builder.firstIndex == 1_000 + UInt64(count))
    func page(_ number: Int) -> [UInt8] { Array(file[(4_096 * number)..<(4_096 * (number + 1))]) }
    let block = try #require(SearchBlock(decoding: page(0), fileByteCount: file.count))
    #expect(block.firstIndex == 1_000 && block.entryCount == count)
    #expect(block.frameOffset == 4_096 && block.frameFirstIndex == 990)
    #expect(block.ends(inFrame: Self.bytes(Self.header(990, 2_000))))
    #expect(!block.ends(inFrame: Self.bytes(Self.header(990, 9))))
    #expect(!block.ends(inFrame: Self.bytes(Self.header(2_501, 2_000))))
    var hasher = MerkleHasher()
    let other = Self.header(990, 2_000, root: hasher.leaf([]))
    #expect(!block.ends(inFrame: Self.bytes(other)))
    for (ordinal, start) in starts.enumerated() {
      #expect(block.start(of: ordinal, inPage: page(block.startPage(of: ordinal))) == start)
    }
    // The terms of other blocks are looked up too; nearly none is here.
    for key in 0..<200 { expected[SearchTerm(.tenant, "other \(key)"), default: []] += [] }
    for (term, ordinals) in expected {
      switch block.lookup(term) {
      case .common: #expect(ordinals.count > 40)
      case .pages(let pages):
        let found = pages.flatMap { block.ordinals(of: term, inPage: $0, page($0)) ?? [-1] }
        #expect(found == ordinals && ordinals.count <= 40)
      }
    }
  }

  /// A full block of the richest records fits its head.
  @Test func aFullBlockHasRoomForItsFences() throws {
    var builder = SearchBlockBuilder(firstIndex: 0)
    var record = DecisionRecord()
    record.verdict = .reject
    var number: UInt64 = 0
    while true {
      (record.id.low, number) = (number, number + 1)
      record.conditions.tenant = .text("t\(number)")
      record.region = .text("r\(number)")
      record.patient = record.id
      var queue = ByteQueue()
      _ = Pending.append(record, to: &queue)
      let entry = Array(queue.copyToArray().dropFirst(Pending.headerByteCount))
      let isAdded = unsafe entry.withUnsafeBytes {
        unsafe builder.add($0, at: 5_000 + Int(number) * 500, frame: Self.frame(0, count: 70_000))
      }
      if !isAdded { break }
    }
    let file = builder.finish()
    let decoded = SearchBlock(decoding: Array(file[..<4_096]), fileByteCount: file.count)
    let head = try #require(decoded)
    #expect(head.entryCount == 65_536 && head.common.count == 3)
    #expect(head.fences.count > 280 && head.endIndex == 65_536)
  }

  /// Heads of any bytes under a right checksum are refused or read, never trapped upon.
  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func aForgedHeadDoesNoHarm(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var builder = SearchBlockBuilder(firstIndex: 3)
    let entry: [UInt8] = [1, 1, 2, 1, 9]
    _ = unsafe entry.withUnsafeBytes {
      unsafe builder.add($0, at: 4_160, frame: Self.frame(3, count: 1))
    }
    let file = builder.finish()
    var readCount = 0
    for _ in 0..<500 {
      var page = PageWriter(at: 4)
      for place in stride(from: 4, to: 400, by: 4) {
        let isForged = Int.random(in: 0..<60, using: &random) == 0
        let word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(file[place + $1]) << (8 * UInt32($1)) }
        page.word(isForged ? UInt32(truncatingIfNeeded: random.next()) >> 20 : word)
      }
      let count = 4_096 * Int.random(in: 1...3, using: &random)
      guard let block = SearchBlock(decoding: page.finish(), fileByteCount: count) else { continue }
      readCount += 1
      guard case .pages(let pages) = block.lookup(SearchTerm(.tenant, "t")) else { continue }
      for number in pages {
        _ = block.ordinals(of: SearchTerm(.tenant, "t"), inPage: number, Array(file[..<4_096]))
      }
      _ = block.start(of: block.entryCount - 1, inPage: Array(file[..<4_096]))
    }
    #expect(readCount > 0)
  }

  @Test(arguments: [
    ("any", true), ("forbidden", true), ("reject", true), ("no-rule", true), ("permit", false),
    ("", false), ("Forbidden", false),
  ])
  func refusalsHaveNames(word: String, isOne: Bool) {
    #expect((SearchQuery.Refusal(word: word) != nil) == isOne)
    #expect(SearchQuery.Refusal.words.contains(word) == isOne)
  }
}
