internal import ArgumentParser
internal import Base
internal import Policy
internal import Reactor

/// `homeward policy render`: a policy for those who read it and do not write it.
struct PolicyRenderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render",
    abstract: "Show a policy as tables and plain English.",
    discussion: """
      Every rule appears with the officer's sentence and with what it says exactly. The page of \
      --html needs no other file and no network, and prints well.

      Examples:
        homeward policy render policies/clinical-routing/0002.yaml | less
        homeward policy render policies/clinical-routing/0002.yaml --html > policy.html

      Exit status: 0 done, 2 wrong usage or a policy that cannot be used.
      """)

  @Argument(help: ArgumentHelp("The policy file.", valueName: "file"))
  var file: String

  @Flag(name: .long, help: "Write an HTML page.")
  var html = false

  @Flag(name: .long, help: "Write headings, paragraphs, lists and tables as JSON.")
  var json = false

  @Option(
    name: .long, help: ArgumentHelp("Columns of the text, from 60 to 200.", valueName: "columns"))
  var width = 96

  /// Checks the width, which the parser cannot.
  func validate() throws {
    guard !(html && json) else { throw ValidationError("--html and --json exclude each other") }
    guard (60...200).contains(width) else {
      throw ValidationError("--width must be from 60 to 200, not \(width)")
    }
  }

  /// Writes the policy.
  func run() throws {
    let (policy, _) = try PolicyFile.usable(file)
    if json {
      StandardStream.output.write("\(JSONValue.list(policy.blocks.map(\.json)))\n")
      return
    }
    StandardStream.output.write(html ? policy.htmlPage() : policy.terminalText(width: width))
  }
}

extension Block {
  /// The piece for programs.
  fileprivate var json: JSONValue {
    switch self {
    case .heading(let level, let title):
      .object([("heading", .text(title)), ("level", .number(level))])
    case .paragraph(let text): .object([("paragraph", .text(text))])
    case .steps(let items): .object([("steps", .list(items.map { .text($0) }))])
    case .table(let header, let rows):
      .object([
        ("header", .list(header.map { .text($0) })),
        ("rows", .list(rows.map { .list($0.map { .text($0) }) })),
      ])
    }
  }
}
