internal import Base
internal import HTTP
internal import Origins
internal import Proxy

/// A mistake that is built into the edges, to see whether the checker finds it.
enum Mutant: String, CaseIterable {
  /// Narrowing takes servers of other regions.
  case ignoresRegion
  /// Narrowing takes what is staler than the plan allows.
  case ignoresStaleness
  /// A write whose outcome is unknown is sent again.
  case resendsWrites
  /// Answers leave before their record is on disk.
  case disclosesEarly
  /// A place on a connection is sometimes not given back.
  case leaksPlaces
  /// What a second origin says is appended to what the first one said.
  case splices
  /// The end of some exchanges is never told to the client.
  case forgetsAnswers
  /// An edge's lease never ends.
  case endlessLease
  /// Whoever moves an authority does not wait for the edges.
  case impatient
  /// Whoever moves an authority does not fence the old primary.
  case unfenced

  /// The budget of second copies is not asked.
  case hedgesFreely
  /// Writes that take long are sent twice.
  case hedgesWrites
  /// A second copy goes to any server at all.
  case hedgesAnywhere
  /// Both copies of a read are answered.
  case answersTwice
  /// The copy that came second is not cancelled.
  case forgetsLosers
  /// What a session has seen is not asked.
  case ignoresSessions
  /// Nobody is told that what his session has seen is lost.
  case hidesLostTails

  /// The rules that see it; nil for those that several do.
  var rules: [String]? {
    switch self {
    case .hedgesFreely: ["hedge cap"]
    case .hedgesWrites: ["hedged write"]
    case .hedgesAnywhere: ["unlawful hedge"]
    case .answersTwice: ["one answer"]
    case .forgetsLosers: ["no leak"]
    case .ignoresSessions, .hidesLostTails: ["session"]
    default: nil
    }
  }

  /// The seed of the run of this number in which it may show.
  func seed(_ number: UInt64) -> UInt64 {
    switch self {
    // What concerns moves of an authority needs one.
    case .endlessLease, .impatient, .unfenced: 2 * (number + 55)
    case .hedgesFreely, .hedgesAnywhere, .answersTwice, .forgetsLosers: 8 * number + 5
    case .hidesLostTails: 8 * number + 6
    default: number
    }
  }

  /// Whether it shows only while a write authority moves.
  var needsMove: Bool { self == .endlessLease || self == .impatient || self == .unfenced }
}

/// A server that an exchange may try, and how its answer is marked.
struct Choice {
  var endpoint: EndpointID
  var isMarkedStale: Bool
  /// The epoch in which it takes a write; nil without a record.
  var epoch: UInt64?
  /// Whether it comes first only so that the request tests it.
  var isProbation = false
  /// Whether it may lawfully serve, and whether only with a mark: the checker's own view.
  var isLawful = false
  var needsMark = false
}

extension SimulatedExchange {
  /// The mutant's way to go on after a broken answer.
  func splice() {
    guard choices.count > 1 else {
      return perform(
        machine.originFailed(.connectionLost, isReplayable: true, judge: &edge.judge, at: now))
    }
    let other = choices[1].endpoint
    for part in 1..<Answer.partCount {
      edge.world.clients.receive(
        request, Answer(server: Int(other.index), attempt: edge.world.nextWireNumber()), part)
    }
    finishResponse()
  }
}

extension SimulatedEdge {
  /// Begins a write of a domain, if the gate lets it pass.
  func mayBegin(_ domain: String, hasRecord: Bool, revision: Int) -> Bool {
    if world.options.mutant == .endlessLease { gate.renew(readAt: now, revision: revision) }
    return gate.begin(domain, hasRecord: hasRecord, revision: revision, at: now)
  }

  /// Whom a second copy asks; spoiled as the run's mutant does.
  func hedged(_ choice: Choice) -> Choice {
    guard world.options.mutant == .hedgesAnywhere else { return choice }
    var other = choice
    other.endpoint = EndpointID(Int(world.draw(0...UInt64(world.servers.count - 1))))
    return other
  }

  /// What narrowing chose; spoiled as the run's mutant does.
  func choices(of decision: borrowing Decision) -> [Choice] {
    var choices = decision.narrowed.choices.map {
      Choice(
        endpoint: $0.endpoint, isMarkedStale: $0.isMarkedStale, epoch: $0.epoch,
        isProbation: $0.isProbation)
    }
    switch world.options.mutant {
    case .ignoresRegion where !choices.isEmpty && world.happens(permille: 20):
      let other = Int(world.draw(0...UInt64(world.servers.count - 1)))
      choices[0].endpoint = EndpointID(other)
    case .ignoresStaleness:
      for removed in decision.narrowed.removed {
        guard case .lagging = removed.reason, let endpoint = removed.endpoint else { continue }
        choices.insert(Choice(endpoint: endpoint, isMarkedStale: false, epoch: nil), at: 0)
      }
    default: break
    }
    return choices
  }
}
