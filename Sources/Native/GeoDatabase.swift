public import Base
internal import CMaxMindDB

/// What a GeoIP database tells about an address.
public struct Location: Hashable, Sendable {
  /// The country, or `unknown`.
  public var country: Place
  /// The first subdivision, such as `US-AZ`, or `unknown`.
  public var subdivision: Place
  /// The radius around the true place in which the address probably is; nil when not told.
  public var accuracyRadiusKilometres: UInt16?
  /// Whether the address hides its user: VPN, anonymous or public proxy, Tor exit.
  public var isAnonymous: Bool

  /// Nothing is known.
  public static let unknown = Location(
    country: .unknown, subdivision: .unknown, accuracyRadiusKilometres: nil, isAnonymous: false)

  /// Makes a location.
  public init(
    country: Place, subdivision: Place, accuracyRadiusKilometres: UInt16?, isAnonymous: Bool
  ) {
    self.country = country
    self.subdivision = subdivision
    self.accuracyRadiusKilometres = accuracyRadiusKilometres
    self.isAnonymous = isAnonymous
  }
}

/// Why a GeoIP database could not be opened.
public enum GeoError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file cannot be opened: it is missing, or this user may not read it.
  case unreadable(path: String)
  /// The file is not in MaxMind's format.
  case notADatabase(path: String)
  /// The format is right and the content is not: cut or overwritten.
  case corrupt(path: String)
  /// Memory ran out.
  case outOfMemory

  /// One line for people, with the path in backticks.
  public var description: String {
    switch self {
    case .unreadable(let path): "`\(path)`: no such file, or not readable"
    case .notADatabase(let path): "`\(path)`: not a MaxMind database (.mmdb)"
    case .corrupt(let path): "`\(path)`: MaxMind database is corrupt; fetch it again"
    case .outOfMemory: "out of memory"
    }
  }
}

/// A MaxMind database (City, Country or Anonymous IP), mapped into memory.
///
/// Immutable; shared by all threads. To update, write a new file, rename it over the old one and
/// open another `GeoDatabase`: cutting a mapped file short would end the process (SIGBUS). Lookups
/// allocate nothing. Content is checked as it is read: what is malformed counts as unknown.
@safe
public final class GeoDatabase: Sendable {
  /// The kind of database, such as `GeoLite2-City`.
  public let type: String
  /// The English description, or empty.
  public let description: String
  /// When it was built, in seconds since 1970.
  public let buildEpochSeconds: UInt64

  /// The library's structure; it is only read after `init`.
  nonisolated(unsafe) private let database: UnsafeMutablePointer<MMDB_s>

  /// Maps the file at `path`, and walks its whole tree: some ten milliseconds for a million nodes.
  public init(path: String) throws(GeoError) {
    let database = UnsafeMutablePointer<MMDB_s>.allocate(capacity: 1)
    unsafe database.initialize(to: MMDB_s())
    let status = unsafe MMDB_open(path, UInt32(MMDB_MODE_MMAP), database)
    guard status == MMDB_SUCCESS else {
      unsafe database.deallocate()
      switch status {
      case MMDB_FILE_OPEN_ERROR: throw .unreadable(path: path)
      case MMDB_OUT_OF_MEMORY_ERROR: throw .outOfMemory
      case MMDB_CORRUPT_SEARCH_TREE_ERROR, MMDB_INVALID_DATA_ERROR: throw .corrupt(path: path)
      default: throw .notADatabase(path: path)
      }
    }
    guard unsafe homeward_geo_is_sound(database) == 1 else {
      unsafe MMDB_close(database)
      unsafe database.deallocate()
      throw .corrupt(path: path)
    }
    let metadata = unsafe database.pointee.metadata
    type = unsafe metadata.database_type.map { unsafe String(cString: $0) } ?? ""
    buildEpochSeconds = unsafe metadata.build_epoch
    description = unsafe Self.description(in: metadata)
    unsafe self.database = unsafe database
  }

  deinit {
    unsafe MMDB_close(database)
    unsafe database.deallocate()
  }

  /// Where an IPv4 address is; `ipv4` in host byte order, 192.0.2.1 being 0xC0000201.
  public func lookup(ipv4: UInt32) -> Location {
    var status: Int32 = 0
    let result = unsafe homeward_geo_lookup_ipv4(database, ipv4, &status)
    return unsafe location(of: result, status)
  }

