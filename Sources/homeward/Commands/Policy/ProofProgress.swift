internal import Policy

/// Proofs of large policies take seconds: a person who waits sees how far they are.
enum ProofProgress {
  /// Analyses `policy`; on a terminal, the standard error shows the share that is done meanwhile.
  static func report(_ policy: Policy) -> AnalysisReport {
    let steps = Analysis.Step.allCases
    let progress = Progress(
      "proving \(policy.name) version \(policy.version)", total: 100 * steps.count)
    defer { progress.end() }
    return Analysis.report(policy) { step, share in
      progress.reached(100 * (steps.firstIndex(of: step) ?? 0) + Int(100 * share))
    }
  }
}
