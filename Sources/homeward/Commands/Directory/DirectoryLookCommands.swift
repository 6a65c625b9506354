internal import ArgumentParser
internal import Base
internal import Directory
internal import Edge
internal import Reactor

/// `homeward directory verify`: every byte is what the signer signed.
struct DirectoryVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check signatures, hashes and form of a directory.",
    discussion: """
      Example:
        homeward directory verify --snapshot patients.snapshot --deltas patients.deltas \\
          --key directory.key --signer signer.pem

      Exit status: 0 all is as it was signed, 1 it is not, 2 wrong usage.
      """)

  @OptionGroup var options: DirectoryOptions

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  /// Reads all of it.
  func run() throws {
    let directory = try options.open(verifies: true)
    if json { return StandardStream.output.write("\(directory.state)\n") }
    let isTorn = try directory.readDeltas().isTorn
    let tail = isTorn ? "; the log ends inside a batch, which is not in force" : ""
    StandardStream.output.write("\(options.snapshot): ok, \(directory.stateText)\(tail)\n")
  }
}

/// `homeward directory lookup`: what the edge knows of one patient.
struct DirectoryLookupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lookup",
    abstract: "Print the facts of one patient.",
    discussion: """
      The id is never printed. `-` reads it from the standard input, so that it does not stand in \
      the list of processes or in a shell's history.

      Example:
        homeward directory lookup - --snapshot patients.snapshot --deltas patients.deltas \\
          --key directory.key --signer signer.pem

      Exit status: 0 the patient is known, 1 not known or the directory is not what it should be, \
      2 wrong usage.
      """)

  @Argument(help: ArgumentHelp("The patient's id, or - for stdin.", valueName: "id"))
  var id: String

  @OptionGroup var options: DirectoryOptions

  @Flag(name: .long, help: "Print the facts as JSON.")
  var json = false

  /// Looks once.
  func run() throws {
    let directory = try options.open(verifies: false)
    var bytes = Array(id.utf8)
    if id == "-" { bytes = try DirectoryTool.text("-").filter { $0 > 0x20 } }
    guard let patient = unsafe bytes.withUnsafeBytes({ unsafe directory.lookup($0) }) else {
      if json {
        StandardStream.output.write("\(JSONValue.object([("known", .boolean(false))]))\n")
      } else {
        StandardStream.error.write("homeward: the directory does not know this patient\n")
      }
      throw ExitCode(1)
    }
    let index = Int(patient.homeIndex)
    let home = index < directory.homeNames.count ? directory.homeNames[index] : nil
    let flags = PatientFlags.words.filter { patient.flags.contains($0.1) }.map { "\($0.0)" }
    if json {
      let value = JSONValue.object([
        ("known", .boolean(true)), ("home", .optional(home)),
        ("residency", .text("\(patient.residency)")), ("consent", .text(patient.consent.rawValue)),
        ("flags", .list(flags.map { .text($0) })),
        ("directory_age_seconds", directory.age.map { .number(Int($0)) } ?? .null),
      ])
      return StandardStream.output.write("\(value)\n")
    }
    let rows = [
      ["home", home ?? "unknown"], ["residency", "\(patient.residency)"],
      ["consent", patient.consent.rawValue],
      ["flags", flags.isEmpty ? "none" : flags.joined(separator: ", ")],
      ["directory age", directory.age.map { ageText(seconds: $0) } ?? "unknown"],
    ]
    StandardStream.output.write(Table(rows: rows).lines.joined(separator: "\n") + "\n")
  }
}

/// `homeward directory stats`: how many patients of which kind.
struct DirectoryStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Count a directory's patients by home, consent, marks and residency.",
    discussion: """
      Example:
        homeward directory stats --snapshot patients.snapshot --key directory.key \\
          --signer signer.pem --json

      Exit status: 0 done, 1 the directory is not what it should be, 2 wrong usage.
      """)

  @OptionGroup var options: DirectoryOptions

  @Flag(name: .long, help: "Print the counts as JSON.")
  var json = false

  /// Counts all.
  func run() throws {
    let directory = try options.open(verifies: false)
    let counts = DirectoryStatistics(directory)
    let groups = groups(counts, directory)
    if json {
      var members: [(String, JSONValue)] = [
        ("directory", directory.state), ("patients", .number(counts.patientCount)),
        ("merged", .number(counts.mergedCount)),
        ("bytes", .number(directory.snapshot.byteCount)),
      ]
      members += groups.map { name, rows in
        (name, .object(rows.map { ($0.0, .number($0.1)) }))
      }
      return StandardStream.output.write("\(JSONValue.object(members))\n")
    }
    var lines = [
      directory.stateText,
      "\(plural(counts.patientCount, "patient")), \(plural(counts.mergedCount, "merged id"))",
    ]
    for (name, rows) in groups {
      lines += ["", name]
      lines += Table(rows: rows.map { [$0.0, String($0.1)] }).lines.map { "  " + $0 }
    }
    StandardStream.output.write(lines.joined(separator: "\n") + "\n")
  }

  /// The counts under their names.
  private func groups(
    _ counts: DirectoryStatistics, _ directory: PatientDirectory
  ) -> [(String, [(String, Int)])] {
    let homes = Array(zip(directory.homeNames, counts.homeCounts))
    let places = counts.residencyCounts.map { ("\($0)", $1) }.sorted {
      $0.1 == $1.1 ? $0.0 < $1.0 : $0.1 > $1.1
    }
    return [
      ("home", homes + [("unknown", counts.homelessCount)]),
      ("consent", Consent.allCases.map { ($0.rawValue, counts.consentCounts[$0] ?? 0) }),
      ("flags", zip(PatientFlags.words, counts.flagCounts).map { ("\($0.0)", $1) }),
      ("residency", places),
    ]
  }
}

extension DirectorySnapshot {
  /// Bytes of its slots.
  var byteCount: Int { unsafe withContent { $0.count } }
}

extension PatientDirectory {
  /// Seconds since the signer last vouched for it.
  var age: UInt64? { ageSeconds(at: Clock.wall()) }

  /// What it is, in one line.
  var stateText: String {
    let header = snapshot.header
    return "version \(header.version), \(plural(header.patientCount, "id")) and"
      + " \(plural(changedCount, "change")) since, deltas up to \(deltaState.last)"
      + (age.map { ", \(ageText(seconds: $0)) old" } ?? "")
  }

  /// The same for programs; null where nobody signed.
  var state: JSONValue {
    .object([
      ("version", .number(Int(snapshot.header.version))), ("ids", .number(count)),
      ("changed", .number(changedCount)), ("last_delta", .number(Int(deltaState.last))),
      ("age_seconds", age.map { .number(Int($0)) } ?? .null),
      ("homes", .list(homeNames.map { .text($0) })),
    ])
  }
}
