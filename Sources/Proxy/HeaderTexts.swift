internal import Base
internal import Origins
internal import Policy

/// Field values that are built once per snapshot instead of once per answer.
struct HeaderTexts: Sendable {
  /// `EHR-Policy` by rule index: name, version and rule.
  private let policyByRule: [[UInt8]]
  /// `EHR-Policy` when no rule decided.
  private let policyWithoutRule: [UInt8]
  /// `EHR-Region` by region index.
  let regions: [[UInt8]]
  /// The start of `Proxy-Status` (RFC 9209) by endpoint index, up to the received status.
  let nextHops: [[UInt8]]

  init(policy: Policy, topology: Topology) {
    let version = "\(policy.name);version=\(policy.version)"
    policyByRule = policy.rules.map { Array("\(version);rule=\($0.id)".utf8) }
    policyWithoutRule = Array(version.utf8)
    regions = policy.regions.map { Array($0.name.utf8) }
    nextHops = topology.endpoints.map { endpoint in
      let spoken = endpoint.definition.protocol == .http2 ? "h2" : "http/1.1"
      let text =
        "homeward; next-hop=\"\(endpoint.name)\"; next-protocol=\"\(spoken)\"; received-status="
      return Array(text.utf8)
    }
  }

  /// `EHR-Policy` of a decision.
  func policy(_ ruleIndex: Int?) -> [UInt8] {
    ruleIndex.map { policyByRule[$0] } ?? policyWithoutRule
  }
}
