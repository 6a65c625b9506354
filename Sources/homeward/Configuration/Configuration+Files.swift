internal import Base
internal import Proxy
internal import StrictYAML

extension Configuration {
  /// Where users are.
  struct Location: Sendable, Equatable {
    /// A MaxMind database with countries and subdivisions; reopened on reload.
    var database = ""
    /// A MaxMind database of anonymous networks, when that is another; reopened on reload.
    var anonymizers: String?
    /// Networks whose place is known without a database.
    var facilities: [Locator.Facility] = []
  }

  /// Where patients belong.
  struct Directory: Sendable, Equatable {
    /// A plain list, CSV, for tests and demos; empty when `signed` is there.
    var file = ""
    /// What `homeward directory` made.
    var signed: SignedDirectory?
  }

  /// A signed snapshot and what follows it.
  struct SignedDirectory: Sendable, Equatable {
    /// The snapshot.
    var snapshot = ""
    /// The log of changes; nil when none is followed.
    var deltas: String?
    /// The key that turns patients' ids into what the files hold.
    var key = ""
    /// The signer's public key, PEM.
    var signer = ""
  }
}

extension Configuration.Location {
  /// Reads `location`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    database = paths.file("database", in: reader)
    anonymizers = paths.optionalFile("anonymizers", in: reader)
    let items = reader.mappings("facilities", "a facility", isRequired: false)
    reader.requireItems("facilities", items.count, max: Self.facilityCountMax)
    var seen = Uniqueness()
    facilities = items.compactMap { item in
      defer { item.finish() }
      guard let network = item.scalar("network"), let place = item.scalar("place") else {
        return nil
      }
      guard let block = CIDR(network.text), network.text.contains("/") else {
        item.diagnostics.error(
          .network, at: network.mark,
          "`network` must be a network such as `10.1.0.0/16` or `2001:db8::/48`, not"
            + " `\(network.text)`")
        return nil
      }
      guard let known = Place(place.text), known != .unknown else {
        item.diagnostics.error(
          Code.unknownWord.rawValue, at: place.mark,
          "`place` must be a country or subdivision such as `US` or `US-AZ`, not `\(place.text)`")
        return nil
      }
      seen.note("\(block)", at: network.mark, "network", item.diagnostics)
      return Locator.Facility(network: block, place: known)
    }
    reader.finish()
  }

  /// Facilities of one edge: each is compared with a new client's address.
  static let facilityCountMax = 1_024
}

extension Configuration.Directory {
  /// Reads `directory`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    let keys = ["snapshot", "deltas", "key", "signer"]
    if let first = keys.first(where: { reader.contains($0) }) {
      if reader.contains("file") {
        _ = paths.optionalFile("file", in: reader)
        reader.diagnostics.error(
          .combination, at: reader.mark(of: first),
          "`\(first)` belongs to a signed directory and `file` is a plain one; keep one of them")
      }
      signed = Configuration.SignedDirectory(
        snapshot: paths.file("snapshot", in: reader),
        deltas: paths.optionalFile("deltas", in: reader),
        key: paths.file("key", in: reader), signer: paths.file("signer", in: reader))
    } else {
      file = paths.file("file", in: reader)
    }
    reader.finish()
  }
}
