internal import Base
internal import Native
internal import Proxy
internal import Reactor

/// Who takes the clients of a listener.
protocol ListenerOwner: AnyObject {
  /// The loop that it lives on.
  var context: LoopContext { get }
  /// Where messages go.
  var log: EdgeLog { get }
  /// A client connected.
  func accept(_ socket: consuming Socket, peer: SocketAddress, _ listener: ListenerDefinition)
}

/// A listening socket of one loop. Confined to its loop.
final class OpenListener: Pollable, TimerTarget {
  private unowned let owner: any ListenerOwner
  /// What the newest snapshot says about it: new clients get its TLS context.
  var definition: ListenerDefinition
  private let listener: Listener
  private var registration: Registration?

  /// Clients taken in one go before others get their turn.
  private static let acceptsPerTurnMax = 64
  /// Pause after the descriptor table was full.
  private static let pauseMilliseconds: UInt64 = 50

  init(_ definition: ListenerDefinition, owner: any ListenerOwner) throws(SystemError) {
    self.definition = definition
    self.owner = owner
    listener = try Listener(SocketAddress(definition.address, port: definition.port))
    registration = try listener.register(on: owner.context.loop, self)
  }

  /// Whether this listens where `definition` says.
  func matches(_ definition: ListenerDefinition) -> Bool {
    self.definition.address == definition.address && self.definition.port == definition.port
      && (self.definition.tls == nil) == (definition.tls == nil)
  }

  func becameReady(_ readiness: Readiness) {
    guard let registration else { return }
    for _ in 0..<Self.acceptsPerTurnMax {
      switch listener.accept() {
      case .connection(let socket, let peer):
        owner.accept(socket, peer: peer, definition)
      case .none: return
      case .shed:
        owner.log.clientsShed()
        let now = owner.context.loop.now
        owner.context.loop.schedule(at: now.adding(milliseconds: Self.pauseMilliseconds), self)
        return
      case .failed(let error):
        owner.log.acceptFailed("\(error)")
        return
      }
    }
    owner.context.loop.pollAgain(registration, .readable)
  }

  func timerFired(token: Int) { becameReady(.readable) }

  func close() {
    guard let registration else { return }
    owner.context.loop.forget(registration)
    self.registration = nil
  }
}
