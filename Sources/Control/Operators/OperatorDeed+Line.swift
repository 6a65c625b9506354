internal import Base

extension OperatorDeed {
  /// The deed's word and three fields in a history.
  var fields: [String] {
    switch self {
    case .order(let kind, let scope, let until):
      [kind.rawValue, Chain.clean(scope.region), scope.place, until.text]
    case .release(let number): ["release", "\(number)", "", ""]
    case .share(let scope, let percent, let until):
      ["share-\(percent)", Chain.clean(scope.region), scope.place, until.text]
    case .waive(let rules, let until):
      ["waive", rules.map(\.rawValue).joined(separator: "+"), "", until.text]
    case .agree(let number): ["agree", "\(number)", "", ""]
    case .plan(let deed): deed.fields
    case .authority(let domain, let change): change.fields(domain)
    }
  }

  /// Reads what `fields` writes; nil for anything else.
  init?(_ fields: ArraySlice<String>) {
    let fields = Array(fields)
    let (word, until) = (fields[0], WallTime(text: fields[3]))
    if word.hasPrefix("plan-") {
      guard let deed = PlanDeed(fields) else { return nil }
      self = .plan(deed)
    } else if word.hasPrefix(AuthorityChange.prefix) {
      let name = String(word.dropFirst(AuthorityChange.prefix.count))
      guard let change = AuthorityChange(name, fields[2], fields[3]) else { return nil }
      self = .authority(fields[1], change)
    } else if word == "release" || word == "agree" {
      guard let number = Int(fields[1]) else { return nil }
      self = word == "agree" ? .agree(number) : .release(number)
    } else if word == "waive" {
      guard let rules = Waiver.rules(fields[1]), let until else { return nil }
      self = .waive(rules, until: until)
    } else {
      guard let scope = OverrideScope(fields[1], place: fields[2]), let until else { return nil }
      if let kind = OverrideKind(rawValue: word) {
        self = .order(kind, scope, until: until)
      } else if word.hasPrefix("share-"), let percent = Int(word.dropFirst(6)) {
        self = .share(scope, percent: percent, until: until)
      } else {
        return nil
      }
    }
  }

  /// The same as a line says it, and so as a state knows it: ends in whole milliseconds, words
  /// without control characters.
  var asLine: OperatorDeed {
    switch self {
    case .order(let kind, let scope, let until):
      .order(kind, scope, until: until.inMilliseconds)
    case .share(let scope, let percent, let until):
      .share(scope, percent: percent, until: until.inMilliseconds)
    case .waive(let rules, let until): .waive(rules, until: until.inMilliseconds)
    case .plan(let deed): .plan(deed.asLine)
    case .release, .agree, .authority: self
    }
  }
}
