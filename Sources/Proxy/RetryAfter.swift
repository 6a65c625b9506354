public import HTTP

extension ResponseHead {
  /// What Retry-After (RFC 9110 section 10.2.3) asks for, in seconds; nil without the field. A date
  /// counts as ten seconds: servers that have too much to do send numbers.
  public var retryAfterSeconds: UInt64? {
    guard let line = fields.first(.retryAfter) else { return nil }
    let text = fields.value(line)
    let isNumber = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    guard isNumber, (1...6).contains(text.utf8.count) else { return Self.dateSeconds }
    return UInt64(text) ?? Self.dateSeconds
  }

  private static var dateSeconds: UInt64 { 10 }
}
