import Base
import Testing

@testable import Cache

/// RFC 9110 section 5.6.7, and what RFC 9111 section 5.3 makes of everything else.
@Suite struct DateTests {
  @Test(
    arguments: [
      ("Sun, 06 Nov 1994 08:49:37 GMT", UInt64(784_111_777)),
      ("sun, 06 nov 1994 08:49:37 gmt", 784_111_777),
      ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
      ("SUNDAY, 06-NOV-94 08:49:37 GMT", 784_111_777),
      ("Sun Nov  6 08:49:37 1994", 784_111_777),
      ("Wed Nov 16 08:49:37 1994", 784_975_777),
      ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
      ("Wed, 31 Dec 1969 23:59:59 GMT", 0),
      ("Thu, 01 Jan 0001 00:00:00 GMT", 0),
      ("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800),
      ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
      ("Tuesday, 22-Nov-76 00:00:00 GMT", 3_373_228_800),
      ("Monday, 22-Nov-77 00:00:00 GMT", 249_004_800),
      ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
    ] as [(String, UInt64)])
  func dates(text: String, seconds: UInt64) {
    #expect(HTTPDate.seconds(Array(text.utf8), at: noon) == seconds)
  }

  @Test(arguments: [
    "", "0", "-1", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 EST",
    "Sun, 06 Nov 1994 08:49:37 +0000", "Sun, 06 Nov 1994 08:49:37", "Sun 06 Nov 1994 08:49:37 GMT",
    "Sun,  06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Wed, 29 Feb 2023 00:00:00 GMT", "Sun, 06-Nov-1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994",
    "Sun Nov 06 08:49:37 1994 GMT", "Son, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
    "Sun, 06 Nov 1994 08:49:37.5 GMT", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994, 08:49:37 GMT",
    "Sun, 06 Okt 1994 08:49:37 GMT", "\u{FF}",
  ])
  func notDates(text: String) {
    #expect(HTTPDate.seconds(Array(text.utf8), at: noon) == nil)
  }

  /// Whatever the calendar writes, the parser reads.
  @Test(arguments: [UInt64(1), 2, 3])
  func readsWhatIsWritten(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<500 {
      let seconds = UInt64.random(in: 0..<253_402_300_800, using: &random)
      var text: [UInt8] = []
      text.append(byteCountMax: ByteWriter.httpDateByteCount) {
        $0.append(httpDate: WallTime(microseconds: seconds * 1_000_000))
      }
      #expect(HTTPDate.seconds(text, at: noon) == seconds)
    }
  }
}
