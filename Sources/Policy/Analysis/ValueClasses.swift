/// The values of one variable, with those merged that no condition tells apart.
///
/// Merging changes no answer and makes every node of a diagram narrower.
struct ValueClasses: Sendable, Equatable {
  /// The class by value code.
  private(set) var classes: [Int]
  /// How many classes there are.
  private(set) var count: Int

  /// All values apart, or all in one class.
  init(valueCount: Int, isMerged: Bool) {
    classes = isMerged ? Array(repeating: 0, count: valueCount) : Array(0..<valueCount)
    count = isMerged ? min(valueCount, 1) : valueCount
  }

  /// Splits classes so that values with different keys are apart.
  mutating func split(_ key: (Int) -> Int) {
    var known: [[Int]: Int] = [:]
    for value in classes.indices {
      let pair = [classes[value], key(value)]
      let next = known[pair] ?? known.count
      known[pair] = next
      classes[value] = next
    }
    count = known.count
  }

  /// The same classes, numbered by their smallest values, however they were split.
  var inOrder: ValueClasses {
    var result = self
    var numbers: [Int: Int] = [:]
    for (value, valueClass) in classes.enumerated() {
      let number = numbers[valueClass] ?? numbers.count
      numbers[valueClass] = number
      result.classes[value] = number
    }
    return result
  }

  /// The smallest value of each class.
  var representatives: [Int] {
    var representatives = [Int](repeating: -1, count: count)
    for (value, valueClass) in classes.enumerated() where representatives[valueClass] < 0 {
      representatives[valueClass] = value
    }
    return representatives
  }

  /// A value of a class, or of any class: `unknown` where it may be.
  func code(in valueClass: Int?, unknown: Int?) -> Int {
    if let unknown, valueClass == nil || classes[unknown] == valueClass { return unknown }
    return classes.firstIndex(of: valueClass ?? 0) ?? 0
  }

  /// How many values each class has.
  var weights: [UInt128] {
    var weights = [UInt128](repeating: 0, count: count)
    for valueClass in classes { weights[valueClass] += 1 }
    return weights
  }

  /// The classes whose values are in `set`; exact only for sets that the classes were split by.
  func classes(in set: ValueSet) -> ValueSet {
    var result = ValueSet(count: count)
    for value in set.values { result.insert(classes[value]) }
    return result
  }

  /// The values of the classes in `set`.
  func values(of set: ValueSet) -> ValueSet {
    var result = ValueSet(count: classes.count)
    for (value, valueClass) in classes.enumerated() where set.contains(valueClass) {
      result.insert(value)
    }
    return result
  }
}
