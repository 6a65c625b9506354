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
}

/// A server that an exchange may try, and how its answer is marked.
struct Choice {
  var endpoint: EndpointID
  var isMarkedStale: Bool
}

extension SimulatedEdge {
  /// What narrowing chose; spoiled as the run's mutant does.
  func choices(of decision: borrowing Decision) -> [Choice] {
    var choices = decision.narrowed.choices.map {
      Choice(endpoint: $0.endpoint, isMarkedStale: $0.isMarkedStale)
    }
    switch world.options.mutant {
    case .ignoresRegion where !choices.isEmpty && world.happens(permille: 20):
      let other = Int(world.draw(0...UInt64(world.servers.count - 1)))
      choices[0].endpoint = EndpointID(other)
    case .ignoresStaleness:
      for removed in decision.narrowed.removed {
        guard case .lagging = removed.reason, let endpoint = removed.endpoint else { continue }
        choices.insert(Choice(endpoint: endpoint, isMarkedStale: false), at: 0)
      }
    default: break
    }
    return choices
  }
}
