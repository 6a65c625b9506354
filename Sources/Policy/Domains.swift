import Base

/// The value codes of one request, by attribute.
typealias Codes = InlineArray<11, Int>

/// The finite value sets of a policy's attributes, and the way from facts to value codes.
struct Domains: Sendable {
  let places: PlaceTable
  let regionNames: [String]
  let nearness: Nearness
  /// The nearest region by place code; the region count stands for none.
  private let nearestRegion: [UInt8]
  /// `Answer` for `user_in_home_region`, by home code × place count + place code.
  private let userInHomeRegion: [UInt8]

  /// Collects the values that `rules` and `regions` name.
  init(_ regions: [Region], _ rules: [Rule]) {
    let clauses = rules.flatMap { $0.when.clauses + ($0.unless?.clauses ?? []) }
    places = PlaceTable(clauses.flatMap(\.places) + regions.flatMap(\.near))
    regionNames = regions.map(\.name)
    let nearness = Nearness(regions)
    self.nearness = nearness
    let representatives = places.atoms.map { atom in
      switch atom {
      case .named(let place): place
      // No code is ever named `XX-?`: any unnamed subdivision gives the same answers.
      case .otherSubdivision(let country): Place("\(country)-0") ?? country
      case .elsewhere: Place("ZZ") ?? .unknown
      case .unknown: Place.unknown
      }
    }
    nearestRegion = representatives.map {
      nearness.region(nearestTo: $0)?.index ?? UInt8(regions.count)
    }
    userInHomeRegion = (0...regions.count).flatMap { home in
      representatives.map { place in
        let home = home < regions.count ? RegionID(UInt8(home)) : nil
        return UInt8(nearness.isUser(at: place, in: home).rawValue)
      }
    }
  }

  /// The code of an unknown home, or of no nearest region.
  var noRegion: Int { regionNames.count }

  /// The region nearest to the place with this code; the home when none is, or `noRegion`.
  func nearest(placeCode: Int, homeCode: Int) -> Int {
    let nearest = Int(nearestRegion[placeCode])
    return nearest == noRegion ? homeCode : nearest
  }

  /// The code of `user_in_home_region` for a user at this place and a patient of this home.
  func answer(homeCode: Int, placeCode: Int) -> Int {
    Int(userInHomeRegion[homeCode * places.atoms.count + placeCode])
  }

  /// The value codes of `facts`; allocates nothing.
  func codes(_ facts: borrowing Facts) -> Codes {
    let home = facts.home.map { Int($0.index) } ?? noRegion
    precondition(home <= noRegion, "a region of another policy")
    let location = places.code(facts.location)
    return [
      facts.operation.ordinal, facts.dataClass.ordinal, facts.sensitivity.ordinal, home,
      places.code(facts.residency), location, facts.role.ordinal, facts.purpose.ordinal,
      facts.consent.ordinal, Answer(facts.breakGlass).rawValue,
      answer(homeCode: home, placeCode: location),
    ]
  }

  /// How many value codes `attribute` has.
  func count(_ attribute: Attribute) -> Int {
    switch attribute.kind {
    case .words(let words): words.count
    case .regions: regionNames.count + 1
    case .places: places.atoms.count
    }
  }

  /// The value with this code, for messages.
  func word(_ attribute: Attribute, _ code: Int) -> String {
    switch attribute.kind {
    case .words(let words): return words[code]
    case .regions: return code < regionNames.count ? regionNames[code] : "unknown"
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
    for code in 0..<count(attribute) where matches(clause, code, orUnknown) { set.insert(code) }
    return set
  }

  private func matches(_ clause: Clause, _ code: Int, _ orUnknown: Bool) -> Bool {
    guard clause.attribute.kind == .places else {
      let word = word(clause.attribute, code)
      return clause.values.contains(word) || (orUnknown && word == "unknown")
    }
    switch places.atoms[code] {
    case .unknown: return clause.namesUnknown || orUnknown
    case .named(let place):
      return clause.places.contains {
        place.isWithin($0) || (orUnknown && $0.isWithin(place))
      }
    case .otherSubdivision(let country): return clause.places.contains(country)
    case .elsewhere: return false
    }
  }
}
