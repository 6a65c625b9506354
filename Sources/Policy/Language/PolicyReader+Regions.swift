import Base
import StrictYAML

extension PolicyReader {
  /// Reads `regions`.
  func readRegions(_ reader: MappingReader) {
    var nearPlaces: [Place: String] = [:]
    var backups: [(index: Int, name: Node.Scalar)] = []
    for (name, region) in reader.namedMappings("regions", "region") {
      checkIdentifier(name)
      if Destination.words.contains(name.text) || name.text == "unknown" {
        error(.identifier, at: name.mark, "`\(name.text)` is a word of the language")
      }
      var near: [Place] = []
      for node in region.list("near", isRequired: false) {
        for scalar in scalars(node, "near") {
          guard let place = place(scalar) else { continue }
          if let other = nearPlaces[place] {
            error(
              .nearTwice, at: scalar.mark, "\(place) is near `\(name.text)` and near `\(other)`")
          }
          nearPlaces[place] = name.text
          near.append(place)
        }
      }
      let jurisdiction = region.scalar("jurisdiction", isRequired: false).flatMap { place($0) }
      if let backup = region.scalar("backup", isRequired: false) {
        backups.append((regions.count, backup))
      }
      region.finish()
      regions.append(
        Region(name: name.text, near: near, backup: nil, jurisdiction: jurisdiction ?? .unknown))
    }
    if regions.count > Limits.regionCountMax {
      error(
        .tooMany, at: reader.mark(of: "regions"),
        "at most \(Limits.regionCountMax) regions are possible, not \(regions.count)")
    }
    for (index, name) in backups {
      guard let backup = region(name) else { continue }
      if Int(backup.index) == index {
        error(.selfBackup, at: name.mark, "`\(name.text)` cannot be its own backup")
      }
      regions[index].backup = backup
    }
  }

  /// Reads `tenants`.
  func readTenants(_ reader: MappingReader) {
    for node in reader.list("tenants", isRequired: false) {
      guard case .scalar(let scalar) = node else {
        diagnostics.error(
          "E203", at: node.mark, "an item of `tenants` must be a name, not \(node.shape)")
        continue
      }
      guard checkIdentifier(scalar) else { continue }
      if scalar.text == "other" || scalar.text == "unknown" {
        error(.identifier, at: scalar.mark, "`\(scalar.text)` is a word of the language")
      } else if tenants.contains(scalar.text) {
        diagnostics.error("E209", at: scalar.mark, "`\(scalar.text)` stands twice in `tenants`")
      } else {
        tenants.append(scalar.text)
      }
    }
    if tenants.count > Limits.tenantCountMax {
      error(
        .tooMany, at: reader.mark(of: "tenants"),
        "at most \(Limits.tenantCountMax) tenants are possible, not \(tenants.count)")
    }
  }
}
