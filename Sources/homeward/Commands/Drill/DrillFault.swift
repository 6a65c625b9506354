internal import ArgumentParser
internal import Base
internal import Control
internal import Reactor

/// What a drill does to the world.
enum DrillFault: Sendable {
  /// A request to this machine: address, target, body.
  case http(address: String, target: String, body: String)
  /// A program and its arguments.
  case command([String])
  /// Somebody does it: the drill waits until the edge sees it.
  case real

  /// Reads `http://127.0.0.1:9102/fault {"crash":true}`, `/bin/kill -9 4711` or `real`.
  init(_ text: String) throws {
    if text == "real" {
      self = .real
    } else if text.hasPrefix("http://") {
      let parts = text.dropFirst(7).split(separator: " ", maxSplits: 1)
      guard let first = parts.first, let slash = first.firstIndex(of: "/"),
        let address = SocketAddress(text: String(first[..<slash])), address.address.isLoopback
      else {
        throw ValidationError(
          "`\(text)` is no `http://127.0.0.1:PORT/fault {...}`: faults go to this machine only")
      }
      self = .http(
        address: String(first[..<slash]), target: String(first[slash...]),
        body: parts.count > 1 ? String(parts[1]) : "")
    } else if text.hasPrefix("/") {
      self = .command(text.split(separator: " ").map(String.init))
    } else {
      throw ValidationError(
        "`\(text)` is no fault: a URL of this machine and a body, a program's path, or `real`")
    }
  }

  /// The hook that does it; nil when somebody else does.
  var hook: Hook? {
    switch self {
    case .http(let address, let target, let body):
      Hook(
        .http(address: address, target: target, method: "POST", body: body),
        timeoutMilliseconds: 2_000)
    case .command(let words): Hook(.command(words))
    case .real: nil
    }
  }

  /// Whether a server that does not answer the request may have obeyed it.
  var mayKill: Bool {
    if case .http(_, _, let body) = self { return body.contains("crash") }
    return false
  }

  /// For people.
  var words: String {
    switch self {
    case .http(let address, let target, let body): "POST http://\(address)\(target) \(body)"
    case .command(let words): words.joined(separator: " ")
    case .real: "somebody else's"
    }
  }
}
