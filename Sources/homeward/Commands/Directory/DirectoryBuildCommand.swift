internal import ArgumentParser
internal import Base
internal import Directory
internal import Edge
internal import Native
internal import Reactor

/// `homeward directory build`: a snapshot from a list of patients, or from an older one.
struct DirectoryBuildCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build",
    abstract: "Build a signed snapshot.",
    discussion: """
      From a list (--from), from an older snapshot and the changes since (--previous, --deltas), \
      or from both: then the list replaces the older snapshot's patients, the new one goes on \
      counting where the older ended, and --deltas are applied on top. CSV has the header \
      `patient,home,residency,consent,flags` and may have `merged_into` as a last column; NDJSON \
      has objects with these names. Any mistake is named by line and column, and nothing is \
      written.

      A running edge takes the new snapshot with SIGHUP. Once it has, the log may be removed; the \
      next `apply` begins a new one.

      Examples:
        homeward directory build --from patients.csv --key directory.key \\
          --signing-key signer.key --out patients.snapshot
        homeward directory build --previous patients.snapshot --deltas patients.deltas \\
          --key directory.key --signing-key signer.key --out patients.snapshot

      Exit status: 0 done, 1 an older file is not what it should be, 2 wrong usage or a wrong list.
      """)

  @Option(name: .long, help: ArgumentHelp("The patients, CSV or NDJSON.", valueName: "file"))
  var from: String?

  @Option(name: .long, help: ArgumentHelp("csv or ndjson; else by name.", valueName: "format"))
  var format: ListFormat?

  @Option(name: .long, help: ArgumentHelp("The key for patients' ids.", valueName: "file"))
  var key: String

  @Option(name: .long, help: ArgumentHelp("The Ed25519 key that signs, PEM.", valueName: "file"))
  var signingKey: String

  @Option(name: .long, help: ArgumentHelp("The snapshot to write.", valueName: "file"))
  var out: String

  @Option(name: .long, help: ArgumentHelp("The snapshot before.", valueName: "file"))
  var previous: String?

  @Option(name: .long, help: ArgumentHelp("Changes to include.", valueName: "file"))
  var deltas: String?

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  /// Something must be built, of something.
  func validate() throws {
    guard from != nil || previous != nil else {
      throw ValidationError("say --from, --previous or both")
    }
  }

  /// Reads, sorts, signs, writes.
  func run() throws {
    let hash = try DirectoryTool.usable(key) { try DirectoryFiles.hash(keyFile: key) }
    let signing = try DirectoryTool.usable(signingKey) { try SigningKey(pemFile: signingKey) }
    let signer = signing.verifyingKey
    let old = try previous.map { path in
      try DirectoryTool.open(path, deltas: nil, hash: hash, signer: signer, verifies: true).snapshot
    }
    guard var snapshot = try from.map({ try read($0, hash) }) ?? old else { return }
    var lastDelta = old?.header.lastDelta ?? 0
    if let deltas {
      let directory = try DirectoryTool.checked(deltas) {
        let directory = try PatientDirectory(
          snapshot.holding(lastDelta: lastDelta), hash: hash, signer: signer,
          deltasPath: deltas, changesMax: DirectoryLimits.patientsMax)
        if let fault = try directory.readDeltas().fault { throw fault }
        return directory
      }
      lastDelta = directory.deltaState.last
      snapshot = try folded(directory, hash)
    }
    let version = (old?.header.version ?? 0) + 1
    try write(snapshot, version: version, lastDelta: lastDelta, signing)
    let count = snapshot.header.patientCount
    let size = try FileSystem.status(of: out).byteCount
    if json {
      let value = JSONValue.object([
        ("file", .text(out)), ("version", .number(Int(version))), ("patients", .number(count)),
        ("last_delta", .number(Int(lastDelta))), ("bytes", .number(size)),
        ("homes", .list(snapshot.header.homeNames.map { .text($0) })),
      ])
      StandardStream.output.write("\(value)\n")
    } else {
      StandardStream.output.write(
        "\(out): version \(version), \(plural(count, "id")), \(size) bytes,"
          + " deltas up to \(lastDelta)\n")
    }
  }

  /// The patients of the list.
  private func read(_ path: String, _ hash: PatientHash) throws -> DirectorySnapshot {
    let format = try DirectoryTool.format(path, format)
    return try DirectoryTool.usable(path) {
      let bytes = try DirectoryFiles.bytes(path, protection: .none)
      let progress = Progress("reading", total: bytes.count)
      defer { progress.end() }
      return try unsafe bytes.withBytes { raw in
        try unsafe DirectorySnapshot.reading(raw, as: format, file: path, hash: hash) {
          progress.reached($0)
        }
      }
    }
  }

  /// The directory's present state as one snapshot.
  private func folded(_ directory: PatientDirectory, _ hash: PatientHash) throws
    -> DirectorySnapshot
  {
    let made = directory.rows().makeSnapshot(
      homeNames: directory.homeNames, keyID: hash.keyID, checksChains: false)
    guard let snapshot = made.snapshot else {
      StandardStream.error.write("homeward: `\(out)`: the changes do not fit together\n")
      throw ExitCode(1)
    }
    return snapshot
  }

  /// Writes the file so that a crash leaves the old one or the new one.
  private func write(
    _ snapshot: DirectorySnapshot, version: UInt64, lastDelta: UInt64,
    _ signing: borrowing SigningKey
  ) throws {
    let progress = Progress("signing", total: snapshot.byteCount)
    let header = snapshot.signedHeader(
      version: version, built: Clock.wall(), lastDelta: lastDelta, signer: signing
    ) { progress.reached($0) }
    progress.end()
    do throws(SystemError) {
      try FileSystem.replace(out) { file throws(SystemError) in
        try file.write(header)
        try unsafe snapshot.withContent { raw throws(SystemError) in try unsafe file.write(raw) }
      }
    } catch {
      StandardStream.error.write("homeward: `\(out)`: \(error)\n")
      throw ExitCode(2)
    }
  }
}
