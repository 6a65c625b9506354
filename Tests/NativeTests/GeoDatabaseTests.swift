import Base
import Native
import Testing

/// Lookups in databases written by the test.
struct GeoDatabaseTests {
  /// Arizona at 192.0.2.0/24, a VPN in France at 198.51.100.0/25, Wales at 2001:db8::/32.
  private static func sample(addressBitCount: Int = 128) -> [UInt8] {
    var tree = TinyMMDB(addressBitCount: addressBitCount)
    let start = [UInt8](repeating: 0, count: (addressBitCount - 32) / 8)
    tree.add(
      start + [192, 0, 2, 0], prefix: addressBitCount - 8,
      .map([
        ("country", .map([("iso_code", .text("US"))])),
        ("subdivisions", .list([.map([("iso_code", .text("AZ"))])])),
        ("location", .map([("accuracy_radius", .number16(20))])),
      ]))
    tree.add(
      start + [198, 51, 100, 0], prefix: addressBitCount - 7,
      .map([
        ("country", .map([("iso_code", .text("FR"))])),
        ("traits", .map([("is_anonymous_vpn", .flag(true)), ("is_anonymous", .flag(false))])),
      ]))
    if addressBitCount == 128 {
      tree.add(
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 12), prefix: 32,
        .map([
          ("country", .map([("iso_code", .text("GB"))])),
          ("subdivisions", .list([.map([("iso_code", .text("WLS"))]), .map([])])),
          ("is_tor_exit_node", .flag(true)),
        ]))
      tree.add(
        [0x20, 0x01, 0x0D, 0xB9] + [UInt8](repeating: 0, count: 12), prefix: 32,
        .map([
          ("country", .map([("iso_code", .text("Neverland"))])),
          ("subdivisions", .list([.map([("iso_code", .text("TOOLONG"))])])),
          ("location", .text("a string where a map belongs")),
        ]))
    }
    return tree.bytes()
  }

  /// Opens the bytes as a database.
  private static func database(_ name: String, _ bytes: [UInt8]) throws -> GeoDatabase {
    try GeoDatabase(path: Certificates.write(name, bytes))
  }

  private static func location(
    _ country: String, _ subdivision: String?, _ radius: UInt16?, _ isAnonymous: Bool
  ) -> Location {
    Location(
      country: Place(country) ?? .unknown,
      subdivision: subdivision.flatMap { Place($0) } ?? .unknown,
      accuracyRadiusKilometres: radius, isAnonymous: isAnonymous)
  }

  @Test(arguments: [
    ("192.0.2.77", location("US", "US-AZ", 20, false)),
    ("::ffff:192.0.2.77", location("US", "US-AZ", 20, false)),
    ("198.51.100.1", location("FR", nil, nil, true)),
    ("198.51.100.200", .unknown), ("203.0.113.1", .unknown),
    ("2001:db8::1", location("GB", "GB-WLS", nil, true)),
    ("2001:db9::1", .unknown), ("2001:dba::1", .unknown), ("::", .unknown),
    ("192.0.2", .unknown), ("", .unknown), ("192.0.2.77 ", .unknown), ("fe80::1%lo", .unknown),
  ])
  func findsPlaces(address: String, expected: Location) throws {
    let database = try Self.database(
      "six-\(address.utf8.count)-\(address.hashValue)", Self.sample())
    #expect(database.lookup(address: address) == expected)
  }

  @Test func readsIPv4Databases() throws {
    let database = try Self.database("four.mmdb", Self.sample(addressBitCount: 32))
    #expect(database.lookup(ipv4: 0xC000_0201) == Self.location("US", "US-AZ", 20, false))
    #expect(database.lookup(address: "::ffff:c000:201").country == Place("US"))
    #expect(database.lookup(address: "2001:db8::1") == .unknown)
  }

  @Test func readsMetadata() throws {
    let database = try Self.database("metadata.mmdb", Self.sample())
    #expect(database.type == "Test-City")
    #expect(database.description == "Tiny")
    #expect(database.buildEpochSeconds == 1_700_000_000)
  }

  @Test func refusesWhatIsNoDatabase() throws {
    let absent = Certificates.path("absent.mmdb")
    #expect(throws: GeoError.unreadable(path: absent)) { _ = try GeoDatabase(path: absent) }
    for (name, bytes) in [("zero", []), ("text", Array("country,US\n".utf8))] {
      let path = Certificates.write(name + ".mmdb", bytes)
      #expect(throws: GeoError.notADatabase(path: path)) { _ = try GeoDatabase(path: path) }
    }
    // The tree cut off: the metadata promise more nodes than there are bytes.
    let path = Certificates.write("cut.mmdb", Array(Self.sample().dropFirst(900)))
    #expect(throws: GeoError.self) { _ = try GeoDatabase(path: path) }
  }

  /// Wherever bytes are missing before the metadata, or a record leads out of the file, the library
  /// itself would open it.
  @Test func refusesADamagedTree() throws {
    let sound = Self.sample(addressBitCount: 32)
    for count in 1...40 {
      let path = Certificates.write("missing-\(count).mmdb", Array(sound.dropFirst(count)))
      #expect(throws: GeoError.corrupt(path: path)) { _ = try GeoDatabase(path: path) }
    }
    var astray = sound
    astray[0] = 0xFF
    let path = Certificates.write("astray.mmdb", astray)
    #expect(throws: GeoError.corrupt(path: path)) { _ = try GeoDatabase(path: path) }
  }

  @Test(arguments: 0..<300) func survivesDamage(seed: Int) throws {
    var generator = SplitMix64(seed: UInt64(seed))
    let sound = Self.sample()
    var bytes = sound
    for _ in 0..<Int.random(in: 1...8, using: &generator) {
      bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(
        in: 0...255, using: &generator)
    }
    guard let database = try? Self.database("damaged-\(seed).mmdb", bytes) else { return }
    for address in ["192.0.2.77", "198.51.100.1", "2001:db8::1", "2001:db9::1"] {
      let location = database.lookup(address: address)
      #expect(location.subdivision == .unknown || location.subdivision.isWithin(location.country))
    }
  }
}
