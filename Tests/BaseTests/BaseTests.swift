import Testing

@testable import Base

@Suite struct ByteQueueTests {
  /// Random appends and consumes against an array.
  @Test(arguments: [UInt64(1), 2, 3])
  func behavesLikeAnArray(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var queue = ByteQueue()
    var model: [UInt8] = []
    for _ in 0..<2000 {
      switch Int.random(in: 0..<4, using: &random) {
      case 0, 1:
        let count = Int.random(in: 0..<3000, using: &random)
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        queue.append(bytes)
        model += bytes
      case 2:
        let count = Int.random(in: 0...model.count, using: &random)
        queue.consume(count)
        model.removeFirst(count)
      default: queue.releaseIfEmpty()
      }
      #expect(queue.count == model.count)
    }
    #expect(queue.copyToArray() == model)
  }

  @Test(arguments: [(UInt64(0), "0"), (9, "9"), (10, "10"), (.max, "18446744073709551615")])
  func decimals(value: UInt64, text: String) {
    var queue = ByteQueue()
    queue.append(decimal: value)
    #expect(String(decoding: queue.copyToArray(), as: UTF8.self) == text)
  }

  @Test(arguments: [0x1, 0x9a, 0xfff, 0x0123_4567_89ab_cdef, .max] as [UInt64], 1...16)
  func hexadecimals(value: UInt64, digits: Int) {
    var queue = ByteQueue()
    queue.append(hexadecimal: value, digits: digits)
    let all = String(repeating: "0", count: 16) + String(value, radix: 16)
    #expect(String(decoding: queue.copyToArray(), as: UTF8.self) == String(all.suffix(digits)))
  }

  @Test(arguments: [
    (UInt64(0), "1970-01-01T00:00:00.000Z"),
    (951_782_399_999_000, "2000-02-28T23:59:59.999Z"),
    (951_868_799_000_000, "2000-02-29T23:59:59.000Z"),
    (1_795_305_600_001_000, "2026-11-22T00:00:00.001Z"),
    (4_107_542_400_000_000, "2100-03-01T00:00:00.000Z"),
  ])
  func timestamps(microseconds: UInt64, text: String) {
    var queue = ByteQueue()
    queue.append(rfc3339: WallTime(microseconds: microseconds))
    #expect(String(decoding: queue.copyToArray(), as: UTF8.self) == text)
  }
}

@Suite struct HTTPDateTests {
  @Test(arguments: [
    (UInt64(0), "Thu, 01 Jan 1970 00:00:00 GMT"),
    (784_111_777_999_999, "Sun, 06 Nov 1994 08:49:37 GMT"),
    (951_868_799_000_000, "Tue, 29 Feb 2000 23:59:59 GMT"),
    (1_798_675_201_000_000, "Thu, 31 Dec 2026 00:00:01 GMT"),
  ])
  func dates(microseconds: UInt64, text: String) {
    var queue = ByteQueue()
    queue.append(httpDate: WallTime(microseconds: microseconds))
    #expect(String(decoding: queue.copyToArray(), as: UTF8.self) == text)
  }
}

@Suite struct PlaceTests {
  @Test(arguments: ["US", "US-AZ", "GB-ENG", "FR-75"])
  func readsAndWrites(text: String) { #expect(Place(text)?.description == text) }

  @Test(arguments: ["", "U", "us", "USA", "US-", "US-ABCD", "US_AZ", "U5", "US-az", "unknown"])
  func refusesOthers(text: String) { #expect(Place(text) == nil) }

  @Test func aStateLiesInItsCountry() throws {
    let arizona = try #require(Place("US-AZ"))
    let country = try #require(Place("US"))
    #expect(arizona.isWithin(country))
    #expect(arizona.isWithin(arizona))
    #expect(!country.isWithin(arizona))
    #expect(!Place.unknown.isWithin(country))
    #expect(!arizona.isWithin(.unknown))
  }
}

@Suite struct TimeTests {
  @Test func additionSaturates() {
    #expect(Instant.never.adding(milliseconds: 1) == .never)
    #expect(Instant(nanoseconds: 5).adding(milliseconds: .max) == .never)
    #expect(Instant(nanoseconds: 1).adding(milliseconds: 2).nanoseconds == 2_000_001)
  }

  @Test func differencesNeverWrap() {
    let early = Instant(nanoseconds: 1)
    let late = Instant(nanoseconds: 5_000_001)
    #expect(late.milliseconds(since: early) == 5)
    #expect(early.milliseconds(since: late) == 0)
  }
}
