internal import HTTP

/// Which fields of a head are kept, and how a later answer updates them.
enum StoredFields {
  /// The fields that are stored of `fields`, under the row's rule.
  static func select(_ fields: Fields, _ rule: FieldRule) -> Fields {
    var source = fields
    Forwarding.stripConnection(&source)
    var selected = Fields()
    for line in source.lines where isStored(line, of: source, rule) {
      selected.append(line, of: source)
    }
    return selected
  }

  /// Whether the line is kept. Cookies and what tells browsers to forget are for one client; `Age`
  /// is computed anew; what other gateways and we say is said anew.
  private static func isStored(
    _ line: Fields.Line, of fields: Fields, _ rule: FieldRule
  ) -> Bool {
    switch line.known {
    case .setCookie, .age, .proxyStatus, .ehr, .contentLength, .authorization: return false
    default: break
    }
    if CacheField(line, of: fields) == .clearSiteData { return false }
    guard case .listed(let names) = rule else { return true }
    return unsafe fields.withName(line) { name in
      names.contains { unsafe name.elementsEqual($0.utf8) }
    }
  }

  /// The stored fields after a 304 with `update` (RFC 9111 section 3.2): each field that it has
  /// replaces all lines of that name, but for those that describe the body or the connection.
  static func merge(_ stored: Fields, _ update: Fields, _ rule: FieldRule) -> Fields {
    let fresh = select(update, rule)
    let replacing = fresh.lines.filter { CacheField($0, of: fresh) != .contentRange }
    var merged = Fields()
    for line in stored.lines {
      let isReplaced = unsafe stored.withName(line) { name in
        replacing.contains { other in
          unsafe fresh.withName(other) { unsafe $0.elementsEqual(name) }
        }
      }
      if !isReplaced { merged.append(line, of: stored) }
    }
    for line in replacing { merged.append(line, of: fresh) }
    return merged
  }
}

/// What a 304 to our own conditional request proves (RFC 9111 section 4.3.4).
public enum ValidatorMatch: Sendable, Equatable {
  /// It is about the stored answer.
  case same
  /// It names another representation: nothing that is stored may be updated by it.
  case other

  /// Compares a 304's validators with those of the stored answer. A 304 without any is about the
  /// answer whose validators were sent.
  public init(
    _ update: borrowing ResponseFacts, etag: EntityTag?, lastModifiedSeconds: UInt64?
  ) {
    if let tag = update.etag {
      let isSame = etag.map { tag.isWeak ? tag.matchesWeakly($0) : tag.matchesStrongly($0) }
      self = isSame ?? false ? .same : .other
    } else if let date = update.lastModifiedSeconds, let lastModifiedSeconds {
      self = date == lastModifiedSeconds ? .same : .other
    } else {
      self = .same
    }
  }
}

/// What the answer to a HEAD says about a stored GET (RFC 9111 section 4.3.5).
public enum HeadVerdict: Sendable, Equatable {
  /// It may update the stored fields.
  case updates
  /// The stored answer is another one by now.
  case outdates
  /// It says nothing about it.
  case nothing

  /// Compares a HEAD's answer with the stored one.
  public init(
    _ head: borrowing ResponseFacts, etag: EntityTag?, lastModifiedSeconds: UInt64?,
    bodyByteCount: UInt64
  ) {
    guard head.status == 200 else {
      self = .nothing
      return
    }
    var isSame = true
    if let tag = head.etag { isSame = etag == tag }
    if let date = head.lastModifiedSeconds { isSame = isSame && lastModifiedSeconds == date }
    if let length = head.contentLength { isSame = isSame && length == bodyByteCount }
    self = isSame ? .updates : .outdates
  }
}
