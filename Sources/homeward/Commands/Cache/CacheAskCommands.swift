internal import ArgumentParser
internal import Base
internal import Reactor

/// `homeward cache stats`.
struct CacheStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Show what the cache holds and did.",
    discussion: "Exit status: 0 shown, 1 it could not be seen, 2 wrong usage or configuration.")

  @OptionGroup(title: "Which edge, and who asks") var admin: AdminOptions

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  /// Asks and prints.
  func run() throws {
    let answer = try admin.client().get("/v1/cache").required()
    if json { return StandardStream.output.write("\(answer)\n") }
    func number(_ name: String) -> String { "\(answer[name]?.number ?? 0)" }
    var lines = [
      "\(number("entries")) entries, \(number("bytes")) of \(number("bytes_max")) bytes,"
        + " \(number("evicted")) evicted, \(number("fills")) under way"
    ]
    if answer["disk_bytes_max"]?.number != 0 {
      lines.append(
        "\(number("disk_entries")) entries on disk, \(number("disk_bytes")) of"
          + " \(number("disk_bytes_max")) bytes")
    }
    let header = ["CLASS", "HITS", "STALE", "MISSES", "VALIDATED", "WITHHELD", "ENDED", "STORED"]
    let names = ["hits", "stale_hits", "misses", "validations", "withheld", "ended", "stored"]
    let rows = (answer["classes"]?.items ?? []).map { counts in
      [counts["class"]?.text ?? ""] + names.map { "\(counts[$0]?.number ?? 0)" }
    }
    if !rows.isEmpty { lines += [""] + Table(rows: [header] + rows).lines }
    let tenants = (answer["tenants"]?.items ?? []).map { tenant in
      let name = tenant["name"]?.text ?? ""
      return [name.isEmpty ? "nobody's" : name]
        + ["entries", "bytes"].map { "\(tenant[$0]?.number ?? 0)" }
    }
    if !tenants.isEmpty {
      lines += [""] + Table(rows: [["TENANT", "ENTRIES", "BYTES"]] + tenants).lines
    }
    StandardStream.output.write(lines.map { $0 + "\n" }.joined())
  }
}

/// `homeward cache purge`.
struct CachePurgeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "purge", abstract: "End entries, on all loops at once.",
    discussion: """
      Names exactly one: --all, --tenant, --tag, --prefix or --patient.

      Exit status: 0 done, 1 refused, 2 wrong usage or configuration.
      """)

  @OptionGroup(title: "Which edge, and who asks") var admin: AdminOptions

  @Flag(name: .long, help: "Everything.")
  var all = false

  @Option(name: .long, help: ArgumentHelp("All of a tenant.", valueName: "name"))
  var tenant: String?

  @Option(
    name: .long,
    help: ArgumentHelp("A FHIR type or one resource, such as ValueSet/1.", valueName: "tag"))
  var tag: String?

  @Option(
    name: .long,
    help: ArgumentHelp("All that begins so: host and path.", valueName: "host/path"))
  var prefix: String?

  @Option(name: .long, help: ArgumentHelp("All that depends on a patient.", valueName: "id"))
  var patient: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Why; stands in the record. No patient's data.", valueName: "text"))
  var reason: String

  func validate() throws {
    let count = [tenant, tag, prefix, patient].compactMap { $0 }.count + (all ? 1 : 0)
    guard count == 1 else {
      throw ValidationError("name one of --all, --tenant, --tag, --prefix and --patient")
    }
    guard prefix?.contains("/") != false else {
      throw ValidationError("`--prefix` needs a host and a path, such as localhost/fhir/ValueSet")
    }
  }

  /// Asks for it.
  func run() throws {
    let members: [(String, String)] =
      if let tenant {
        [("what", "tenant"), ("tenant", tenant)]
      } else if let tag {
        [("what", "tag"), ("tag", tag)]
      } else if let patient {
        [("what", "patient"), ("patient", patient)]
      } else if let prefix, let slash = prefix.firstIndex(of: "/") {
        [
          ("what", "prefix"), ("authority", String(prefix[..<slash])),
          ("path", String(prefix[slash...])),
        ]
      } else {
        [("what", "all")]
      }
    let answer = try admin.client().ask(
      "POST", "/v1/cache/purges",
      body: .object((members + [("reason", reason)]).map { ($0.0, .text($0.1)) }),
      ifRevision: nil
    ).required()
    let count = answer["count"]?.number.map { ": \(plural($0, "entry"))" } ?? ""
    StandardStream.output.write("purged\(count)\n")
  }
}

/// `homeward cache shred`.
struct CacheShredCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shred", abstract: "Destroy a tenant's keys, and with them what they sealed.",
    discussion: "Exit status: 0 done, 1 refused, 2 wrong usage or configuration.")

  @OptionGroup(title: "Which edge, and who asks") var admin: AdminOptions

  @Argument(help: "The tenant's name.")
  var tenant: String

  @Option(
    name: .long,
    help: ArgumentHelp("Why; stands in the record. No patient's data.", valueName: "text"))
  var reason: String

  /// Asks for it.
  func run() throws {
    let answer = try admin.client().ask(
      "POST", "/v1/cache/shreds",
      body: .object([("tenant", .text(tenant)), ("reason", .text(reason))]), ifRevision: nil
    ).required()
    StandardStream.output.write("\(plural(answer["count"]?.number ?? 0, "key")) destroyed\n")
  }
}
