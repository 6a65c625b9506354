public import Base

/// A certificate that a context shows to its peers: where it came from and how long it is good for.
public struct CertificateFile: Sendable, Equatable {
  /// The chain file.
  public let path: String
  /// The DNS names that it is good for, in lower case.
  public let names: [String]
  /// From when on it is valid.
  public let notBefore: WallTime
  /// Until when it is valid.
  public let notAfter: WallTime

  /// What an operator should know at `now`: expired, about to expire, or not valid yet.
  public func notice(at now: WallTime) -> String? {
    let margin = UInt64(TLSLimits.expiryNoticeDays) * 86_400_000_000
    if now > notAfter { return "`\(path)`: certificate expired on \(utc(notAfter)); renew it" }
    if now < notBefore { return "`\(path)`: certificate is not valid before \(utc(notBefore))" }
    if now.microseconds + margin > notAfter.microseconds {
      return "`\(path)`: certificate expires on \(utc(notAfter)); renew it"
    }
    return nil
  }

  /// `time` as RFC 3339 writes it, in whole seconds.
  private func utc(_ time: WallTime) -> String {
    let seconds = Int(time.microseconds / 1_000_000)
    let (year, month, day) = Self.civil(daysSince1970: seconds / 86_400)
    let clock = seconds % 86_400
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = "\(year)-\(two(month))-\(two(day))"
    return "\(date)T\(two(clock / 3600)):\(two(clock / 60 % 60)):\(two(clock % 60))Z"
  }

  /// The Gregorian date of a day, counting years from 1 March so that leap days come last
  /// (Hinnant, "chrono-compatible low-level date algorithms").
  private static func civil(daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
    let days = daysSince1970 + 719_468
    let era = days / 146_097
    let dayOfEra = days % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }
}
