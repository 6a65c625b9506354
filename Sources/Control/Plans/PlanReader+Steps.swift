internal import Base
internal import StrictYAML

/// What a step of a file does; `move` stands for all steps of a move of write authority.
private enum StepWord: String, CaseIterable {
  case move, drain, evacuate
  case holdOut = "hold-out"
  case prefer
  case forceIn = "force-in"
  case freeze, release, ramp, wait, hook
}

extension PlanReader {
  /// `steps`, or the move alone.
  func steps(_ move: PlanMove?, _ ramp: Ramp, _ hooks: [String: ServerHooks]) -> [PlanStep] {
    let usualTimeout = reader.durationMilliseconds(
      "step_timeout", in: 100...3_600_000, default: 30_000)
    let moving = (move?.domains ?? []).flatMap { domain in
      PlanStep.moving(
        domain, hooks: move.flatMap { hooks[$0.from] }, timeoutMilliseconds: usualTimeout)
    }
    guard reader.contains("steps") else { return moving }
    let items = reader.mappings("steps", "a step")
    let steps = items.flatMap { step($0, moving, ramp, usualTimeout) }
    let hasMove = steps.contains { if case .promote = $0.work { true } else { false } }
    if move != nil, !hasMove, !diagnostics.hasErrors {
      diagnostics.error(
        .combination, at: reader.mark(of: "steps"),
        "`from` and `to` have no effect: no step says `do: move`")
    }
    return steps
  }

  private func step(
    _ item: MappingReader, _ moving: [PlanStep], _ ramp: Ramp, _ usualTimeout: Int
  ) -> [PlanStep] {
    defer { item.finish() }
    let word = item.enumeration("do", of: StepWord.self)
    let onFail = item.enumeration("on_fail", of: StepFailure.self, default: .pause)
    let timeout = item.durationMilliseconds("timeout", in: 100...86_400_000, default: usualTimeout)
    switch word {
    case .move:
      if moving.isEmpty, !diagnostics.hasErrors {
        diagnostics.error(
          .combination, at: item.mark(of: "do"), "a move needs `domains`, `from` and `to`")
      }
      return moving
    case .wait:
      let pause = item.durationMilliseconds("for", in: 0...86_400_000)
      return [
        PlanStep(
          .wait(milliseconds: pause), timeoutMilliseconds: max(timeout, pause + 30_000),
          onFail: onFail)
      ]
    case .hook:
      guard let section = item.optionalMapping("run", "`run`"), let hook = Self.hook(section)
      else {
        if !item.contains("run") {
          diagnostics.error(.hook, at: item.mark, "a hook needs `run: { command: [...] }`")
        }
        return []
      }
      let undo = item.optionalMapping("undo", "`undo`").flatMap { Self.hook($0) }
      return [
        PlanStep(.hook(hook), timeoutMilliseconds: timeout, onFail: onFail, undo: undo)
      ]
    case .ramp: return scope(item).map { PlanStep.returning($0, ramp) } ?? []
    case .release:
      return scope(item).map {
        [PlanStep(.release($0), timeoutMilliseconds: timeout, onFail: onFail)]
      } ?? []
    case .drain, .evacuate, .holdOut, .prefer, .forceIn, .freeze:
      let time = item.durationMilliseconds(
        "for", in: 1_000...Limits.overrideMillisecondsMax, default: 3_600_000)
      guard let scope = scope(item), let kind = OverrideKind(rawValue: word.rawValue) else {
        return []
      }
      return [
        PlanStep(
          .order(kind, scope, milliseconds: time), timeoutMilliseconds: timeout, onFail: onFail)
      ]
    }
  }

  /// `region` with `tier` or `endpoint`.
  private func scope(_ item: MappingReader) -> OverrideScope? {
    let region = item.planName("region")
    if item.contains("endpoint") {
      if item.contains("tier") {
        diagnostics.error(
          .combination, at: item.mark(of: "tier"), "`tier` and `endpoint` exclude each other")
        _ = item.node("tier")
      }
      return OverrideScope(region, endpoint: item.planName("endpoint"))
    }
    return OverrideScope(
      region, item.enumeration("tier", of: OverrideTiers.self, default: .all))
  }

  /// A hook; nil after a complaint.
  static func hook(_ item: MappingReader) -> Hook? {
    defer { item.finish() }
    let diagnostics = item.diagnostics
    let timeout = item.durationMilliseconds("timeout", in: 100...3_600_000, default: 10_000)
    let kinds = ["http", "command", "manual"].filter { item.contains($0) }
    guard kinds.count == 1 else {
      for kind in kinds { _ = item.node(kind) }
      diagnostics.error(
        .hook, at: item.mark, "\(item.what) is one of `http: URL`, `command: [...]`, `manual: text`"
      )
      return nil
    }
    switch kinds[0] {
    case "http":
      let method = item.string("method", default: "POST")
      let body = item.string("body", default: "")
      Self.checkPlaceholders(body, item.mark(of: "body"), diagnostics)
      guard let scalar = item.scalar("http"),
        let (address, target) = Self.url(scalar, diagnostics)
      else { return nil }
      return Hook(
        .http(address: address, target: target, method: method, body: body),
        timeoutMilliseconds: timeout)
    case "command":
      let words = item.list("command").compactMap { node -> String? in
        guard case .scalar(let scalar) = node else { return nil }
        Self.checkPlaceholders(scalar.text, scalar.mark, diagnostics)
        return scalar.text
      }
      guard let program = words.first, program.hasPrefix("/") else {
        diagnostics.error(
          .hook, at: item.mark(of: "command"),
          "`command` is a program's whole path and its arguments, such as `[/usr/bin/true]`")
        return nil
      }
      return Hook(.command(words), timeoutMilliseconds: timeout)
    default:
      return Hook(.manual(item.string("manual")), timeoutMilliseconds: timeout)
    }
  }

  /// Words between braces that a hook is told.
  static let placeholders = ["domain", "endpoint", "epoch", "position", "plan", "run"]

  private static func checkPlaceholders(
    _ text: String, _ mark: Mark, _ diagnostics: Diagnostics
  ) {
    for part in text.split(separator: "{", omittingEmptySubsequences: false).dropFirst() {
      let word = part.prefix { $0.isLetter }
      guard !word.isEmpty, part.dropFirst(word.count).first == "}",
        !placeholders.contains(String(word))
      else { continue }
      diagnostics.error(
        .placeholder, at: mark,
        "no hook is told `{\(word)}`; there are \(placeholders.joined(separator: ", "))",
        suggestion: Spelling.nearest(to: String(word), among: placeholders))
    }
  }

  /// `http://127.0.0.1:9101/role` as address and target; nil after a complaint.
  ///
  /// Only this machine, since what it says is believed and nothing proves who says it: anything
  /// else is asked by a command that checks certificates, such as `curl`.
  private static func url(
    _ scalar: Node.Scalar, _ diagnostics: Diagnostics
  ) -> (String, String)? {
    let prefix = "http://"
    let rest = scalar.text.dropFirst(prefix.count)
    let address = String(rest.prefix { $0 != "/" })
    let target = String(rest.dropFirst(address.utf8.count))
    let isLoopback = address.hasPrefix("127.") || address.hasPrefix("[::1]:")
    let port = address.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
    let isPlain = target.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    guard scalar.text.hasPrefix(prefix), isLoopback, port > 0, isPlain else {
      diagnostics.error(
        .address, at: scalar.mark,
        "`http` is for this machine, such as `http://127.0.0.1:9101/role`; use `command` with"
          + " curl for others")
      return nil
    }
    return (address, target.isEmpty ? "/" : target)
  }
}
