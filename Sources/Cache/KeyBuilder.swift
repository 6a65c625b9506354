internal import Base
public import HTTP
internal import Native

/// Makes keys: one for each loop, which reuses its memory as long as keys do not outlive a look-up.
///
/// The text is: form, key parts, class, sensitivity, tenant, region, scheme, method class;
/// authority without the scheme's own port; path; query; each representation field of the row; each
/// part that the row asks for.
/// All parts have a fixed length or begin with theirs.
public struct KeyBuilder: ~Copyable {
  /// The text being built.
  var text = KeyText()
  /// The hash.
  var hash = SHA256()
  /// The list of codings that came last, and what became of it: clients of one kind send one list.
  private var lastCodings: (raw: [UInt8], normal: [UInt8]) = ([], [])

  /// Bytes before the authority.
  static let fixedByteCount = 10
  /// Where the scheme stands among them: 1 for `https`.
  static let schemeOffset = 8
  /// Says which form the text has.
  private static let form: UInt8 = 1

  /// Makes a builder.
  public init() {}

  /// What became of a request.
  public enum Result: Sendable {
    case key(CacheKey)
    case bypass(CacheBypass)
  }

  /// The key under which `ruling`'s row stores the answer to this request.
  public mutating func key(
    _ head: borrowing RequestHead, _ facts: borrowing RequestFacts, _ ruling: borrowing Ruling
  ) -> Result {
    guard facts.method == .get || facts.method == .head else { return .bypass(.method) }
    if facts.hasBody { return .bypass(.requestBody) }
    if facts.hasStateCondition { return .bypass(.stateCondition) }
    if let reason = ruling.bypass() { return .bypass(reason) }
    // Parts one by one: a copy of all rules costs more than the key.
    let row = ruling.row
    text.bytes.removeAll(keepingCapacity: true)
    text.bytes.reserveCapacity(512)
    text.append(byte: Self.form)
    text.append(byte: UInt8(truncatingIfNeeded: row.rules.keyParts.rawValue >> 8))
    text.append(byte: UInt8(truncatingIfNeeded: row.rules.keyParts.rawValue))
    text.append(byte: ordinal(ruling.dataClass))
    text.append(byte: ordinal(ruling.sensitivity))
    text.append(byte: UInt8(ruling.tenant.index >> 8))
    text.append(byte: UInt8(truncatingIfNeeded: ruling.tenant.index))
    text.append(byte: ruling.region.index)
    text.append(byte: head.isSecure ? 1 : 0)
    // One class for GET and HEAD: a GET's answer answers both.
    text.append(byte: 0)
    text.append(OriginName.ofRequest(head))
    text.append(head.target[..<head.pathCount])
    guard appendQuery(head.target[head.pathCount...], row.rules.query) else {
      return .bypass(.queryParameter)
    }
    text.append(length: row.rules.representation.count)
    for field in row.rules.representation { append(field, of: head.fields) }
    appendParts(ruling)
    return .key(finishKey())
  }

  /// Appends what the row asks for beyond the target; which parts follow is said at the start.
  private mutating func appendParts(_ ruling: borrowing Ruling) {
    let parts = ruling.row.rules.keyParts
    if parts.contains(.role) { text.append(byte: ordinal(ruling.role)) }
    if parts.contains(.purpose) { text.append(byte: ordinal(ruling.purpose)) }
    if parts.contains(.user) || ruling.row.rules.seal == .user {
      text.append(byte: 1)
      text.append(ruling.user)
    } else {
      text.append(byte: 0)
    }
    if parts.contains(.patient) || parts.contains(.consent) { text.append(ruling.patient) }
    if parts.contains(.consent) {
      text.append(byte: ordinal(ruling.consent))
      text.append(number: ruling.consentFingerprint)
    }
    if parts.contains(.policy) {
      unsafe ruling.policy.withBytes { unsafe text.bytes.append(contentsOf: $0) }
    }
    if parts.contains(.view), let view = ruling.view { text.append(number: view) }
  }

