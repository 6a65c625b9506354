public import Base

/// Writes `2026-12-01T00:00:00Z`, without what is less than a second.
func timestamp(_ time: WallTime) -> String {
  let civil = time.civil
  func padded(_ value: Int, _ count: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, count - digits.count)) + digits
  }
  let second = civil.secondOfDay
  return "\(padded(civil.year, 4))-\(padded(civil.month, 2))-\(padded(civil.day, 2))"
    + "T\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))Z"
}

/// Reads `2026-12-01T00:00:00Z` (RFC 3339, UTC, whole seconds); nil for anything else.
public func parseTimestamp(_ text: String) -> WallTime? {
  let bytes = Array(text.utf8)
  let form = Array("0000-00-00T00:00:00Z".utf8)
  guard bytes.count == form.count else { return nil }
  for (byte, expected) in zip(bytes, form) {
    let isDigit = (0x30...0x39).contains(byte)
    guard expected == 0x30 ? isDigit : byte == expected else { return nil }
  }
  func number(_ range: Range<Int>) -> Int { bytes[range].reduce(0) { $0 * 10 + Int($1) - 0x30 } }
  let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
  let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
  let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  guard year >= 1970, (1...12).contains(month), (1...lengths[month - 1]).contains(day),
    hour < 24, minute < 60, second < 60
  else { return nil }
  let yearsBefore = year - 1
  let leapDays = yearsBefore / 4 - yearsBefore / 100 + yearsBefore / 400 - 477
  let days = (year - 1970) * 365 + leapDays + lengths[..<(month - 1)].reduce(0, +) + day - 1
  let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
  return WallTime(microseconds: UInt64(seconds) * 1_000_000)
}
