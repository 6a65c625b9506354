/// Mistakes in the file as a whole, trust, paths and the audit log, and what is said about them.
extension Mistake {
  static let files: [Mistake] = [
    Mistake(
      "instance: edge-1", "instnace: edge-1",
      """
      1:1: error: unknown key `instnace` in the configuration [E201]; did you mean `instance`?
      """),
    Mistake(
      "instance: edge-1", "instance: edge 1",
      """
      1:11: error: `instance` must be 1 to 64 letters, digits, `-`, `_` or `.`, starting with a \
      letter or digit [E411]
      """),
    Mistake(
      "instance: edge-1", "instance: 12",
      """
      1:11: error: `instance` is text; put `12` in quotes if it is meant literally [E205]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\ninstance: edge-2",
      """
      2:1: error: key `instance` stands twice in one mapping, first in line 1 [E102]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nloops: atuo",
      """
      2:8: error: `loops` must be `auto` or a whole number from 1 to 256, not `atuo` [E205]; did \
      you mean `auto`?
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nloops: 0",
      """
      2:8: error: `loops` must be `auto` or a whole number from 1 to 256, not `0` [E205]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\ncache: { region: us-wets }",
      """
      2:18: error: `cache.region` names `us-wets`, which the policy `small` does not have [E406]; \
      did you mean `us-west`?
      """),
    Mistake(
      "instance: edge-1",
      "instance: edge-1\ncache: { region: us-west, size: 8MiB, body_size: 1MiB }",
      """
      2:50: error: `body_size` must be a 64th of `size` at most [E410]
      """),
    Mistake(
      "instance: edge-1",
      "instance: edge-1\ncache: { region: us-west, sealing_key: short.key }",
      """
      2:40: error: `conf/short.key` is no sealing key: it needs 32 random bytes, or 64 hexadecimal \
      digits (`openssl rand -hex 32 > conf/short.key` makes one) [E413]
      """),
    Mistake(
      "instance: edge-1",
      "instance: edge-1\ncache: { region: us-west, disk: { directory: cached, size: 16MiB } }",
      """
      2:33: error: `disk` needs `sealing_key`: nothing lies there unsealed [E410]
      """),
    Mistake(
      "instance: edge-1",
      """
      instance: edge-1
      cache:
        { region: us-west, sealing_key: sealing.key, disk: { directory: a/cached, size: 15MiB } }
      """,
      """
      3:67: error: folder `conf/a`, which would hold `a/cached`, does not exist [E403]
      3:83: error: `size` must be from 16MiB to 16384GiB, not 15MiB [E206]
      """),
    Mistake(
      "policy: { file: policy.yaml }\n", "",
      """
      1:1: error: the configuration needs the key `policy` [E202]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\ntrust: { proxies: [10.1.2.3/8] }",
      """
      2:20: error: a trusted proxy must be a network such as `10.1.0.0/16` or `2001:db8::/48`, \
      not `10.1.2.3/8` [E402]; did you mean `10.0.0.0/8`?
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\ntrust: { proxies: [10.1.2.3] }",
      """
      2:20: error: a trusted proxy must be a network such as `10.1.0.0/16` or `2001:db8::/48`, \
      not `10.1.2.3` [E402]; did you mean `10.1.2.3/32`?
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\ntrust: { proxies: [0.0.0.0/0] }",
      """
      2:20: error: `0.0.0.0/0` would believe too many; the shortest prefix for IPv4 is /8 [E402]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\ntrust: { proxies: ['::/8'] }",
      """
      2:20: error: `::/8` would believe too many; the shortest prefix for IPv6 is /16 [E402]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\ntrust: { proxies: [load-balancer] }",
      """
      2:20: error: a trusted proxy must be a network such as `10.1.0.0/16` or `2001:db8::/48`, \
      not `load-balancer` [E402]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\ntrust: { proxies: [10.0.0.0/8, 10.0.0.0/8] }",
      """
      2:32: error: network `10.0.0.0/8` was used in line 2 already [E405]
      """),
    Mistake(
      "instance: edge-1",
      "instance: edge-1\noperators: { directory: operators, hook_commands: [fence] }",
      """
      2:51: error: `hook_commands` holds whole paths of programs such as `/usr/local/sbin/fence`, \
      not `fence` [E412]
      """),
    Mistake(
      "instance: edge-1",
      "instance: edge-1\noperators: { directory: operators, hook_commands: [/no/such] }",
      """
      2:51: error: program `/no/such` of `hook_commands` does not exist [E403]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nfhir: { base: fhir/ }",
      """
      2:15: error: `base` must be a path such as `/fhir`: from `/`, without a `/` at the end, of \
      letters, digits, `-`, `_`, `.` and `~` [E412]; did you mean `/fhir`?
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nfhir: { urls: [ehr.example/fhir] }",
      """
      2:15: error: `ehr.example/fhir` is no URL of a FHIR base such as \
      `https://ehr.example/fhir`: a scheme, a host in lower case, a path without a `/` at the end \
      [E412]
      """),
    Mistake(
      "instance: edge-1",
      "instance: edge-1\npaths: [{ path: /portal*, class: asset }]",
      """
      2:17: error: `/portal*`: not `/path`, `/path/*` or `*.ending` in plain characters [E412]
      """),
    Mistake(
      "instance: edge-1",
      "instance: edge-1\npaths: [{ path: /fhir/app, class: asset }]",
      """
      2:17: error: `/fhir/app` lies below `fhir.base`, where only `bulk` paths have a meaning \
      [E410]
      """),
    Mistake(
      "instance: edge-1",
      "instance: edge-1\npaths: [{ path: /a, class: asset }, { path: /a, class: imaging }]",
      """
      2:45: error: path `/a` was used in line 2 already [E405]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nfhir: { base: /fhir/../admin }",
      """
      2:15: error: `base` must be a path such as `/fhir`: from `/`, without a `/` at the end, of \
      letters, digits, `-`, `_`, `.` and `~` [E412]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nfhir: { patient_id_separator: ':' }",
      """
      2:31: error: unknown word `:` for `patient_id_separator`: one of ., - [E208]; did you mean \
      `.`?
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nlocation: { database: geo.mmbd }",
      """
      2:23: error: file `conf/geo.mmbd` for `database` does not exist [E403]; did you mean \
      `geo.mmdb`?
      """),
    Mistake(
      "instance: edge-1",
      "instance: edge-1\nlocation: { database: geo.mmdb, "
        + "facilities: [{ network: 10.1.0.1/16, place: US-AZ }] }",
      """
      2:57: error: `network` must be a network such as `10.1.0.0/16` or `2001:db8::/48`, not \
      `10.1.0.1/16` [E402]
      """),
    Mistake(
      "instance: edge-1",
      "instance: edge-1\nlocation: { database: geo.mmdb, "
        + "facilities: [{ network: 10.1.0.0/16, place: Arizona }] }",
      """
      2:77: error: `place` must be a country or subdivision such as `US` or `US-AZ`, not \
      `Arizona` [E208]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nlocation: geo.mmdb",
      """
      2:11: error: `location` must be a mapping of keys, not a single value [E203]
      """),
    Mistake(
      "patients.csv", "patient.csv",
      """
      5:20: error: file `conf/patient.csv` for `file` does not exist [E403]; did you mean \
      `patients.csv`?
      """),
    Mistake(
      "directory: { file: patients.csv }",
      "directory: { file: patients.csv, snapshot: edge.pem, key: edge.key, signer: edge.pem }",
      """
      5:44: error: `snapshot` belongs to a signed directory and `file` is a plain one; keep one of \
      them [E410]
      """),
    Mistake(
      "directory: { file: patients.csv }",
      "directory: { snapshot: edge.pem, deltas: none, key: edge.key }",
      """
      5:12: error: `directory` needs the key `signer` [E202]
      5:42: error: file `conf/none` for `deltas` does not exist [E403]
      """),
    Mistake(
      "policy.yaml", "polcy.yaml",
      """
      6:17: error: file `conf/polcy.yaml` for `file` does not exist [E403]; did you mean \
      `policy.yaml`?
      """),
    Mistake(
      "directory: log", "directory: edge.pem",
      """
      7:21: error: `directory` needs a folder, but `conf/edge.pem` is a file [E404]
      """),
    Mistake(
      "directory: log", "directory: missing/log",
      """
      7:21: error: folder `conf/missing`, which would hold `missing/log`, does not exist [E403]
      """),
    Mistake(
      "pseudonym_key: pseudonym.key", "pseudonym_key: short.key",
      """
      7:41: error: `conf/short.key` is too short for a key: it needs 32 random bytes, or 64 \
      hexadecimal digits (`openssl rand -hex 32 > conf/short.key` makes one) [E413]
      """),
    Mistake(
      "pseudonym_key: pseudonym.key", "pseudonym_key: pseudonym.key, interval: 10",
      """
      7:66: error: `interval` has no unit; write a duration such as `5s` with one of `ms`, `s`, \
      `m`, `h` [E207]
      """),
    Mistake(
      "pseudonym_key: pseudonym.key", "pseudonym_key: pseudonym.key, interval: 10us",
      """
      7:66: error: `interval` has the unknown unit `us`; write a duration such as `5s` with one \
      of `ms`, `s`, `m`, `h` [E207]
      """),
    Mistake(
      "pseudonym_key: pseudonym.key", "pseudonym_key: pseudonym.key, interval: 0ms",
      """
      7:66: error: `interval` must be from 1ms to 1s, not 0ms [E206]
      """),
    Mistake(
      "pseudonym_key: pseudonym.key", "pseudonym_key: pseudonym.key, segment_size: 256MB",
      """
      7:70: error: `segment_size` has the unknown unit `MB`; write a size such as `64KiB` with \
      one of `B`, `KiB`, `MiB`, `GiB` [E207]
      """),
    Mistake(
      "pseudonym_key: pseudonym.key", "pseudonym_key: pseudonym.key, segment_size: 1KiB",
      """
      7:70: error: `segment_size` must be from 1MiB to 16GiB, not 1KiB [E206]
      """),
    Mistake(
      "pseudonym_key: pseudonym.key", "pseudonym_key: pseudonym.key, pending_records: 64KiB",
      """
      7:73: error: `pending_records` must be a whole number from 1024 to 16777216, without \
      quotes or unit [E205]
      """),
    Mistake(
      "pseudonym_key: pseudonym.key",
      "pseudonym_key: pseudonym.key, retention: { a: { keep: 12h } }",
      """
      7:80: error: `keep` must be from 1d to 36525d, not 12h [E206]
      """),
    Mistake(
      "pseudonym_key: pseudonym.key",
      "pseudonym_key: pseudonym.key, retention: { control: { keep: 1d } }",
      """
      7:69: error: a retention class is named by 1 to 32 lower-case letters, digits or `-`, and \
      not `control` [E411]
      """),
    Mistake(
      "pseudonym_key: pseudonym.key",
      "pseudonym_key: pseudonym.key, retention: { a: { keep: 1d, kinds: [key-event] } }",
      """
      7:91: error: the first retention class takes what no other one names; leave `kinds` out \
      [E208]
      """),
    Mistake(
      "pseudonym_key: pseudonym.key",
      "pseudonym_key: pseudonym.key, retention: { a: { keep: 1d }, b: { keep: 1d, kinds:"
        + " [heartbeat] } }",
      """
      7:109: error: unknown word `heartbeat` for `kinds`: one of policy-load, configuration-load, \
      operator-action, key-event [E208]
      """),
  ]
}