  /// Appends the query, which begins with its question mark if there is one; false when the row
  /// does not know a parameter.
  private mutating func appendQuery(_ query: ArraySlice<UInt8>, _ rule: QueryRule) -> Bool {
    guard query.first == 0x3F else {
      text.append(byte: 0)
      return true
    }
    text.append(byte: 1)
    let names: [String]?
    switch rule {
    case .verbatim:
      text.append(query)
      return true
    case .sorted: names = nil
    case .listed(let listed): names = listed
    }
    let parameters = query.dropFirst().split(separator: 0x26, omittingEmptySubsequences: false)
      .map { (name: $0.prefix { $0 != 0x3D }, whole: $0) }
    if let names {
      for parameter in parameters
      where !names.contains(where: { parameter.name.elementsEqual($0.utf8) }) { return false }
    }
    text.append(length: parameters.count)
    // Where an origin may read names that are not told apart here (encoded ones, others behind a
    // semicolon), the order of one name's values may hide in that of all: it stays as it is.
    if query.contains(0x3B) || parameters.contains(where: { $0.name.contains(0x25) }) {
      for parameter in parameters { text.append(parameter.whole) }
      return true
    }
    let order = parameters.indices.sorted {
      let left = parameters[$0].name.lazy.map { ByteScan.lowercase($0) }
      let right = parameters[$1].name.lazy.map { ByteScan.lowercase($0) }
      // Some origins ignore the case of names: then these are one.
      return left.elementsEqual(right) ? $0 < $1 : left.lexicographicallyPrecedes(right)
    }
    for index in order { text.append(parameters[index].whole) }
    return true
  }

  /// Appends whether the request has the field, and its value. Only what the definition of every
  /// listed field makes equal is made equal: white space around commas, and case and order of
  /// codings.
  private mutating func append(_ field: RepresentationField, of fields: borrowing Fields) {
    let flag = text.bytes.count
    text.append(byte: 0)
    text.append(length: 0)
    let start = text.bytes.count
    for index in 0..<fields.lines.count {
      let line = fields.lines[index]
      guard line.nameCount == field.name.utf8CodeUnitCount,
        line.known == (field == .accept ? .accept : .other), fields.isNamed(line, field.name)
      else { continue }
      text.bytes[flag] = 1
      if text.bytes.count > start { text.append(byte: 0x2C) }
      appendList(fields, line)
    }
    guard text.bytes[flag] == 1 else { return }
    if field == .acceptEncoding { normalizeCodings(from: start) }
    let count = UInt32(text.bytes.count - start)
    for place in 0..<4 {
      text.bytes[flag + 1 + place] = UInt8(truncatingIfNeeded: count >> UInt32(24 - 8 * place))
    }
  }

  /// Appends a list without white space around its commas; one with quotes as it stands.
  private mutating func appendList(_ fields: borrowing Fields, _ line: Fields.Line) {
    unsafe fields.withValue(line) { value in
      if unsafe value.contains(0x22) {
        unsafe text.bytes.append(contentsOf: value)
        return
      }
      var pendingBlanks = 0
      var last: UInt8 = 0x2C
      for index in 0..<value.count {
        let byte = unsafe value[index]
        if byte == 0x20 || byte == 0x09 {
          pendingBlanks += 1
          continue
        }
        // Blanks within a member stay, as one each; those beside a comma mean nothing.
        if pendingBlanks > 0 && byte != 0x2C && last != 0x2C {
          for _ in 0..<pendingBlanks { text.append(byte: 0x20) }
        }
        pendingBlanks = 0
        text.append(byte: byte)
        last = byte
      }
    }
  }

  /// Writes codings in lower case and in order: `Accept-Encoding` ranks by weight, not by place.
  private mutating func normalizeCodings(from start: Int) {
    if !text.bytes[start...].elementsEqual(lastCodings.raw) {
      lastCodings.raw = Array(text.bytes[start...])
      let members = lastCodings.raw.split(separator: 0x2C)
        .map { $0.filter { $0 != 0x20 }.map { ByteScan.lowercase($0) } }
        .sorted { $0.lexicographicallyPrecedes($1) }
      lastCodings.normal = Array(members.joined(separator: [0x2C]))
    }
    text.bytes.removeLast(text.bytes.count - start)
    text.bytes.append(contentsOf: lastCodings.normal)
  }
}
