/// `text` in lines as wide as a terminal, the first indented by `first` spaces and the others by
/// `hanging`; longer only where a word is.
func wrapped(_ text: String, first: Int, hanging: Int) -> [String] {
  var lines: [String] = []
  var line = String(repeating: " ", count: first)
  var isEmpty = true
  for word in text.split(separator: " ", omittingEmptySubsequences: false) {
    if !isEmpty, line.count + 1 + word.count > terminalColumnCount {
      lines.append(line)
      line = String(repeating: " ", count: hanging)
      isEmpty = true
    }
    line += isEmpty ? String(word) : " \(word)"
    isEmpty = false
  }
  return lines + [line]
}

/// Columns of a terminal.
let terminalColumnCount = 80
