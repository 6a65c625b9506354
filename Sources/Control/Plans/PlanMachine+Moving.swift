internal import Base
internal import Origins

/// The steps that move write authority, and their way back.
extension PlanMachine {
  /// The next thing of a step about the record of a domain. Each looks at the record first: what it
  /// says is done is done, whoever did it.
  mutating func moving(
    _ work: PlanStep.Work, _ domain: String, _ move: PlanMove, _ record: AuthorityRecord,
    _ run: PlanRun, _ state: OperatorState, _ scene: PlanScene
  ) -> Result<PlanAction, Trouble> {
    let isOurs = record.plan == run.id
    let stray = Trouble(
      words: "the writes of `\(domain)` are \(record.state.rawValue) at `\(record.endpoint)` in"
        + " epoch \(record.epoch)\(isOurs ? "" : ", and not by this run")")
    switch (work, record.state) {
    case (.fence, .active) where record.endpoint == move.from:
      return .success(change(domain, .fence(plan: run.id)))
    case (.fence, .fencing) where isOurs: return fenced(run)
    case (.fence, .fenced) where isOurs, (.close, .fenced) where isOurs:
      return .success(mark(run, .done, record.position.map { "position \($0)" } ?? ""))
    case (.close, .fencing) where isOurs: return close(domain, move, run, state, scene)
    case (.catchUp, .fenced) where isOurs: return catchUp(domain, move, record, run, scene)
    case (.promote, .fenced) where isOurs:
      return .success(
        change(domain, .promote(endpoint: move.to, position: begins(domain, move, record, scene))))
    case (.promote, .promoting) where isOurs && record.candidate == move.to:
      return promote(domain, move, record, run, state, scene)
    case (.activate, .promoting) where isOurs && record.candidate == move.to:
      return .success(change(domain, .activate))
    case (.promote, .active) where record.endpoint == move.to,
      (.activate, .active) where record.endpoint == move.to:
      return .success(mark(run, .done, "epoch \(record.epoch)"))
    case (.retire, .active) where record.endpoint == move.to:
      guard let hook = plan.hooks[move.from]?.retire else { return .success(mark(run, .done)) }
      return call("retire", hook, run, state, domain: domain, server: move.from)
        .map { $0 ?? mark(run, .done) }
    case (.verify, .active) where record.endpoint == move.to:
      return .success(verify(domain, move, record, run, scene))
    default: return .failure(stray)
    }
  }

  private func change(_ domain: String, _ change: AuthorityChange) -> PlanAction {
    .act(.authority(domain, change), "\(change.word) \(domain)")
  }

  /// Waits until no edge writes any more.
  private func fenced(_ run: PlanRun) -> Result<PlanAction, Trouble> {
    switch fenceVerdict {
    case .acknowledged?: .success(mark(run, .done, "every edge acknowledged"))
    case .leaseOver(let silent)?:
      .success(
        mark(
          run, .done,
          "leases are over\(silent.isEmpty ? "" : "; silent: \(silent.joined(separator: ", "))")"))
    case .waits(let edges)?:
      .success(.look(milliseconds: 10, "\(edges.joined(separator: ", ")) to end writes"))
    case nil: .success(.look(milliseconds: 0, "edges to end writes"))
    }
  }

  /// Fences the old authority, and notes the last position that it tells.
  private mutating func close(
    _ domain: String, _ move: PlanMove, _ run: PlanRun, _ state: OperatorState, _ scene: PlanScene
  ) -> Result<PlanAction, Trouble> {
    guard let hook = plan.hooks[move.from]?.fence else {
      return .failure(Trouble(words: "nothing fences `\(move.from)`"))
    }
    switch call("fence", hook, run, state, domain: domain, server: move.from) {
    case .failure(let why): return .failure(why)
    case .success(let action?): return .success(action)
    case .success(nil): break
    }
    if plan.mode == .ungraceful { return .success(change(domain, .fenced(position: nil))) }
    // The scene was seen after the hook ended: what it tells is final.
    guard let position = scene.view(move.from, of: domain)?.position else {
      return .success(.look(milliseconds: 20, "`\(move.from)` to tell its last position"))
    }
    return .success(change(domain, .fenced(position: position)))
  }

