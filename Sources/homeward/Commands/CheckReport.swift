internal import Base
internal import Control
internal import Directory
internal import Policy
internal import Reactor
internal import StrictYAML

/// What `homeward check` says about a loaded configuration.
struct CheckReport {
  /// The configuration's file as the user named it.
  let file: String
  /// What was found.
  let load: ConfigurationLoad

  /// How many complaints of a severity there are.
  private func count(_ severity: Diagnostic.Severity) -> Int {
    load.diagnostics.count { $0.severity == severity }
  }

  /// The last line after errors; nothing when there are none.
  var verdict: String {
    let (errors, warnings) = (count(.error), count(.warning))
    guard errors > 0 else { return "" }
    let tail = warnings > 0 ? ", \(plural(warnings, "warning"))" : ""
    return "\(file): \(plural(errors, "error"))\(tail); nothing was started\n"
  }

  /// What the files say, for people; nothing after errors.
  var summary: String {
    guard let configuration = load.configuration else { return "" }
    var lines = ["\(file): ok", ""]
    lines += Table(rows: facts(configuration).map { [$0.0, $0.1] }).lines
    lines += ["", "endpoints"]
    lines += Table(rows: [Self.endpointHeader] + configuration.endpointRows).lines.map { "  " + $0 }
    if !load.notes.isEmpty { lines += [""] + load.notes.map { "note: \($0)" } }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The columns of `endpointRows`.
  private static let endpointHeader = [
    "region", "name", "tier", "address", "protocol", "protection", "weight", "connections",
  ]

  /// The settings that people look for first.
  private func facts(_ configuration: Configuration) -> [(String, String)] {
    let audit = configuration.audit
    var facts = [
      (
        "instance",
        "\(configuration.instance), loops: \(configuration.loopCount.map(String.init) ?? "auto")"
      )
    ]
    for listener in configuration.listeners {
      facts.append(("listener", listener.summary))
    }
    facts += [
      ("policy", policySummary(configuration)),
      ("directory", directorySummary(configuration)),
      ("location", configuration.location?.database ?? "none"),
      (
        "audit",
        "\(audit.directory), sync every \(durationText(milliseconds: audit.intervalMilliseconds)),"
          + " segments of \(byteSizeText(audit.segmentBytes))"
      ),
    ]
    return facts
  }

  /// The policy in one line.
  private func policySummary(_ configuration: Configuration) -> String {
    guard let policy = load.policy else { return configuration.policy.file }
    let approval = load.active.map { ", approved by \($0.officers.joined(separator: " and "))" }
    return "\(policy.name) version \(policy.version),"
      + " \(plural(policy.rules.count, "rule")) for \(plural(policy.regions.count, "region")),"
      + " SHA-256 \(policy.contentHash.prefix(16))\(approval ?? "")"
  }

  /// The directory in one line.
  private func directorySummary(_ configuration: Configuration) -> String {
    let source = configuration.directory
    let path = source.signed?.snapshot ?? source.file
    guard let directory = load.directory else { return path }
    guard source.signed != nil else { return "\(path), \(plural(directory.count, "patient"))" }
    let age = directory.ageSeconds(at: Clock.wall()).map { ", \(ageText(seconds: $0)) old" }
    return "\(path), version \(directory.snapshot.header.version),"
      + " \(plural(directory.count, "patient")), deltas up to \(directory.deltaState.last)"
      + (age ?? "")
  }

  /// The same for programs.
  var json: JSONValue {
    .object([
      ("file", .text(file)),
      ("ok", .boolean(!load.hasErrors)),
      ("errors", .number(count(.error))),
      ("warnings", .number(count(.warning))),
      ("diagnostics", .list(load.diagnostics.map(\.json))),
      ("notes", .list(load.notes.map { .text($0) })),
      ("summary", load.configuration.map(summaryJSON) ?? .null),
    ])
  }

  /// What the files say, for programs.
  private func summaryJSON(_ configuration: Configuration) -> JSONValue {
    .object([
      ("instance", .text(configuration.instance)),
      (
        "policy",
        load.policy.map { policy in
          .object([
            ("name", .text(policy.name)), ("version", .number(policy.version)),
            ("rules", .number(policy.rules.count)), ("sha256", .text(policy.contentHash)),
            ("regions", .list(policy.regions.map { .text($0.name) })),
            ("approvedBy", .list((load.active?.officers ?? []).map { .text($0) })),
          ])
        } ?? .null
      ),
      ("patients", load.directory.map { .number($0.count) } ?? .null),
      ("directory", load.directory.map(\.state) ?? .null),
      ("listeners", .list(configuration.listeners.map { .text($0.summary) })),
      (
        "endpoints",
        .list(
          configuration.endpointRows.map { row in
            .object(zip(Self.endpointHeader, row).map { ($0, .text($1)) })
          })
      ),
    ])
  }
}

extension Configuration.Listener {
  /// The listener in one line.
  var summary: String {
    let place = address.map { "\($0)" } ?? ""
    guard let tls else { return "\(place)  clear text" }
    return "\(place)  \(tls.minimum.rawValue) and later,"
      + " \(tls.alpn.map(\.rawValue).joined(separator: " or ")),"
      + " \(plural(tls.certificates.count, "certificate")),"
      + " client certificates: \(tls.clientCertificates)"
  }
}

extension Configuration {
  /// One row for each endpoint.
  fileprivate var endpointRows: [[String]] {
    regions.flatMap { region in
      region.endpoints.map { endpoint in
        [
          region.name, endpoint.name, endpoint.tier.rawValue,
          endpoint.address.map { "\($0)" } ?? "", endpoint.protocol.rawValue,
          endpoint.tls.map { "TLS as \($0.serverName)" } ?? "clear text",
          String(endpoint.weight), String(endpoint.connectionCountMax),
        ]
      }
    }
  }
}

extension Diagnostic {
  /// The complaint for programs.
  var json: JSONValue {
    .object([
      ("file", .text(file)), ("line", .number(line)), ("column", .number(column)),
      ("severity", .text(severity.rawValue)), ("code", .text(code)), ("message", .text(message)),
      ("suggestion", .optional(suggestion)),
    ])
  }
}

/// Rows of words as columns of equal width.
struct Table {
  /// The rows; each has as many cells as the first.
  let rows: [[String]]

  /// The rows as text, two spaces between columns, none at the end.
  var lines: [String] {
    let widths = (rows.first ?? []).indices.map { column in
      rows.map { $0[column].count }.max() ?? 0
    }
    return rows.map { row in
      let cells = zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }
      let text = cells.joined(separator: "  ")
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
  }
}

/// `1 error`, `2 errors`.
func plural(_ count: Int, _ noun: String) -> String {
  if count == 1 { return "\(count) \(noun)" }
  return "\(count) \(noun.hasSuffix("ry") ? noun.dropLast() + "ies" : noun + "s")"
}
