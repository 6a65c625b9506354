internal import Base

/// What one line of a file of changes says, with its place for later complaints.
public struct ChangeLine: Equatable, Sendable {
  /// The change; homes are numbered as the reader was given their names.
  public var change: DirectoryChange
  /// The line, from 1.
  public var line: Int
  /// The column of the patient's id, from 1, and of the id that it is merged into.
  public var columns: (patient: Int, mergedInto: Int)

  /// Compares all of it.
  public static func == (left: ChangeLine, right: ChangeLine) -> Bool {
    left.change == right.change && left.line == right.line && left.columns == right.columns
  }
}

/// The words under `change`.
private enum ChangeWord: String, CaseIterable {
  case upsert, remove, merge, withdraw, grant

  /// The columns that stay empty.
  var unwanted: [Field] {
    switch self {
    case .upsert: [.mergedInto]
    case .merge: [.home, .residency, .consent, .flags]
    case .remove, .withdraw, .grant: [.home, .residency, .consent, .flags, .mergedInto]
    }
  }
}

extension DirectoryChange {
  /// Reads changes, one a line: CSV with the header
  /// `change,patient,home,residency,consent,flags,merged_into`, or objects with these names.
  ///
  /// `change` is `upsert` (all facts of the patient follow), `remove`, `merge` (with
  /// `merged_into`), `withdraw` or `grant` (the consent). Homes must be among `homeNames`.
  public static func reading(
    _ bytes: UnsafeRawBufferPointer, as format: DirectoryFormat, file: String,
    homeNames: [String], hash: PatientHash
  ) throws(DirectoryErrors) -> [ChangeLine] {
    var values = LineValues(file: file, hash: hash, homeNames: homeNames)
    var lines = LineReader(
      format: format,
      forms: [[.change, .patient, .home, .residency, .consent, .flags, .mergedInto]])
    let text = unsafe Span<UInt8>(_unsafeBytes: bytes)
    var changes: [ChangeLine] = []
    while let (bytes, fields) = lines.next(text, &values) {
      if let change = change(text.extracting(bytes), fields, &values) {
        changes.append(
          ChangeLine(
            change: change, line: values.line,
            columns: (fields.column(.patient), fields.column(.mergedInto))))
      }
    }
    guard values.errors.isEmpty else { throw DirectoryErrors(errors: values.errors) }
    return changes
  }

  /// Reads one line and reports every mistake in it.
  private static func change(
    _ line: Span<UInt8>, _ fields: LineFields, _ values: inout LineValues
  ) -> DirectoryChange? {
    let before = values.errors.count
    let key = values.patient(
      line.extracting(fields[.patient]), column: fields.column(.patient))
    let text = line.extracting(fields[.change])
    guard let word = ChangeWord.allCases.first(where: { equals(text, $0.rawValue) }) else {
      let known = ChangeWord.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
      values.fail(fields.column(.change), "expected one of \(known)")
      return nil
    }
    values.requireNothing(in: fields, word.unwanted, "`\(word.rawValue)` takes no such value")
    guard let key else { return nil }
    var change: DirectoryChange?
    switch word {
    case .upsert: change = .upsert(key, values.entry(line, fields))
    case .remove: change = .remove(key)
    case .withdraw: change = .consent(key, .withdrawn)
    case .grant: change = .consent(key, .granted)
    case .merge:
      let survivor = values.patient(
        line.extracting(fields[.mergedInto]), column: fields.column(.mergedInto))
      change = survivor.map { .merge(key, into: $0) }
      if survivor == key {
        values.fail(fields.column(.mergedInto), "a patient cannot be merged into itself")
      }
    }
    return values.errors.count == before ? change : nil
  }
}
