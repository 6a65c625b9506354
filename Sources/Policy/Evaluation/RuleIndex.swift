/// Finds the rules that match a request where the diagram would be too large, and for blame.
///
/// A bit-vector index: for every attribute and value one row with a bit per rule. A request's
/// rows, one per attribute, are joined with AND; a second row per value does the same for the
/// `unless` parts. The cost grows with the rule count / 64 and nothing is allocated.
struct RuleIndex: Sendable {
  /// Words of 64 rules.
  let wordCount: Int
  /// The attributes that some rule asks about; the others hold for every rule.
  private let asked: [Asked]
  /// Rows of `2 * wordCount`: the `when` bits, then the `unless` bits.
  private let rows: [UInt64]
  /// A bit for every rule that has an `unless`.
  private let exceptions: [UInt64]

  /// An attribute and the row of its first value.
  private struct Asked: Sendable {
    let attribute: Int
    let firstRow: Int
  }

  /// Indexes `rules`; bit and position agree.
  init(_ rules: [(when: Box, unless: Box?)], _ domains: Domains) {
    let wordCount = (rules.count + 63) / 64
    var asked: [Asked] = []
    var rowCount = 0
    for attribute in Attribute.allCases {
      let full = ValueSet(count: domains.count(attribute), isFull: true)
      let index = attribute.rawValue
      let isAsked = rules.contains { rule in
        rule.when.sets[index] != full || (rule.unless.map { $0.sets[index] != full } ?? false)
      }
      guard isAsked else { continue }
      asked.append(Asked(attribute: index, firstRow: rowCount))
      rowCount += domains.count(attribute)
    }
    var rows = [UInt64](repeating: 0, count: rowCount * 2 * wordCount)
    var exceptions = [UInt64](repeating: 0, count: wordCount)
    for (index, rule) in rules.enumerated() {
      let (word, bit) = (index / 64, UInt64(1) << UInt64(index % 64))
      for part in asked {
        for value in rule.when.sets[part.attribute].values {
          rows[(part.firstRow + value) * 2 * wordCount + word] |= bit
        }
        for value in rule.unless?.sets[part.attribute].values ?? [] {
          rows[((part.firstRow + value) * 2 + 1) * wordCount + word] |= bit
        }
      }
      if rule.unless != nil { exceptions[word] |= bit }
    }
    self.wordCount = wordCount
    self.asked = asked
    self.rows = rows
    self.exceptions = exceptions
  }

  /// The rules `word * 64 ..< word * 64 + 64` that match, as bits.
  @inline(__always)
  func matches(_ codes: borrowing Codes, word: Int) -> UInt64 {
    var matched = UInt64.max
    var excepted = exceptions[word]
    for part in asked {
      let row = (part.firstRow + codes[part.attribute]) * 2 * wordCount
      matched &= rows[row + word]
      excepted &= rows[row + wordCount + word]
    }
    return matched & ~excepted
  }
}
