/// Shows blocks in a terminal: at most `width` columns where words allow it.
struct TerminalText {
  /// Columns.
  let width: Int

  /// The blocks as lines, each ended with a line feed.
  func text(_ blocks: [Block]) -> String {
    var text = ""
    for (index, block) in blocks.enumerated() {
      if index > 0 { text += "\n" }
      for line in lines(block) { text += line + "\n" }
    }
    return text
  }

  private func lines(_ block: Block) -> [String] {
    switch block {
    case .heading(let level, let title):
      switch level {
      case 1: [title, String(repeating: "=", count: title.count)]
      case 2: [title, String(repeating: "-", count: title.count)]
      default: [title]
      }
    case .paragraph(let text): wrap(text, width: width)
    case .steps(let items):
      items.enumerated().flatMap { index, item in
        let number = "\(index + 1). "
        return indent(wrap(item, width: width - 2 - number.count), first: "  " + number)
      }
    case .table(let header, let rows): table(header, rows)
    }
  }

  /// Columns side by side; the last one takes what is left and is wrapped.
  private func table(_ header: [String], _ rows: [[String]]) -> [String] {
    let isBare = header.allSatisfy(\.isEmpty)
    let all = isBare ? rows : [header] + rows
    let last = header.count - 1
    let widths = header.indices.map { column in
      column == last ? 0 : min(36, all.map { $0[column].count }.max() ?? 0)
    }
    let used = widths.reduce(0) { $0 + $1 + 2 } - 2
    let rest = max(24, width - used - 2)
    return all.flatMap { row -> [String] in
      let cells = row.indices.map { column in
        wrap(row[column], width: column == last ? rest : widths[column])
      }
      let height = cells.map(\.count).max() ?? 0
      return (0..<height).map { line in
        let parts = cells.indices.map { column in
          let text = line < cells[column].count ? cells[column][line] : ""
          return column == last ? text : pad(text, to: widths[column])
        }
        return "  " + trimmed(parts.joined(separator: "  "))
      }
    }
  }

  private func indent(_ lines: [String], first: String) -> [String] {
    lines.enumerated().map { index, line in
      (index == 0 ? first : String(repeating: " ", count: first.count)) + line
    }
  }

  private func pad(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private func trimmed(_ text: String) -> String {
    String(text.reversed().drop { $0 == " " }.reversed())
  }

  /// Breaks text at spaces; a word longer than the width stands alone.
  private func wrap(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return line.isEmpty && !lines.isEmpty ? lines : lines + [line]
  }
}
