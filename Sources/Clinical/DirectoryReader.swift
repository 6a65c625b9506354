public import Base

/// One mistake in a directory file. Never quotes the file: a slipped column may be a patient's id.
public struct DirectoryError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file, as its reader called it.
  public var file: String
  /// The line, from 1.
  public var line: Int
  /// The column in bytes, from 1.
  public var column: Int
  /// What is wrong and what to write instead.
  public var message: String

  /// `file:line:column: message`.
  public var description: String { "\(file):\(line):\(column): \(message)" }
}

/// Every mistake that was found in one pass over a directory file.
public struct DirectoryErrors: Error, Equatable, Sendable {
  /// The mistakes, in the file's order; at most `ClinicalLimits.directoryErrorsMax`.
  public var errors: [DirectoryError]
}

extension PatientDirectory {
  /// Reads a directory from the bytes of a CSV file with the header
  /// `patient,home,residency,consent,flags`.
  ///
  /// - `file`: how errors call the file.
  /// - `homeNames`: the regions that may be homes, in the order that `homeIndex` counts; empty
  ///   takes them from the file in the order of their first appearance.
  /// - `hash`: keyed at random for each process.
  ///
  /// `residency` is `US-AZ`, `DE` or `unknown`; `consent` is `granted`, `withdrawn` or `unknown`;
  /// `flags` is empty or words joined by `+`. Lines may end in CR LF; there is no quoting, and
  /// empty lines and lines that start with `#` are passed over.
  public convenience init(
    csv bytes: UnsafeRawBufferPointer, file: String, homeNames: [String] = [], hash: SipHash24
  ) throws(DirectoryErrors) {
    var reader = DirectoryReader(file: file, homeNames: homeNames, hash: hash)
    unsafe reader.read(ByteView(bytes))
    guard reader.errors.isEmpty else { throw DirectoryErrors(errors: reader.errors) }
    self.init(homeNames: reader.homeNames, table: reader.table)
  }
}

/// One pass over a directory file.
struct DirectoryReader {
  private let file: String
  /// Whether a home must be one of `homeNames`.
  private let homesAreFixed: Bool
  /// The homes so far.
  private(set) var homeNames: [String]
  /// The patients so far.
  private(set) var table: DirectoryTable
  /// The mistakes so far.
  private(set) var errors: [DirectoryError] = []
  /// The line under way.
  private var line = 0

  /// The only header that is understood.
  private static let header: StaticString = "patient,home,residency,consent,flags"
  /// Columns of a line.
  private static let columns = 5

  init(file: String, homeNames: [String], hash: SipHash24) {
    self.file = file
    homesAreFixed = !homeNames.isEmpty
    self.homeNames = homeNames
    table = DirectoryTable(hash: hash)
  }

  /// Reads the whole file, or as much as the bound on errors allows.
  mutating func read(_ text: ByteView) {
    if homeNames.count > ClinicalLimits.homesMax {
      return fail(1, "more than \(ClinicalLimits.homesMax) home regions are configured")
    }
    var start = 0
    var hasHeader = false
    while start < text.count, errors.count < ClinicalLimits.directoryErrorsMax {
      line += 1
      let end = text.index(of: 0x0A, from: start)
      let hasReturn = end > start && text[end - 1] == 0x0D
      let content = text[start..<(hasReturn ? end - 1 : end)]
      start = end + 1
      if content.count > ClinicalLimits.directoryLineBytesMax {
        fail(1, "the line is longer than \(ClinicalLimits.directoryLineBytesMax) bytes")
      } else if hasHeader {
        if !content.isEmpty, content[0] != 0x23 { patient(content) }
      } else {
        hasHeader = true
        if !content.equals(Self.header) {
          fail(1, "the first line must be `\(Self.header)`")
          return
        }
      }
    }
    if !hasHeader {
      line = 1
      fail(1, "the file is empty; its first line must be `\(Self.header)`")
    }
  }

  /// Notes a mistake at a column of the line under way.
  private mutating func fail(_ column: Int, _ message: String) {
    errors.append(
      DirectoryError(file: file, line: max(line, 1), column: column, message: message))
  }

