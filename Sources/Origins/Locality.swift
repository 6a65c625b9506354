public import Base

/// Which regions are near to whom, as the operator writes it: names, nearest first.
public struct LocalityTable: Sendable, Hashable {
  /// One place and its regions.
  public struct Row: Sendable, Hashable {
    /// A country or a subdivision of one.
    public var place: Place
    /// Names of regions, nearest first, each once.
    public var regionNames: [String]

    /// Makes a row.
    public init(_ place: Place, _ regionNames: [String]) {
      self.place = place
      self.regionNames = regionNames
    }
  }

  /// For all places without a row, and for users whose place is not known; empty: no order.
  public var fallback: [String]
  /// At most one row for a place.
  public var rows: [Row]

  /// Makes a table.
  public init(fallback: [String] = [], rows: [Row] = []) {
    self.fallback = fallback
    self.rows = rows
  }

  /// The regions of `place`, nearest first: its own row's, else its country's, else the fallback.
  public func regionNames(of place: Place) -> [String] {
    let row =
      rows.first { $0.place == place && place != .unknown }
      ?? rows.first { $0.place == place.country && place != .unknown }
    return row?.regionNames ?? fallback
  }
}

/// A `LocalityTable` as narrowing asks it: places as slots of a hash table, regions as ranks.
///
/// It orders regions that a plan already allows as equals and names nobody else: whatever is
/// written in it, no request goes where it could not go without it. Immutable.
struct Locality: Sendable {
  /// Where a place's ranks begin; see `rank`.
  typealias Row = Int

  /// The rank of a region that the row does not name: behind all that it names.
  static let unnamed: UInt8 = 127

  /// What was compiled.
  let table: LocalityTable
  private let regionCount: Int
  /// Row × region count + region; the first row is the fallback.
  private let ranks: [UInt8]
  /// Open addressing, a power of two, at most half full: packed places, zero when free.
  private let keys: [UInt64]
  /// Where the row of the place in the same slot begins.
  private let starts: [Int]

  /// Compiles `table` for the regions of a topology; names that those lack rank nobody.
  init(_ table: LocalityTable, regionNames: [String]) {
    func ranks(_ names: [String]) -> [UInt8] {
      regionNames.map { name in
        names.firstIndex(of: name).map { UInt8(min($0, Int(Self.unnamed) - 1)) } ?? Self.unnamed
      }
    }
    var capacity = 16
    while capacity < table.rows.count * 2 { capacity *= 2 }
    var keys = [UInt64](repeating: 0, count: capacity)
    var starts = [Int](repeating: 0, count: capacity)
    for (index, row) in table.rows.enumerated() where row.place != .unknown {
      var slot = Self.slot(row.place.packed, capacity)
      while keys[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
      keys[slot] = row.place.packed
      starts[slot] = (index + 1) * regionNames.count
    }
    self.table = table
    regionCount = regionNames.count
    self.ranks = ranks(table.fallback) + table.rows.flatMap { ranks($0.regionNames) }
    self.keys = keys
    self.starts = starts
  }

  /// The row of a user's place.
  func row(of place: Place) -> Row {
    if place == .unknown { return 0 }
    return find(place) ?? (place == place.country ? nil : find(place.country)) ?? 0
  }

  /// How far `region` is from there: 0 is the nearest.
  @inline(__always)
  func rank(_ region: RegionID, in row: Row) -> UInt8 { ranks[row + Int(region.index)] }

  private func find(_ place: Place) -> Row? {
    var slot = Self.slot(place.packed, keys.count)
    while keys[slot] != 0 {
      if keys[slot] == place.packed { return starts[slot] }
      slot = (slot + 1) & (keys.count - 1)
    }
    return nil
  }

  /// Where to look first: the top bits of a multiplicative hash (Knuth).
  private static func slot(_ packed: UInt64, _ capacity: Int) -> Int {
    Int(truncatingIfNeeded: (packed &* 0x9E37_79B9_7F4A_7C15) >> 40) & (capacity - 1)
  }
}
