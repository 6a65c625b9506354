public import HTTP
public import Identity

/// What is known of who sends one request.
public enum Identification: Sendable {
  /// The configuration says nothing about identities: every fact about the user is unknown.
  case notConfigured
  /// No token came, and no certificate that a rule is about.
  case anonymous
  /// Somebody proved who he is.
  case proven(Subject)
  /// What came proves nothing.
  case refused(TokenFault)

  /// Who asks, if that was proved.
  public var subject: Subject? {
    if case .proven(let subject) = self { return subject }
    return nil
  }

  /// Why the token proves nothing.
  var fault: TokenFault? {
    if case .refused(let fault) = self { return fault }
    return nil
  }
}

/// Finds the bearer token that a request carries (RFC 6750 section 2.1).
public enum BearerToken {
  /// The line whose value is the token; nil without `Authorization: Bearer`.
  public static func line(in fields: borrowing Fields) -> Fields.Line? {
    guard var line = fields.first(.authorization),
      unsafe fields.withValue(line, { unsafe isBearer($0) })
    else { return nil }
    line.valueStart += UInt32(scheme.utf8CodeUnitCount)
    line.valueCount -= UInt32(scheme.utf8CodeUnitCount)
    return line
  }

  /// Whether more than one field carries credentials: two readers could take different ones.
  public static func isAmbiguous(_ fields: borrowing Fields) -> Bool {
    var count = 0
    for line in fields.lines where line.known == .authorization { count += 1 }
    return count > 1
  }

  private static let scheme: StaticString = "bearer "

  /// Whether credentials are of the scheme, whose name ignores case (RFC 9110 section 11.1).
  private static func isBearer(_ value: UnsafeRawBufferPointer) -> Bool {
    let count = scheme.utf8CodeUnitCount
    guard value.count > count else { return false }
    for index in 0..<count where unsafe value[index] | 0x20 != scheme.utf8Start[index] {
      return false
    }
    return true
  }
}
