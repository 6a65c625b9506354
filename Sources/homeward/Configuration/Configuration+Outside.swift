internal import Base
internal import Clinical
internal import StrictYAML

extension Configuration {
  /// A path outside FHIR, and what lies there.
  struct Outside: Sendable, Equatable {
    /// `/path`, `/path/*` or `*.ending`.
    var path = ""
    /// The class; `bulk` for jobs and files of `$export`.
    var dataClass = DataClass.asset
  }
}

extension Configuration.Outside {
  /// Reads `paths`; `base` is the FHIR base, below which only `bulk` has a meaning.
  static func all(_ reader: MappingReader, base: String) -> [Configuration.Outside] {
    let items = reader.mappings("paths", "a path", isRequired: false)
    reader.requireItems("paths", items.count, max: ClinicalLimits.pathPatternsMax)
    var seen = Uniqueness()
    return items.map { item in
      let outside = Configuration.Outside(
        path: item.string("path", default: ""),
        dataClass: item.enumeration("class", of: DataClass.self))
      let mark = item.mark(of: "path")
      if item.contains("path"), item.contains("class") {
        check(outside, at: mark, base: base, item.diagnostics)
        seen.note(outside.path, at: mark, "path", item.diagnostics)
      } else if !item.contains("path") {
        _ = item.string("path")
      }
      item.finish()
      return outside
    }
  }

  /// Complains about a pattern that is none, or that nothing can match.
  private static func check(
    _ outside: Configuration.Outside, at mark: Mark, base: String, _ diagnostics: Diagnostics
  ) {
    do throws(PathPatternFault) {
      _ = try PathPatterns([(outside.path, outside.dataClass)])
    } catch {
      diagnostics.error(.path, at: mark, "`\(outside.path)`: \(error.reason.rawValue)")
      return
    }
    let isBelow = base == "/" || outside.path == base || outside.path.hasPrefix(base + "/")
    if isBelow, outside.path.hasPrefix("/"), outside.dataClass != .bulk {
      diagnostics.error(
        .combination, at: mark,
        "`\(outside.path)` lies below `fhir.base`, where only `bulk` paths have a meaning")
    }
  }
}