  /// Waits until the candidate has everything, or sees what it lacks.
  private func catchUp(
    _ domain: String, _ move: PlanMove, _ record: AuthorityRecord, _ run: PlanRun,
    _ scene: PlanScene
  ) -> Result<PlanAction, Trouble> {
    guard let view = scene.view(move.to, of: domain) else {
      return .success(.look(milliseconds: 100, "`\(move.to)` to answer"))
    }
    if let last = record.position, let position = view.position {
      return .success(
        position >= last && view.epoch >= record.holderEpoch
          ? mark(run, .done, "position \(position) of \(last): nothing is lost")
          : .look(milliseconds: 10, "`\(move.to)` at \(position) to reach \(last)"))
    }
    let isAccepted =
      run.terms.accepts.contains(PlanRules.dataLossWord) && run.terms.approvalCount > 0
    if let lag = view.lagMilliseconds, lag <= UInt64(plan.rpoMilliseconds) || isAccepted {
      return .success(mark(run, .done, "may lose what was written in the last \(lag) ms"))
    }
    if isAccepted { return .success(mark(run, .done, "may lose what nobody measured")) }
    return .failure(
      Trouble(
        words: "S4: `\(move.to)` may lack more than \(plan.rpoMilliseconds) ms of writes; wait, or"
          + " run the plan with --accept-data-loss and a second person"))
  }

  /// The position behind which the new epoch begins: what the candidate has of the history. One
  /// that never joined the epoch that ends may have a tail that was lost.
  private func begins(
    _ domain: String, _ move: PlanMove, _ record: AuthorityRecord, _ scene: PlanScene
  ) -> UInt64? {
    guard let view = scene.view(move.to, of: domain), let position = view.position else {
      return record.position
    }
    guard view.epoch >= record.holderEpoch else {
      return record.history.sharedPosition(epoch: view.epoch, position: position)
    }
    return max(record.position ?? 0, position)
  }

  /// Promotes the candidate, and waits until it says so and its followers know.
  private mutating func promote(
    _ domain: String, _ move: PlanMove, _ record: AuthorityRecord, _ run: PlanRun,
    _ state: OperatorState, _ scene: PlanScene
  ) -> Result<PlanAction, Trouble> {
    if let view = scene.view(move.to, of: domain), view.isPrimary, view.epoch >= record.epoch {
      let region = scene.servers[move.to]?.region
      let late = scene.servers.filter { name, server in
        guard name != move.from, name != move.to, server.region == region,
          let view = server.domains?[domain]
        else { return false }
        return view.epoch < record.epoch
      }
      // Followers that know the epoch serve reads at once; writes do not wait long for them.
      let spent = spentMilliseconds(since: run.changedAt, scene)
      if !late.isEmpty, spent < Limits.followMilliseconds {
        return .success(
          .look(milliseconds: 20, "\(late.keys.sorted().joined(separator: ", ")) to follow"))
      }
      return .success(mark(run, .done, "`\(move.to)` is primary in epoch \(view.epoch)"))
    }
    guard let hook = plan.hooks[move.to]?.promote else {
      return .failure(Trouble(words: "nothing promotes `\(move.to)`"))
    }
    return call("promote", hook, run, state, domain: domain, server: move.to).map {
      $0 ?? .look(milliseconds: 20, "`\(move.to)` to say that it is primary in \(record.epoch)")
    }
  }

  /// Looks whether everybody knows, and no other server claims the domain.
  private func verify(
    _ domain: String, _ move: PlanMove, _ record: AuthorityRecord, _ run: PlanRun,
    _ scene: PlanScene
  ) -> PlanAction {
    let late = scene.edges.filter { ($0.seen ?? -1) < record.number }
    let rivals = scene.servers.filter { name, server in
      guard name != move.to, let view = server.domains?[domain] else { return false }
      return view.isPrimary && view.epoch >= record.epoch
    }
    if !rivals.isEmpty {
      return .look(
        milliseconds: 100,
        "\(rivals.keys.sorted().joined(separator: ", ")) to give up the writes of \(domain)")
    }
    if late.count * 20 > scene.edges.count {
      return .look(
        milliseconds: 50,
        "\(late.map(\.edge).joined(separator: ", ")) to follow epoch"
          + " \(record.epoch)")
    }
    guard let view = scene.view(move.to, of: domain), view.isPrimary, view.epoch >= record.epoch
    else { return .look(milliseconds: 100, "`\(move.to)` to answer as primary") }
    return mark(run, .done, "\(scene.edges.count) edges follow epoch \(record.epoch)")
  }

