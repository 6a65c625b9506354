/// The members of FHIR's objects, and of patches, that can decide.
enum BodyMember: UInt16, CaseIterable {
  case other
  case resourceType, id, meta, security, contained
  case patient, subject, beneficiary, individual, candidate, `for`
  case reference, identifier
  case category, code, type, coding, system
  case entry, request, resource, fullUrl, method, url, ifNoneExist
  case op, path, value, from

  /// Whether it holds the subject of a resource (Task calls it `for`).
  var isSubject: Bool {
    switch self {
    case .patient, .subject, .beneficiary, .individual, .candidate, .for: true
    default: false
    }
  }

  /// The bit by which a second one is noticed.
  var bit: UInt32 { 1 << UInt32(rawValue) }

  /// The members by name, and by the name in lower case.
  private static let names: [(name: StaticString, folded: StaticString, member: BodyMember)] = [
    ("resourceType", "resourcetype", .resourceType), ("id", "id", .id), ("meta", "meta", .meta),
    ("security", "security", .security), ("contained", "contained", .contained),
    ("patient", "patient", .patient), ("subject", "subject", .subject),
    ("beneficiary", "beneficiary", .beneficiary), ("individual", "individual", .individual),
    ("candidate", "candidate", .candidate), ("for", "for", .for),
    ("reference", "reference", .reference), ("identifier", "identifier", .identifier),
    ("category", "category", .category), ("code", "code", .code), ("type", "type", .type),
    ("coding", "coding", .coding), ("system", "system", .system), ("entry", "entry", .entry),
    ("request", "request", .request), ("resource", "resource", .resource),
    ("fullUrl", "fullurl", .fullUrl), ("method", "method", .method), ("url", "url", .url),
    ("ifNoneExist", "ifnoneexist", .ifNoneExist), ("op", "op", .op), ("path", "path", .path),
    ("value", "value", .value), ("from", "from", .from),
  ]

  /// The members by their names.
  static let exact = NameTable(names.map { ($0.name, $0.member.rawValue) })
  /// The members by their names in lower case.
  static let folded = NameTable(names.map { ($0.folded, $0.member.rawValue) })

  /// The member called `name`; nil when it is one but for its case: then readers differ.
  static func named(_ name: ByteView) -> BodyMember? {
    if let raw = exact[name] { return BodyMember(rawValue: raw) ?? .other }
    guard name.count <= 12, !name.isEmpty else { return .other }
    return unsafe withUnsafeTemporaryAllocation(byteCount: 12, alignment: 1) { room in
      for index in 0..<name.count {
        let byte = name[index]
        let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
        // In bounds: the name has at most twelve bytes.
        unsafe room.storeBytes(of: lower, toByteOffset: index, as: UInt8.self)
      }
      let view = unsafe ByteView(UnsafeRawBufferPointer(rebasing: room[0..<name.count]))
      return folded[view] == nil ? .other : nil
    }
  }
}
