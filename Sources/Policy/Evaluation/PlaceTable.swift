import Base

/// Numbers the places that a policy can tell apart.
///
/// Every place in the world has one code: `unknown`, each place that the policy names, for each
/// of their countries "another subdivision", and one for everywhere else. Two places with one code
/// match the same conditions and have the same nearest region.
struct PlaceTable: Sendable {
  /// What a code stands for.
  enum Atom: Sendable, Equatable {
    case unknown
    /// This place, exactly.
    case named(Place)
    /// A subdivision of this country that the policy does not name.
    case otherSubdivision(of: Place)
    case elsewhere
  }

  /// The atoms by code; the first is `unknown`, the last `elsewhere`.
  let atoms: [Atom]
  /// Open addressing, a power of two, at most half full: packed places, zero when free.
  private let keys: [UInt64]
  /// The code of the place in the same slot.
  private let codes: [UInt16]
  /// The code of "another subdivision" when the slot holds a country.
  private let otherCodes: [UInt16]

  /// Numbers `places` and their countries.
  init(_ places: some Sequence<Place>) {
    var named: Set<Place> = []
    for place in places where place != .unknown {
      named.insert(place)
      named.insert(place.country)
    }
    let sorted = named.sorted { $0.description < $1.description }
    precondition(sorted.count <= Limits.placeCountMax, "the reader bounds the places")
    var atoms: [Atom] = [.unknown] + sorted.map { .named($0) }
    var capacity = 16
    while capacity < sorted.count * 2 { capacity *= 2 }
    var keys = [UInt64](repeating: 0, count: capacity)
    var codes = [UInt16](repeating: 0, count: capacity)
    var otherCodes = codes
    for (index, place) in sorted.enumerated() {
      var slot = Self.slot(place.packed, capacity)
      while keys[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
      keys[slot] = place.packed
      codes[slot] = UInt16(index + 1)
      if place == place.country {
        otherCodes[slot] = UInt16(atoms.count)
        atoms.append(.otherSubdivision(of: place))
      }
    }
    self.atoms = atoms + [.elsewhere]
    self.keys = keys
    self.codes = codes
    self.otherCodes = otherCodes
  }

  /// The code of `place`.
  func code(_ place: Place) -> Int {
    if place == .unknown { return 0 }
    if let slot = find(place) { return Int(codes[slot]) }
    // A country that is not named has no named subdivisions either.
    if place != place.country, let slot = find(place.country) { return Int(otherCodes[slot]) }
    return atoms.count - 1
  }

  /// A subdivision of `country` that has no code of its own.
  func unnamedSubdivision(of country: Place) -> Place {
    // No subdivision is ever called `XX-0`; it is well formed all the same.
    let real = country.description == "US" ? Geography.statesOfUS.sorted() : []
    return real.lazy.compactMap { Place($0) }.first { find($0) == nil }
      ?? Place("\(country)-0") ?? country
  }

  /// A country that has no code of its own.
  var unnamedCountry: Place {
    Geography.countries.sorted().lazy.compactMap { Place($0) }.first { find($0) == nil }
      ?? Place("ZZ") ?? .unknown
  }

  private func find(_ place: Place) -> Int? {
    var slot = Self.slot(place.packed, keys.count)
    while keys[slot] != 0 {
      if keys[slot] == place.packed { return slot }
      slot = (slot + 1) & (keys.count - 1)
    }
    return nil
  }

  /// Where to look first: the top bits of a multiplicative hash (Knuth).
  private static func slot(_ packed: UInt64, _ capacity: Int) -> Int {
    Int(truncatingIfNeeded: (packed &* 0x9E37_79B9_7F4A_7C15) >> 40) & (capacity - 1)
  }
}
