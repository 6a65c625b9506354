internal import ArgumentParser
internal import Base
internal import Identity
internal import Reactor

/// `homeward cache explain`.
struct CacheExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Tell what would become of requests, and why.",
    discussion: """
      Nothing is recorded, counted or fetched. Without more, the sender proves nothing; \
      `--subject-token` asks for whoever has that token, and `--role`, `--purpose` and `--tenant` \
      for somebody of whom that is proved and nothing else. A token goes to the edge in the \
      message's body, and is kept nowhere.

      Example, what a nurse's request for a value set would come to:
        homeward cache explain https://edge.example/fhir/ValueSet/1 --role nurse --tenant north \\
          --purpose treatment --config deploy/clinic.yaml

      Exit status: 0 told, 1 refused or no answer, 2 wrong usage or configuration.
      """)

  @OptionGroup(title: "Which edge, and who asks") var admin: AdminOptions

  @Argument(
    help: ArgumentHelp(
      "A URL, or its part from `/` on, such as /fhir/ValueSet/1.", valueName: "url"))
  var url: [String]

  @Option(name: .long, help: ArgumentHelp("The host of what begins with `/`.", valueName: "host"))
  var authority = "localhost"

  @Option(
    name: .long,
    help: ArgumentHelp("A field, such as `accept: application/fhir+json`.", valueName: "field"),
    transform: { text in
      guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else {
        throw ValidationError("`\(text)` is no field such as `accept: */*`")
      }
      let value = text[text.index(after: colon)...].drop { $0 == " " }
      return RequestField(name: String(text[..<colon]), value: String(value))
    })
  var field: [RequestField] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The file of the user's token, or `-` for standard input.", valueName: "file"))
  var subjectToken: String?

  @Option(
    name: .long, help: ArgumentHelp("The user's role.", valueName: "role"),
    transform: word)
  var role: Role?

  @Option(
    name: .long, help: ArgumentHelp("What he asks for.", valueName: "purpose"),
    transform: word)
  var purpose: Purpose?

  @Option(name: .long, help: ArgumentHelp("His organisation.", valueName: "name"))
  var tenant: String?

  @Option(name: .long, help: ArgumentHelp("His address.", valueName: "address"))
  var client: String?

  @Flag(name: .long, help: "Print a line of JSON for each, with its `url`.")
  var json = false

  func validate() throws {
    guard subjectToken == nil || (role == nil && purpose == nil && tenant == nil) else {
      throw ValidationError("a token says role, purpose and tenant itself; leave those out")
    }
    guard client.map({ IPAddress($0) != nil }) ?? true else {
      throw ValidationError("`--client` takes an IP address")
    }
    for one in url where split(one) == nil {
      throw ValidationError("`\(one)` is no URL: write `https://host/path` or `/path`")
    }
  }

  /// Asks and prints.
  func run() throws {
    let sender = try sender()
    let edge = try admin.client()
    for (index, one) in url.enumerated() {
      guard let (authority, target) = split(one) else { continue }
      let answer = try edge.ask(
        "POST", "/v1/cache/explanations",
        body: .object(
          [
            ("authority", .text(authority)), ("target", .text(target)),
            (
              "fields",
              .list(field.map { .object([("name", .text($0.name)), ("value", .text($0.value))]) })
            ),
          ] + sender), ifRevision: nil
      ).required()
      if json {
        var members = [("url", JSONValue.text(one))]
        if case .object(let more) = answer { members += more }
        StandardStream.output.write("\(JSONValue.object(members).line)\n")
      } else {
        let title = url.count == 1 ? [] : (index == 0 ? [] : [""]) + ["\(one):"]
        StandardStream.output.write((title + lines(answer)).map { $0 + "\n" }.joined())
      }
    }
  }

  /// Host and target of what was written; nil when it is no URL.
  private func split(_ text: String) -> (authority: String, target: String)? {
    guard let target = FactsRequest.target(of: text) else { return nil }
    guard !text.hasPrefix("/") else { return (authority, target) }
    let rest = text.drop { $0 != "/" }.dropFirst(2)
    return (String(rest.prefix { !"/?#".contains($0) }), target)
  }

  /// On whose behalf, as the body says it.
  private func sender() throws -> [(String, JSONValue)] {
    var members: [(String, JSONValue)] = []
    if let client { members.append(("client", .text(client))) }
    if let subjectToken {
      let path = subjectToken == "-" ? "/dev/stdin" : subjectToken
      do throws(SystemError) {
        let bytes = try FileSystem.read(path, byteCountMax: IdentityLimits.tokenByteCountMax + 64)
        let isSpace: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let token = bytes.drop(while: isSpace).prefix { !isSpace($0) }
        members.append(("token", .text(String(decoding: token, as: UTF8.self))))
      } catch {
        throw ValidationError("`\(subjectToken)` cannot be read: \(error)")
      }
    }
    let stated = [("role", role?.rawValue), ("purpose", purpose?.rawValue), ("tenant", tenant)]
      .compactMap { name, value in value.map { (name, JSONValue.text($0)) } }
    if !stated.isEmpty { members.append(("subject", .object(stated))) }
    return members
  }

  /// An explanation for people.
  private func lines(_ answer: JSONValue) -> [String] {
    func words(_ name: String) -> String {
      (answer[name]?.items ?? []).compactMap(\.text).joined(separator: ", ")
    }
    let reason = answer["reason"]?.text.map { ": \($0)" } ?? ""
    let row = answer["row"]?.number.map { ", row \($0) of the matrix" } ?? ""
    var lines = [
      "\(answer["verdict"]?.text ?? "")\(reason)", "by \(answer["policy"]?.text ?? "")\(row)",
      "class \(answer["class"]?.text ?? ""), sensitivity \(answer["sensitivity"]?.text ?? "")",
    ]
    if !words("key").isEmpty {
      let isStored = answer["stores"] == .boolean(true)
      lines.append("key: \(words("key"))")
      if !words("ends").isEmpty { lines.append("ended early by: \(words("ends"))") }
      lines.append(
        isStored ? "a server's answer may be kept, if it allows that" : "no answer is kept")
    }
    if let age = answer["age_milliseconds"]?.number,
      let fresh = answer["fresh_milliseconds"]?.number
    {
      let state = fresh < 0 ? "stale for \(-fresh) ms" : "fresh for \(fresh) ms"
      lines.append("\(age) ms old, \(state), stored \(answer["stored"]?.text ?? "")")
    }
    return lines
  }
}

/// A field of a request.
struct RequestField: Sendable {
  let name: String
  let value: String
}

/// The word of a vocabulary that an option names.
private func word<Word: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> Word {
  if let word = Word(rawValue: text) { return word }
  let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
  throw ValidationError("`\(text)` is none of \(words)")
}
