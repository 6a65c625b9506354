public import Base

/// Reads the three date formats of HTTP (RFC 9110 section 5.6.7), in any case, in GMT only.
public enum HTTPDate {
  /// Seconds since 1970 of the date; zero for earlier ones, nil for anything that is not a date.
  ///
  /// `now` places a year of two digits: more than 50 years ahead means the century before.
  public static func seconds(_ text: [UInt8], at now: WallTime) -> UInt64? {
    if let date = internetDate(text) { return date }
    if let date = rfc850Date(text, thisYear: now.civil.year) { return date }
    return asctimeDate(text)
  }

  private static let days = [
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
  ]
  .map { Array($0.utf8) }
  private static let months = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
  ].map { Array($0.utf8) }

  /// `Sun, 06 Nov 1994 08:49:37 GMT`.
  private static func internetDate(_ text: [UInt8]) -> UInt64? {
    var scan = DateScan(text)
    guard scan.isWord(of: days.map { Array($0.prefix(3)) }) != nil, scan.skip(", "),
      let day = scan.number(digits: 2), scan.skip(" "), let month = scan.isWord(of: months),
      scan.skip(" "), let year = scan.number(digits: 4), scan.skip(" "), let time = scan.time(),
      scan.skip(" gmt"), scan.isAtEnd
    else { return nil }
    return seconds(year: year, month: month + 1, day: day, time: time)
  }

  /// `Sunday, 06-Nov-94 08:49:37 GMT`.
  private static func rfc850Date(_ text: [UInt8], thisYear: Int) -> UInt64? {
    var scan = DateScan(text)
    guard scan.isWord(of: days) != nil, scan.skip(", "), let day = scan.number(digits: 2),
      scan.skip("-"), let month = scan.isWord(of: months), scan.skip("-"),
      let shortYear = scan.number(digits: 2), scan.skip(" "), let time = scan.time(),
      scan.skip(" gmt"), scan.isAtEnd
    else { return nil }
    var year = thisYear / 100 * 100 + shortYear
    if year > thisYear + 50 { year -= 100 }
    return seconds(year: year, month: month + 1, day: day, time: time)
  }

  /// `Sun Nov  6 08:49:37 1994`.
  private static func asctimeDate(_ text: [UInt8]) -> UInt64? {
    var scan = DateScan(text)
    guard scan.isWord(of: days.map { Array($0.prefix(3)) }) != nil, scan.skip(" "),
      let month = scan.isWord(of: months), scan.skip(" "),
      let day = scan.skip(" ") ? scan.number(digits: 1) : scan.number(digits: 2), scan.skip(" "),
      let time = scan.time(), scan.skip(" "), let year = scan.number(digits: 4), scan.isAtEnd
    else { return nil }
    return seconds(year: year, month: month + 1, day: day, time: time)
  }

  /// Seconds since 1970; nil when the calendar has no such day.
  private static func seconds(year: Int, month: Int, day: Int, time: Int) -> UInt64? {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let dayCounts = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard day >= 1 && day <= dayCounts[month - 1] else { return nil }
    // The inverse of `WallTime.civil`: years begin in March, so that the leap day ends them.
    let marchYear = month <= 2 ? year - 1 : year
    guard marchYear >= 0 else { return 0 }
    let era = marchYear / 400
    let yearOfEra = marchYear - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let dayNumber = era * 146_097 + dayOfEra - 719_468
    return UInt64(max(0, dayNumber * 86_400 + time))
  }
}

/// Walks a date.
private struct DateScan {
  private let text: [UInt8]
  private var index = 0

  /// Starts at the first byte; letters are compared in lower case.
  init(_ text: [UInt8]) { self.text = text.lowercased }

  /// Whether everything was read.
  var isAtEnd: Bool { index == text.count }

  /// Reads `literal`; false, and nothing read, when something else stands there.
  mutating func skip(_ literal: String) -> Bool {
    guard text[index...].starts(with: literal.utf8) else { return false }
    index += literal.utf8.count
    return true
  }

  /// Reads one of `words` and gives its index.
  mutating func isWord(of words: [[UInt8]]) -> Int? {
    for (number, word) in words.enumerated() where text[index...].starts(with: word) {
      index += word.count
      return number
    }
    return nil
  }

  /// Reads exactly so many digits.
  mutating func number(digits count: Int) -> Int? {
    guard index + count <= text.count else { return nil }
    var value = 0
    for byte in text[index..<index + count] {
      guard byte >= 0x30 && byte <= 0x39 else { return nil }
      value = value * 10 + Int(byte - 0x30)
    }
    index += count
    return value
  }

  /// Reads `08:49:37`, with a leap second, as seconds of the day.
  mutating func time() -> Int? {
    guard let hour = number(digits: 2), skip(":"), let minute = number(digits: 2), skip(":"),
      let second = number(digits: 2), hour < 24, minute < 60, second <= 60
    else { return nil }
    return hour * 3600 + minute * 60 + second
  }
}
