internal import Base
public import Control

/// What operators ask for: judged on the newest state, written down, whoever else acts at the same
/// time. The same for a running edge and for a command that works on its folder: both say where
/// acts are kept, what is configured, and what was last seen.
public struct OperatorActs {
  private let store: (any ControlStore)?
  let outline: () -> RegionOutline
  let report: (AdminCall) -> RegionReport?

  /// How often an act is judged again because another one came first.
  private static let attemptCountMax = 5

  /// For acts kept in `store`; nil: nobody can do any.
  public init(
    store: (any ControlStore)?, outline: @escaping () -> RegionOutline,
    report: @escaping (AdminCall) -> RegionReport?
  ) {
    self.store = store
    self.outline = outline
    self.report = report
  }

  /// What every act answers: what it changed.
  private static let done = Schema.object([
    .init("ok", .boolean),
    .init("revision", .integer, "counts changes; the ETag is the same number"),
    .init("begun", .list(.named("Order")), "orders that begin"),
    .init("ended", .list(.named("Order")), "orders that end"),
    .init("waivers", .list(.named("Waiver")), "those that were asked for or agreed to"),
    .init("authorities", .list(.named("Authority")), "records that changed"),
  ])

  /// The same, or what it would change.
  static let outcomes: [AdminRoute.Outcome] = [
    .init(201, "it holds", .named("Done")),
    .init(200, "it holds, or what it would do", .either(.named("Done"), .named("Preview"))),
  ]

  /// The documents that acts refer to by name.
  static let components: [(String, Schema)] = [("Done", done), ("Preview", RegionPreview.schema)]

  /// Why an act is not done.
  static let refusals: [UInt16: String] = [
    404: "there is nothing of this name",
    409: "refused by a safety rule, by another order, by the state of things, or because nobody"
      + " can act here",
    412: "the revision has changed since the caller looked",
    422: "the act contradicts itself or names what is not there",
  ]

  /// What is ordered, and what is wrong with the store.
  func state(at time: WallTime) throws(Problem) -> (OperatorState, String?) {
    guard let store else { return (OperatorState(), nil) }
    do throws(StateFault) {
      let stored = try store.read()
      return (stored.books.state.settled(at: time), stored.warning.map { "\($0)" })
    } catch {
      throw Problem(error)
    }
  }

  /// Judges what `makeDeed` wants and does it, or says what it would do, or why it is not done.
  func act(
    _ call: AdminCall, reason: String? = nil,
    _ makeDeed: (OperatorState) throws(Problem) -> OperatorDeed
  ) throws(Problem) -> AdminAnswer {
    let expected = try call.expectedRevision()
    let outline = self.outline()
    let warrant = Warrant(
      author: call.caller.name, reason: reason ?? call.text("reason"), ticket: call.text("ticket"))
    var preview: AdminAnswer?
    let states = try settle(call.time) {
      (before) throws(Problem) -> (OperatorAct, OperatorState)? in
      let safety = Safety(outline.world(report(call), before, outline.rows))
      let act = OperatorAct(try makeDeed(before), warrant, expected: expected)
      if call.isDryRun {
        preview = .json(
          RegionPreview(act, before, safety, outline, at: call.time).json,
          revision: before.revision)
        return nil
      }
      do throws(OperatorRefusal) {
        return (act, try safety.judge(act, on: before, at: call.time))
      } catch { throw Problem(error) }
    }
    if let preview { return preview }
    guard let (before, after) = states else { preconditionFailure("an act is done or tried") }
    return Self.answer(before, after)
  }

  /// Does an act that no rule about regions judges; the state after it.
  func act(_ call: AdminCall, plan deed: PlanDeed) throws(Problem) -> OperatorState {
    let act = OperatorAct(
      .plan(deed),
      Warrant(
        author: call.caller.name, reason: call.text("reason"), ticket: call.text("ticket")))
    let states = try settle(call.time) {
      (before) throws(Problem) -> (OperatorAct, OperatorState)? in
      do throws(OperatorRefusal) {
        return (act, try before.applying(act, at: call.time))
      } catch { throw Problem(error) }
    }
    guard let states else { preconditionFailure("an act is done or refused") }
    return states.1
  }

  /// Writes down what `judge` makes of the newest state, again when another act came first; the
  /// states before and after it, or nil when nothing is to be done.
  private func settle(
    _ time: WallTime,
    _ judge: (OperatorState) throws(Problem) -> (OperatorAct, OperatorState)?
  ) throws(Problem) -> (OperatorState, OperatorState)? {
    guard let store else { throw .noOperators }
    for _ in 0..<Self.attemptCountMax {
      let stored: StoredBooks
      do throws(StateFault) { stored = try store.read() } catch { throw Problem(error) }
      let before = stored.books.state.settled(at: time)
      guard let (act, after) = try judge(before) else { return nil }
      do throws(StateFault) {
        if try store.append(act, at: time, to: stored) != nil { return (before, after) }
      } catch {
        throw Problem(error)
      }
    }
    throw Problem(
      503, "busy", "others act at the same time; look what they did, and try again",
      retryAfterSeconds: 1)
  }

  private static func answer(_ before: OperatorState, _ after: OperatorState) -> AdminAnswer {
    let begun = after.overrides.filter { !before.overrides.contains($0) }
    let ended = before.overrides.filter { !after.overrides.contains($0) }
    let waivers = after.waivers.filter { !before.waivers.contains($0) }
    let moved = after.authorities.filter { !before.authorities.contains($0) }
    let isNew = !begun.isEmpty || waivers.contains { $0.second == nil }
    return .json(
      .object([
        ("ok", .boolean(true)), ("revision", .number(after.revision)),
        ("begun", .list(begun.map(\.json))), ("ended", .list(ended.map(\.json))),
        ("waivers", .list(waivers.map(\.json))), ("authorities", .list(moved.map(\.json))),
      ]), status: isNew ? 201 : 200, revision: after.revision)
  }
}

extension AdminCall {
  /// The number behind `prefix` at the place `{id}`, such as 7 in `O-7`.
  func number(_ prefix: String, _ what: String) throws(Problem) -> Int {
    let id = place("id")
    guard id.hasPrefix(prefix), let number = Int(id.dropFirst(prefix.count)), number > 0 else {
      throw Problem(404, "no-such-\(what)", "the name of a \(what) is such as \(prefix)7")
    }
    return number
  }
}

extension Problem {
  /// There is no folder.
  static let noOperators = Problem(
    409, "no-operators",
    "this edge has no folder for operators' orders; give its configuration"
      + " `operators: { directory: ... }` and restart it")

  /// Why an act is not done.
  public init(_ refusal: OperatorRefusal) {
    let status: UInt16 =
      switch refusal {
      case .changed: 412
      case .noSuchOrder, .noSuchWaiver, .plan(.noSuchRun): 404
      case .unknownRegion, .unknownEndpoint, .duration, .waiverDuration, .warrant: 422
      case .taken, .frozen, .tooMany, .authority, .rule, .sameAuthor, .firmRule, .plan: 409
      }
    self.init(status, refusal.code, "\(refusal)")
  }

  /// Why the store of orders cannot be used.
  public init(_ fault: StateFault) {
    switch fault {
    case .busy: self.init(503, fault.code, "\(fault)", retryAfterSeconds: 1)
    case .unreadableAct: self.init(422, fault.code, "\(fault)")
    default: self.init(500, fault.code, "\(fault)")
    }
  }
}
