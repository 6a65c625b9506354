import Base
import StrictYAML

extension Policy {
  /// The policy for a terminal of `width` columns: tables, and every rule in plain English.
  public func terminalText(width: Int) -> String { TerminalText(width: width).text(blocks) }

  /// The policy as one HTML page that needs nothing else and prints well.
  public func htmlPage() -> String {
    HTMLPage(title: "\(name), version \(version)").text(blocks)
  }

  /// The whole policy, in the order in which a reader asks.
  public var blocks: [Block] {
    [.heading(level: 1, "\(name), version \(version)")]
      + (say.map { [.paragraph($0)] } ?? [])
      + [.facts(about)] + regionBlocks
      + layer(.never, "What never happens", "Invariants: they hold whatever the other rules say.")
      + alwaysBlocks
      + layer(.deny, "What is refused", "A request that one of these matches is refused.")
      + layer(
        .route, "Who serves what",
        "The steps of the one route that decides are tried in their order. Whatever no route"
          + " matches is refused.")
      + cacheBlocks + testBlocks
  }

  /// What identifies this version, and when it holds.
  private var about: [(String, String)] {
    var rows = [("hash", "sha256:\(contentHash)")]
    if let supersedes { rows.append(("supersedes", supersedes)) }
    if let author { rows.append(("author", author)) }
    if let ticket { rows.append(("ticket", ticket)) }
    if let effectiveFrom { rows.append(("effective from", timestamp(effectiveFrom))) }
    if let effectiveUntil { rows.append(("effective until", timestamp(effectiveUntil))) }
    let others = DataClass.allCases.filter { phase(of: $0) != .enforce }
    if !others.isEmpty {
      rows.append(
        (
          "not enforced",
          others.map { "\($0.rawValue) (\(phase(of: $0)))" }
            .joined(separator: ", ")
        ))
    }
    return rows
  }

  private var regionBlocks: [Block] {
    let rows = regions.map { region in
      [
        region.name,
        region.jurisdiction == .unknown ? "none" : region.jurisdiction.description,
        region.backup.map { regionName($0) } ?? "none",
        region.near.map(\.description).joined(separator: ", "),
      ]
    }
    return [
      .heading(level: 2, "Regions"),
      .table(header: ["region", "law of", "backup", "nearest to users in"], rows: rows),
    ]
  }

  /// One layer's rules, each with the officer's words and ours.
  private func layer(_ layer: Layer, _ title: String, _ meaning: String) -> [Block] {
    let rules = self.rules.filter { $0.layer == layer }.sorted { $0.id < $1.id }
    guard !rules.isEmpty else { return [] }
    return [.heading(level: 2, title), .paragraph(meaning)] + rules.flatMap(blocks)
  }

  private func blocks(_ rule: Rule) -> [Block] {
    let english = English(regions: regions)
    let scope = english.scope(rule.when, rule.unless)
    var blocks: [Block] = [.heading(level: 3, "\(rule.id): \(rule.say)")]
    switch rule.layer {
    case .never:
      blocks.append(.paragraph("\(scope): \(english.forbidden(rule.forbidden))."))
    case .deny:
      blocks.append(.paragraph("\(scope): the request is refused."))
    case .route:
      blocks.append(.paragraph("\(scope), ask in this order:"))
      blocks.append(.steps(rule.serve.map(english.step)))
      blocks.append(.paragraph(english.consequences(rule)))
    }
    return blocks
  }

  private var alwaysBlocks: [Block] {
    guard !guarantees.isEmpty else { return [] }
    let english = English(regions: regions)
    return [
      .heading(level: 2, "What always works"),
      .paragraph("Guarantees, proved for every request when the policy is checked."),
    ]
      + guarantees.sorted { $0.id < $1.id }.flatMap { guarantee -> [Block] in
        let scope = english.scope(guarantee.when, guarantee.unless)
        return [
          .heading(level: 3, "\(guarantee.id): \(guarantee.say)"),
          .paragraph("\(scope): \(english.promise(guarantee))."),
        ]
      }
  }

  private var cacheBlocks: [Block] {
    guard !cacheRows.isEmpty else {
      return [.heading(level: 2, "What may be stored"), .paragraph("Nothing.")]
    }
    let english = English(regions: regions)
    return [
      .heading(level: 2, "What may be stored"),
      .table(
        header: ["data class", "stored"],
        rows: cacheRows.map { row in
          [row.dataClasses.map(\.rawValue).joined(separator: ", "), english.storage(row)]
        }),
    ]
  }

  private var testBlocks: [Block] {
    guard !tests.isEmpty else { return [] }
    return [
      .heading(level: 2, "Examples"),
      .paragraph("Each is tested whenever the policy is."),
      .table(
        header: ["request", "decision"],
        rows: tests.map { [$0.say, decision($0.expectation)] }),
    ]
  }

  /// What a test expects, in a line.
  private func decision(_ expected: PolicyTest.Expectation) -> String {
    var text = expected.verdict.word
    if let rule = expected.rule { text += " by \(rule)" }
    if let candidates = expected.candidates { text += ": \(candidates.joined(separator: ", "))" }
    return text
  }
}
