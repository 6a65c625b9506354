internal import ArgumentParser
internal import Base
internal import Control
internal import Policy
internal import Reactor

/// Who acts, why, and how: what every act has.
struct RegionActOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("The edge's configuration file.", valueName: "file"))
  var config: String

  @Option(name: .long, help: ArgumentHelp("Who acts; stands in the record.", valueName: "name"))
  var author: String

  @Option(
    name: .long,
    help: ArgumentHelp("Why; stands in the record. No patient's data.", valueName: "text"))
  var reason: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Act only if `status` shows this revision still.", valueName: "number"))
  var ifRevision: Int?

  @Flag(name: .long, help: "Change nothing; say what would change and which rules hold.")
  var dryRun = false

  @Flag(name: .long, help: "Print the result as JSON.")
  var json = false

  /// How often an act is judged again because another one came first.
  private static let attemptCountMax = 5

  /// Judges what `makeDeed` wants and does it, or says why not; ends with 1 then.
  func act(
    ticket: String = "", _ makeDeed: (OperatorState) throws -> OperatorDeed
  ) throws {
    let settings = try RegionSettings.required(config)
    let store = FileControlStore(settings.folder, SystemStorage())
    do {
      for _ in 0..<Self.attemptCountMax {
        let now = Clock.wall()
        let stored = try store.read()
        if let warning = stored.warning {
          StandardStream.error.write("homeward: warning: \(warning)\n")
        }
        let before = stored.books.state.settled(at: now)
        let act = OperatorAct(
          try makeDeed(before), Warrant(author: author, reason: reason, ticket: ticket),
          expected: ifRevision)
        let safety = Safety(
          settings.world(settings.report(at: now), before, settings.policy.serviceRows()))
        if dryRun {
          let preview = RegionPreview(act, before, safety, settings, at: now)
          StandardStream.output.write(json ? "\(preview.json)\n" : preview.text)
          if !preview.isAllowed { throw ExitCode(1) }
          return
        }
        let after = try safety.judge(act, on: before, at: now)
        guard try store.append(act, at: now, to: stored) != nil else { continue }
        return report(after, before)
      }
      throw StateFault.busy(path: settings.folder.directory)
    } catch let refusal as OperatorRefusal {
      try fail("\(refusal)", refusal.code)
    } catch let fault as StateFault {
      try fail("\(fault); `homeward region status` tells what is in force", fault.code)
    }
  }

  /// Says what is new.
  private func report(_ after: OperatorState, _ before: OperatorState) {
    let begun = after.overrides.filter { !before.overrides.contains($0) }
    let ended = before.overrides.filter { !after.overrides.contains($0) }
    let moved = after.authorities.filter { !before.authorities.contains($0) }
    if json {
      let result = JSONValue.object([
        ("ok", .boolean(true)), ("revision", .number(after.revision)),
        ("begun", .list(begun.map(\.json))), ("ended", .list(ended.map(\.json))),
        ("authorities", .list(moved.map(\.json))),
      ])
      StandardStream.output.write("\(result)\n")
      return
    }
    let waivers = after.waivers.filter { !before.waivers.contains($0) }.map { waiver in
      "\(waiver.id): \(waiver.words) "
        + (waiver.second.map { "set aside until \(waiver.until.text), agreed by \($0)" }
          ?? "wait for a second person: homeward region agree \(waiver.id)")
    }
    let lines =
      waivers + begun.map { "\($0.id): \($0.kind.rawValue) \($0.scope) \($0.end)" }
      + ended.map { "\($0.id): \($0.kind.rawValue) \($0.scope) is over" }
      + moved.map(\.words)
    StandardStream.output.write(
      lines.map { $0 + "\n" }.joined()
        + "revision \(after.revision); in force on a running edge within 50 ms\n")
  }

  /// Says why nothing was done.
  private func fail(_ message: String, _ code: String) throws -> Never {
    if json {
      let result = JSONValue.object([
        ("ok", .boolean(false)), ("code", .text(code)), ("message", .text(message)),
      ])
      StandardStream.output.write("\(result)\n")
    } else {
      StandardStream.error.write("homeward: \(message) [\(code)]\n")
    }
    throw ExitCode(1)
  }
}

/// What every new order has.
struct RegionOrderOptions: ParsableArguments {
  @OptionGroup var act: RegionActOptions

  @Argument(help: "The region's name.")
  var region: String

  @Option(name: .long, help: ArgumentHelp("The ticket of the change.", valueName: "id"))
  var ticket: String

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      "How long: seconds, minutes, hours or days, such as 90s, 30m, 4h; seven days at most.",
      valueName: "time"),
    transform: { text in
      guard let milliseconds = RegionOrderOptions.milliseconds(text) else {
        throw ValidationError("`\(text)` is no time such as 90s, 30m, 4h or 2d")
      }
      return milliseconds
    })
  var duration: UInt64

  @Option(
    name: .long,
    help: ArgumentHelp("Which of its servers: all, replica or primary.", valueName: "tier"),
    transform: { text in
      guard let tiers = OverrideTiers(rawValue: text) else {
        throw ValidationError("`\(text)` is none of all, replica, primary")
      }
      return tiers
    })
  var tier: OverrideTiers = .all

  @Option(name: .long, help: ArgumentHelp("One of its servers only.", valueName: "name"))
  var endpoint: String?

  /// One way to narrow an order.
  func validate() throws {
    if endpoint != nil, tier != .all {
      throw ValidationError("--tier and --endpoint exclude each other")
    }
  }

  /// Gives the order.
  func give(_ kind: OverrideKind) throws {
    try act.act(ticket: ticket) { state in
      let until = max(Clock.wall(), state.time).microseconds + duration * 1_000
      return .order(
        kind,
        endpoint.map { OverrideScope(region, endpoint: $0) } ?? OverrideScope(region, tier),
        until: WallTime(microseconds: until))
    }
  }

  /// Reads `90s`, `30m`, `4h` or `2d`; nil for anything else, and for what is too long.
  static func milliseconds(_ text: String) -> UInt64? {
    let units: [Character: UInt64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    guard let unit = text.last.flatMap({ units[$0] }), (2...8).contains(text.utf8.count),
      text.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = UInt64(text.dropLast()), number > 0
    else { return nil }
    return number * unit * 1_000
  }
}

extension Override {
  /// `until 2026-…`, or until when else.
  var end: String { until.map { "until \($0.text)" } ?? "until it is released" }

  /// The order for programs.
  var json: JSONValue {
    .object([
      ("id", .text(id)), ("kind", .text(kind.rawValue)), ("region", .text(scope.region)),
      ("tier", .text(scope.tiers.rawValue)), ("endpoint", .optional(scope.endpoint)),
      ("author", .text(warrant.author)),
      ("reason", .text(warrant.reason)), ("ticket", .text(warrant.ticket)),
      ("since", .text(since.text)), ("until", .optional(until?.text)),
    ])
  }
}
