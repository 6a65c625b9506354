extension WallTime {
  /// The calendar's view of the instant, in UTC (proleptic Gregorian).
  public var civil: (year: Int, month: Int, day: Int, secondOfDay: Int) {
    let seconds = Int(microseconds / 1_000_000)
    // Days since 0000-03-01, so that the leap day ends a year (H. Hinnant, chrono algorithms).
    let days = seconds / 86_400 + 719_468
    let era = days / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, seconds % 86_400)
  }
}

extension ByteWriter {
  /// Bytes that `append(rfc3339:)` needs at most.
  public static let rfc3339ByteCountMax = 24

  /// Appends `time` as RFC 3339 writes it, in UTC with milliseconds: `2026-11-22T04:05:06.789Z`.
  public mutating func append(rfc3339 time: WallTime) {
    let civil = time.civil
    append(twoDigits: civil.year / 100 % 100)
    append(twoDigits: civil.year % 100)
    append(UInt8(ascii: "-"))
    append(twoDigits: civil.month)
    append(UInt8(ascii: "-"))
    append(twoDigits: civil.day)
    append(UInt8(ascii: "T"))
    append(twoDigits: civil.secondOfDay / 3600)
    append(UInt8(ascii: ":"))
    append(twoDigits: civil.secondOfDay / 60 % 60)
    append(UInt8(ascii: ":"))
    append(twoDigits: civil.secondOfDay % 60)
    appendDecimals(Int(time.microseconds / 1000 % 1000))
    append(UInt8(ascii: "Z"))
  }

  /// Bytes that `append(httpDate:)` writes.
  public static let httpDateByteCount = 29

  /// Appends `time` as HTTP writes dates (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
  public mutating func append(httpDate time: WallTime) {
    let civil = time.civil
    // 1970 began on a Thursday.
    let day = Int(time.microseconds / 86_400_000_000 % 7)
    append((["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"] as [StaticString])[day])
    append(", ")
    append(twoDigits: civil.day)
    let months: [StaticString] = [
      " Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ", " Jul ", " Aug ", " Sep ", " Oct ",
      " Nov ", " Dec ",
    ]
    append(months[civil.month - 1])
    append(twoDigits: civil.year / 100 % 100)
    append(twoDigits: civil.year % 100)
    append(" ")
    append(twoDigits: civil.secondOfDay / 3600)
    append(UInt8(ascii: ":"))
    append(twoDigits: civil.secondOfDay / 60 % 60)
    append(UInt8(ascii: ":"))
    append(twoDigits: civil.secondOfDay % 60)
    append(" GMT")
  }

  /// Bytes that `append(secondsOfMilliseconds:)` needs at most.
  public static let secondsByteCountMax = 25

  /// Appends milliseconds as seconds with three decimals: `2.105s`.
  public mutating func append(secondsOfMilliseconds milliseconds: UInt64) {
    append(decimal: milliseconds / 1000)
    appendDecimals(Int(milliseconds % 1000))
    append(UInt8(ascii: "s"))
  }

  /// Appends thousandths behind their point.
  private mutating func appendDecimals(_ thousandths: Int) {
    append(UInt8(ascii: "."))
    append(UInt8(truncatingIfNeeded: thousandths / 100) &+ 0x30)
    append(twoDigits: thousandths % 100)
  }
}

extension ByteQueue {
  /// Appends `time` as RFC 3339 writes it; see `ByteWriter`.
  public mutating func append(rfc3339 time: WallTime) {
    append(byteCountMax: ByteWriter.rfc3339ByteCountMax) { $0.append(rfc3339: time) }
  }
  /// Appends `time` as HTTP writes dates; see `ByteWriter`.
  public mutating func append(httpDate time: WallTime) {
    append(byteCountMax: ByteWriter.httpDateByteCount) { $0.append(httpDate: time) }
  }
}
