internal import ArgumentParser
internal import Base
internal import Directory
internal import Edge
internal import Native
internal import Reactor

/// `homeward directory`: making, changing and looking at patient directories.
struct DirectoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "directory",
    abstract: "Make, check and change signed patient directories.",
    discussion: """
      A directory is a signed snapshot of all patients (home region, residency, consent, marks, \
      merges) and a signed log of what changed since, which a running edge follows. Neither holds \
      a patient's id: only what the key makes of it. For the registry's night job and the consent \
      service, and for support.

      A first directory:
        openssl rand -hex 32 > directory.key
        openssl genpkey -algorithm ed25519 -out signer.key
        openssl pkey -in signer.key -pubout -out signer.pem
        homeward directory build --from patients.csv --key directory.key \\
          --signing-key signer.key --out patients.snapshot
        homeward directory apply --heartbeat --snapshot patients.snapshot \\
          --deltas patients.deltas --key directory.key --signing-key signer.key

      Exit status: 0 done, 1 a check failed, 2 wrong usage or wrong input.
      """,
    subcommands: [
      DirectoryBuildCommand.self, DirectoryApplyCommand.self, DirectoryVerifyCommand.self,
      DirectoryLookupCommand.self, DirectoryStatsCommand.self, DirectoryBenchCommand.self,
    ])
}

/// The files that an existing directory consists of, with its keys.
struct DirectoryOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("The snapshot.", valueName: "file"))
  var snapshot: String

  @Option(name: .long, help: ArgumentHelp("The log of changes since.", valueName: "file"))
  var deltas: String?

  @Option(name: .long, help: ArgumentHelp("The key for patients' ids.", valueName: "file"))
  var key: String

  @Option(name: .long, help: ArgumentHelp("The signer's public key, PEM.", valueName: "file"))
  var signer: String

  /// Opens everything; nothing but headers is verified yet unless `verifies`.
  func open(verifies: Bool) throws -> PatientDirectory {
    let hash = try DirectoryTool.usable(key) { try DirectoryFiles.hash(keyFile: key) }
    let verifying = try DirectoryTool.usable(signer) { try VerifyingKey(pemFile: signer) }
    return try DirectoryTool.open(
      snapshot, deltas: deltas, hash: hash, signer: verifying, verifies: verifies)
  }
}

/// What the subcommands share.
enum DirectoryTool {
  /// Runs `body`; a failure is wrong usage: said with the file's name, exit status 2.
  static func usable<Result: ~Copyable>(
    _ path: String, _ body: () throws -> Result
  ) throws -> Result {
    try stating(path, status: 2, body)
  }

  /// Runs `body`; a failure is a check that failed: said with the file's name, exit status 1.
  static func checked<Result: ~Copyable>(
    _ path: String, _ body: () throws -> Result
  ) throws -> Result {
    try stating(path, status: 1, body)
  }

  private static func stating<Result: ~Copyable>(
    _ path: String, status: Int32, _ body: () throws -> Result
  ) throws -> Result {
    do {
      return try body()
    } catch let errors as DirectoryErrors {
      for error in errors.errors {
        StandardStream.error.write(
          "\(error.file):\(error.line):\(error.column): error: \(error.message) [E414]\n")
      }
    } catch {
      StandardStream.error.write("homeward: `\(path)`: \(error)\n")
    }
    throw ExitCode(status)
  }

  /// Opens a directory, its deltas in force.
  static func open(
    _ path: String, deltas: String?, hash: PatientHash, signer: VerifyingKey, verifies: Bool
  ) throws -> PatientDirectory {
    let directory = try checked(path) {
      let snapshot = try DirectoryFiles.snapshot(
        path, signer: signer, keyID: hash.keyID, protection: .none)
      if verifies {
        let progress = Progress("verifying", total: snapshot.byteCount)
        try snapshot.verifyContent { progress.reached($0) }
        progress.end()
      }
      return try PatientDirectory(snapshot, hash: hash, signer: signer, deltasPath: deltas)
    }
    if let deltas {
      try checked(deltas) { if let fault = try directory.readDeltas().fault { throw fault } }
    }
    return directory
  }

  /// The form of a file by its name, unless one was asked for.
  static func format(_ path: String, _ wanted: ListFormat?) throws -> DirectoryFormat {
    if let wanted { return wanted == .csv ? .csv : .ndjson }
    if path.hasSuffix(".csv") { return .csv }
    if path.hasSuffix(".ndjson") || path.hasSuffix(".jsonl") { return .ndjson }
    throw ValidationError("`\(path)` ends neither in .csv nor in .ndjson; say --format")
  }

  /// All of a file, or of the standard input for `-`.
  static func text(_ path: String) throws -> [UInt8] {
    try FileSystem.read(path == "-" ? "/dev/stdin" : path, byteCountMax: 4 << 30)
  }
}

/// The word after `--format`.
enum ListFormat: String, ExpressibleByArgument {
  case csv, ndjson
}

/// How far long work is, on one line of the standard error; silent unless a person looks.
final class Progress {
  private let what: String
  private let total: Int
  private var shown = -1

  init(_ what: String, total: Int) {
    self.what = what
    self.total = total
  }

  /// Shows the share that is done, when it changed by a percent.
  func reached(_ done: Int) {
    guard StandardStream.error.isTerminal, total > 0 else { return }
    let percent = min(100, done / max(1, total / 100))
    guard percent != shown else { return }
    shown = percent
    StandardStream.error.write("\r\(what): \(percent) %")
  }

  /// Clears the line.
  func end() {
    if shown >= 0 { StandardStream.error.write("\r\u{1B}[K") }
  }
}

/// A time span as people read it: `40 s`, `3 min`, `5 h`, `2 d`.
func ageText(seconds: UInt64) -> String {
  switch seconds {
  case ..<120: "\(seconds) s"
  case ..<7_200: "\(seconds / 60) min"
  case ..<172_800: "\(seconds / 3_600) h"
  default: "\(seconds / 86_400) d"
  }
}
