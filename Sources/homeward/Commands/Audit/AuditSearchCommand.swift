internal import ArgumentParser
internal import Audit
internal import Base
internal import Edge
internal import Reactor

/// `homeward audit search`: which decisions concerned somebody or something, with their proofs.
struct AuditSearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Find decisions in an audit log.",
    discussion: """
      What is given must all hold. Decisions are compared with everything; outcomes are found by \
      --decision, --region, --from and --to alone, and with a decision that was carried out in \
      another --region than the one that was chosen. Patients and users are found with the \
      operator's key only (--unseal), in logs whose own key was not destroyed.

      The running edge keeps an index, and `audit index` makes one for a copy; entries behind it, \
      and those of a damaged part, are read. Each hit is read in the log and held against the \
      tree's hash of it. Who does not trust the index leaves it out (--no-index). The last lines \
      say how far the answer goes, log by log.

      Examples:
        homeward audit search deploy/run/audit --patient az100200 --unseal deploy/run/pseudonym.key
        homeward audit search deploy/run/audit --refusal forbidden --from 2026-11-01 --json

      Exit status: 0 done, whether something was found or not; 1 a log is damaged or could not be \
      asked with this key; 2 wrong usage.
      """)

  @Argument(help: ArgumentHelp("The log's folder.", valueName: "dir"))
  var directory: String

  @OptionGroup(title: "What to find") var filters: AuditSearchFilters

  @OptionGroup var printing: AuditPrinting

  @Flag(name: .long, help: "Add to each hit the proof that it is in the log.")
  var prove = false

  @Flag(name: .long, help: "Read the whole log instead of trusting the index.")
  var noIndex = false

  @Option(
    name: .long, help: ArgumentHelp("Stop after so many hits.", valueName: "count"))
  var limit: UInt64?

  /// Searches each log of the folder, oldest first.
  func run() throws {
    if limit == 0 { throw ValidationError("--limit is at least 1") }
    let query = try filters.query()
    if query.needsKeys, printing.unsealing.unseal == nil {
      throw ValidationError(
        "patients and users stand in the log under tokens only; give --unseal with the key of"
          + " `audit.pseudonym_key`")
    }
    try readingAudit {
      var answers: [AuditSearchAnswer] = []
      var left = limit ?? .max
      for folder in try AuditFolder.logs(in: directory) {
        // A control log tells of logs: no decision stands in it, and nobody to be sealed.
        if try folder.name()?.retention == LogName.control { continue }
        let answer = left == 0 ? .notAsked(folder.path) : try search(folder, query, &left)
        answers.append(answer)
        if !printing.json { StandardStream.output.write(answer.text) }
      }
      if printing.json {
        let list = answers.map(\.json).joined(separator: ",")
        StandardStream.output.write("{\"kind\":\"coverage\",\"logs\":[\(list)]}\n")
      }
      if answers.contains(where: \.isFault) { throw ExitCode(1) }
    }
  }

  private func search(
    _ folder: AuditFolder, _ query: SearchQuery, _ left: inout UInt64
  ) throws(AuditReadError) -> AuditSearchAnswer {
    guard !folder.isEmpty else { return .removed(folder.path) }
    var keys: LogKeys?
    do { keys = try printing.unsealing.keys(of: folder) } catch let error as AuditReadError {
      return .unopened(folder.path, error)
    } catch {
      return .unopened(folder.path, AuditReadError(path: folder.path, finding: "\(error)"))
    }
    let signed = try folder.checkpoint()?.value.size ?? 0
    let coverage = try AuditSearch.run(query, in: folder, keys: &keys, usesIndex: !noIndex) {
      hit throws(AuditReadError) in
      StandardStream.output.write(try text(hit, folder, signed: signed))
      left -= 1
      return left > 0
    }
    return coverage.map { .asked(folder.path, $0) } ?? .shredded(folder.path)
  }

  /// A hit as it is asked for.
  private func text(
    _ hit: AuditSearch.Hit, _ folder: AuditFolder, signed: UInt64
  ) throws(AuditReadError) -> String {
    let isSigned = hit.index < signed
    let proof = prove && isSigned ? try provenText(hit, folder) : nil
    if printing.json {
      let record = AuditText.json(hit.record, index: hit.index)
      let parts = [
        "\"log\":\(JSONValue.text(folder.path))", "\"signed\":\(isSigned)",
        proof.map { "\"proof\":\(JSONValue.text($0))" },
      ]
      // The record's own members follow: what reads `audit show --json` reads this.
      return "{\(parts.compactMap(\.self).joined(separator: ",")),\(record.dropFirst())\n"
    }
    let how =
      isSigned
      ? "    prove it: homeward audit prove \(folder.path) \(hit.index)\n"
      : "    not under a checkpoint yet: it can be proved in a second\n"
    return AuditText.readable(hit.record, index: hit.index) + (proof ?? how)
  }

  /// A hit's proof, which was checked against the log's own key.
  private func provenText(
    _ hit: AuditSearch.Hit, _ folder: AuditFolder
  ) throws(AuditReadError) -> String {
    guard let proof = try folder.proof(of: hit.index, entry: hit.entry),
      let key = try folder.publishedKey(), case .proved = proof.check(key: { _ in key })
    else {
      throw AuditReadError(
        path: folder.path,
        finding: "entry \(hit.index) cannot be proved; `homeward audit verify` says more")
    }
    return proof.text
  }
}