  /// Where an IPv6 address of 16 bytes in network order is; IPv4-mapped addresses count as IPv4.
  public func lookup(ipv6: UnsafeRawBufferPointer) -> Location {
    guard let start = ipv6.baseAddress, ipv6.count == 16 else { return .unknown }
    let high = unsafe ipv6.loadUnaligned(as: UInt64.self)
    let middle = unsafe UInt32(bigEndian: ipv6.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    if high == 0 && middle == 0xFFFF {
      return lookup(
        ipv4: unsafe UInt32(bigEndian: ipv6.loadUnaligned(fromByteOffset: 12, as: UInt32.self)))
    }
    var status: Int32 = 0
    let result = unsafe homeward_geo_lookup_ipv6(database, start, &status)
    return unsafe location(of: result, status)
  }

  /// Where an address in text is; `unknown` when the text is not an address.
  public func lookup(address: String) -> Location {
    unsafe withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { bytes in
      guard let start = bytes.baseAddress else { return .unknown }
      switch unsafe homeward_parse_address(address, start) {
      case 4: return unsafe lookup(ipv4: UInt32(bigEndian: bytes.load(as: UInt32.self)))
      case 6: return unsafe lookup(ipv6: UnsafeRawBufferPointer(bytes))
      default: return .unknown
      }
    }
  }

  // MARK: Reading entries

  /// Reads what routing needs from a found entry.
  private func location(of result: MMDB_lookup_result_s, _ status: Int32) -> Location {
    guard status == MMDB_SUCCESS, unsafe result.found_entry else { return .unknown }
    var entry = unsafe result.entry
    var location = Location.unknown
    // "US-AZ" at most: two letters, a hyphen, three letters or digits.
    unsafe withUnsafeTemporaryAllocation(byteCount: 6, alignment: 1) { text in
      guard unsafe Self.code(in: &entry, "country", "iso_code", nil, to: text, at: 0) == 2 else {
        return
      }
      location.country =
        unsafe Place(utf8: UnsafeRawBufferPointer(rebasing: text[..<2])) ?? .unknown
      unsafe text[2] = UInt8(ascii: "-")
      let byteCount = unsafe Self.code(
        in: &entry, "subdivisions", "0", "iso_code", to: text, at: 3)
      guard byteCount > 0, location.country != .unknown else { return }
      location.subdivision =
        unsafe Place(utf8: UnsafeRawBufferPointer(rebasing: text[..<(3 + byteCount)])) ?? .unknown
    }
    if let data = unsafe Self.value(in: &entry, "location", "accuracy_radius"),
      unsafe data.type == UInt32(MMDB_DATA_TYPE_UINT16)
    {
      location.accuracyRadiusKilometres = unsafe data.uint16
    }
    location.isAnonymous = unsafe Self.isAnonymous(&entry)
    return location
  }

  /// Copies the code at a path to `text` from `offset` on; 0 when there is none or it is too long.
  private static func code(
    in entry: inout MMDB_entry_s, _ first: StaticString, _ second: StaticString,
    _ third: StaticString?, to text: UnsafeMutableRawBufferPointer, at offset: Int
  ) -> Int {
    guard let data = unsafe value(in: &entry, first, second, third),
      unsafe data.type == UInt32(MMDB_DATA_TYPE_UTF8_STRING),
      let start = unsafe data.utf8_string,
      case let byteCount = unsafe Int(data.data_size),
      (1...(text.count - offset)).contains(byteCount)
    else { return 0 }
    // The library checked that the string lies inside the file.
    unsafe UnsafeMutableRawBufferPointer(rebasing: text[offset...]).copyMemory(
      from: UnsafeRawBufferPointer(start: start, count: byteCount))
    return byteCount
  }

  /// Whether any of MaxMind's marks of anonymity is set: below `traits` (City, Enterprise) or at
  /// the top (Anonymous IP).
  private static func isAnonymous(_ entry: inout MMDB_entry_s) -> Bool {
    let marks: InlineArray<6, StaticString> = [
      "is_anonymous", "is_anonymous_vpn", "is_anonymous_proxy", "is_public_proxy",
      "is_residential_proxy", "is_tor_exit_node",
    ]
    let hasTraits = unsafe value(in: &entry, "traits", nil) != nil
    for index in marks.indices {
      if unsafe isTrue(value(in: &entry, marks[index], nil)) { return true }
      if hasTraits, unsafe isTrue(value(in: &entry, "traits", marks[index])) { return true }
    }
    return false
  }

  private static func isTrue(_ data: MMDB_entry_data_s?) -> Bool {
    guard let data = unsafe data else { return false }
    return unsafe data.type == UInt32(MMDB_DATA_TYPE_BOOLEAN) && data.boolean
  }

  /// The value at a path of at most three steps; nil when absent or malformed.
  private static func value(
    in entry: inout MMDB_entry_s, _ first: StaticString, _ second: StaticString?,
    _ third: StaticString? = nil
  ) -> MMDB_entry_data_s? {
    var data = unsafe MMDB_entry_data_s()
    // Static strings end in NUL.
    let status = unsafe homeward_geo_value(
      &entry, &data, pointer(first), second.map { unsafe pointer($0) },
      third.map { unsafe pointer($0) })
    return unsafe status == MMDB_SUCCESS && data.has_data ? data : nil
  }

  private static func pointer(_ text: StaticString) -> UnsafePointer<CChar> {
    unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
  }

  /// The English description among the metadata's.
  private static func description(in metadata: MMDB_metadata_s) -> String {
    for index in 0..<(unsafe metadata.description.count) {
      guard let entry = unsafe metadata.description.descriptions[index],
        let language = unsafe entry.pointee.language, let text = unsafe entry.pointee.description,
        unsafe String(cString: language) == "en"
      else { continue }
      return unsafe String(cString: text)
    }
    return ""
  }
}
