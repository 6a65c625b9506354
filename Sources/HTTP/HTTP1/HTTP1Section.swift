/// What reading one field line gave.
@safe
enum HTTP1FieldResult {
  /// The line was appended; its kind and its value as received.
  case field(KnownField, UnsafeRawBufferPointer)
  /// The message is refused.
  case refused(HTTP1Refusal)
}

/// Reads the lines of one header or trailer section strictly (RFC 9112 section 5) within bounds.
struct HTTP1Section {
  /// Lines so far.
  private var fieldCount = 0
  /// Bytes so far: names, values and 32 for each line.
  private var byteCount = 0

  /// Appends the line to `fields`, or says why not. `line` has no CR LF and is not empty.
  mutating func read(
    _ line: UnsafeRawBufferPointer, into fields: inout Fields, limits: borrowing HTTPLimits
  ) -> HTTP1FieldResult {
    if unsafe line[0] == 0x20 || line[0] == 0x09 { return .refused(.obsoleteFold) }
    let names = ByteSet.fieldName
    var colon = 0
    while unsafe colon < line.count && names.contains(line[colon]) { colon &+= 1 }
    guard unsafe colon < line.count && line[colon] == 0x3A else {
      return .refused(unsafe Self.nameRefusal(line, at: colon))
    }
    guard colon > 0 else { return .refused(.nameEmpty) }
    let value = unsafe ByteScan.trim(line, (colon &+ 1)..<line.count)
    if unsafe ByteScan.firstControl(line, in: value) != nil { return .refused(.valueControl) }
    fieldCount += 1
    byteCount += colon + value.count + 32
    guard fieldCount <= limits.fieldCountMax else { return .refused(.fieldsTooMany) }
    guard byteCount <= limits.fieldBytesMax else { return .refused(.fieldsTooLarge) }
    let known = unsafe fields.append(text: line, nameCount: colon, value: value)
    return unsafe .field(known, ByteScan.slice(line, value))
  }

  /// Why the byte at `index`, which is no part of a name and no colon, is refused.
  private static func nameRefusal(
    _ line: UnsafeRawBufferPointer, at index: Int
  ) -> HTTP1Refusal {
    guard index < line.count else { return .colonMissing }
    switch unsafe line[index] {
    case 0x5F: return .nameUnderscore
    case 0x20, 0x09:
      var next = index
      while unsafe next < line.count && (line[next] == 0x20 || line[next] == 0x09) { next += 1 }
      return unsafe next < line.count && line[next] == 0x3A ? .spaceBeforeColon : .nameInvalid
    default: return .nameInvalid
    }
  }
}

/// What the framing and connection fields of a head say; RFC 9112 sections 6 and 9.
struct HTTP1Framing {
  /// The declared length, if valid.
  var contentLength: UInt64?
  /// Whether `Transfer-Encoding: chunked` stands there.
  var isChunked = false
  /// Whether `Connection` has `close`.
  var wantsClose = false

  /// Takes note of a field. Lines that only frame are taken out of `fields` again.
  mutating func note(
    _ known: KnownField, _ value: UnsafeRawBufferPointer, in fields: inout Fields
  ) -> HTTP1Refusal? {
    switch known {
    case .contentLength:
      fields.removeLast()
      guard contentLength == nil else { return .lengthDuplicate }
      guard let length = unsafe ByteScan.decimal(value) else { return .lengthInvalid }
      contentLength = length
    case .transferEncoding:
      fields.removeLast()
      guard !isChunked else { return .encodingDuplicate }
      guard unsafe ByteScan.equalsIgnoringCase(value, "chunked") else { return .encodingUnknown }
      isChunked = true
    case .connection:
      var members = unsafe ListMembers(value)
      while let member = members.next() {
        if unsafe ByteScan.equalsIgnoringCase(ByteScan.slice(value, member), "close") {
          wantsClose = true
        }
      }
    default: break
    }
    return nil
  }

  /// Why the framing as a whole is refused, if it is.
  func refusal(isHTTP10: Bool) -> HTTP1Refusal? {
    guard isChunked else { return nil }
    if isHTTP10 { return .encodingOnHTTP10 }
    return contentLength == nil ? nil : .lengthAndEncoding
  }
}

extension KnownField {
  /// Whether the field may stand in trailers: none that frames, routes, authenticates or describes
  /// the content. RFC 9110 section 6.5.1.
  var isAllowedInTrailers: Bool {
    switch self {
    case .other, .etag, .server, .proxyStatus: true
    default: false
    }
  }
}