/// What is looked for.
struct AuditSearchFilters: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("A patient's id, as requests name it.", valueName: "id"))
  var patient: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Who asked: ISSUER|SUBJECT of a token, with the issuer's name in the configuration, or a"
        + " certificate's subject.", valueName: "subject"))
  var user: String?

  @Option(name: .long, help: ArgumentHelp("The user's organisation.", valueName: "name"))
  var tenant: String?

  @Option(
    name: .long, help: ArgumentHelp("A decision and its outcome.", valueName: "id"),
    transform: decisionID)
  var decision: AuditID?

  @Option(
    name: .long,
    help: ArgumentHelp("The region that was chosen, or that answered.", valueName: "name"))
  var region: String?

  @Option(name: .customLong("class"), help: ArgumentHelp("The data class.", valueName: "name"))
  var dataClass: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Refused requests: \(SearchQuery.Refusal.words.joined(separator: ", ")).",
      valueName: "kind"))
  var refusal: String?

  @Option(
    name: .long,
    help: ArgumentHelp("From then on: 2026-11-22 or 2026-11-22T08:00:00Z.", valueName: "time"),
    transform: auditTime)
  var from: WallTime?

  @Option(
    name: .long, help: ArgumentHelp("Before then.", valueName: "time"), transform: auditTime)
  var to: WallTime?

  /// What was asked for.
  func query() throws -> SearchQuery {
    for (name, value) in [
      ("patient", patient), ("user", user), ("tenant", tenant), ("region", region),
    ] where value?.isEmpty == true {
      throw ValidationError("--\(name) is empty")
    }
    var query = SearchQuery()
    (query.patient, query.user, query.tenant) = (patient, user, tenant)
    (query.decision, query.region, query.from, query.to) = (decision, region, from, to)
    if let dataClass {
      guard let known = DataClass(rawValue: dataClass) else {
        throw ValidationError(
          "`\(dataClass)` is no data class; it is one of "
            + DataClass.allCases.map(\.rawValue).joined(separator: ", "))
      }
      query.dataClass = known
    }
    if let refusal {
      guard let known = SearchQuery.Refusal(word: refusal) else {
        throw ValidationError(
          "`\(refusal)` is no refusal; it is one of "
            + SearchQuery.Refusal.words.joined(separator: ", "))
      }
      query.refusal = known
    }
    if let from, let to, from >= to { throw ValidationError("--from is not before --to") }
    if query.isOpen {
      throw ValidationError("say what to find; `homeward audit show` prints everything")
    }
    return query
  }
}

/// How far the answer of one log goes.
enum AuditSearchAnswer {
  case asked(String, AuditSearch.Coverage)
  /// Its keys were destroyed: no patient or user is found in it any more.
  case shredded(String)
  /// The operator's key is not the one of this log.
  case unopened(String, AuditReadError)
  /// Its entries are gone: its time was over.
  case removed(String)
  /// The limit was reached before it.
  case notAsked(String)

  /// Whether the answer lacks something for a reason that somebody can remove.
  var isFault: Bool {
    if case .unopened = self { return true }
    return false
  }

  /// A line or two for people.
  var text: String {
    switch self {
    case .asked(let path, let coverage): Self.text(path, coverage)
    case .shredded(let path):
      "\(path): not searched: its keys were destroyed, nobody can be found in it by name\n"
    case .removed(let path): "\(path): not searched: its entries are not there any more\n"
    case .unopened(let path, let error): "\(path): not searched: \(error.finding)\n"
    case .notAsked(let path): "\(path): not searched: the limit was reached before\n"
    }
  }

  private static func text(_ path: String, _ coverage: AuditSearch.Coverage) -> String {
    let until = coverage.endTime.map { " (\(AuditText.timestamp($0)))" } ?? ""
    let hits = coverage.hitCount == 1 ? "1 hit" : "\(coverage.hitCount) hits"
    let reach = coverage.isCutShort ? "stopped at the limit with entry" : "complete through entry"
    let last = coverage.endIndex > 0 ? "\(reach) \(coverage.endIndex - 1)\(until)" : "empty"
    var text =
      "\(path): \(hits); \(last): \(coverage.indexedCount) by the index,"
      + " \(coverage.scannedCount) read\n"
    if !coverage.damagedBlocks.isEmpty {
      text +=
        "    \(coverage.damagedBlocks.count) damaged parts of the index were read past;"
        + " `homeward audit index` makes them again\n"
    }
    return text
  }

  /// One object.
  var json: String {
    switch self {
    case .asked(let path, let coverage):
      """
      {"log":\(JSONValue.text(path)),"searched":true,"complete":\(!coverage.isCutShort),\
      "endIndex":\(coverage.endIndex),"endTime":\(endTime(coverage)),\
      "hits":\(coverage.hitCount),"indexed":\(coverage.indexedCount),\
      "read":\(coverage.scannedCount),"damagedBlocks":\(coverage.damagedBlocks.count)}
      """
    case .shredded(let path): Self.unsearched(path, "shredded")
    case .removed(let path): Self.unsearched(path, "removed")
    case .unopened(let path, _): Self.unsearched(path, "wrong-key")
    case .notAsked(let path): Self.unsearched(path, "limit")
    }
  }

  private func endTime(_ coverage: AuditSearch.Coverage) -> JSONValue {
    .optional(coverage.endTime.map { AuditText.timestamp($0) })
  }

  private static func unsearched(_ path: String, _ reason: String) -> String {
    "{\"log\":\(JSONValue.text(path)),\"searched\":false,\"reason\":\"\(reason)\"}"
  }
}
