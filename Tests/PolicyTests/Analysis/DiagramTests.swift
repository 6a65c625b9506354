import Base
import StrictYAML
import Testing

@testable import Policy

/// A generated policy keeps its promises: it loads, and it has about as many rules as asked for.
@Test(arguments: [(20, 1), (200, 2), (1000, 3)])
func generatedPoliciesLoad(ruleCount: Int, seed: UInt64) throws {
  let text = PolicyGenerator.text(ruleCount: ruleCount, seed: seed)
  let (loaded, diagnostics) = Policy.load(text: text, file: "generated.yaml", hash: "")
  // Small policies do not use all the sets.
  #expect(diagnostics.filter { $0.code != "W301" }.map(\.description) == [])
  let policy = try #require(loaded)
  #expect(policy.rules.count >= ruleCount * 8 / 10 && policy.rules.count <= ruleCount * 12 / 10)
}

/// Diagram, bit-vector index and interpreter agree on a policy of realistic size.
@Test(arguments: 0..<3)
func allFormsAgreeOnGeneratedPolicies(seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  let text = PolicyGenerator.text(ruleCount: 300, seed: seed)
  let policy = try #require(Policy.load(text: text, file: "generated.yaml", hash: "").0)
  for _ in 0..<2000 {
    let facts = randomFacts(regionCount: 6, &random)
    let expected = policy.interpreter.decide(facts)
    #expect(result(policy.compiled.plan(facts)) == expected, "seed \(seed), \(facts)")
    #expect(result(policy.compiled.planByIndex(facts)) == expected, "seed \(seed), \(facts)")
  }
}

/// A plan as the interpreter writes it.
func result(_ plan: Plan) -> Interpreter.Result {
  Interpreter.Result(
    verdict: plan.verdict, ruleIndex: plan.ruleIndex, candidates: Array(plan.candidates),
    durability: plan.durability, obligations: plan.obligations, cacheRow: plan.cacheRow)
}

/// The written tests load as part of the file, pass, and exercise every rule that can match.
@Test(arguments: 0..<4)
func writtenTestsPass(seed: UInt64) throws {
  let text = PolicyGenerator.text(ruleCount: 60, seed: seed)
  let policy = try #require(Policy.load(text: text, file: "p", hash: "").0)
  let written = try TestWriter.yaml(for: policy)
  let (tested, diagnostics) = Policy.load(text: text + written, file: "p", hash: "")
  let report = try #require(tested, "\(diagnostics.first?.description ?? "")").runTests()
  #expect(report.results.count > policy.rules.count)
  #expect(report.isPassed)
}
