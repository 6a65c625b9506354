internal import Base
internal import Origins

/// Changes and records as fields of a line; see `OperatorLine` and `OperatorBooks`.
extension AuthorityChange {
  /// What precedes the word in the history: orders have words of their own.
  static let prefix = "authority-"

  /// Four fields of the history: the word, the domain, and two that depend on the change.
  func fields(_ domain: String) -> [String] {
    let values =
      switch self {
      case .claim(let endpoint, let epoch): [endpoint, "\(epoch)"]
      case .fence(let plan): ["", plan]
      case .fenced(let position): ["", position.map { "\($0)" } ?? ""]
      case .promote(let endpoint, let position): [endpoint, position.map { "\($0)" } ?? ""]
      case .restore, .activate, .orphan, .conflict: ["", ""]
      }
    return [Self.prefix + word, domain] + values
  }

  /// Reads the word and the last two of these fields; nil for anything else.
  init?(_ word: String, _ first: String, _ second: String) {
    let position = UInt64(second)
    switch word {
    case "claim":
      guard let epoch = UInt64(second) else { return nil }
      self = .claim(endpoint: first, epoch: epoch)
    case "fence": self = .fence(plan: second)
    case "fenced": self = .fenced(position: position)
    case "restore": self = .restore
    case "promote": self = .promote(endpoint: first, position: position)
    case "activate": self = .activate
    case "orphan": self = .orphan
    case "conflict": self = .conflict
    default: return nil
    }
  }
}

extension AuthorityRecord {
  /// The first field of a record's line in a snapshot: orders begin with a number.
  static let mark = "authority"

  /// The fields of a snapshot's line.
  var fields: [String] {
    [
      Self.mark, domain, state.rawValue, "\(epoch)", endpoint, "\(holderEpoch)", candidate ?? "",
      position.map { "\($0)" } ?? "",
      forks.map { "\($0.epoch):\($0.position.map { "\($0)" } ?? "")" }.joined(separator: ","),
      plan, since.text, "\(number)", warrant.author, warrant.ticket, warrant.reason,
    ]
  }

  /// Reads these fields; nil for anything else.
  init?(fields: [String]) {
    guard fields.count == 15, fields[0] == Self.mark,
      let state = AuthorityState(rawValue: fields[2]), let epoch = UInt64(fields[3]),
      let holderEpoch = UInt64(fields[5]), let since = WallTime(text: fields[10]),
      let number = Chain.count(fields[11])
    else { return nil }
    var forks: [EpochHistory.Fork] = []
    for text in fields[8].split(separator: ",") {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, let epoch = UInt64(parts[0]) else { return nil }
      forks.append(.init(epoch: epoch, position: UInt64(parts[1])))
    }
    self.init(
      domain: fields[1], state: state, epoch: epoch, endpoint: fields[4], holderEpoch: holderEpoch,
      candidate: fields[6].isEmpty ? nil : fields[6], position: UInt64(fields[7]), forks: forks,
      plan: fields[9],
      warrant: Warrant(author: fields[12], reason: fields[14], ticket: fields[13]), since: since,
      number: number)
  }
}
