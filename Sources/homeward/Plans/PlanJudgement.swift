internal import Admin
internal import Base
internal import Control

/// What a dry run came to, as `PlanPreview` describes it.
struct PlanJudgement {
  private let plan: FailoverPlan
  private let findings: [PlanFinding]
  private let traffic: PastTraffic

  init(_ plan: FailoverPlan, _ findings: [PlanFinding], _ traffic: PastTraffic) {
    self.plan = plan
    self.findings = findings
    self.traffic = traffic
  }

  /// The document.
  var json: JSONValue {
    .object([
      ("plan", .text(plan.name.id)), ("sha256", .text(plan.name.hash)),
      ("mode", .text(plan.mode.rawValue)), ("back", .boolean(plan.isBack)),
      ("ok", .boolean(!findings.contains { !$0.isKept })),
      ("steps", .list(plan.steps.map { .text("\($0.work)") })),
      ("rules", .list(findings.map(Self.rule))), ("requests", traffic.json),
    ])
  }

  private static func rule(_ finding: PlanFinding) -> JSONValue {
    var isSetAside = false
    if case .setAside = finding.verdict { isSetAside = true }
    return .object([
      ("rule", .text(finding.code)), ("text", .text(finding.text)),
      ("holds", .boolean(finding.isKept)), ("set_aside", .boolean(isSetAside)),
      ("words", .text(finding.complaint)),
    ])
  }
}
