internal import ArgumentParser
internal import Audit
internal import Base
internal import Edge
internal import Policy
internal import Proxy
internal import Reactor

/// `homeward audit replay`: decides recorded requests once more.
struct AuditReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Decide recorded requests once more and compare.",
    discussion: """
      Takes each recorded decision's facts, asks the policy file that was in force then (told by \
      its hash; --policy may be repeated), and compares verdict, rule, candidates, durability and \
      obligations. Health is not replayed: it only ever removed candidates. With --any-version, \
      records of other versions are decided too: what would the new file have said?

      Examples:
        homeward audit replay deploy/run/audit --policy policies/clinical-routing/0002.yaml
        homeward audit replay deploy/run/audit --policy 0003.yaml --any-version

      Exit status: 0 all agree, 1 a decision differs or the log is damaged, 2 wrong usage.
      """)

  @Argument(help: ArgumentHelp("The log's folder.", valueName: "dir"))
  var directory: String

  @Option(name: .long, help: ArgumentHelp("A policy file.", valueName: "file"))
  var policy: [String]

  @Flag(name: .long, help: "Also decide what another version decided, under the last --policy.")
  var anyVersion = false

  @Flag(name: .long, help: "The counts as one JSON object.")
  var json = false

  /// What was compared.
  private struct Counts {
    var agreed = 0
    var differed = 0
    var notAsked = 0
    var otherVersion = 0
    var first: String?
  }

  /// Replays every log of the folder.
  func run() throws {
    guard !policy.isEmpty else { throw ValidationError("name a policy file with --policy") }
    let policies = try policy.map { try PolicyFile.usable($0).policy }
    var counts = Counts()
    try readingAudit {
      for folder in try AuditFolder.logs(in: directory) {
        var keys: LogKeys?
        try unsafe folder.forEachEntry { index, entry in
          guard unsafe AccountCheck.kind(of: entry) == .decision,
            case .decision(let record)? = unsafe auditRecord(entry, &keys)
          else { return true }
          let hash = record.policyHash.string
          guard
            let version = policies.first(where: { $0.contentHash == hash })
              ?? (anyVersion ? policies.last : nil)
          else {
            counts.otherVersion += 1
            return true
          }
          count(record, record.replay(under: version), index, &counts)
          return true
        }
      }
    }
    StandardStream.output.write(json ? "\(value(counts))\n" : text(counts))
    if counts.differed > 0 { throw ExitCode(1) }
  }

  private func count(
    _ record: DecisionRecord, _ verdict: ReplayVerdict, _ index: UInt64, _ counts: inout Counts
  ) {
    switch verdict {
    case .agrees: counts.agreed += 1
    case .notAsked: counts.notAsked += 1
    case .differs(let how):
      counts.differed += 1
      if counts.first == nil { counts.first = "#\(index) decision \(record.id): \(how)" }
    }
  }

  private func text(_ counts: Counts) -> String {
    var lines = [
      "\(counts.agreed) decisions agree, \(counts.differed) differ; \(counts.notAsked) were refused"
        + " before the policy was asked, \(counts.otherVersion) are of other versions"
    ]
    if let first = counts.first { lines.append("first difference: \(first)") }
    return lines.map { $0 + "\n" }.joined()
  }

  private func value(_ counts: Counts) -> JSONValue {
    .object([
      ("agree", .number(counts.agreed)), ("differ", .number(counts.differed)),
      ("notAsked", .number(counts.notAsked)), ("otherVersion", .number(counts.otherVersion)),
      ("first", .optional(counts.first)),
    ])
  }
}
