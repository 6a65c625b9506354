public import Base

/// How a plan moves things.
public enum PlanMode: String, CaseIterable, Sendable {
  /// The old write authority answers, and nothing may be lost but what the plan says.
  case graceful
  /// The old write authority may be gone: what it did not pass on is lost.
  case ungraceful
  /// As graceful, for practice: never in a blocked window or under an alarm.
  case drill
  /// Judged and shown, never done.
  case dryRun = "dry-run"
}

/// Something outside that a step does.
public struct Hook: Hashable, Sendable {
  /// What.
  public enum Call: Hashable, Sendable {
    /// A request in clear text to this machine: address and port, target, method and body.
    case http(address: String, target: String, method: String, body: String)
    /// A program with its arguments; no shell reads them.
    case command([String])
    /// A person does it and says so.
    case manual(String)
  }

  /// What it does.
  public let call: Call
  /// How long it may take.
  public let timeoutMilliseconds: Int

  /// Makes a hook.
  public init(_ call: Call, timeoutMilliseconds: Int = 10_000) {
    self.call = call
    self.timeoutMilliseconds = timeoutMilliseconds
  }

  /// The hook with `{word}` replaced by its value in body and arguments.
  public func filled(_ values: [String: String]) -> Hook {
    func fill(_ text: String) -> String {
      var (result, rest) = ("", text[...])
      while let open = rest.firstIndex(of: "{") {
        result += rest[..<open]
        rest = rest[open...]
        let word = rest.dropFirst().prefix { $0.isLetter }
        if let value = values[String(word)], rest.dropFirst(word.count + 1).first == "}" {
          result += value
          rest = rest.dropFirst(word.count + 2)
        } else {
          result += "{"
          rest = rest.dropFirst()
        }
      }
      return result + rest
    }
    switch call {
    case .http(let address, let target, let method, let body):
      return Hook(
        .http(address: address, target: target, method: method, body: fill(body)),
        timeoutMilliseconds: timeoutMilliseconds)
    case .command(let words):
      return Hook(.command(words.map(fill)), timeoutMilliseconds: timeoutMilliseconds)
    case .manual(let text):
      return Hook(.manual(fill(text)), timeoutMilliseconds: timeoutMilliseconds)
    }
  }
}

/// What can be done to a server by the one who runs it.
public struct ServerHooks: Hashable, Sendable {
  /// It takes no writes any more; how this is done differs by mode.
  public var fence: Hook?
  /// It takes writes again: the way back from a fence.
  public var unfence: Hook?
  /// It becomes the primary of `{epoch}`.
  public var promote: Hook?
  /// Fenced before, it follows the new primary.
  public var retire: Hook?

  /// Makes hooks; none by default.
  public init(
    fence: Hook? = nil, unfence: Hook? = nil, promote: Hook? = nil, retire: Hook? = nil
  ) {
    self.fence = fence
    self.unfence = unfence
    self.promote = promote
    self.retire = retire
  }
}

/// Where write authority goes.
public struct PlanMove: Hashable, Sendable {
  /// The domains, each the data of a home region.
  public let domains: [String]
  /// Which server gives it away, and which takes it.
  public let from, to: String

  /// Makes a move.
  public init(domains: [String], from: String, to: String) {
    self.domains = domains
    self.from = from
    self.to = to
  }
}

/// What turns a run back as long as it can.
public enum PlanAlarm: Hashable, Sendable {
  /// A server does not answer.
  case down(server: String)
  /// A server's data is older than this, or of unknown age.
  case lagging(server: String, milliseconds: Int)
  /// A file is there: somebody else's monitoring speaks.
  case file(String)
}

/// The parts of the reads that come back, one after the other.
public struct Ramp: Hashable, Sendable {
  /// Of a hundred reads, rising to a hundred.
  public let percents: [Int]
  /// Milliseconds between two parts.
  public let pauseMilliseconds: Int

  /// Makes a ramp.
  public init(percents: [Int] = [1, 5, 25, 50, 100], pauseMilliseconds: Int = 60_000) {
    self.percents = percents
    self.pauseMilliseconds = pauseMilliseconds
  }
}

/// A time in which no drill begins.
public struct BlockedWindow: Hashable, Sendable {
  /// From, and until.
  public let from, until: WallTime
}

/// A reviewed plan: what is moved, in which steps, with whose agreement, and when it turns back.
public struct FailoverPlan: Hashable, Sendable {
  /// Identifier, version and hash.
  public let name: PlanName
  /// What it is for; no patient's data.
  public let say: String
  /// How it moves things.
  public let mode: PlanMode
  /// Where write authority goes; nil when it stays.
  public let move: PlanMove?
  /// How long writes may wait, milliseconds; nil when nobody says.
  public let rtoMilliseconds: Int?
  /// How much acknowledged work may be lost, milliseconds.
  public let rpoMilliseconds: Int
  /// How many people beside the one who runs it must agree, and as what.
  public let approvalCount: Int
  /// What they may be; empty for anybody.
  public let roles: [String]
  /// When it may be run no more.
  public let expires: WallTime?
  /// What must succeed before anything changes.
  public let prechecks: [Hook]
  /// The steps in their order; the first one is the check.
  public let steps: [PlanStep]
  /// What turns it back.
  public let alarms: [PlanAlarm]
  /// How reads come back.
  public let ramp: Ramp
  /// Hooks by server.
  public let hooks: [String: ServerHooks]
  /// Requests a second that a region can carry, by name; missing is unknown.
  public let capacities: [String: Int]
  /// When no drill begins.
  public let blocked: [BlockedWindow]
  /// Milliseconds that a whole run may take.
  public let timeoutMilliseconds: Int
  /// Whether this is the way back of the plan in its file.
  public let isBack: Bool

  /// What a run of it needs to know for as long as it lasts.
  public func terms(accepts: [String] = []) -> PlanTerms {
    PlanTerms(
      stepCount: steps.count, approvalCount: approvalCount, roles: roles, claims: claims,
      accepts: accepts)
  }

  /// What it is about: domains and regions. One name for both, since a domain is a home region.
  public var claims: [String] {
    var claims = move?.domains ?? []
    for case let scope? in steps.map(\.work.scope) where !claims.contains(scope.region) {
      claims.append(scope.region)
    }
    return claims
  }
}
