public import Base

/// One write that waits.
public struct HeldPlace: Equatable, Sendable {
  /// Whose data it changes.
  public let domain: RegionID
  /// A hash of the patient it is about; nil when it is about none, or more than one.
  public let patient: UInt64?
  /// No earlier epoch may take it: the origin has told of this one.
  public let epochMin: UInt64

  /// Makes a place.
  public init(domain: RegionID, patient: UInt64?, epochMin: UInt64 = 0) {
    self.domain = domain
    self.patient = patient
    self.epochMin = epochMin
  }
}

/// Writes that wait until the authority over their data has moved.
///
/// Let go in the order they came, so many at once that the new holder is not overrun, and those
/// about one patient one after the other: a correction never overtakes what it corrects. Bounded;
/// owned by one loop. The driver keeps the holders and tells when one is over.
public struct HeldWrites<Holder: AnyObject> {
  @usableFromInline private(set) var waiting: [(holder: Holder, place: HeldPlace)] = []
  /// Writes that were let go and are not over.
  @usableFromInline private(set) var released: [(holder: Holder, place: HeldPlace)] = []

  /// Makes it empty.
  public init() {}

  /// How many wait.
  public var count: Int { waiting.count }

  /// Whether there is nothing to look after: asked for every exchange that ends.
  @inlinable
  public var isEmpty: Bool { waiting.isEmpty && released.isEmpty }

  /// Lets `holder` wait; false when `countMax` do already. One that waited before keeps its turn.
  public mutating func hold(_ holder: Holder, _ place: HeldPlace, countMax: Int) -> Bool {
    let wasReleased = remove(holder, from: &released)
    guard waiting.count < countMax else { return false }
    waiting.insert((holder, place), at: wasReleased ? turn(of: place) : waiting.count)
    return true
  }

  /// Where a write goes that waited before: ahead of the others about its patient.
  private func turn(of place: HeldPlace) -> Int {
    guard let patient = place.patient else { return 0 }
    return waiting.firstIndex { $0.place.patient == patient } ?? waiting.count
  }

  /// Whether a new write about `patient` would overtake one that waits or was let go.
  public func mustFollow(_ patient: UInt64?) -> Bool {
    guard let patient else { return false }
    return waiting.contains { $0.place.patient == patient }
      || released.contains { $0.place.patient == patient }
  }

  /// Takes out those that may go now, in order; `isReady` says whether the holder of a place's
  /// domain takes writes.
  public mutating func release(atOnceMax: Int, _ isReady: (Holder, HeldPlace) -> Bool) -> [Holder] {
    guard !waiting.isEmpty, released.count < atOnceMax else { return [] }
    var busy = Set(released.compactMap(\.place.patient))
    var gone: [Holder] = []
    waiting.removeAll { entry in
      let isFree = entry.place.patient.map { busy.insert($0).inserted } ?? true
      guard isFree, released.count < atOnceMax, isReady(entry.holder, entry.place) else {
        return false
      }
      released.append(entry)
      gone.append(entry.holder)
      return true
    }
    return gone
  }

  /// `holder` is over; true when others may go now.
  public mutating func ended(_ holder: Holder) -> Bool {
    let wasReleased = remove(holder, from: &released)
    let wasWaiting = remove(holder, from: &waiting)
    return (wasReleased || wasWaiting) && !waiting.isEmpty
  }

  private func remove(
    _ holder: Holder, from list: inout [(holder: Holder, place: HeldPlace)]
  ) -> Bool {
    guard let index = list.firstIndex(where: { $0.holder === holder }) else { return false }
    list.remove(at: index)
    return true
  }
}
