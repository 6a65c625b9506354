internal import Base

/// Reads the values of a line and notes every mistake in them. Never quotes the file: a slipped
/// column may be a patient's id.
struct LineValues {
  /// How errors call the file.
  let file: String
  /// Turns ids into keys.
  let hash: PatientHash
  /// Whether a home must be one of `homeNames`.
  let homesAreFixed: Bool
  /// The homes so far.
  private(set) var homeNames: [String]
  /// The mistakes so far.
  private(set) var errors: [DirectoryError] = []
  /// The line under way, from 1.
  var line = 0

  init(file: String, hash: PatientHash, homeNames: [String]) {
    self.file = file
    self.hash = hash
    self.homeNames = homeNames
    homesAreFixed = !homeNames.isEmpty
  }

  /// Whether no more mistakes are wanted.
  var isFull: Bool { errors.count >= DirectoryLimits.errorsMax }

  /// Notes a mistake at a column of the line under way.
  mutating func fail(_ column: Int, _ message: String) {
    errors.append(
      DirectoryError(file: file, line: max(line, 1), column: column, message: message))
  }

  /// Notes a mistake of another line; the list stays in the file's order.
  mutating func fail(_ mistake: PatientRows.Mistake) {
    errors.append(
      DirectoryError(
        file: file, line: mistake.line, column: mistake.column, message: mistake.message))
  }

  /// Puts the mistakes in the file's order and drops those past the bound.
  mutating func sortErrors() {
    errors.sort { ($0.line, $0.column) < ($1.line, $1.column) }
    errors = Array(errors.prefix(DirectoryLimits.errorsMax))
  }

  /// The key of a patient's id.
  mutating func patient(_ text: Span<UInt8>, column: Int) -> PatientKey? {
    guard isPatientID(text) else {
      fail(column, "the patient id must be 1 to 64 letters, digits, `-` or `.`")
      return nil
    }
    return hash.key(of: text)
  }

  /// A patient's facts; whatever is wrong in them is noted.
  mutating func entry(_ line: Span<UInt8>, _ fields: LineFields) -> PatientEntry {
    let home = home(line.extracting(fields[.home]), column: fields.column(.home))
    let residency = residency(
      line.extracting(fields[.residency]), column: fields.column(.residency))
    let consent = consent(line.extracting(fields[.consent]), column: fields.column(.consent))
    let flags = flags(line.extracting(fields[.flags]), column: fields.column(.flags))
    return PatientEntry(homeIndex: home, residency: residency, consent: consent, flags: flags)
  }

  /// Complains about values that must not be there, since `reason`.
  mutating func requireNothing(in fields: LineFields, _ unwanted: [Field], _ reason: String) {
    for field in unwanted where !fields[field].isEmpty {
      fail(fields.column(field), "`\(field.word)` must be empty: \(reason)")
    }
  }

  /// The index of the home region.
  private mutating func home(_ text: Span<UInt8>, column: Int) -> UInt8 {
    for (index, name) in homeNames.enumerated() where equals(text, name) {
      return UInt8(index)
    }
    if homesAreFixed {
      let known = homeNames.map { "`\($0)`" }.joined(separator: ", ")
      fail(column, "unknown home region; expected one of \(known)")
    } else if !isRegionName(text) {
      fail(column, "a home region is 1 to 64 lower-case letters, digits or `-`")
    } else if homeNames.count >= DirectoryLimits.homesMax {
      fail(column, "more than \(DirectoryLimits.homesMax) home regions")
    } else {
      homeNames.append(unsafe text.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) })
      return UInt8(homeNames.count - 1)
    }
    return PatientEntry.homeUnknown
  }

  /// The place of residence.
  private mutating func residency(_ text: Span<UInt8>, column: Int) -> Place {
    if equals(text, "unknown" as StaticString) { return .unknown }
    if let place = unsafe text.withUnsafeBytes({ unsafe Place(utf8: $0) }) { return place }
    fail(column, "expected a place such as `US-AZ` or `DE`, or `unknown`")
    return .unknown
  }

  /// The consent.
  private mutating func consent(_ text: Span<UInt8>, column: Int) -> Consent {
    for word in Consent.allCases where equals(text, word.rawValue) { return word }
    fail(column, "expected `granted`, `withdrawn` or `unknown`")
    return .unknown
  }

  /// The marks: words joined by `+`, or a JSON list of words.
  private mutating func flags(_ text: Span<UInt8>, column: Int) -> PatientFlags {
    var flags: PatientFlags = []
    let isList = !text.isEmpty && text[0] == 0x5B
    let separator: UInt8 = isList ? 0x2C : 0x2B
    let end = isList ? text.count - 1 : text.count
    var start = isList ? 1 : 0
    while start < end {
      var stop = start
      while stop < end, text[stop] != separator { stop += 1 }
      let word = isList ? Self.unquoted(text, start..<stop) : start..<stop
      var isKnown = false
      for (name, flag) in PatientFlags.words where equals(text.extracting(word), name) {
        isKnown = flags.insert(flag).inserted
      }
      if !isKnown || stop == end - 1 {
        let known = PatientFlags.words.map { "`\($0.0)`" }.joined(separator: ", ")
        let form = isList ? "in a list" : "joined by `+`"
        fail(column + start, "expected distinct words of \(known), \(form)")
      }
      start = stop + 1
    }
    return flags
  }

  /// The range of a list's word without spaces and quotes; the list was read as JSON before.
  private static func unquoted(_ text: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, [0x20, 0x09].contains(text[start]) { start += 1 }
    while start < end, [0x20, 0x09].contains(text[end - 1]) { end -= 1 }
    guard end - start >= 2 else { return start..<start }
    return start + 1..<end - 1
  }
}
