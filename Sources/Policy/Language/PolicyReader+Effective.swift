import Base
import StrictYAML

extension PolicyReader {
  /// Reads `effective`: from when on, and until when; nil where the file does not say.
  func effective(_ reader: MappingReader) -> (from: WallTime?, until: WallTime?) {
    guard let effective = reader.optionalMapping("effective", "`effective`") else {
      return (nil, nil)
    }
    func time(_ key: String) -> WallTime? {
      guard let scalar = effective.scalar(key, isRequired: false) else { return nil }
      if let time = parseTimestamp(scalar.text) { return time }
      error(
        .effectiveDates, at: scalar.mark,
        "`\(key)` must be a time such as `2026-12-01T00:00:00Z`, in UTC")
      return nil
    }
    let (from, until) = (time("from"), time("until"))
    effective.finish()
    if let from, let until, until <= from {
      error(.effectiveDates, at: effective.mark(of: "until"), "`until` is not after `from`")
    }
    return (from, until)
  }

  /// The clause that a rule's `effective` adds to its `when`; nil without one.
  func effectiveClause(_ reader: MappingReader) -> Clause? {
    let (from, until) = effective(reader)
    guard from != nil || until != nil else { return nil }
    return Clause(
      attribute: .time,
      ranges: [
        NumberRange(lower: from?.microseconds ?? 0, upper: until?.microseconds ?? .max)
      ])
  }
}
