internal import Admin
internal import ArgumentParser
internal import Base
internal import Native
internal import Reactor

/// `homeward admin`: the admin API itself.
struct AdminCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "admin", abstract: "The admin API: its description, its tokens, a plain request.",
    discussion: """
      Examples:
        homeward admin openapi > openapi.json
        homeward admin token --name ana --roles sre --out ana.token >> run/admin.tokens
        homeward admin get /v1/status --config deploy/homeward.yaml
      """,
    subcommands: [AdminGetCommand.self, AdminOpenAPICommand.self, AdminTokenCommand.self])
}

/// `homeward admin get`.
struct AdminGetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Print what a GET of the admin API answers.",
    discussion: "Exit status: 0 answered, 1 refused or no answer, 2 wrong usage or configuration.")

  @OptionGroup var admin: AdminOptions

  @Argument(help: "The path, such as /v1/status.")
  var path: String

  /// Asks and prints.
  func run() throws {
    guard path.hasPrefix("/"), path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw AdminOptions.usage("`\(path)` is no path such as /v1/status")
    }
    StandardStream.output.write("\(try admin.client().get(path).required())\n")
  }
}

/// `homeward admin openapi`.
struct AdminOpenAPICommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "openapi", abstract: "Print the API's description (OpenAPI 3.1).",
    discussion: "The same as every edge of this version serves at /openapi.json.")

  /// Prints it.
  func run() throws {
    StandardStream.output.write(String(decoding: AdminRoutes.description, as: UTF8.self))
  }
}

/// `homeward admin token`.
struct AdminTokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Make a bearer token for the admin API.",
    discussion: """
      Writes the token to a new file for whoever will use it, and prints the line that makes an \
      edge know it: its name, roles, and the token's SHA-256. Append that to the file that \
      `admin.tokens` names, and reload the edge.
      """)

  @Option(name: .long, help: ArgumentHelp("Whose; stands in records.", valueName: "name"))
  var name: String

  @Option(
    name: .long,
    help: ArgumentHelp("officer, sre, auditor; several between commas.", valueName: "roles"))
  var roles: String

  @Option(name: .long, help: ArgumentHelp("Where the token goes; a new file.", valueName: "file"))
  var out: String

  /// Bytes of chance in a token.
  private static let byteCount = 32

  /// Makes it.
  func run() throws {
    var random = [UInt8](repeating: 0, count: Self.byteCount)
    unsafe random.withUnsafeMutableBytes { unsafe secureRandom(into: $0) }
    let token = random.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
    let line = "\(name) \(roles) \(SHA256.hash(Array(token.utf8)))"
    do throws(TokensFault) { _ = try AdminTokens(line) } catch {
      throw AdminOptions.usage(error.message)
    }
    do throws(SystemError) {
      let file = try AppendFile(path: out, isNew: true)
      try file.write(Array("\(token)\n".utf8))
    } catch {
      throw AdminOptions.usage("`\(out)`: \(error)")
    }
    StandardStream.output.write(line + "\n")
  }
}
