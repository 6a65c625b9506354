internal import ArgumentParser
internal import Base
internal import Identity
internal import Reactor

/// `homeward facts token`: what a token proves, or why nothing.
struct FactsTokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Print what a bearer token proves to the edge, or why it proves nothing.",
    discussion: """
      For officers and support. The token is verified with the configuration's issuers, keys and \
      revocations, at this moment; it is never printed. Give `-` to read it from standard input, \
      so that it stands in no history and no list of processes.

      Example:
        homeward facts token - --config deploy/homeward.yaml < token.txt

      Exit status: 0 the token proves who asks, 1 it does not, 2 wrong usage or configuration.
      """)

  @Argument(help: ArgumentHelp("The token, or `-` for standard input.", valueName: "token"))
  var token: String

  @Option(name: .long, help: ArgumentHelp("The configuration file.", valueName: "file"))
  var config: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The key set of issuers that publish theirs at a URL, as you fetched it.", valueName: "file"))
  var keys: String?

  @Flag(name: .long, help: "Print the facts as JSON.")
  var json = false

  @Flag(name: .long, help: "Measure what verifying costs, and looking up what was verified.")
  var measure = false

  /// Verifies, prints, and exits with 1 when the edge would refuse the token.
  func run() throws {
    let load = ConfigurationLoad.load(config)
    let complaints = load.diagnostics.map { "\($0)\n" }.joined()
    if !complaints.isEmpty { StandardStream.error.write(complaints) }
    guard let configuration = load.configuration else { throw ExitCode(2) }
    guard let identity = configuration.identity, !identity.rules.issuers.isEmpty else {
      throw ValidationError("`\(config)` names no issuer of tokens; add `identity`")
    }
    let verifier = try verifier(identity.rules)
    do throws(TokenFault) {
      let now = Clock.wall()
      let token = bytes()
      let subject = try verifier.verify(token, at: now)
      write(rows(subject, at: now) + (measure ? costs(token, verifier, subject, at: now) : []))
    } catch {
      write([("valid", "no"), ("reason", error.rawValue), ("meaning", "\(error.sentence)")])
      throw ExitCode(1)
    }
  }

  /// The token without white space around it; one that cannot be read is malformed.
  private func bytes() -> [UInt8] {
    var text = Array(token.utf8)
    if token == "-" {
      text = (try? FileSystem.read("/dev/stdin", byteCountMax: 1 << 20)) ?? []
    }
    let isSpace: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    while let last = text.last, isSpace(last) { text.removeLast() }
    return Array(text.drop(while: isSpace))
  }

  /// The time of one verification and of one look-up, each the mean of many.
  private func costs(
    _ token: [UInt8], _ verifier: TokenVerifier, _ subject: Subject, at now: WallTime
  ) -> [(String, String)] {
    let (verifyCount, lookupCount) = (200, 500_000)
    var start = Clock.monotonic()
    var provenCount = 0
    for _ in 0..<verifyCount where (try? verifier.verify(token, at: now)) != nil {
      provenCount += 1
    }
    let verifying = Clock.monotonic().nanoseconds - start.nanoseconds
    var cache = TokenCache()
    var foundCount = 0
    unsafe token.withUnsafeBytes { bytes in
      cache.insert(subject, for: token)
      start = Clock.monotonic()
      for _ in 0..<lookupCount {
        if unsafe cache.subject(of: bytes, at: now) != nil { foundCount += 1 }
      }
    }
    var recent = RecentToken()
    let lookingEnd = Clock.monotonic()
    unsafe token.withUnsafeBytes { bytes in
      unsafe recent.remember(subject, for: bytes, epoch: 0)
      for _ in 0..<lookupCount where unsafe recent.subject(of: bytes, epoch: 0, at: now) != nil {
        foundCount += 1
      }
    }
    let comparing = Clock.monotonic().nanoseconds - lookingEnd.nanoseconds
    let looking = lookingEnd.nanoseconds - start.nanoseconds
    precondition(provenCount == verifyCount && foundCount == 2 * lookupCount, "a proof was lost")
    return [
      ("token", "\(token.count) bytes"),
      ("verification", "\(verifying / UInt64(verifyCount)) ns"),
      ("look-up", "\(looking / UInt64(lookupCount)) ns"),
      ("again on its connection", "\(comparing / UInt64(lookupCount)) ns"),
    ]
  }

  /// The verifier of a configuration whose files were checked.
  private func verifier(_ rules: IdentityRules) throws -> TokenVerifier {
    if keys == nil, let issuer = rules.issuers.first(where: { $0.keyEndpoint != nil }) {
      StandardStream.error.write(
        "homeward: the edge fetches the keys of `\(issuer.name)`; this command does not. Fetch"
          + " them and name the file with `--keys`\n")
    }
    let keySets: [KeySet?] = try rules.issuers.map { issuer in
      guard let path = issuer.keyEndpoint == nil ? issuer.keysPath : keys else { return nil }
      return try KeySet(
        FileSystem.read(path, byteCountMax: IdentityLimits.keySetByteCountMax))
    }
    let revocations = try rules.revocationsPath.map { path in
      try Revocations(
        FileSystem.read(path, byteCountMax: IdentityLimits.revocationsByteCountMax))
    }
    return TokenVerifier(
      rules: rules, keySets: keySets, revocations: revocations ?? Revocations())
  }

  /// What is known of a subject, as policies name it.
  private func rows(_ subject: Subject, at now: WallTime) -> [(String, String)] {
    let facts = subject.facts
    let purposes = facts.purposes.map(\.rawValue).joined(separator: " ")
    var rows = [
      ("valid", "yes"), ("record", String(decoding: subject.recordName, as: UTF8.self)),
      ("role", facts.role.rawValue), ("tenant", facts.tenant ?? "unknown"),
      ("purposes", purposes.isEmpty ? "unknown" : purposes),
      ("assurance", facts.assurance.rawValue), ("device", facts.device.rawValue),
      ("may break the glass", mayBreakGlass(facts)),
      ("launch patient", facts.launchPatient == nil ? "none" : "one"),
      ("scopes", scopes(facts)),
    ]
    if let age = facts.authenticationAgeSeconds(at: now) {
      rows.append(("authentication age", "\(age) s"))
    }
    let left = (subject.expiresAt.microseconds - now.microseconds) / 1_000_000
    rows.append(("good for", "\(left) s"))
    return rows
  }

  private func mayBreakGlass(_ facts: SubjectFacts) -> String {
    switch BreakGlass.judge(facts, asked: .breakTheGlass, hasReason: true) {
    case .broken: "yes, with a reason"
    case .needsStepUp: "no: two factors are needed"
    default: "no: the token was not given for BTG"
    }
  }

  private func scopes(_ facts: SubjectFacts) -> String {
    guard let scopes = facts.scopes else { return "unknown: the token has none" }
    let words = scopes.words
    return words.isEmpty ? "none that covers data" : words.joined(separator: " ")
  }

  /// Prints names and values.
  private func write(_ rows: [(String, String)]) {
    if json {
      let members = rows.map { ($0.0.replacing(" ", with: "_"), JSONValue.text($0.1)) }
      StandardStream.output.write("\(JSONValue.object(members))\n")
    } else {
      let lines = Table(rows: rows.map { [$0.0, $0.1] }).lines
      StandardStream.output.write(lines.joined(separator: "\n") + "\n")
    }
  }
}
