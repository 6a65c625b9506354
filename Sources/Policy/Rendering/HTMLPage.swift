/// Shows blocks as one HTML page that needs nothing else and prints well.
struct HTMLPage {
  /// The page's title.
  let title: String

  /// The page.
  func text(_ blocks: [Block]) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>\(escape(title))</title>
    <style>
    \(Self.style)</style>
    </head>
    <body>
    <main>
    \(blocks.map(element).joined(separator: "\n"))
    </main>
    </body>
    </html>

    """
  }

  private func element(_ block: Block) -> String {
    switch block {
    case .heading(let level, let title): return "<h\(level)>\(escape(title))</h\(level)>"
    case .paragraph(let text): return "<p>\(escape(text))</p>"
    case .steps(let items):
      return "<ol>" + items.map { "<li>\(escape($0))</li>" }.joined() + "</ol>"
    case .table(let header, let rows):
      let isBare = header.allSatisfy(\.isEmpty)
      let head =
        isBare
        ? "" : "<thead><tr>" + header.map { "<th>\(escape($0))</th>" }.joined() + "</tr></thead>\n"
      let body = rows.map { row in
        let first = "<th scope=\"row\">\(escape(row.first ?? ""))</th>"
        return "<tr>" + first + row.dropFirst().map { "<td>\(escape($0))</td>" }.joined() + "</tr>"
      }
      return "<table>\n\(head)<tbody>\n\(body.joined(separator: "\n"))\n</tbody>\n</table>"
    }
  }

  /// Text that means only itself (HTML Living Standard, section 13.1).
  private func escape(_ text: String) -> String {
    var escaped = ""
    for character in text {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.append(character)
      }
    }
    return escaped
  }

  private static let style = """
    :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
    body { margin: 2rem; }
    main { max-width: 60rem; margin: 0 auto; }
    h1, h2, h3 { line-height: 1.2; text-wrap: balance; }
    h2 { margin-top: 2.5rem; border-bottom: 1px solid; padding-bottom: .2rem; }
    h3 { margin: 1.6rem 0 .3rem; }
    p { margin: .3rem 0; }
    ol { margin: .3rem 0 .3rem 1.2rem; padding: 0; }
    table { border-collapse: collapse; width: 100%; margin: .6rem 0; }
    th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; }
    tr { border-bottom: 1px solid #8886; }
    th[scope=row] { font-weight: 600; white-space: nowrap; }
    @media print {
      body { margin: 0; font-size: 10pt; }
      h2, h3 { break-after: avoid; }
      tr, li { break-inside: avoid; }
    }

    """
}
