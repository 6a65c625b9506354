import Base
import StrictYAML
import Testing

@testable import Policy

private func versions(_ before: String, _ after: String) throws -> PolicyDiff {
  try PolicyDiff(try loaded(before), try loaded(after))
}

private let base = smallPolicy(
  routes: """
      - id: R-1
        say: x
        when: { data_class: [$chart], operation: [read, search] }
        serve:
          - { region: nearest, tier: replica, staleness: 5s }
          - { region: home, tier: primary }
      - id: R-2
        say: x
        when: { data_class: [notes], directory_age: [{ below: 1h }] }
        serve: [{ region: home, tier: primary }]
    """)

@Test func aVersionEqualsItself() throws {
  let diff = try versions(base, base)
  #expect(diff.change == nil && diff.groups.isEmpty && diff.changedCount == 0)
}

@Test func examplesNameATimeOnlyWhereItMatters() throws {
  let dated = """
      - id: R-3
        say: x
        effective: { from: 2027-01-01T00:00:00Z }
        when: { data_class: [billing] }
        serve: [{ region: home, tier: primary }]
      - id: R-2
    """
  let after = base.replacing("[notes]", with: "[notes, imaging]")
    .replacing("  - id: R-2", with: dated)
  let diff = try versions(base, after)
  let examples = diff.groups.filter { $0.after.verdict == .permit }.map {
    ($0.after.rule ?? "", $0.example)
  }
  #expect(Set(examples.map(\.0)) == ["R-2", "R-3"])
  for (rule, example) in examples {
    #expect(example.contains("\"time\"") == (rule == "R-3"), "\(example)")
  }
}

/// An edit of the base, and what must come of it.
private struct Edit: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let from: String
  let to: String
  let change: PolicyDiff.Change?
  let boxes: [[String]]
}

private let edits = [
  Edit(
    testDescription: "a class more", from: "[notes]", to: "[notes, imaging]", change: .more,
    boxes: [["data_class: [imaging], home: all but [unknown], directory_age: [below 1h]"]]),
  Edit(
    testDescription: "an operation less", from: "[read, search]", to: "[read]", change: .less,
    boxes: [
      [
        // Without a home and a near region there was nothing to take away.
        "data_class: [$chart], home: all but [unknown], operation: [search]",
        "data_class: [$chart], operation: [search], location: [US-AZ, US-CA, US-NY, US-TX]",
      ]
    ]),
  Edit(
    testDescription: "a threshold moved", from: "{ below: 1h }", to: "{ below: 10m }",
    change: .less,
    boxes: [
      ["data_class: [notes], home: all but [unknown], directory_age: [10m to below 1h]"],
      ["data_class: [notes], home: [unknown], directory_age: [10m to below 1h]"],
    ]),
  Edit(
    testDescription: "a rule renamed", from: "R-2", to: "R-9", change: nil,
    boxes: [
      ["data_class: [notes], home: all but [unknown], directory_age: [below 1h]"],
      ["data_class: [notes], home: [unknown], directory_age: [below 1h]"],
    ]),
  Edit(
    testDescription: "a place nearer to another region", from: "near: [US-TX]",
    to: "near: [US-TX, US-NV]", change: .both,
    boxes: []),
  Edit(
    testDescription: "a tighter bound", from: "staleness: 5s", to: "staleness: 2s", change: .both,
    boxes: []),
  Edit(
    testDescription: "another record", from: "say: x\n    when: { data_class: [notes]",
    to: "say: x\n    audit: standard\n    when: { data_class: [notes]", change: .other, boxes: []),
]

@Test(arguments: edits)
private func tellsWhatAnEditChanges(_ edit: Edit) throws {
  let after = base.replacing(edit.from, with: edit.to)
  #expect(after != base)
  let diff = try versions(base, after)
  #expect(diff.change == edit.change)
  if !edit.boxes.isEmpty {
    #expect(Set(diff.groups.map(\.boxes)).isSuperset(of: edit.boxes), "\(diff.groups.map(\.boxes))")
  }
  for group in diff.groups {
    #expect(group.change == .attribution || group.before != group.after)
    #expect(group.requestCount > 0)
  }
}

/// Random edits of generated policies: whatever the diff calls unchanged decides alike in both
/// versions, whatever it calls changed does not, and the sample is counted exactly.
@Test(arguments: 0..<6)
func theDiffSurvivesRandomRequests(seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  let text = PolicyGenerator.text(ruleCount: 120, seed: seed)
  var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  // Some rule loses its first clause's set to another; some other becomes an unaudited one.
  for (from, to) in [
    ("$chart", "$prevention"), ("durable", "standard"), ("[$care]", "[$business]"),
  ] {
    let hits = lines.indices.filter { lines[$0].contains(from) && !lines[$0].contains("overrides") }
    guard let line = hits.shuffled(using: &random).first else { continue }
    lines[line] = lines[line].replacing(from, with: to)
  }
  let old = try loaded(text)
  let (changed, _) = Policy.load(text: lines.joined(separator: "\n"), file: "p", hash: "")
  // Now and then the edit makes an overlap, which is refused: then there is nothing to compare.
  guard let new = changed else { return }
  let sample = (0..<3000).map { _ in randomFacts(regionCount: 6, &random) }
  var diff = try PolicyDiff(old, new)
  for facts in sample { diff.weigh(facts) }
  var count = 0
  for facts in sample {
    let (before, after) = (old.interpreter.decide(facts), new.interpreter.decide(facts))
    let isSame =
      before.verdict == after.verdict && before.candidates == after.candidates
      && before.durability == after.durability && before.obligations == after.obligations
    if !isSame { count += 1 }
  }
  #expect(diff.sampleChangedCount == count, "seed \(seed)")
  #expect(diff.sampleCount == sample.count)
}

/// Versions with other regions, tenants, places and thresholds are compared by name.
@Test func versionsWithOtherRegionsAreComparedByName() throws {
  let after = base.replacing(
    "regions:\n", with: "regions:\n  eu-north: { near: [SE], jurisdiction: SE }\n")
  let diff = try versions(base, after)
  // Swedish users had no nearest region and were served from home; now the near one is asked.
  let group = try #require(diff.groups.first { $0.change == .both })
  #expect(group.boxes.allSatisfy { $0.contains("data_class: [$chart]") })
  #expect(group.after.candidates.contains { $0.hasPrefix("eu-north") })
  // A patient of the new region is one without a known home to the old version.
  #expect(
    diff.groups.contains { $0.change == .more && $0.boxes.contains { $0.contains("eu-north") } })
}
