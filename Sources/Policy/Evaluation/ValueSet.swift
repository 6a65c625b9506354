/// A set of value codes of one attribute: one bit each.
struct ValueSet: Sendable, Hashable {
  private var words: [UInt64]

  /// The empty set over `count` values, or the full one.
  init(count: Int, isFull: Bool = false) {
    words = [UInt64](repeating: isFull ? .max : 0, count: (count + 63) / 64)
    if isFull, count % 64 != 0 { words[words.count - 1] = (1 << UInt64(count % 64)) - 1 }
  }

  /// Whether no value is in the set.
  var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

  /// The values `index * 64 ..< index * 64 + 64` as bits.
  func word(_ index: Int) -> UInt64 { words[index] }

  /// How many values are in the set.
  var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// The smallest value, if any.
  var first: Int? {
    for (index, word) in words.enumerated() where word != 0 {
      return index * 64 + word.trailingZeroBitCount
    }
    return nil
  }

  /// All values, ascending.
  var values: [Int] {
    var values: [Int] = []
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        values.append(index * 64 + rest.trailingZeroBitCount)
        rest &= rest &- 1
      }
    }
    return values
  }

  /// Whether `value` is in the set.
  func contains(_ value: Int) -> Bool { words[value / 64] >> UInt64(value % 64) & 1 != 0 }

  /// Adds `value`.
  mutating func insert(_ value: Int) { words[value / 64] |= 1 << UInt64(value % 64) }

  /// Whether every value of this set is in `other`.
  func isSubset(of other: ValueSet) -> Bool {
    for index in words.indices where words[index] & ~other.words[index] != 0 { return false }
    return true
  }

  /// What is in either set.
  func union(_ other: ValueSet) -> ValueSet {
    var result = self
    for index in words.indices { result.words[index] |= other.words[index] }
    return result
  }

  /// What is in both sets.
  func intersection(_ other: ValueSet) -> ValueSet {
    var result = self
    for index in words.indices { result.words[index] &= other.words[index] }
    return result
  }

  /// What is in this set only.
  func subtracting(_ other: ValueSet) -> ValueSet {
    var result = self
    for index in words.indices { result.words[index] &= ~other.words[index] }
    return result
  }

  /// Whether the sets share a value; allocates nothing.
  func intersects(_ other: ValueSet) -> Bool {
    for index in words.indices where words[index] & other.words[index] != 0 { return true }
    return false
  }
}
