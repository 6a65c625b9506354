import Base
import StrictYAML

extension PolicyReader {
  /// Reads `always`.
  func readGuarantees(_ reader: MappingReader) -> [Guarantee] {
    let guarantees = reader.mappings("always", "a guarantee", isRequired: false)
    if guarantees.count > Limits.ruleCountMax {
      error(
        .tooMany, at: reader.mark(of: "always"),
        "at most \(Limits.ruleCountMax) guarantees are possible, not \(guarantees.count)")
      return []
    }
    return guarantees.map { readGuarantee($0) }
  }

  private func readGuarantee(_ reader: MappingReader) -> Guarantee {
    let id = identifier(reader)
    let say = reader.string("say")
    let when = condition(reader.node("when"), "`when`")
    let unless = exception(reader)
    let serve = reader.mapping("serve", "`serve` of a guarantee")
    let regionCount = serve.integer("regions_min", in: 1...Limits.regionCountMax, default: 1)
    if regionCount > regions.count {
      error(
        .tooMany, at: serve.mark(of: "regions_min"),
        "the policy has \(regions.count) regions, which is less than \(regionCount)")
    }
    let tiers = tiers(serve, "tier_in")
    var staleness: UInt32?
    if serve.contains("staleness_max") {
      staleness = UInt32(
        serve.durationMilliseconds("staleness_max", in: 0...Limits.stalenessMillisecondsMax))
    }
    serve.finish()
    reader.finish()
    return Guarantee(
      id: id, say: say, regionCountMin: regionCount,
      tiers: tiers.isEmpty ? Tier.allCases : tiers, stalenessMillisecondsMax: staleness,
      when: when, unless: unless, mark: reader.mark(of: "id"))
  }

  /// Reads `phases`: the phase of each data class, in the order of the vocabulary.
  func readPhases(_ reader: MappingReader, version: Int) -> [Phase] {
    var phases = [Phase](repeating: .enforce, count: DataClass.allCases.count)
    guard let mapping = reader.optionalMapping("phases", "`phases`") else { return phases }
    func phase(_ key: String) -> Phase? {
      guard let scalar = mapping.scalar(key, isRequired: false),
        let word = diagnostics.word(scalar, key, among: Phase.allCases.map(\.rawValue)),
        let phase = Phase(rawValue: word)
      else { return nil }
      if version == 1, phase != .enforce {
        error(
          .phaseWithoutPast, at: scalar.mark,
          "version 1 has no version before it that could decide; write `enforce`")
      }
      return phase
    }
    if let phase = phase("default") {
      phases = [Phase](repeating: phase, count: phases.count)
    }
    for dataClass in DataClass.allCases {
      if let phase = phase(dataClass.rawValue) { phases[dataClass.ordinal] = phase }
    }
    mapping.finish()
    return phases
  }

  /// Reads `supersedes`: the hash of the version before, which all but the first one have.
  func readSupersedes(_ reader: MappingReader, version: Int) -> String? {
    guard let scalar = reader.scalar("supersedes", isRequired: false) else {
      if version > 1 {
        error(
          .supersedes, at: reader.mark(of: "version"),
          "version \(version) needs `supersedes`: the hash of version \(version - 1),"
            + " such as `sha256:` and 64 hexadecimal digits")
      }
      return nil
    }
    let digits = scalar.text.utf8.dropFirst("sha256:".utf8.count)
    let isHash =
      scalar.text.hasPrefix("sha256:") && digits.count == 64
      && digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    if !isHash {
      error(
        .supersedes, at: scalar.mark,
        "`supersedes` must be `sha256:` and 64 hexadecimal digits in lower case")
    } else if version == 1 {
      error(
        .supersedes, at: scalar.mark, "version 1 supersedes nothing; leave `supersedes` out")
    }
    return scalar.text
  }
}
