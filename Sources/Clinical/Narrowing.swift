import Base

/// What the coded parameters of a search say about its class.
///
/// Elements of one parameter are alternatives: they narrow only when every one is known and of
/// one class. Parameters are conjoined. A special category counts wherever it occurs and is never
/// talked down by another parameter.
struct Narrowing {
  /// The class that the parameters narrow to; nil when they do not.
  private(set) var dataClass: DataClass?
  /// The highest confidentiality that was named; nil when none was.
  private(set) var special: Sensitivity?
  /// Whether the class is a specially protected one.
  private var classIsSpecial = false
  /// Whether the narrowed class may still hold a special category.
  private(set) var mayContainRestricted = true

  /// The alternatives of one parameter.
  struct Alternatives {
    /// The class that all ordinary alternatives so far agree on.
    var dataClass: DataClass?
    /// Whether an alternative is unknown or of another class.
    var isOpen = false
    /// Whether one of them may still hold a special category.
    var mayContainRestricted = false

    /// Adds one ordinary alternative.
    mutating func add(_ row: TokenRow) {
      if let known = dataClass, known != row.dataClass { isOpen = true }
      dataClass = row.dataClass
      mayContainRestricted = mayContainRestricted || row.mayContainRestricted
    }
  }

  /// Takes a special category into account.
  mutating func add(special row: TokenRow) {
    if special != .veryRestricted { special = row.sensitivity }
    guard let named = row.dataClass else { return }
    dataClass = classIsSpecial && dataClass != named ? .mixed : named
    classIsSpecial = true
    mayContainRestricted = true
  }

  /// Takes the ordinary alternatives of one complete parameter into account.
  mutating func add(_ alternatives: Alternatives) {
    guard !classIsSpecial, !alternatives.isOpen, let named = alternatives.dataClass else { return }
    if let known = dataClass, known != named {
      dataClass = .mixed
      mayContainRestricted = true
    } else {
      mayContainRestricted = mayContainRestricted && alternatives.mayContainRestricted
      dataClass = named
    }
  }
}
