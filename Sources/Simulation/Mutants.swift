internal import Base
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

extension SimulatedEdge {
  /// Begins a write of a domain, if the gate lets it pass.
  func mayBegin(_ domain: String, hasRecord: Bool, revision: Int) -> Bool {
    if world.options.mutant == .endlessLease { gate.renew(readAt: now, revision: revision) }
    return gate.begin(domain, hasRecord: hasRecord, revision: revision, at: now)
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
