public import Base

/// A decision's name in answers, records and questions: time first, so that sorting is by time.
///
/// 48 bits of milliseconds since 1970, then 80 random bits, as UUIDv7 orders them (RFC 9562).
public struct DecisionID: Hashable, Sendable {
  /// The first eight bytes: milliseconds in the upper 48 bits.
  public let high: UInt64
  /// The last eight bytes.
  public let low: UInt64

  /// Makes the identifier of a decision taken at `time`.
  public init(at time: WallTime, random: inout SplitMix64) {
    high = (time.microseconds / 1000) << 16 | (random.next() & 0xFFFF)
    low = random.next()
  }

  /// Takes the two halves of an identifier that was made before.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }
}

extension DecisionID: CustomStringConvertible {
  /// 32 lower-case hexadecimal digits.
  public var description: String {
    let digits = [high, low].map { half in
      let text = String(half, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }
    return digits.joined()
  }
}