  /// Reads one patient's line and reports every mistake in it.
  private mutating func patient(_ content: ByteView) {
    var starts = InlineArray<6, Int>(repeating: 0)
    var count = 1
    for index in 0..<content.count where content[index] == 0x2C {
      if count <= Self.columns { starts[count] = index + 1 }
      count += 1
    }
    guard count == Self.columns else {
      return fail(1, "expected \(Self.columns) columns (`\(Self.header)`), found \(count)")
    }
    starts[Self.columns] = content.count + 1
    let before = errors.count
    let id = content[starts[0]..<(starts[1] - 1)]
    if !id.isID {
      fail(1, "the patient id must be 1 to 64 letters, digits, `-` or `.`")
    }
    let home = home(content[starts[1]..<(starts[2] - 1)], column: starts[1] + 1)
    let residency = residency(content[starts[2]..<(starts[3] - 1)], column: starts[2] + 1)
    let consent = consent(content[starts[3]..<(starts[4] - 1)], column: starts[3] + 1)
    let flags = flags(content[starts[4]..<(starts[5] - 1)], column: starts[4] + 1)
    guard errors.count == before else { return }
    guard table.count < ClinicalLimits.directoryPatientsMax else {
      return fail(1, "more than \(ClinicalLimits.directoryPatientsMax) patients")
    }
    let entry = PatientEntry(
      homeIndex: home, residency: residency, consent: consent, flags: flags)
    if !table.insert(id, entry) {
      fail(1, "this patient stands on an earlier line too; keep one of them")
    }
  }

  /// The index of the home region.
  private mutating func home(_ text: ByteView, column: Int) -> UInt8 {
    for (index, name) in homeNames.enumerated() where text.matches(name) {
      return UInt8(index)
    }
    if homesAreFixed {
      let known = homeNames.map { "`\($0)`" }.joined(separator: ", ")
      fail(column, "unknown home region; expected one of \(known)")
    } else if !text.isRegionName {
      fail(column, "a home region is 1 to 64 lower-case letters, digits or `-`")
    } else if homeNames.count >= ClinicalLimits.homesMax {
      fail(column, "more than \(ClinicalLimits.homesMax) home regions")
    } else {
      homeNames.append(text.text)
      return UInt8(homeNames.count - 1)
    }
    return 0
  }

  /// The place of residence.
  private mutating func residency(_ text: ByteView, column: Int) -> Place {
    if text.equals("unknown") { return .unknown }
    if let place = Place(text.text) { return place }
    fail(column, "expected a place such as `US-AZ` or `DE`, or `unknown`")
    return .unknown
  }

  /// The consent.
  private mutating func consent(_ text: ByteView, column: Int) -> Consent {
    for word in Consent.allCases where text.matches(word.rawValue) { return word }
    fail(column, "expected `granted`, `withdrawn` or `unknown`")
    return .unknown
  }

  /// The marks, joined by `+`.
  private mutating func flags(_ text: ByteView, column: Int) -> PatientFlags {
    var flags: PatientFlags = []
    var start = 0
    while start < text.count {
      let end = text.index(of: 0x2B, from: start)
      let word = text[start..<end]
      var isKnown = false
      for (name, flag) in PatientFlags.words where word.equals(name) {
        isKnown = flags.insert(flag).inserted
      }
      if !isKnown || end == text.count - 1 {
        let known = PatientFlags.words.map { "`\($0.0)`" }.joined(separator: ", ")
        fail(column + start, "expected distinct words of \(known), joined by `+`")
      }
      start = end + 1
    }
    return flags
  }
}

extension ByteView {
  /// The bytes as text; for files and messages, never on a request's way.
  var text: String { unsafe String(decoding: raw, as: UTF8.self) }

  /// Whether these are exactly the bytes of `word`.
  func matches(_ word: String) -> Bool {
    var index = 0
    for byte in word.utf8 {
      guard index < count, self[index] == byte else { return false }
      index += 1
    }
    return index == count
  }

  /// Whether the bytes may name a region: 1 to 64 of `[a-z0-9-]`.
  var isRegionName: Bool {
    guard count >= 1, count <= 64 else { return false }
    for index in 0..<count {
      switch self[index] {
      case 0x30...0x39, 0x61...0x7A, 0x2D: continue
      default: return false
      }
    }
    return true
  }
}
