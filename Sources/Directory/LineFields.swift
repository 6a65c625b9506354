/// The columns that directory files know.
enum Field: Int, CaseIterable {
  case change, patient, home, residency, consent, flags
  case mergedInto

  /// The column's name.
  var word: StaticString {
    switch self {
    case .change: "change"
    case .patient: "patient"
    case .home: "home"
    case .residency: "residency"
    case .consent: "consent"
    case .flags: "flags"
    case .mergedInto: "merged_into"
    }
  }
}

/// Where the values of one line lie. A field that is not there is empty and lies at the start.
struct LineFields {
  /// The bytes of each value within the line.
  private var ranges = InlineArray<7, Range<Int>>(repeating: 0..<0)

  /// Where the value of a column lies.
  subscript(field: Field) -> Range<Int> {
    get { ranges[field.rawValue] }
    set { ranges[field.rawValue] = newValue }
  }

  /// The column of a value, from 1.
  func column(_ field: Field) -> Int { self[field].lowerBound + 1 }

  /// Splits a line of CSV into these columns; the number found when it is another one.
  static func csv(_ line: Span<UInt8>, columns: [Field]) -> Result<LineFields, CountMistake> {
    var fields = LineFields()
    var (start, count) = (0, 0)
    for index in 0...line.count where index == line.count || line[index] == 0x2C {
      if count < columns.count { fields[columns[count]] = start..<index }
      start = index + 1
      count += 1
    }
    return count == columns.count ? .success(fields) : .failure(CountMistake(found: count))
  }

  /// A line with the wrong number of columns.
  struct CountMistake: Error {
    var found: Int
  }
}

/// One object of NDJSON, flat, with strings only (and a list of strings under `flags`).
///
/// No escapes: no value of a directory needs one, and a value with two spellings is a trap.
struct JSONLine {
  /// A mistake and where it is, in bytes from the line's start.
  struct Mistake: Error {
    var offset: Int
    var message: String
  }

  private var offset = 0
  private var fields = LineFields()
  private var seen: UInt8 = 0

  /// The fields of the object that fills `line`; `isWanted` says which may stand there.
  static func fields(
    _ line: Span<UInt8>, isWanted: (Field) -> Bool
  ) throws(Mistake) -> LineFields {
    var reader = JSONLine()
    try reader.expect(0x7B, "`{`", in: line)
    if !reader.takes(0x7D, in: line) {
      repeat {
        try reader.member(line, isWanted)
      } while reader.takes(0x2C, in: line)
      try reader.expect(0x7D, "`,` or `}`", in: line)
    }
    reader.skipSpace(line)
    guard reader.offset == line.count else {
      throw Mistake(offset: reader.offset, message: "expected the end of the line after `}`")
    }
    return reader.fields
  }

  /// Reads a name and its value.
  private mutating func member(
    _ line: Span<UInt8>, _ isWanted: (Field) -> Bool
  ) throws(Mistake) {
    skipSpace(line)
    let start = offset
    let name = try string(line)
    let known = Field.allCases.first { equals(line.extracting(name), $0.word) }
    guard let field = known, isWanted(field) else {
      let words = Field.allCases.filter(isWanted).map { "`\($0.word)`" }.joined(separator: ", ")
      throw Mistake(offset: start, message: "expected one of the names \(words)")
    }
    guard seen & 1 << UInt8(field.rawValue) == 0 else {
      throw Mistake(offset: start, message: "`\(field.word)` stands twice")
    }
    seen |= 1 << UInt8(field.rawValue)
    try expect(0x3A, "`:`", in: line)
    skipSpace(line)
    fields[field] = field == .flags ? try list(line) : try string(line)
  }

  /// A string; its range without the quotes.
  private mutating func string(_ line: Span<UInt8>) throws(Mistake) -> Range<Int> {
    try expect(0x22, "a string", in: line)
    let start = offset
    while offset < line.count, line[offset] != 0x22 {
      guard line[offset] >= 0x20, line[offset] != 0x5C else {
        throw Mistake(offset: offset, message: "no escapes or control characters are needed here")
      }
      offset += 1
    }
    guard offset < line.count else {
      throw Mistake(offset: start - 1, message: "this string has no closing quote")
    }
    offset += 1
    return start..<(offset - 1)
  }

  /// A list of strings; its range with the brackets, or an empty one.
  private mutating func list(_ line: Span<UInt8>) throws(Mistake) -> Range<Int> {
    let start = offset
    try expect(0x5B, "a list such as `[\"vip\"]`", in: line)
    if takes(0x5D, in: line) { return start..<start }
    repeat {
      skipSpace(line)
      _ = try string(line)
    } while takes(0x2C, in: line)
    try expect(0x5D, "`,` or `]`", in: line)
    return start..<offset
  }

  private mutating func skipSpace(_ line: Span<UInt8>) {
    while offset < line.count, line[offset] == 0x20 || line[offset] == 0x09 { offset += 1 }
  }

  /// Whether `byte` comes next, after spaces; then it is passed.
  private mutating func takes(_ byte: UInt8, in line: Span<UInt8>) -> Bool {
    skipSpace(line)
    guard offset < line.count, line[offset] == byte else { return false }
    offset += 1
    return true
  }

  private mutating func expect(
    _ byte: UInt8, _ what: String, in line: Span<UInt8>
  ) throws(Mistake) {
    guard takes(byte, in: line) else {
      throw Mistake(offset: offset, message: "expected \(what)")
    }
  }
}

/// Whether these are exactly the bytes of `word`.
func equals(_ bytes: Span<UInt8>, _ word: StaticString) -> Bool {
  guard bytes.count == word.utf8CodeUnitCount else { return false }
  for index in bytes.indices {
    // In bounds: a StaticString has `utf8CodeUnitCount` bytes at `utf8Start`.
    guard unsafe bytes[index] == word.utf8Start[index] else { return false }
  }
  return true
}

/// Whether these are exactly the bytes of `word`.
func equals(_ bytes: Span<UInt8>, _ word: String) -> Bool {
  var index = 0
  for byte in word.utf8 {
    guard index < bytes.count, bytes[index] == byte else { return false }
    index += 1
  }
  return index == bytes.count
}

/// Whether the bytes may name a region: 1 to 64 of `[a-z0-9-]`.
func isRegionName(_ bytes: Span<UInt8>) -> Bool {
  guard bytes.count >= 1, bytes.count <= DirectoryLimits.homeNameBytesMax else { return false }
  for index in bytes.indices {
    switch bytes[index] {
    case 0x30...0x39, 0x61...0x7A, 0x2D: continue
    default: return false
    }
  }
  return true
}

/// Whether the bytes are a FHIR id: `[A-Za-z0-9\-.]{1,64}`.
func isPatientID(_ bytes: Span<UInt8>) -> Bool {
  guard bytes.count >= 1, bytes.count <= DirectoryLimits.idBytesMax else { return false }
  for index in bytes.indices {
    switch bytes[index] {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E: continue
    default: return false
    }
  }
  return true
}
