internal import Synchronization

/// A tenant as the store numbers it for the life of the process; policy versions number anew.
public struct TenantNumber: Hashable, Sendable {
  /// The number.
  public let index: UInt16
  /// Makes the tenant with this number.
  init(_ index: UInt16) { self.index = index }
  /// Whoever belongs to no named tenant. Entries of rows that demand a tenant are never his.
  public static let unnamed = TenantNumber(0)
}

/// A region as the store numbers it for the life of the process.
public struct RegionNumber: Hashable, Sendable {
  /// The number; below 64.
  public let index: UInt8
  /// Makes the region with this number.
  init(_ index: UInt8) { self.index = index }
}

/// Some regions, as bits.
public struct RegionSet: Hashable, Sendable {
  private var bits: UInt64 = 0

  /// Makes an empty set.
  public init() {}

  /// Adds a region.
  public mutating func insert(_ region: RegionNumber) { bits |= 1 << UInt64(region.index) }

  /// Whether the region is in the set.
  @inline(__always)
  public func contains(_ region: RegionNumber) -> Bool { bits >> UInt64(region.index) & 1 == 1 }
}

/// Numbers for the names of tenants and regions, so that keys and tables hold numbers that mean the
/// same under every policy version. Any thread; asked when a snapshot is made, not for requests.
public final class CacheNames: Sendable {
  private struct Tables {
    var tenants: [String: UInt16] = [:]
    var regions: [String: UInt8] = [:]
  }

  private let tables = Mutex(Tables())
  private let countMax: Int

  /// Makes empty tables.
  init(limits: CacheLimits) { countMax = min(limits.nameCountMax, Int(UInt16.max) - 1) }

  /// The number of the tenant with this name; nil when there are too many: nothing of his is
  /// stored.
  public func tenant(_ name: String) -> TenantNumber? {
    tables.withLock { tables in
      if let number = tables.tenants[name] { return TenantNumber(number) }
      guard tables.tenants.count < countMax else { return nil }
      let number = UInt16(tables.tenants.count + 1)
      tables.tenants[name] = number
      return TenantNumber(number)
    }
  }

  /// The number of the region with this name; nil when there are too many.
  public func region(_ name: String) -> RegionNumber? {
    tables.withLock { tables in
      if let number = tables.regions[name] { return RegionNumber(number) }
      guard tables.regions.count < 64 else { return nil }
      let number = UInt8(tables.regions.count)
      tables.regions[name] = number
      return RegionNumber(number)
    }
  }

  /// The number of a tenant that has one; nil for other names, which get none by being asked about.
  public func knownTenant(_ name: String) -> TenantNumber? {
    tables.withLock { $0.tenants[name].map { TenantNumber($0) } }
  }

  /// The names of all tenants that have a number; for people.
  public var tenantNames: [String] { tables.withLock { $0.tenants.keys.sorted() } }

  /// The name of a tenant; for people.
  public func name(of tenant: TenantNumber) -> String? {
    tables.withLock { tables in tables.tenants.first { $0.value == tenant.index }?.key }
  }
}
