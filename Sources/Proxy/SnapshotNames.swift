internal import Base
internal import Origins
internal import Policy

/// Names and field values as bytes, made once per snapshot instead of once per request.
/// A class, so that handing it on counts one reference and not one for each list.
final class SnapshotNames: Sendable {
  /// The policy's name.
  let policyName: [UInt8]
  /// The policy's content hash.
  let policyHash: [UInt8]
  /// Rule ids by rule index.
  let rules: [[UInt8]]
  /// Tenant names by tenant index.
  let tenants: [[UInt8]]
  /// Endpoint names by endpoint index.
  let endpoints: [[UInt8]]
  /// `EHR-Policy` by rule index: name, version and rule.
  private let policyByRule: [[UInt8]]
  /// `EHR-Policy` when no rule decided.
  private let policyWithoutRule: [UInt8]
  /// Region names by region index; also `EHR-Region`.
  let regions: [[UInt8]]
  /// The start of `Proxy-Status` (RFC 9209) by endpoint index, up to the received status.
  let nextHops: [[UInt8]]

  init(policy: Policy, topology: Topology) {
    policyName = Array(policy.name.utf8)
    policyHash = Array(policy.contentHash.utf8)
    rules = policy.rules.map { Array($0.id.utf8) }
    tenants = policy.tenants.map { Array($0.utf8) }
    endpoints = topology.endpoints.map { Array($0.name.utf8) }
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
