internal import Base
internal import Origins
internal import Policy
internal import StrictYAML

extension Configuration {
  /// Reads `locality`: places to lists of regions, nearest first. Nil when it is not there.
  ///
  /// A region that is not configured, a place that does not exist, or anything that stands twice is
  /// an error: a table that silently orders less than was written shows up far from its author.
  static func locality(_ reader: MappingReader, _ regions: [Region], hasPlaces: Bool)
    -> LocalityTable?
  {
    guard reader.contains("locality") else { return nil }
    let items = reader.namedNodes("locality")
    reader.requireItems("locality", items.count, max: OriginLimits.localityPlaceCountMax)
    var table = LocalityTable()
    for (name, node) in items {
      guard let names = regionNames(name, node, regions, reader.diagnostics) else { continue }
      if name.text == "default" {
        table.fallback = names
      } else if let place = Geography.place(name.text) {
        table.rows.append(LocalityTable.Row(place, names))
      } else {
        reader.diagnostics.error(
          Code.unknownWord.rawValue, at: name.mark,
          "`locality` names a country or subdivision such as `US` or `US-AZ`, or `default`, not"
            + " `\(name.text)`",
          suggestion: Geography.suggestion(for: name.text)
            ?? Spelling.nearest(to: name.text, among: ["default"]))
      }
    }
    if !hasPlaces, let first = items.first(where: { $0.name.text != "default" }) {
      reader.diagnostics.error(
        .combination, at: first.name.mark,
        "`\(first.name.text)` has no effect without `location`: no user's place is known; add"
          + " `location`, or keep `default` only")
    }
    return table
  }

  /// The regions of one place; nil after a complaint about the list itself.
  private static func regionNames(
    _ place: Node.Scalar, _ node: Node, _ regions: [Region], _ diagnostics: Diagnostics
  ) -> [String]? {
    guard case .sequence(let items, let mark) = node else {
      diagnostics.error(
        Code.shape.rawValue, at: node.mark,
        "`\(place.text)` must be a list of regions, nearest first, not \(node.shape)")
      return nil
    }
    if items.isEmpty {
      diagnostics.error(.nothingThere, at: mark, "`\(place.text)` needs at least one region")
    }
    if items.count > OriginLimits.localityRegionCountMax {
      diagnostics.error(
        Code.range.rawValue, at: mark,
        "`\(place.text)` may have \(OriginLimits.localityRegionCountMax) regions at most, not"
          + " \(items.count)")
    }
    var seen = Uniqueness()
    var names: [String] = []
    for item in items {
      guard case .scalar(let scalar) = item else {
        diagnostics.error(
          Code.shape.rawValue, at: item.mark,
          "an item of `\(place.text)` must be a region's name, not \(item.shape)")
        continue
      }
      guard regions.contains(where: { $0.name == scalar.text }) else {
        diagnostics.error(
          .unknownRegion, at: scalar.mark,
          "`regions` has no region `\(scalar.text)`; it has"
            + " \(regions.map(\.name).joined(separator: ", "))",
          suggestion: Spelling.nearest(to: scalar.text, among: regions.map(\.name)))
        continue
      }
      seen.note(scalar.text, at: scalar.mark, "region", diagnostics)
      names.append(scalar.text)
    }
    return names
  }
}
