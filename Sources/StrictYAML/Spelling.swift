/// Finds what was probably meant.
public enum Spelling {
  /// The one of `words` nearest to `word`, if it is near enough to be a typing error.
  ///
  /// Near enough: one edit per three characters, at least one; case, `_` and `-` are not counted.
  public static func nearest(to word: String, among words: some Sequence<String>) -> String? {
    guard word.utf8.count <= Limits.suggestionByteCountMax else { return nil }
    let wanted = folded(word)
    var best: (word: String, distance: Int)?
    for candidate in words where candidate.utf8.count <= Limits.suggestionByteCountMax {
      let distance = distance(wanted, folded(candidate))
      if distance <= max(1, wanted.count / 3), distance < best?.distance ?? .max {
        best = (candidate, distance)
      }
    }
    return best?.word
  }

  /// Lower-case bytes without the separators that people mix up.
  private static func folded(_ word: String) -> [UInt8] {
    word.utf8.compactMap { byte in
      switch byte {
      case 0x41...0x5A: byte | 0x20
      case 0x5F, 0x2D: nil
      default: byte
      }
    }
  }

  /// Edits between two words: insert, delete, replace, or swap of neighbours (Damerau 1964).
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for i in 0..<left.count {
      var row = [i + 1]
      for j in 0..<right.count {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          cost = min(cost, beforeLast[j - 1] + 1)
        }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[right.count]
  }
}
