/// Collects the patients that one request names and notices a second one.
struct PatientFinder {
  /// Where in the target the patient's id lies.
  private(set) var found: Range<Int>?
  /// A patient that the request mentions where nothing ties the answer to it.
  private var mentioned: Range<Int>?
  /// Whether two different patients were named or mentioned.
  private(set) var isSeveral = false
  /// Two different ids, if there are no more; nil again when a third one came.
  private var pair: PatientPair?
  /// Whether every naming so far rests on a convention.
  private(set) var isInferred = true
  /// Whether an alternative was left open, so that the named patient is not the only possible one.
  var isOpen = false

  /// Adds the patient at `range` of `target`.
  mutating func add(_ range: Range<Int>, of target: ByteView, isInferred inferred: Bool) {
    compare(range, of: target)
    if found == nil || (isInferred && !inferred) { found = range }
    isInferred = isInferred && inferred
  }

  /// Notices a patient who is mentioned without being established.
  mutating func mention(_ range: Range<Int>, of target: ByteView) {
    compare(range, of: target)
    if mentioned == nil { mentioned = range }
  }

  /// Whether the patient at `range` is another one than those so far.
  private mutating func compare(_ range: Range<Int>, of target: ByteView) {
    for known in [found, mentioned] {
      guard let known, !target[known].equals(target[range]) else { continue }
      if !isSeveral { pair = PatientPair(first: known, second: range) }
      isSeveral = true
    }
    guard let pair, !target[pair.first].equals(target[range]) else { return }
    if !target[pair.second].equals(target[range]) { self.pair = nil }
  }

  /// The only two ids, when the answer is tied to them; they may belong to one person.
  var onlyTwo: PatientPair? { found == nil || isOpen ? nil : pair }

  /// The reference that stands at the end.
  var reference: PatientReference {
    if isSeveral { return .several }
    guard let found, !isOpen else { return .unknown }
    return .one(found)
  }
}
