internal import Base
internal import Native
internal import Policy
public import StrictYAML

extension FailoverPlan {
  /// What stands before a plan's text to make it the plan's way back.
  private static let backMark = "# the way back of the plan below\n"

  /// The bytes by which the way back of a plan's file is known, approved and kept.
  public static func back(_ bytes: [UInt8]) -> [UInt8] { Array(backMark.utf8) + bytes }

  /// Reads a plan's file; nil after errors, all of which are told in one pass.
  public static func load(_ bytes: [UInt8], file: String) -> (FailoverPlan?, [Diagnostic]) {
    guard bytes.count <= Limits.planByteCountMax,
      let text = String(validating: bytes, as: UTF8.self)
    else {
      let diagnostics = Diagnostics(file: file, text: "")
      diagnostics.error(
        .count, at: .start, "a plan is at most \(Limits.planByteCountMax) bytes of UTF-8")
      return (nil, diagnostics.sorted())
    }
    let diagnostics = Diagnostics(file: file, text: text)
    let reader = PlanReader(MappingReader(Document.parse(diagnostics), "the plan", diagnostics))
    let plan = reader.plan(hash: "\(SHA256.hash(bytes))")
    guard !diagnostics.hasErrors else { return (nil, diagnostics.sorted()) }
    return (text.hasPrefix(backMark) ? plan.reversed(plan.name) : plan, diagnostics.sorted())
  }
}

/// Reads one plan; see `MappingReader`.
struct PlanReader {
  let reader: MappingReader
  var diagnostics: Diagnostics { reader.diagnostics }

  init(_ reader: MappingReader) { self.reader = reader }

  /// The plan; a placeholder after errors.
  func plan(hash: String) -> FailoverPlan {
    let id = reader.planName("plan")
    let version = reader.integer("version", in: 1...1_000_000, default: 1)
    let say = reader.string("say")
    let mode = reader.enumeration("mode", of: PlanMode.self, default: .graceful)
    let move = move()
    let ramp = ramp()
    let hooks = hooks()
    let steps = [PlanStep(.check)] + steps(move, ramp, hooks)
    let approvals = reader.optionalMapping("approvals", "`approvals`")
    let count = approvals?.integer("required", in: 0...9, default: 1) ?? 0
    let roles = approvals?.strings("roles", isRequired: false) ?? []
    for case .scalar(let role) in approvals?.list("roles", isRequired: false) ?? [] {
      _ = diagnostics.planName(role, "roles")
    }
    approvals?.finish()
    let plan = FailoverPlan(
      name: PlanName(id: id, version: version, hash: hash), say: say, mode: mode, move: move,
      rtoMilliseconds: reader.contains("rto_target")
        ? reader.durationMilliseconds("rto_target", in: 1...86_400_000) : nil,
      rpoMilliseconds: reader.durationMilliseconds("rpo_target", in: 0...86_400_000, default: 0),
      approvalCount: count, roles: roles, expires: time("expires", reader),
      prechecks: reader.mappings("prechecks", "a precheck", isRequired: false)
        .compactMap { Self.hook($0) },
      steps: steps, alarms: alarms(), ramp: ramp, hooks: hooks, capacities: capacities(),
      blocked: windows(),
      timeoutMilliseconds: reader.durationMilliseconds(
        "timeout", in: 1_000...86_400_000, default: 3_600_000), isBack: false)
    reader.finish()
    check(plan)
    return plan
  }

  /// What no key alone can get wrong.
  private func check(_ plan: FailoverPlan) {
    if plan.steps.count > Limits.planStepCountMax {
      diagnostics.error(
        .count, at: reader.mark,
        "a plan has at most \(Limits.planStepCountMax) steps, not \(plan.steps.count)")
    }
    if plan.steps.count == 1, !diagnostics.hasErrors {
      diagnostics.error(
        .combination, at: reader.mark,
        "this plan does nothing; give it `domains`, `from` and `to`, or `steps`")
    }
    guard let move = plan.move, !diagnostics.hasErrors else { return }
    if move.from == move.to {
      diagnostics.error(
        .combination, at: reader.mark(of: "to"), "`from` and `to` are the same server")
    }
    let needed: [(String, String, Hook?)] = [
      (move.from, "fence", plan.hooks[move.from]?.fence),
      (move.to, "promote", plan.hooks[move.to]?.promote),
    ]
    for (server, word, hook) in needed where hook == nil {
      diagnostics.error(
        .missingHook, at: reader.mark(of: "hooks"),
        "`hooks` must say how to \(word) `\(server)`: `\(server): { \(word): { http: ... } }`,"
          + " `command: [...]` or `manual: ...`")
    }
  }

