import HTTP

/// What a response's cache directives say: `Cache-Control` (RFC 9111 section 5.2.2), or the
/// targeted field that stands in for it (RFC 9213).
///
/// Where an origin says two things, the stricter one holds. Times are in seconds.
public struct ResponseDirectives: Sendable, Equatable {
  /// Nothing may be stored.
  public var noStore = false
  /// What is stored is validated before each use; `no-cache="X"` counts as the whole.
  public var noCache = false
  /// For one user only; `private="X"` counts as the whole.
  public var isPrivate = false
  /// May be stored although the request was authenticated.
  public var isPublic = false
  /// Never served stale.
  public var mustRevalidate = false
  /// The same, for shared caches.
  public var proxyRevalidate = false
  /// Storable only where the status is understood, whatever `no-store` says.
  public var mustUnderstand = false
  /// A reload within the lifetime need not validate (RFC 8246).
  public var immutable = false
  /// The lifetime.
  public var maxAge: UInt64?
  /// The lifetime in shared caches.
  public var sharedMaxAge: UInt64?
  /// How long it may be served stale while a new one is fetched (RFC 5861).
  public var staleWhileRevalidate: UInt64?
  /// How long it may be served stale when the origin fails (RFC 5861).
  public var staleIfError: UInt64?

  /// Makes directives that say nothing.
  public init() {}

  /// Reads the value of all `Cache-Control` lines.
  public init(cacheControl value: [UInt8]) {
    var scan = TextScan(value)
    while let member = scan.member() {
      let (name, argument) = Directive.split(member)
      note(name, .text(argument))
    }
  }

  /// Whether stale answers are forbidden.
  public var forbidsStale: Bool {
    noCache || mustRevalidate || proxyRevalidate || sharedMaxAge != nil
  }

  /// Notes one directive; unknown ones say nothing.
  mutating func note(_ name: [UInt8], _ argument: Directive.Argument) {
    // A name with no text is malformed: what it meant may have been strict, but nobody can tell.
    switch String(decoding: name.lowercased, as: UTF8.self) {
    case "no-store": if argument.isFlag { noStore = true }
    case "no-cache": if argument.isFlag { noCache = true }
    case "private": if argument.isFlag { isPrivate = true }
    case "public": if argument.isFlag { isPublic = true }
    case "must-revalidate": if argument.isFlag { mustRevalidate = true }
    case "proxy-revalidate": if argument.isFlag { proxyRevalidate = true }
    case "must-understand": if argument.isFlag { mustUnderstand = true }
    case "immutable": if argument.isFlag { immutable = true }
    case "max-age": Directive.lower(&maxAge, to: argument)
    case "s-maxage": Directive.lower(&sharedMaxAge, to: argument)
    case "stale-while-revalidate": Directive.lower(&staleWhileRevalidate, to: argument)
    case "stale-if-error": Directive.lower(&staleIfError, to: argument)
    default: break
    }
  }
}

/// What a request's `Cache-Control` (RFC 9111 section 5.2.1) or `Pragma` asks of the cache.
public struct RequestDirectives: Sendable, Equatable {
  /// The answer must come from, or be validated by, the origin.
  public var noCache = false
  /// Nothing of the answer may be stored.
  public var noStore = false
  /// Nothing may be asked of an origin.
  public var onlyIfCached = false
  /// The oldest answer that is wanted, in seconds.
  public var maxAge: UInt64?
  /// How long the answer must stay fresh, in seconds.
  public var minFresh: UInt64?

  /// Whether a stored answer may be too old for the client.
  public var wantsNewer: Bool { noCache || maxAge != nil || minFresh != nil }

  /// Makes directives that ask for nothing.
  public init() {}

  /// Reads the value of all `Cache-Control` lines. `max-stale` is not honoured: the matrix says
  /// how stale an answer may be.
  public init(cacheControl value: [UInt8]) {
    var scan = TextScan(value)
    while let member = scan.member() {
      let (name, argument) = Directive.split(member)
      switch String(decoding: name.lowercased, as: UTF8.self) {
      case "no-cache": noCache = true
      case "no-store": noStore = true
      case "only-if-cached": onlyIfCached = true
      case "max-age": Directive.lower(&maxAge, to: .text(argument))
      case "min-fresh":
        // A wish that cannot be read is one that nothing fulfils.
        minFresh = max(minFresh ?? 0, Directive.seconds(argument) ?? CacheLimits.deltaSecondsMax)
      default: break
      }
    }
  }
}

/// One cache directive.
enum Directive {
  /// What stands behind a directive's name.
  enum Argument: Equatable {
    /// In `Cache-Control`: a token or the inside of a quoted string; nil for nothing. Bytes that
    /// are neither are kept as they stand, so that they are no number.
    case text([UInt8]?)
    /// In a targeted field: a whole number.
    case integer(Int64)
    /// In a targeted field: a boolean.
    case boolean(Bool)
    /// In a targeted field: a string or a token.
    case words
    /// In a targeted field: another type.
    case other

    /// Whether a directive without a number is meant. A targeted one must be true, or name fields.
    var isFlag: Bool {
      switch self {
      case .text, .words: true
      case .boolean(let value): value
      case .integer, .other: false
      }
    }
  }

  /// Splits `name=argument`.
  static func split(_ member: [UInt8]) -> (name: [UInt8], argument: [UInt8]?) {
    var scan = TextScan(member)
    let name = scan.token()
    guard scan.skip(0x3D) else {
      // Rubbish behind a name makes the argument unreadable; it does not make a directive vanish.
      return (name, scan.isAtEnd ? nil : Array(member[scan.index...]))
    }
    let start = scan.index
    if scan.next == 0x22 {
      if let text = scan.quotedString(), scan.isAtEnd { return (name, text) }
      return (name, Array(member[start...]))
    }
    return (name, Array(member[start...]))
  }

  /// A non-negative whole number of seconds, saturating; nil for anything else.
  static func seconds(_ argument: [UInt8]?) -> UInt64? {
    guard let argument, !argument.isEmpty,
      argument.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
    else { return nil }
    var value: UInt64 = 0
    for byte in argument {
      value = min(value * 10 + UInt64(byte - 0x30), CacheLimits.deltaSecondsMax)
    }
    return value
  }

  /// Lowers `time` to what the argument says; what is no number of seconds counts as zero. A
  /// targeted directive of the wrong type is as if absent (RFC 9213 section 2.1).
  static func lower(_ time: inout UInt64?, to argument: Argument) {
    let value: UInt64
    switch argument {
    case .text(let text): value = seconds(text) ?? 0
    case .integer(let number):
      guard number >= 0 else { return }
      value = min(UInt64(number), CacheLimits.deltaSecondsMax)
    case .boolean, .words, .other: return
    }
    time = min(time ?? .max, value)
  }
}
