internal import HTTP
internal import Origins

/// How many of a plan's servers say that they have too much to do.
public enum Overload: Sendable {
  /// At most half: another one may answer.
  case partial
  /// More: another try would only add to it.
  case widespread
}

extension AttemptFailure {
  /// What a final head means that another server may answer better; nil for an answer.
  init?(status: UInt16, _ overload: Overload?) {
    switch overload {
    case .partial: self = .overloaded
    case nil where (502...504).contains(status): self = .gatewayStatus
    case .widespread, nil: return nil
    }
  }

  /// What the end of a stream says about the attempt; `isReused` if its connection had carried
  /// another request.
  init(_ fault: StreamFault, isReused: Bool) {
    self =
      switch fault {
      case .neverProcessed: .neverProcessed
      case .refused: .refused
      case .turnedAway: isReused ? .neverProcessed : .turnedAway
      case .connectionLost: isReused ? .lostOnReused : .lost
      case .peerReset, .malformed: .lost
      }
  }
}

extension Refusal {
  /// What is said when an origin's stream ended and nothing else is left.
  init(_ fault: StreamFault) {
    if case .malformed = fault { self = .originMalformed } else { self = .originReset }
  }
}
