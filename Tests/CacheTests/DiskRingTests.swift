import Base
import Testing

@testable import Cache

/// The ring against a file that remembers who wrote each byte last.
@Suite struct DiskRingTests {
  @Test(arguments: [UInt64(1), 2, 3, 4])
  func whatItHoldsIsWhole(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let size = Int.random(in: 800...1000, using: &random)
    var ring = DiskRing(byteCountMax: size)
    var file = [UInt64?](repeating: nil, count: size)
    var records: [(position: UInt64, byteCount: Int)] = []
    for _ in 0..<3000 {
      let byteCount = Int.random(in: 1...(size / 8), using: &random)
      let placed = ring.place(byteCount: byteCount)
      let position = try #require(placed)
      let offset = ring.offset(of: position)
      #expect(offset + byteCount <= size)
      #expect(records.last.map { $0.position + UInt64($0.byteCount) <= position } ?? true)
      for place in offset..<offset + byteCount { file[place] = position }
      records.append((position, byteCount))
      for record in records {
        let start = ring.offset(of: record.position)
        let isWhole = file[start..<start + record.byteCount].allSatisfy { $0 == record.position }
        // It may give up what is whole by chance, never the other way round.
        if ring.holds(record.position) { #expect(isWhole) }
        if record.position + UInt64(size) < position { #expect(!ring.holds(record.position)) }
      }
      // What is kept is most of the file.
      let held = records.filter { ring.holds($0.position) }.reduce(0) { $0 + $1.byteCount }
      if records.count > 100 { #expect(held > size / 2) }
      records = records.suffix(200)
    }
    #expect(!ring.holds(UInt64.max))
  }

  @Test func whatIsTooLongHasNoPlace() {
    var ring = DiskRing(byteCountMax: 800)
    #expect(ring.place(byteCount: 101) == nil)
    #expect(ring.place(byteCount: 0) == nil)
    #expect(ring.place(byteCount: 100) == 0)
    #expect(ring.holds(0) && !ring.holds(100))
  }
}
