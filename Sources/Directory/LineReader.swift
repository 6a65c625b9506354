/// Walks over a file line by line and finds each line's fields; mistakes of form go to the values.
struct LineReader {
  /// How the lines are written.
  let format: DirectoryFormat
  /// The headers that a CSV file may have, as columns.
  let forms: [[Field]]
  /// The header that it has.
  private var columns: [Field]?
  /// Where the next line starts.
  private var start = 0

  init(format: DirectoryFormat, forms: [[Field]]) {
    self.format = format
    self.forms = forms
  }

  /// The next line with fields, without its end; nil at the end of the file, or when there are so
  /// many mistakes that no more are wanted.
  mutating func next(
    _ text: Span<UInt8>, _ values: inout LineValues
  ) -> (bytes: Range<Int>, fields: LineFields)? {
    while start < text.count, !values.isFull {
      values.line += 1
      let begin = start
      var end = begin
      while end < text.count, text[end] != 0x0A { end += 1 }
      start = end + 1
      if end > begin, text[end - 1] == 0x0D { end -= 1 }
      let line = text.extracting(begin..<end)
      if line.count > DirectoryLimits.lineBytesMax {
        values.fail(1, "the line is longer than \(DirectoryLimits.lineBytesMax) bytes")
      } else if format == .csv, columns == nil {
        columns = forms.first { Self.isHeader(line, $0) }
        if columns == nil { return refuseHeader(&values) }
      } else if !line.isEmpty, format == .ndjson || line[0] != 0x23,
        let fields = fields(line, &values)
      {
        return (begin..<end, fields)
      }
    }
    if format == .csv, columns == nil, values.errors.isEmpty { return refuseHeader(&values) }
    return nil
  }

  /// The fields of a line; nil after a complaint.
  private func fields(_ line: Span<UInt8>, _ values: inout LineValues) -> LineFields? {
    switch format {
    case .csv:
      let columns = columns ?? []
      switch LineFields.csv(line, columns: columns) {
      case .success(let fields): return fields
      case .failure(let mistake):
        let header = Self.header(columns)
        values.fail(1, "expected \(columns.count) columns (`\(header)`), found \(mistake.found)")
      }
    case .ndjson:
      do throws(JSONLine.Mistake) {
        let widest = forms.last ?? []
        return try JSONLine.fields(line) { widest.contains($0) }
      } catch {
        values.fail(error.offset + 1, error.message)
      }
    }
    return nil
  }

  /// Says which header was due.
  private func refuseHeader(
    _ values: inout LineValues
  ) -> (bytes: Range<Int>, fields: LineFields)? {
    let headers = forms.map { "`\(Self.header($0))`" }.joined(separator: " or ")
    if values.line == 0 {
      values.fail(1, "the file is empty; its first line must be \(headers)")
    } else {
      values.fail(1, "the first line must be \(headers)")
    }
    return nil
  }

  /// The header of these columns.
  private static func header(_ columns: [Field]) -> String {
    columns.map { "\($0.word)" }.joined(separator: ",")
  }

  private static func isHeader(_ line: Span<UInt8>, _ columns: [Field]) -> Bool {
    equals(line, header(columns))
  }
}
