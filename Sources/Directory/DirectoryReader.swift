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
  /// The mistakes, in the file's order; at most `DirectoryLimits.errorsMax`.
  public var errors: [DirectoryError]
}

/// The forms in which people and registries write directories and changes.
public enum DirectoryFormat: String, CaseIterable, Sendable {
  /// Columns under a header line; no quoting.
  case csv
  /// One JSON object a line.
  case ndjson
}

extension DirectorySnapshot {
  /// Reads patients, one a line, and sorts them into a snapshot that nobody signed yet.
  ///
  /// CSV begins with `patient,home,residency,consent,flags`, and may have `merged_into` as a last
  /// column; the objects of NDJSON have the same names. `residency` is `US-AZ`, `DE` or `unknown`;
  /// `consent` is `granted`, `withdrawn` or `unknown`; `flags` is empty or words joined by `+` (a
  /// list in JSON). A line with `merged_into` has nothing else but its `patient`: the rest stands
  /// with the survivor. Lines may end in CR LF; in CSV there is no quoting, and empty lines and
  /// lines that start with `#` are passed over.
  ///
  /// - `file`: how errors call the file.
  /// - `homeNames`: the regions that may be homes, in the order that entries number them; empty
  ///   takes them from the file in the order of their first appearance.
  /// - `progress` gets the bytes read so far, now and then.
  public static func reading(
    _ bytes: UnsafeRawBufferPointer, as format: DirectoryFormat, file: String,
    homeNames: [String] = [], hash: PatientHash, progress: (Int) -> Void = { _ in }
  ) throws(DirectoryErrors) -> DirectorySnapshot {
    var reader = DirectoryReader(file: file, homeNames: homeNames, hash: hash)
    let text = unsafe Span<UInt8>(_unsafeBytes: bytes)
    return try reader.read(text, as: format, progress)
  }
}

/// One pass over a directory file.
private struct DirectoryReader {
  private var values: LineValues
  private var rows = PatientRows()

  init(file: String, homeNames: [String], hash: PatientHash) {
    values = LineValues(file: file, hash: hash, homeNames: homeNames)
  }

  /// The columns of CSV files.
  private static let columns: [Field] = [.patient, .home, .residency, .consent, .flags]

  /// Reads the whole file, or as much as the bound on errors allows.
  mutating func read(
    _ text: Span<UInt8>, as format: DirectoryFormat, _ progress: (Int) -> Void
  ) throws(DirectoryErrors) -> DirectorySnapshot {
    if values.homeNames.count > DirectoryLimits.homesMax {
      values.fail(1, "more than \(DirectoryLimits.homesMax) home regions are configured")
    } else {
      let forms = [Self.columns, Self.columns + [.mergedInto]]
      var lines = LineReader(format: format, forms: forms)
      while let range = lines.next(text, &values) {
        patient(text.extracting(range.bytes), range.fields)
        if values.line & 0xFFFF == 0 { progress(range.bytes.upperBound) }
      }
    }
    let (all, keyID) = (rows, values.hash.keyID)
    rows = PatientRows()
    let mistakes: [PatientRows.Mistake]
    if values.errors.isEmpty {
      let made = all.makeSnapshot(homeNames: values.homeNames, keyID: keyID)
      if let snapshot = made.snapshot { return snapshot }
      mistakes = made.mistakes
    } else {
      mistakes = all.repetitionsOnly()
    }
    for mistake in mistakes.prefix(DirectoryLimits.errorsMax) { values.fail(mistake) }
    values.sortErrors()
    throw DirectoryErrors(errors: values.errors)
  }

  /// Reads one patient's line and reports every mistake in it.
  private mutating func patient(_ line: Span<UInt8>, _ fields: LineFields) {
    let before = values.errors.count
    let key = values.patient(
      line.extracting(fields[.patient]), column: fields.column(.patient))
    guard fields[.mergedInto].isEmpty else {
      let survivor = values.patient(
        line.extracting(fields[.mergedInto]), column: fields.column(.mergedInto))
      values.requireNothing(
        in: fields, [.home, .residency, .consent, .flags],
        "it stands with the patient that this one was merged into")
      guard values.errors.count == before, let key, let survivor, hasRoom() else { return }
      rows.add(
        key, mergedInto: survivor, line: values.line, column: fields.column(.mergedInto))
      return
    }
    let entry = values.entry(line, fields)
    guard values.errors.count == before, let key, hasRoom() else { return }
    rows.add(key, entry, line: values.line)
  }

  /// Whether another patient fits; complains when not.
  private mutating func hasRoom() -> Bool {
    guard rows.count < DirectoryLimits.patientsMax else {
      values.fail(1, "more than \(DirectoryLimits.patientsMax) patients")
      return false
    }
    return true
  }
}
