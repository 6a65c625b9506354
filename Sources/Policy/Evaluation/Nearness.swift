import Base

/// Which region is nearest to a place, by the `near` lists: the plain definition.
///
/// The compiled form tabulates these functions, so that both ways agree by construction of words
/// and by test of codes.
struct Nearness: Sendable {
  private let nearest: [Place: RegionID]
  private let regions: [Region]

  /// Collects the `near` lists.
  init(_ regions: [Region]) {
    var nearest: [Place: RegionID] = [:]
    for (index, region) in regions.enumerated() {
      for place in region.near { nearest[place] = RegionID(UInt8(index)) }
    }
    self.nearest = nearest
    self.regions = regions
  }

  /// The region whose `near` list names `place`, or else the country of `place`.
  func region(nearestTo place: Place) -> RegionID? {
    nearest[place] ?? nearest[place.country]
  }

  /// Whether a user at `location` is where the region `home` is nearest.
  ///
  /// A country without its subdivision is undecided when `home` is near only a part of it.
  func isUser(at location: Place, in home: RegionID?) -> Answer {
    guard let home, location != .unknown else { return .unknown }
    if let region = region(nearestTo: location) { return Answer(region == home) }
    let isPartlyNear = regions[Int(home.index)].near.contains { $0.country == location }
    return isPartlyNear ? .unknown : .no
  }
}