  // MARK: Back

  /// What undoes a step; nil when it is undone.
  mutating func undo(
    _ step: PlanStep, _ run: PlanRun, _ state: OperatorState
  ) -> Result<PlanAction?, Trouble> {
    switch step.work {
    case .close(let domain):
      guard let move = plan.move, let hook = plan.hooks[move.from]?.unfence else {
        return .success(nil)
      }
      return call("unfence", hook, run, state, domain: domain, server: move.from)
    case .fence(let domain):
      guard let record = state.authority(domain), record.plan == run.id else {
        return .success(nil)
      }
      switch record.state {
      case .fencing, .fenced: return .success(change(domain, .restore))
      case .active, .promoting, .orphan, .conflict: return .success(nil)
      }
    case .order(let kind, let scope, _):
      let own = state.overrides.first {
        $0.kind == kind && $0.scope == scope && $0.warrant.ticket == run.id
      }
      return .success(own.map { .act(.release($0.number), "undo \(kind.rawValue) \(scope)") })
    case .release(let scope):
      let isOut = state.overrides.contains { $0.scope == scope && $0.kind.takesOut }
      let until = WallTime(
        microseconds: state.time.microseconds + UInt64(Limits.overrideMillisecondsMax) * 1_000)
      return .success(
        isOut ? nil : .act(.order(.holdOut, scope, until: until), "hold out \(scope) again"))
    case .share(let scope, _): return .success(unshare(scope, run, state))
    case .hook: return step.undo.map { call("undo", $0, run, state) } ?? .success(nil)
    case .check, .catchUp, .promote, .activate, .retire, .verify, .wait: return .success(nil)
    }
  }

  /// Goes back to the part of the reads before; nil when it is there.
  private func unshare(
    _ scope: OverrideScope, _ run: PlanRun, _ state: OperatorState
  ) -> PlanAction? {
    let before = plan.steps[..<run.stepIndex].compactMap { step -> Int? in
      guard case .share(scope, let percent) = step.work else { return nil }
      return percent
    }
    let wanted = before.last ?? 100
    let present = state.shares.first { $0.scope == scope }?.percent ?? 100
    return present == wanted ? nil : share(scope, wanted, state)
  }

  func share(_ scope: OverrideScope, _ percent: Int, _ state: OperatorState) -> PlanAction {
    let until = WallTime(
      microseconds: state.time.microseconds + UInt64(Limits.shareMilliseconds) * 1_000)
    return .act(.share(scope, percent: percent, until: until), "\(percent) % to \(scope)")
  }

  // MARK: Orders

  /// The next thing of a step about orders.
  func order(
    _ work: PlanStep.Work, _ run: PlanRun, _ state: OperatorState, _ scene: PlanScene
  ) -> PlanAction {
    switch work {
    case .order(let kind, let scope, let milliseconds):
      let isGiven = state.overrides.contains {
        $0.kind == kind && $0.scope == scope && $0.warrant.ticket == run.id
      }
      let until = WallTime(
        microseconds: state.time.microseconds + UInt64(milliseconds) * 1_000)
      return isGiven
        ? mark(run, .done) : .act(.order(kind, scope, until: until), "\(work)")
    case .release(let scope):
      let order = state.overrides.first { $0.scope == scope && $0.kind.takesOut }
      return order.map { .act(.release($0.number), "\(work)") } ?? mark(run, .done)
    case .share(let scope, let percent):
      let present = state.shares.first { $0.scope == scope }?.percent ?? 100
      return present == percent ? mark(run, .done) : share(scope, percent, state)
    default: preconditionFailure("no order")
    }
  }
}