  /// `domains`, `from` and `to`: all of them or none.
  private func move() -> PlanMove? {
    let keys = ["domains", "from", "to"].filter { reader.contains($0) }
    let domains = reader.strings("domains", isRequired: !keys.isEmpty)
    guard !keys.isEmpty else { return nil }
    for node in reader.list("domains") {
      if case .scalar(let scalar) = node { _ = diagnostics.planName(scalar, "domains") }
    }
    if domains.isEmpty {
      diagnostics.error(
        .count, at: reader.mark(of: "domains"), "`domains` needs at least one home region")
    }
    return PlanMove(
      domains: domains, from: reader.planName("from"), to: reader.planName("to"))
  }

  /// `ramp`, with its defaults.
  private func ramp() -> Ramp {
    guard let section = reader.optionalMapping("ramp", "`ramp`") else { return Ramp() }
    let usual = Ramp()
    var percents: [Int] = []
    for node in section.list("percents", isRequired: false) {
      guard case .scalar(let scalar) = node else { continue }
      if let percent = diagnostics.integer(scalar, "percents", in: 1...100) {
        percents.append(percent)
      }
    }
    let isGiven = section.contains("percents")
    if isGiven, percents.last != 100 || zip(percents, percents.dropFirst()).contains(where: >=) {
      diagnostics.error(
        .ramp, at: section.mark(of: "percents"), "`percents` rise, and end with 100")
    }
    let pause = section.durationMilliseconds(
      "every", in: 0...3_600_000, default: usual.pauseMilliseconds)
    section.finish()
    return Ramp(percents: isGiven ? percents : usual.percents, pauseMilliseconds: pause)
  }

  /// `hooks`, by server.
  private func hooks() -> [String: ServerHooks] {
    var hooks: [String: ServerHooks] = [:]
    for (name, section) in reader.namedMappings("hooks", "the hooks of", isRequired: false) {
      _ = diagnostics.planName(name, "hooks")
      func hook(_ key: String) -> Hook? {
        section.optionalMapping(key, "`\(key)`").flatMap { Self.hook($0) }
      }
      hooks[name.text] = ServerHooks(
        fence: hook("fence"), unfence: hook("unfence"), promote: hook("promote"),
        retire: hook("retire"))
      section.finish()
    }
    return hooks
  }

  /// `abort_conditions`.
  private func alarms() -> [PlanAlarm] {
    reader.mappings("abort_conditions", "an abort condition", isRequired: false)
      .compactMap { item in
        defer { item.finish() }
        let kinds = ["down", "lagging", "file"].filter { item.contains($0) }
        guard kinds.count == 1 else {
          diagnostics.error(
            .combination, at: item.mark, "an abort condition is one of `down`, `lagging`, `file`")
          return nil
        }
        switch kinds[0] {
        case "down": return .down(server: item.planName("down"))
        case "lagging":
          return .lagging(
            server: item.planName("lagging"),
            milliseconds: item.durationMilliseconds("above", in: 1...86_400_000))
        default: return .file(item.string("file"))
        }
      }
  }

  /// `capacity`, requests a second by region.
  private func capacities() -> [String: Int] {
    var capacities: [String: Int] = [:]
    for (name, value) in reader.namedNodes("capacity", isRequired: false) {
      guard case .scalar(let scalar) = value else {
        diagnostics.error(.count, at: value.mark, "`capacity` is requests a second by region")
        continue
      }
      capacities[name.text] = diagnostics.integer(scalar, name.text, in: 0...100_000_000)
    }
    return capacities
  }

  /// `blocked`, when no drill begins.
  private func windows() -> [BlockedWindow] {
    reader.mappings("blocked", "a blocked window", isRequired: false).compactMap { item in
      defer { item.finish() }
      guard let from = time("from", item), let until = time("until", item) else { return nil }
      if until <= from {
        diagnostics.error(.time, at: item.mark(of: "until"), "`until` must be after `from`")
      }
      return BlockedWindow(from: from, until: until)
    }
  }

  private func time(_ key: String, _ reader: MappingReader) -> WallTime? {
    guard let scalar = reader.scalar(key, isRequired: false) else { return nil }
    if let time = parseTimestamp(scalar.text) { return time }
    diagnostics.error(
      .time, at: scalar.mark,
      "`\(key)` must be a time such as `2026-11-30T06:00:00Z`, not `\(scalar.text)`")
    return nil
  }
}

extension MappingReader {
  /// A name: up to 64 letters, digits, `-`, `_` and `.`.
  func planName(_ key: String) -> String {
    scalar(key).flatMap { diagnostics.planName($0, key) } ?? ""
  }
}

extension Diagnostics {
  /// A name: up to 64 letters, digits, `-`, `_` and `.`; nil after a complaint.
  func planName(_ scalar: Node.Scalar, _ key: String) -> String? {
    guard let text = string(scalar, key) else { return nil }
    let isName =
      (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        switch $0 {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
      }
    if isName { return text }
    error(
      .name, at: scalar.mark,
      "`\(key)` is 1 to 64 letters, digits, `-`, `_` or `.`, not `\(text)`")
    return nil
  }
}
