internal import Base
internal import Native
internal import Proxy
internal import Reactor

/// A listening socket of one loop. Confined to its loop.
final class OpenListener: Pollable, TimerTarget {
  let worker: Worker
  /// What the newest snapshot says about it: new clients get its TLS context.
  var definition: ListenerDefinition
  private let listener: Listener
  private var registration: Registration?

  /// Clients taken in one go before others get their turn.
  private static let acceptsPerTurnMax = 64
  /// Pause after the descriptor table was full.
  private static let pauseMilliseconds: UInt64 = 50

  init(_ definition: ListenerDefinition, worker: Worker) throws(SystemError) {
    self.definition = definition
    self.worker = worker
    listener = try Listener(SocketAddress(definition.address, port: definition.port))
    registration = try listener.register(on: worker.context.loop, self)
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
        worker.accept(socket, peer: peer, definition)
      case .none: return
      case .shed:
        worker.log.clientsShed()
        let now = worker.context.loop.now
        worker.context.loop.schedule(at: now.adding(milliseconds: Self.pauseMilliseconds), self)
        return
      case .failed(let error):
        worker.log.acceptFailed("\(error)")
        return
      }
    }
    worker.context.loop.pollAgain(registration, .readable)
  }

  func timerFired(token: Int) { becameReady(.readable) }

  func close() {
    guard let registration else { return }
    worker.context.loop.forget(registration)
    self.registration = nil
  }
}
