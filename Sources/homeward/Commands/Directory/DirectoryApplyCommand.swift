internal import ArgumentParser
internal import Base
internal import Directory
internal import Edge
internal import Native
internal import Reactor

/// `homeward directory apply`: changes, in force on running edges within milliseconds.
struct DirectoryApplyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Append signed changes to the log that edges follow.",
    discussion: """
      Changes come from a file or from the standard input (-), CSV or NDJSON. CSV has the header \
      `change,patient,home,residency,consent,flags,merged_into`; objects have these names. \
      `change` is `upsert` (all facts follow), `remove`, `merge` (with `merged_into`), `withdraw` \
      or `grant` (the person's consent). Each is tried on the directory as it is; with any mistake \
      nothing is written. --heartbeat says that nothing happened: it keeps the directory's age low.

      A log that does not exist is begun. An end that a crash left torn is cut off.

      Examples:
        echo '{"change":"withdraw","patient":"p1001"}' | homeward directory apply \\
          --from - --format ndjson --snapshot patients.snapshot --deltas patients.deltas \\
          --key directory.key --signing-key signer.key

      Exit status: 0 the changes are on disk, 1 the snapshot or the log is not what it should be, \
      2 wrong usage or wrong changes.
      """)

  @Option(name: .long, help: ArgumentHelp("The changes; - reads stdin.", valueName: "file"))
  var from: String?

  @Option(name: .long, help: ArgumentHelp("csv or ndjson; else by name.", valueName: "format"))
  var format: ListFormat?

  @Flag(name: .long, help: "Append a batch without changes.")
  var heartbeat = false

  @Option(name: .long, help: ArgumentHelp("The snapshot in use.", valueName: "file"))
  var snapshot: String

  @Option(name: .long, help: ArgumentHelp("The log.", valueName: "file"))
  var deltas: String

  @Option(name: .long, help: ArgumentHelp("The key for patients' ids.", valueName: "file"))
  var key: String

  @Option(name: .long, help: ArgumentHelp("The Ed25519 key that signs, PEM.", valueName: "file"))
  var signingKey: String

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  /// Something must be said.
  func validate() throws {
    guard (from != nil) != heartbeat else { throw ValidationError("say --from or --heartbeat") }
  }

  /// Tries the changes, then appends them.
  func run() throws {
    let hash = try DirectoryTool.usable(key) { try DirectoryFiles.hash(keyFile: key) }
    let signing = try DirectoryTool.usable(signingKey) { try SigningKey(pemFile: signingKey) }
    let lock = try DirectoryTool.usable(deltas) { try FileLock(path: deltas + ".lock") }
    guard let lock else {
      StandardStream.error.write(
        "homeward: `\(deltas)`: another process appends to it; try again\n")
      throw ExitCode(1)
    }
    let exists = FileSystem.exists(deltas)
    let directory = try DirectoryTool.open(
      snapshot, deltas: exists ? deltas : nil, hash: hash, signer: signing.verifyingKey,
      verifies: false)
    let changes = try changes(directory, hash)
    let state = directory.deltaState.last
    var bytes: [UInt8] = []
    if !exists {
      bytes = DeltaLog.header(
        base: state, keyID: hash.keyID, made: Clock.wall(), signer: signing)
    }
    var last = state
    var rest = changes[...]
    repeat {
      last += 1
      bytes += DeltaLog.batch(
        rest.prefix(DirectoryLimits.batchChangesMax), number: last, time: Clock.wall(),
        homeNames: directory.homeNames, keyID: hash.keyID, signer: signing)
      rest = rest.dropFirst(DirectoryLimits.batchChangesMax)
    } while !rest.isEmpty
    try DirectoryTool.usable(deltas) {
      try append(bytes, isNew: !exists, at: directory.deltaPosition.offset)
    }
    withExtendedLifetime(lock) {}
    if json {
      let value = JSONValue.object([
        ("changes", .number(changes.count)), ("last_delta", .number(Int(last))),
      ])
      StandardStream.output.write("\(value)\n")
    } else {
      StandardStream.output.write(
        "\(deltas): \(plural(changes.count, "change")), deltas up to \(last)\n")
    }
  }

  /// The changes that were asked for, each tried on the directory.
  private func changes(
    _ directory: PatientDirectory, _ hash: PatientHash
  ) throws -> [DirectoryChange] {
    guard let from else { return [] }
    let format = try DirectoryTool.format(from, format)
    return try DirectoryTool.usable(from) {
      let bytes = try DirectoryTool.text(from)
      let name = from == "-" ? "stdin" : from
      let lines = try unsafe bytes.withUnsafeBytes { raw in
        try unsafe DirectoryChange.reading(
          raw, as: format, file: name, homeNames: directory.homeNames, hash: hash)
      }
      try directory.rehearse(lines, file: name)
      return lines.map(\.change)
    }
  }

  /// Puts bytes behind the last whole batch and on disk.
  ///
  /// After a crash in between, readers find a torn batch, which they leave alone, and the next call
  /// cuts it off.
  private func append(_ bytes: [UInt8], isNew: Bool, at offset: Int) throws(SystemError) {
    let file = try AppendFile(path: deltas, isNew: isNew)
    if !isNew, try FileSystem.status(of: deltas).byteCount > offset {
      try file.truncate(byteCount: offset)
    }
    try file.write(bytes)
    try file.synchronize()
    if isNew { try FileSystem.synchronizeDirectory(FileSystem.directory(of: deltas)) }
  }
}
