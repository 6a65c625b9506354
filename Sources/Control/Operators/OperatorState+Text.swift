internal import Base

/// Shares, waivers and plans as lines of a snapshot; see `OperatorBooks`.
extension OperatorState {
  /// A line's fields for each; the first says what it is.
  var moreFields: [[String]] {
    var lines = shares.map { share in
      [
        "share", "\(share.number)", share.scope.region, share.scope.place, "\(share.percent)",
        share.until.text,
      ] + share.warrant.fields
    }
    lines += waivers.map { waiver in
      ["waiver", "\(waiver.number)", waiver.words, waiver.second ?? "", waiver.until.text]
        + waiver.warrant.fields
    }
    lines += plans.approvals.map { approval in
      ["approval", approval.plan.text, approval.author, approval.role, approval.time.text]
    }
    for run in plans.runs {
      let begin = PlanDeed.begin(run.plan, run.terms).fields
      lines.append(
        [
          "run", "\(run.number)", begin[1], begin[2], begin[3], run.startedAt.text,
          run.status.rawValue, "\(run.stepIndex)", run.phase.rawValue,
          "\(run.isTurnedBack)", "\(run.isForGood)", run.changedAt.text, run.words,
        ] + run.warrant.fields)
      lines += run.marks.map { mark in
        ["mark", "\(mark.index)", mark.change.rawValue, mark.time.text, mark.words]
      }
    }
    return lines
  }

  /// Takes a line of `moreFields`; false when it is damaged, nil when it is another kind of line.
  mutating func take(more fields: [String]) -> Bool? {
    switch (fields.first, fields.count) {
    case ("share", 9):
      guard let number = Chain.count(fields[1]),
        let scope = OverrideScope(fields[2], place: fields[3]),
        let percent = Chain.count(fields[4]), let until = WallTime(text: fields[5])
      else { return false }
      shares.append(
        Share(
          number: number, scope: scope, percent: percent, warrant: Warrant(fields: fields[6...]),
          until: until))
    case ("waiver", 8):
      guard let number = Chain.count(fields[1]), let rules = Waiver.rules(fields[2]),
        let until = WallTime(text: fields[4])
      else { return false }
      waivers.append(
        Waiver(
          number: number, rules: rules, warrant: Warrant(fields: fields[5...]),
          second: fields[3].isEmpty ? nil : fields[3], until: until))
    case ("approval", 5):
      guard let plan = PlanName(fields[1]), let time = WallTime(text: fields[4]) else {
        return false
      }
      plans.approvals.append(
        PlanApproval(plan: plan, author: fields[2], role: fields[3], time: time))
    case ("run", 16):
      guard let run = PlanRun(fields: fields) else { return false }
      plans.runs.append(run)
    case ("mark", 5):
      guard let index = Chain.count(fields[1]), let change = StepChange(rawValue: fields[2]),
        let time = WallTime(text: fields[3]), !plans.runs.isEmpty
      else { return false }
      plans.runs[plans.runs.count - 1].marks.append(
        PlanRun.Mark(index: index, change: change, time: time, words: fields[4]))
    default: return nil
    }
    return true
  }
}

extension PlanRun {
  /// Reads a run's line; its marks follow.
  fileprivate init?(fields: [String]) {
    guard let number = Chain.count(fields[1]),
      case .begin(let plan, let terms)? = PlanDeed(
        ["plan-begin", fields[2], fields[3], fields[4]]),
      let startedAt = WallTime(text: fields[5]), let status = PlanStatus(rawValue: fields[6]),
      let stepIndex = Chain.count(fields[7], from: -1), stepIndex <= terms.stepCount,
      let phase = Phase(rawValue: fields[8]),
      let isTurnedBack = Bool(fields[9]), let isForGood = Bool(fields[10]),
      let changedAt = WallTime(text: fields[11])
    else { return nil }
    self.init(
      number: number, plan: plan, terms: terms, warrant: Warrant(fields: fields[13...]),
      startedAt: startedAt, status: status, stepIndex: stepIndex, phase: phase,
      isTurnedBack: isTurnedBack, isForGood: isForGood, changedAt: changedAt, words: fields[12])
  }
}

extension Warrant {
  /// Author, ticket, reason: as lines end.
  fileprivate var fields: [String] { [author, ticket, reason] }

  /// Reads these.
  fileprivate init(fields: ArraySlice<String>) {
    let fields = Array(fields)
    self.init(author: fields[0], reason: fields[2], ticket: fields[1])
  }
}
