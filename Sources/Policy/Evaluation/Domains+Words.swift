import Base
import StrictYAML

extension Domains {
  /// The value with this code, for messages.
  func word(_ attribute: Attribute, _ code: Int) -> String {
    switch attribute.kind {
    case .words(let words): return words[code]
    case .regions: return code < regionNames.count ? regionNames[code] : "unknown"
    case .names:
      return (tenantNames + ["other", "unknown"])[code]
    case .numbers(let quantity):
      guard let cuts = cuts(attribute), code < cuts.count else { return "unknown" }
      return cuts.interval(code).text(quantity.text)
    case .time: return time.interval(code).text { timestamp(WallTime(microseconds: $0)) }
    case .places:
      switch places.atoms[code] {
      case .unknown: return "unknown"
      case .named(let place): return place.description
      case .otherSubdivision(let country): return "elsewhere in \(country)"
      case .elsewhere: return "elsewhere"
      }
    }
  }

  /// The codes that `clause` matches; with `orUnknown` also those that it cannot rule out.
  func set(_ clause: Clause, orUnknown: Bool) -> ValueSet {
    let attribute = clause.attribute
    var set = ValueSet(count: count(attribute))
    switch attribute.kind {
    case .words, .regions, .names:
      for code in 0..<count(attribute) where clause.values.contains(word(attribute, code)) {
        set.insert(code)
      }
    case .places:
      for code in 0..<count(attribute) where matches(clause, places.atoms[code], orUnknown) {
        set.insert(code)
      }
    case .numbers, .time:
      guard let cuts = cuts(attribute) else { preconditionFailure("numbers have thresholds") }
      // Thresholds stand at all bounds, so that a range holds whole intervals.
      for code in 0..<cuts.count
      where clause.ranges.contains(where: { $0.contains(cuts.interval(code).lower) }) {
        set.insert(code)
      }
    }
    if orUnknown || clause.namesUnknown, let code = unknownCode(attribute) { set.insert(code) }
    return set
  }

  private func matches(_ clause: Clause, _ atom: PlaceTable.Atom, _ orUnknown: Bool) -> Bool {
    switch atom {
    case .unknown: clause.namesUnknown || orUnknown
    case .named(let place):
      clause.places.contains { place.isWithin($0) || (orUnknown && $0.isWithin(place)) }
    case .otherSubdivision(let country): clause.places.contains(country)
    case .elsewhere: false
    }
  }
}

extension NumberRange {
  /// The range in words, its bounds written by `write`.
  func text(_ write: (UInt64) -> String) -> String {
    switch (lower, upper) {
    case (0, .max): "any"
    case (_, .max): "\(write(lower)) or more"
    case (0, _): "below \(write(upper))"
    default: "\(write(lower)) to below \(write(upper))"
    }
  }
}

extension Attribute.Quantity {
  /// A value as a policy file writes it.
  func text(_ value: UInt64) -> String {
    switch self {
    case .age: secondsText(Int(min(value, 1 << 40)))
    case .hourOfDay: String(value)
    }
  }
}
