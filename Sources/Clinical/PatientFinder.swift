/// Collects the patients that one request names and notices a second one.
struct PatientFinder {
  /// Where in the target the patient's id lies.
  private(set) var found: Range<Int>?
  /// Whether two different patients were named.
  private(set) var isSeveral = false
  /// Whether every naming so far rests on a convention.
  private(set) var isInferred = true
  /// Whether an alternative was left open, so that the named patient is not the only possible one.
  var isOpen = false

  /// Adds the patient at `range` of `target`.
  mutating func add(_ range: Range<Int>, of target: ByteView, isInferred inferred: Bool) {
    if let known = found, !target[known].equals(target[range]) { isSeveral = true }
    if found == nil || (isInferred && !inferred) { found = range }
    isInferred = isInferred && inferred
  }

  /// The reference that stands at the end.
  var reference: PatientReference {
    if isSeveral { return .several }
    guard let found, !isOpen else { return .unknown }
    return .one(found)
  }
}
