internal import Base
internal import Control
internal import Policy

/// What can be said about the version that an edge tries, from its files.
struct ShadowStatus {
  private let policy: Policy
  private let hash: ContentHash
  /// Whether it has come into force since.
  private let isInForce: Bool
  /// What the edge saw; nil before it looked.
  private let report: ShadowReport?

  /// Reads the state, in which `active` is in force; nil when nothing is shadowed.
  init?(
    _ state: PolicyState, _ files: SystemStorage, active: ContentHash?
  ) throws(StateFault) {
    guard let hash = try state.shadow(files) else { return nil }
    self.hash = hash
    policy = try state.shadowed(hash, files)
    isInForce = hash == active
    let report = (try? files.read(state.shadowReportPath, byteCountMax: 1 << 20)).flatMap {
      ShadowReport($0)
    }
    self.report = report?.hash == hash ? report : nil
  }

  /// The facts for people.
  var rows: [[String]] {
    var rows = [["shadowed", "\(policy.name) version \(policy.version) (\(hash.short))"]]
    if isInForce {
      rows.append(["", "it is in force by now; `homeward policy shadow --off` forgets it"])
    } else if let report {
      rows.append([
        "",
        "asked about \(plural(Int(clamping: report.comparedCount), "request")) since"
          + " \(report.since)" + (report.lines.isEmpty ? "; none differs" : ""),
      ])
      rows += report.lines.map { ["", $0] }
    } else {
      rows.append(["", "no running edge has looked at it yet"])
    }
    return rows
  }

  /// The facts for programs.
  var json: JSONValue {
    .object([
      ("policy", .text(policy.name)), ("version", .number(policy.version)),
      ("hash", .text("\(hash)")), ("since", .optional(report?.since)),
      ("compared", .number(Int(clamping: report?.comparedCount ?? 0))),
      ("differences", .list((report?.lines ?? []).map { .text($0) })),
    ])
  }
}
