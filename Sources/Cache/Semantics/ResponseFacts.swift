public import Base
public import HTTP

/// What `Vary` names (RFC 9110 section 12.5.5).
public struct VaryNames: Sendable, Equatable {
  /// Whether a member is `*`, or the field cannot be read: then no request ever matches.
  public var isUnmatchable = false
  /// The names in lower case, each once, in the order of the field.
  public var names: [[UInt8]] = []

  /// Adds the members of the combined lines.
  mutating func add(_ value: [UInt8]) {
    var scan = TextScan(value)
    while let member = scan.member() {
      let name = member.lowercased
      if !name.allSatisfy({ ByteSet.token.contains($0) }) || name == [0x2A]
        || names.count >= CacheLimits.varyNameCountMax
      {
        isUnmatchable = true
        return
      }
      if !names.contains(name) { names.append(name) }
    }
  }
}

/// What caching needs to know of a response's head; made once, when an origin answered.
public struct ResponseFacts: Sendable {
  /// What `Expires` says.
  public enum Expires: Sendable, Equatable {
    case absent
    /// Present and no date: expired.
    case invalid
    /// Seconds since 1970.
    case at(UInt64)
  }

  /// The status.
  public var status: UInt16
  /// The directives in force.
  public var directives = ResponseDirectives()
  /// Whether those are of a targeted field, so that `Cache-Control` and `Expires` mean nothing.
  public var isTargeted = false
  /// Whether `Cache-Control` says `no-store`, whatever a targeted field says.
  public var forbidsStoring = false
  /// When the origin made the message, in seconds since 1970.
  public var dateSeconds: UInt64?
  /// What `Expires` says.
  public var expires = Expires.absent
  /// What `Age` says, in seconds.
  public var ageSeconds: UInt64 = 0
  /// The entity tag.
  public var etag: EntityTag?
  /// The modification date, in seconds since 1970.
  public var lastModifiedSeconds: UInt64?
  /// What the representation was chosen by.
  public var vary = VaryNames()
  /// Whether it sets cookies.
  public var setsCookie = false
  /// Whether it tells browsers to forget.
  public var clearsSiteData = false
  /// Whether it is for a script of one origin only.
  public var allowsOneOrigin = false
  /// Whether it is a part.
  public var isPartial = false
  /// The media type without parameters, in lower case.
  public var mediaType: [UInt8] = []
  /// The declared length.
  public var contentLength: UInt64?

  /// Reads a head that came at `wall`.
  public init(_ head: borrowing ResponseHead, at wall: WallTime) {
    status = head.status
    contentLength = head.contentLength
    isPartial = head.status == 206
    var lines = Lines()
    for index in 0..<head.fields.lines.count {
      let line = head.fields.lines[index]
      switch line.known {
      case .setCookie: setsCookie = true
      case .age:
        // The first member of the first line counts, and only if it is a number.
        if lines.age == nil { lines.age = head.fields.bytes(line) }
      case .date: if lines.date == nil { lines.date = head.fields.bytes(line) }
      case .etag: if lines.etag == nil { lines.etag = head.fields.bytes(line) }
      case .contentType:
        if lines.contentType == nil { lines.contentType = head.fields.bytes(line) }
      case .cacheControl: lines.cacheControl.combine(head.fields.bytes(line))
      case .other: note(line, of: head.fields, &lines)
      default: break
      }
    }
    settle(lines, at: wall)
  }

  /// Values of which all lines are needed before they mean something.
  private struct Lines {
    var age: [UInt8]?
    var date: [UInt8]?
    var etag: [UInt8]?
    var contentType: [UInt8]?
    var expires: [UInt8]?
    var lastModified: [UInt8]?
    var cacheControl: [UInt8] = []
    var ownControl: [UInt8] = []
    var cdnControl: [UInt8] = []
    var vary: [UInt8] = []
    var allowOrigin: [UInt8]?
  }

  /// Notes a field that only caches know.
  private mutating func note(
    _ line: Fields.Line, of fields: borrowing Fields, _ lines: inout Lines
  ) {
    guard let field = CacheField(line, of: fields) else { return }
    switch field {
    case .vary: lines.vary.combine(fields.bytes(line))
    case .expires: lines.expires = lines.expires == nil ? fields.bytes(line) : []
    case .lastModified: if lines.lastModified == nil { lines.lastModified = fields.bytes(line) }
    case .homewardCacheControl: lines.ownControl.combine(fields.bytes(line))
    case .cdnCacheControl: lines.cdnControl.combine(fields.bytes(line))
    case .clearSiteData: clearsSiteData = true
    case .contentRange: isPartial = true
    case .accessControlAllowOrigin:
      lines.allowOrigin = lines.allowOrigin == nil ? fields.bytes(line) : []
    default: break
    }
  }

  /// Turns the lines into facts.
  private mutating func settle(_ lines: Lines, at wall: WallTime) {
    let ordinary = ResponseDirectives(cacheControl: lines.cacheControl)
    forbidsStoring = ordinary.noStore
    if let targeted = TargetedField.directives(lines.ownControl)
      ?? TargetedField.directives(lines.cdnControl)
    {
      directives = targeted
      isTargeted = true
    } else {
      directives = ordinary
    }
    dateSeconds = lines.date.flatMap { HTTPDate.seconds($0, at: wall) }
    if let text = lines.expires {
      expires = HTTPDate.seconds(text, at: wall).map { .at($0) } ?? .invalid
    }
    if let text = lines.age {
      let first = text.firstIndex(of: 0x2C).map { Array(text[..<$0].trimmed) } ?? text
      ageSeconds = Directive.seconds(first) ?? 0
    }
    etag = lines.etag.flatMap { EntityTag($0) }
    lastModifiedSeconds = lines.lastModified.flatMap { HTTPDate.seconds($0, at: wall) }
    vary.add(lines.vary)
    if let type = lines.contentType {
      mediaType = Array(type.prefix { $0 != 0x3B }[...].trimmed).lowercased
    }
    allowsOneOrigin = lines.allowOrigin.map { $0 != [0x2A] } ?? false
  }

  /// Whether it can be validated.
  public var hasValidator: Bool { etag != nil || lastModifiedSeconds != nil }
}
