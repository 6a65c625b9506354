internal import ArgumentParser
internal import Base
internal import Control
internal import Native
internal import Reactor

/// `homeward policy keys`: the officers' keys.
struct PolicyKeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "Make and show officers' keys.",
    subcommands: [PolicyKeysGenerateCommand.self, PolicyKeysShowCommand.self])
}

/// `homeward policy keys generate`: a new key pair.
struct PolicyKeysGenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Make an Ed25519 key pair for an officer.",
    discussion: """
      Writes NAME.key, which stays with the officer (mode 0600), and NAME.pub, which anyone may \
      read, and prints the line for the officers file. Nothing is overwritten.

      Example:
        homeward policy keys generate --out amina

      Exit status: 0 done, 1 a file could not be written, 2 wrong usage.
      """)

  @Option(
    name: .long, help: ArgumentHelp("The files' path without `.key`.", valueName: "name"))
  var out: String

  /// Draws and writes the keys.
  func run() throws {
    let name = String(out.split(separator: "/").last ?? "")
    guard Officer.isName(name) else {
      throw ValidationError("`\(name)` is no officer's name: letters, digits, `-`, `_`, `.`, `@`")
    }
    let key = SigningKey()
    do {
      try key.save(toPEMFile: out + ".key")
      let file = try AppendFile(path: out + ".pub", isNew: true, isPublic: true)
      try file.write(Array(key.verifyingKey.pem.utf8))
      try file.synchronize()
    } catch {
      StandardStream.error.write("homeward: `\(out)`: \(error)\n")
      throw ExitCode(1)
    }
    StandardStream.output.write(key.verifyingKey.officerLine(name) + "\n")
  }
}

extension VerifyingKey {
  /// The line of an officers file.
  func officerLine(_ name: String) -> String {
    "  - { name: \(name), key: \"\(text)\" }  # \(fingerprint)"
  }
}

/// `homeward policy keys show`: a key file, or the officers of an edge.
struct PolicyKeysShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show the public half of a key file, or an edge's officers.",
    discussion: """
      Examples:
        homeward policy keys show amina.pub
        homeward policy keys show --config deploy/homeward.yaml

      Exit status: 0 done, 1 no key could be read, 2 wrong usage or configuration.
      """)

  @Argument(help: "A key file, public or private, PEM.")
  var file: String?

  @Option(
    name: .long, help: ArgumentHelp("An edge's configuration file.", valueName: "file"))
  var config: String?

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  /// One of the two.
  func validate() throws {
    if (file == nil) == (config == nil) {
      throw ValidationError("name a key file, or a configuration with --config")
    }
  }

  /// Prints the keys.
  func run() throws {
    if let file {
      guard let key = Self.key(file) else {
        let what = FileSystem.exists(file) ? "holds no Ed25519 key" : "does not exist"
        StandardStream.error.write("homeward: `\(file)` \(what)\n")
        throw ExitCode(1)
      }
      let base = file.split(separator: "/").last ?? ""
      let stem = String(base.split(separator: ".").dropLast().joined(separator: "."))
      let name = Officer.isName(stem) ? stem : "NAME"
      let result = JSONValue.object([
        ("key", .text(key.text)), ("fingerprint", .text(key.fingerprint)),
      ])
      StandardStream.output.write(json ? "\(result)\n" : key.officerLine(name) + "\n")
    } else if let config {
      show(try LifecycleSettings.required(config).rule)
    }
  }

  /// The public key in a file, or of the private one.
  private static func key(_ path: String) -> VerifyingKey? {
    if let key = try? VerifyingKey(pemFile: path) { return key }
    do throws(TLSError) { return try SigningKey(pemFile: path).verifyingKey } catch { return nil }
  }

  private func show(_ rule: ApprovalRule) {
    if json {
      let officers = rule.officers.map { officer in
        JSONValue.object([
          ("name", .text(officer.name)), ("fingerprint", .text(officer.key.fingerprint)),
          ("key", .text(officer.key.text)), ("retired", .optional(officer.retired)),
        ])
      }
      let result = JSONValue.object([
        ("required", .number(rule.required)), ("officers", .list(officers)),
      ])
      StandardStream.output.write("\(result)\n")
      return
    }
    let rows =
      [["officer", "key", "retired"]]
      + rule.officers.map { [$0.name, $0.key.fingerprint, $0.retired ?? ""] }
    StandardStream.output.write(
      "\(rule.required) of \(plural(rule.officers.count { $0.retired == nil }, "officer")) must"
        + " approve\n" + Table(rows: rows).lines.map { $0 + "\n" }.joined())
  }
}
