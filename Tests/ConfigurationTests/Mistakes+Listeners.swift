/// Mistakes in listeners, and what is said about them.
extension Mistake {
  static let listeners: [Mistake] = [
    Mistake(
      "address: 127.0.0.1:8443", "address: localhost:8443",
      """
      3:14: error: `address` must be an IP address and a port such as `127.0.0.1:8443` or \
      `[::1]:8443`, not `localhost:8443` [E401]; did you mean `127.0.0.1:8443`?
      """),
    Mistake(
      "address: 127.0.0.1:8443", "address: 127.0.0.1:8443\n    proxy_protocol: require",
      """
      4:21: error: `proxy_protocol: require` needs `trust.proxies`, the balancers to believe; \
      nobody else could connect [E410]
      """),
    Mistake(
      "address: 127.0.0.1:8443", "address: 127.0.0.1:8443\n    proxy_protocol: allow",
      """
      4:21: error: unknown word `allow` for `proxy_protocol`: one of off, require [E208]
      """),
    Mistake(
      "address: 127.0.0.1:8443", "address: ':8443'",
      """
      3:14: error: `address` must be an IP address and a port such as `127.0.0.1:8443` or \
      `[::1]:8443`, not `:8443` [E401]; did you mean `0.0.0.0:8443`?
      """),
    Mistake(
      "address: 127.0.0.1:8443", "address: '::1:8443'",
      """
      3:14: error: `address` must be an IP address and a port such as `127.0.0.1:8443` or \
      `[::1]:8443`, not `::1:8443` [E401]; did you mean `[::1]:8443`?
      """),
    Mistake(
      "address: 127.0.0.1:8443", "address: 127.0.0.1",
      """
      3:14: error: `address` must be an IP address and a port such as `127.0.0.1:8443` or \
      `[::1]:8443`, not `127.0.0.1` [E401]
      """),
    Mistake(
      "address: 127.0.0.1:8443", "address: 127.0.0.1:84430",
      """
      3:14: error: `address` must be an IP address and a port such as `127.0.0.1:8443` or \
      `[::1]:8443`, not `127.0.0.1:84430` [E401]
      """),
    Mistake(
      "address: 127.0.0.1:8443", "adress: 127.0.0.1:8443",
      """
      3:5: error: unknown key `adress` in a listener [E201]; did you mean `address`?
      """),
    Mistake(
      "address: 127.0.0.1:8443\n    tls: { certificates: [{ chain: edge.pem, key: "
        + "edge.key }] }",
      "address: 0.0.0.0:8080",
      """
      3:14: error: `0.0.0.0:8080` without `tls` would send patient data in clear text; add \
      `tls`, or say `cleartext: allowed` [E409]
      """),
    Mistake(
      "address: 127.0.0.1:8443", "address: 127.0.0.1:8443\n    cleartext: allowed",
      """
      4:16: error: `cleartext` has no effect beside `tls`; remove one [E410]
      """),
    Mistake(
      "address: 127.0.0.1:8443\n    tls: { certificates: [{ chain: edge.pem, key: "
        + "edge.key }] }",
      "address: 0.0.0.0:8080\n    cleartext: permitted",
      """
      4:16: error: unknown word `permitted` for `cleartext`: one of allowed [E208]
      """),
    Mistake(
      "address: 127.0.0.1:8443", "address: 127.0.0.1:8443\n  - address: 127.0.0.1:8443",
      """
      4:14: error: address `127.0.0.1:8443` was used in line 3 already [E405]
      """),
    Mistake(
      "listeners:\n  - address: 127.0.0.1:8443\n    tls: { certificates: [{ chain: "
        + "edge.pem, key: edge.key }] }",
      "listeners: []",
      """
      2:12: error: `listeners` needs at least one entry [E407]
      """),
    Mistake(
      "[{ chain: edge.pem, key: edge.key }]", "[]",
      """
      4:26: error: `certificates` needs at least one entry [E407]
      """),
    Mistake(
      "chain: edge.pem", "chain: egde.pem",
      """
      4:36: error: file `conf/egde.pem` for `chain` does not exist [E403]; did you mean \
      `edge.pem`?
      """),
    Mistake(
      "chain: edge.pem", "chain: log",
      """
      4:36: error: `chain` needs a file, but `conf/log` is a folder [E404]
      """),
    Mistake(
      "chain: edge.pem", "chain: ~/edge.pem",
      """
      4:36: error: `~` is not expanded in `chain`; write a path from `/` or from this file's \
      folder [E412]
      """),
    Mistake(
      "chain: edge.pem", "chain: ''",
      """
      4:36: error: `chain` needs a path, not nothing [E412]
      """),
    Mistake(
      ", key: edge.key", "",
      """
      4:27: error: a certificate needs the key `key` [E202]
      """),
    Mistake(
      "key: edge.key }] }", "key: edge.key }], minimum: TLSv1.1 }",
      """
      4:73: error: unknown word `TLSv1.1` for `minimum`: one of TLSv1.2, TLSv1.3 [E208]; did you \
      mean `TLSv1.2`?
      """),
    Mistake(
      "key: edge.key }] }", "key: edge.key }], alpn: [h3] }",
      """
      4:71: error: unknown word `h3` for `alpn`: one of h2, http/1.1 [E208]; did you mean `h2`?
      """),
    Mistake(
      "key: edge.key }] }", "key: edge.key }], alpn: [h2, h2] }",
      """
      4:75: error: protocol `h2` was used in line 4 already [E405]
      """),
    Mistake(
      "key: edge.key }] }", "key: edge.key }], alpn: h2 }",
      """
      4:70: error: `alpn` must be a list, not a single value [E203]
      """),
    Mistake(
      "key: edge.key }] }", "key: edge.key }], client_certificates: require }",
      """
      4:85: error: `client_certificates: require` needs `client_authorities`, the authorities to \
      believe [E410]
      """),
    Mistake(
      "key: edge.key }] }", "key: edge.key }], client_authorities: edge.pem }",
      """
      4:84: error: `client_authorities` has no effect without `client_certificates: request` or \
      `require` [E410]
      """),
    Mistake(
      "key: edge.key }] }",
      "key: edge.key }], client_certificates: required, client_authorities: edge.pem }",
      """
      4:85: error: unknown word `required` for `client_certificates`: one of none, request, \
      require [E208]; did you mean `require`?
      """),
  ]
}
