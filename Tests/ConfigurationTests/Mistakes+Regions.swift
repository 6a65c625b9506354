/// Mistakes in regions and endpoints, and what is said about them.
extension Mistake {
  static let regions: [Mistake] = [
    Mistake(
      "us-west:", "us-wset:",
      """
      9:3: error: policy `small` has no region `us-wset`; it has us-west [E406]; did you mean \
      `us-west`?
      """),
    Mistake(
      "[{ name: west-1, tier: primary, address: 127.0.0.1:9101 }]", "[]",
      """
      10:16: error: `endpoints` needs at least one entry [E407]
      """),
    Mistake(
      "{ name: west-1, tier: primary, address: 127.0.0.1:9101 }",
      "{ name: west-1, tier: primary, address: 127.0.0.1:9101 }, { name: west-1, "
        + "tier: replica, address: 127.0.0.1:9102 }",
      """
      10:83: error: endpoint `west-1` was used in line 10 already [E405]
      """),
    Mistake(
      "{ name: west-1, tier: primary, address: 127.0.0.1:9101 }",
      "{ name: west-1, tier: primary, address: 127.0.0.1:9101 }, { name: west-2, "
        + "tier: replica, address: 127.0.0.1:9101 }",
      """
      10:115: error: address `127.0.0.1:9101` was used in line 10 already [E405]
      """),
    Mistake(
      "{ name: west-1, tier: primary, address: 127.0.0.1:9101 }",
      "{ name: west-1, tier: primary, address: 127.0.0.1:9101 }, { name: west-2, "
        + "tier: primary, address: 127.0.0.1:9102 }",
      """
      10:97: error: `west-2` is a second primary of `us-west` beside `west-1`; make one a \
      replica [E408]
      """),
    Mistake(
      "tier: primary", "tier: replica",
      """
      9:3: warning: region `us-west` has no primary: it takes no writes [W402]
      """),
    Mistake(
      "tier: primary", "tier: cache",
      """
      10:39: error: unknown word `cache` for `tier`: one of replica, primary [E208]
      """),
    Mistake(
      "tier: primary, ", "",
      """
      10:17: error: an endpoint needs the key `tier` [E202]
      """),
    Mistake(
      "127.0.0.1:9101", "west-1.ehr.example:9101",
      """
      10:57: error: `address` must be an IP address and a port such as `127.0.0.1:8443` or \
      `[::1]:8443`, not `west-1.ehr.example:9101` [E401]
      """),
    Mistake(
      "127.0.0.1:9101", "127.0.0.1:0",
      """
      10:57: error: an endpoint needs a port from 1 to 65535 [E401]
      """),
    Mistake(
      "127.0.0.1:9101", "10.0.0.1:9101",
      """
      10:57: error: `10.0.0.1:9101` without `tls` would send patient data in clear text; add \
      `tls`, or say `cleartext: allowed` [E409]
      """),
    Mistake(
      "127.0.0.1:9101 }", "127.0.0.1:9101, protocol: https }",
      """
      10:83: error: unknown word `https` for `protocol`: one of http1, http2 [E208]; did you \
      mean `http1`?
      """),
    Mistake(
      "127.0.0.1:9101 }", "127.0.0.1:9101, requests_per_connection: 10 }",
      """
      10:98: error: `requests_per_connection` has no effect with `protocol: http1`, which has \
      one at a time; remove it [E410]
      """),
    Mistake(
      "127.0.0.1:9101 }", "127.0.0.1:9101, weight: 0 }",
      """
      10:81: error: `weight` must be from 1 to 1000, not 0 [E206]
      """),
    Mistake(
      "127.0.0.1:9101 }", "127.0.0.1:9101, connections: 5000 }",
      """
      10:86: error: `connections` must be from 1 to 1024, not 5000 [E206]
      """),
    Mistake(
      "127.0.0.1:9101 }", "127.0.0.1:9101, tls: { server_name: 'west.ehr.example:443' } }",
      """
      10:93: error: `server_name` must be a host name such as `east.ehr.example` or an IP \
      address, as the certificate bears it, not `west.ehr.example:443` [E411]
      """),
    Mistake(
      "127.0.0.1:9101 }", "127.0.0.1:9101, tls: { authorities: edge.pem } }",
      """
      10:78: error: `tls` of an endpoint needs the key `server_name` [E202]
      """),
    Mistake(
      "127.0.0.1:9101 }",
      "127.0.0.1:9101, tls: { server_name: west.ehr.example, certificate: edge.pem } }",
      """
      10:124: error: `certificate` needs `key` beside it [E410]
      """),
    Mistake(
      "127.0.0.1:9101 }",
      "127.0.0.1:9101, tls: { server_name: west.ehr.example, authorites: edge.pem } }",
      """
      10:111: error: unknown key `authorites` in `tls` of an endpoint [E201]; did you mean \
      `authorities`?
      """),
  ]
}
