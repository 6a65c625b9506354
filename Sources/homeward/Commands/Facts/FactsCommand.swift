internal import ArgumentParser
internal import Base
internal import Reactor

/// `homeward facts`: what the edge sees in a request.
struct FactsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "facts",
    abstract: "See a request as the edge sees it.",
    subcommands: [FactsExplainCommand.self, FactsTokenCommand.self])
}

/// `homeward facts explain`: every fact of one request, where it comes from, how sure it is.
struct FactsExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Print every fact of one request, its source, and the safe default taken.",
    discussion: """
      For officers and support: nothing is sent and nothing recorded. What a request asks for, of \
      which patient and which class, is judged as the edge does it, by method, URL and, where it \
      decides, the body. With a configuration, its FHIR base, paths, patient directory and \
      location database are used; without one, the defaults are.

      Examples:
        homeward facts explain GET '/fhir/Observation?patient=p1001&category=vital-signs'
        homeward facts explain POST /fhir --header 'Content-Type: application/fhir+json' \
      --body batch.json --config deploy/homeward.yaml --client 127.1.0.1

      Exit status: 0 done, 1 the edge would refuse the request as malformed or contradictory, \
      2 wrong usage or a wrong configuration.
      """)

  @Argument(help: ArgumentHelp("The method.", valueName: "method"))
  var method: String

  @Argument(help: ArgumentHelp("The URL: absolute, or from `/` on.", valueName: "url"))
  var url: String

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("A header field; may be repeated.", valueName: "name:value"))
  var header: [String] = []

  @Option(name: .long, help: ArgumentHelp("The request's body.", valueName: "file"))
  var body: String?

  @Option(name: .long, help: ArgumentHelp("The user's address.", valueName: "address"))
  var client: String?

  @Option(name: .long, help: ArgumentHelp("The configuration file.", valueName: "file"))
  var config: String?

  @Flag(name: .long, help: "Print the facts as JSON.")
  var json = false

  /// Judges, prints, and exits with 1 when the edge would refuse.
  func run() throws {
    var load: ConfigurationLoad?
    if let config {
      let found = ConfigurationLoad.load(config)
      let complaints = found.diagnostics.map { "\($0)\n" }.joined()
      if !complaints.isEmpty { StandardStream.error.write(complaints) }
      guard !found.hasErrors else { throw ExitCode(2) }
      load = found
    }
    let report = FactsReport(try request(), load: load)
    StandardStream.output.write(json ? "\(report.json)\n" : report.text)
    if report.isRefused { throw ExitCode(1) }
  }

  /// The request as it was described.
  private func request() throws -> FactsRequest {
    guard let target = FactsRequest.target(of: url) else {
      throw ValidationError("`\(url)` is no URL: write `https://host/path` or `/path`")
    }
    var request = FactsRequest(method: method, target: target)
    for field in header {
      guard let colon = field.firstIndex(of: ":"), colon != field.startIndex else {
        throw ValidationError("`\(field)` is no header field: write `Name: value`")
      }
      let value = field[field.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      request.fields.append((field[..<colon].lowercased(), String(value)))
    }
    if let client {
      guard let address = IPAddress(client) else {
        throw ValidationError("`\(client)` is no IP address")
      }
      request.client = address
    }
    guard let body else { return request }
    do throws(SystemError) {
      request.body = try FileSystem.read(body, byteCountMax: FactsRequest.bodyByteCountMax)
    } catch {
      throw ValidationError("`\(body)` cannot be read: \(error)")
    }
    return request
  }
}
