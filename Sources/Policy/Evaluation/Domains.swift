import Base

/// The finite value sets of a policy's attributes, and the way from facts to value codes.
///
/// Every value that a fact can have has one code; facts with equal codes get equal plans.
struct Domains: Sendable {
  let places: PlaceTable
  let regionNames: [String]
  let tenantNames: [String]
  let nearness: Nearness
  let directoryAge: Cuts
  let authenticationAge: Cuts
  let hour: Cuts
  let time: Cuts
  /// A place for each place code.
  private let representatives: [Place]
  /// The nearest region by place code; the region count stands for none.
  private let nearestRegion: [UInt8]
  /// `Answer` for `user_in_home_region`, by home code × place count + place code.
  private let userInHomeRegion: [UInt8]
  /// How many value codes there are, by attribute.
  private let counts: [Int]

  /// Collects the values that rules, guarantees, `regions` and `tenants` name, and further places.
  init(
    _ regions: [Region], tenants: [String], _ rules: [Rule], _ guarantees: [Guarantee] = [],
    near further: [Place] = []
  ) {
    precondition(Attribute.count <= Codes.capacity, "more attributes than codes")
    let clauses = rules.flatMap(\.clauses) + guarantees.flatMap(\.clauses)
    func cuts(_ attribute: Attribute) -> Cuts {
      Cuts(clauses.lazy.filter { $0.attribute == attribute }.flatMap(\.ranges))
    }
    let places = PlaceTable(clauses.flatMap(\.places) + regions.flatMap(\.near) + further)
    let nearness = Nearness(regions)
    let representatives = places.atoms.map { atom in
      switch atom {
      case .named(let place): place
      // Any unnamed place gives the same answers; examples show one that exists where we can.
      case .otherSubdivision(let country): places.unnamedSubdivision(of: country)
      case .elsewhere: places.unnamedCountry
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
    let (directoryAge, authenticationAge) = (cuts(.directoryAge), cuts(.authenticationAge))
    let (hour, time) = (cuts(.hour), cuts(.time))
    counts = Attribute.allCases.map { attribute in
      switch attribute.kind {
      case .words(let words): words.count
      case .regions: regions.count + 1
      case .places: places.atoms.count
      case .names: tenants.count + 2
      case .time: time.count
      case .numbers:
        switch attribute {
        case .directoryAge: directoryAge.count + 1
        case .authenticationAge: authenticationAge.count + 1
        default: hour.count + 1
        }
      }
    }
    self.places = places
    self.nearness = nearness
    self.representatives = representatives
    self.directoryAge = directoryAge
    self.authenticationAge = authenticationAge
    self.hour = hour
    self.time = time
    regionNames = regions.map(\.name)
    tenantNames = tenants
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
  @inline(__always)
  func codes(_ facts: borrowing Facts) -> Codes {
    var codes = Codes()
    fill(&codes, facts)
    return codes
  }

  /// Writes the value codes of `facts`; in place, because returning them would copy them.
  @inline(__always)
  func fill(_ codes: inout Codes, _ facts: borrowing Facts) {
    codes[.operation] = facts.operation.ordinal
    codes[.dataClass] = facts.dataClass.ordinal
    codes[.sensitivity] = facts.sensitivity.ordinal
    let home = facts.home.map { Int($0.index) } ?? noRegion
    precondition(home <= noRegion, "a region of another policy")
    let location = places.code(facts.location)
    codes[.home] = home
    codes[.residency] = places.code(facts.residency)
    codes[.location] = location
    codes[.role] = facts.role.ordinal
    codes[.purpose] = facts.purpose.ordinal
    codes[.consent] = facts.consent.ordinal
    codes[.breakGlass] = Answer(facts.breakGlass).rawValue
    codes[.userInHomeRegion] = answer(homeCode: home, placeCode: location)
    codes[.assurance] = facts.assurance.ordinal
    codes[.device] = facts.device.ordinal
    codes[.ownRecord] = Answer(facts.ownRecord).rawValue
    codes[.scope] = facts.scope.ordinal
    switch facts.tenant {
    case .named(let index):
      precondition(Int(index) < tenantNames.count, "a tenant of another policy")
      codes[.tenant] = Int(index)
    case .other: codes[.tenant] = tenantNames.count
    case .unknown: codes[.tenant] = tenantNames.count + 1
    }
    codes[.directoryAge] =
      facts.directoryAgeSeconds.map { directoryAge.code(UInt64($0)) } ?? directoryAge.count
    codes[.authenticationAge] =
      facts.authenticationAgeSeconds.map { authenticationAge.code(UInt64($0)) }
      ?? authenticationAge.count
    codes[.hour] = facts.hour.map { hour.code(UInt64($0)) } ?? hour.count
    codes[.time] = time.code(facts.time.microseconds)
  }

  /// A place with this code.
  func place(_ code: Int) -> Place { representatives[code] }

  /// How many value codes `attribute` has.
  func count(_ attribute: Attribute) -> Int { counts[attribute.rawValue] }

  /// The code of `unknown`; nil for the time, which is always known.
  func unknownCode(_ attribute: Attribute) -> Int? {
    switch attribute.kind {
    case .places: 0
    case .time: nil
    // Each vocabulary ends in `unknown`.
    case .words, .regions, .names, .numbers: count(attribute) - 1
    }
  }

  /// The thresholds of a number or of the time; nil for other attributes.
  func cuts(_ attribute: Attribute) -> Cuts? {
    switch attribute {
    case .directoryAge: directoryAge
    case .authenticationAge: authenticationAge
    case .hour: hour
    case .time: time
    default: nil
    }
  }

  /// Facts with these codes, one per attribute. `user_in_home_region` follows from the others.
  func facts(_ codes: [Int]) -> Facts {
    func word<Word: CaseIterable>(_: Word.Type, _ attribute: Attribute) -> Word
    where Word.AllCases == [Word] { Word.allCases[codes[attribute.rawValue]] }
    func answer(_ attribute: Attribute) -> Bool? {
      [false, true, nil][codes[attribute.rawValue]]
    }
    func number(_ attribute: Attribute) -> UInt64? {
      let code = codes[attribute.rawValue]
      guard let cuts = cuts(attribute), code < cuts.count else { return nil }
      return cuts.interval(code).lower
    }
    let (home, tenant) = (codes[Attribute.home.rawValue], codes[Attribute.tenant.rawValue])
    var facts = Facts(
      operation: word(Operation.self, .operation), dataClass: word(DataClass.self, .dataClass),
      sensitivity: word(Sensitivity.self, .sensitivity),
      home: home < noRegion ? RegionID(UInt8(home)) : nil,
      residency: representatives[codes[Attribute.residency.rawValue]],
      location: representatives[codes[Attribute.location.rawValue]],
      role: word(Role.self, .role), purpose: word(Purpose.self, .purpose),
      consent: word(Consent.self, .consent), breakGlass: answer(.breakGlass))
    facts.assurance = word(Assurance.self, .assurance)
    facts.device = word(Device.self, .device)
    facts.ownRecord = answer(.ownRecord)
    facts.scope = word(TokenScope.self, .scope)
    facts.tenant =
      tenant < tenantNames.count
      ? .named(UInt8(tenant)) : tenant == tenantNames.count ? .other : .unknown
    facts.directoryAgeSeconds = number(.directoryAge).map { UInt32($0) }
    facts.authenticationAgeSeconds = number(.authenticationAge).map { UInt32($0) }
    facts.hour = number(.hour).map { UInt8($0) }
    facts.time = WallTime(microseconds: number(.time) ?? 0)
    return facts
  }
}
