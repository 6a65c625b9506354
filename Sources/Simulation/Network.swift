internal import Base
internal import Origins

/// The way between one edge and one server.
struct Link {
  /// One way's shortest time.
  var microseconds: UInt64
  /// Nothing comes through, and nobody is told.
  var isCut = false
  /// Connects are refused at once.
  var isRefusing = false
  /// Of a thousand messages so many are lost and sent again a round trip later.
  var lossPermille: UInt64 = 0
  /// What left while the way was cut: it arrives when it heals, as TCP's own retries do.
  var held: [() -> Void] = []

  /// The way from an edge, which sits in the region of its index, to a region.
  init(edge: Int, region: Int) {
    microseconds = edge % Law.regionNames.count == region ? 300 : 8_000
  }
}

extension World {
  /// Time that one message takes one way.
  private func transit(_ edge: Int, _ server: Int) -> UInt64 {
    let link = links[edge][server]
    var time = link.microseconds + draw(0...link.microseconds / 4)
    while happens(permille: link.lossPermille) { time += 200_000 }
    return time
  }

  /// Lets `act` happen at the other end of a way, when the message comes through.
  func send(_ edge: Int, _ server: Int, _ act: @escaping () -> Void) {
    var last = now
    send(edge, server, after: &last, act)
  }

  /// The same, and not before what left at `last`, which then becomes this message's arrival.
  func send(_ edge: Int, _ server: Int, after last: inout Instant, _ act: @escaping () -> Void) {
    let micros = max(
      transit(edge, server), last.microseconds(since: now) + (last > now ? 1 : 0))
    last = Instant(nanoseconds: now.nanoseconds + micros * 1000)
    after(microseconds: micros) { [self] in
      if links[edge][server].isCut {
        links[edge][server].held.append(act)
      } else {
        act()
      }
    }
  }

  /// Cuts or heals the way between an edge and a server.
  func setCut(_ isCut: Bool, edge: Int, server: Int) {
    trace.note(isCut ? "cut" : "heal", edge * 100 + server, at: now)
    links[edge][server].isCut = isCut
    guard !isCut else { return }
    let held = links[edge][server].held
    links[edge][server].held = []
    let pause = transit(edge, server)
    for act in held { after(microseconds: pause, act) }
  }

  /// The edge dials: `done` is called with a wire, or with why there is none; never, when the way
  /// is cut. Stands for the handshakes of TCP and TLS in `Edge/Connection`.
  func dial(
    _ edge: SimulatedEdge, _ server: Server, _ done: @escaping (Wire?, DialFailure) -> Void
  ) {
    let (from, to) = (edge.index, server.index)
    // Boxed: only the first of the answers counts.
    send(from, to) { [self] in
      if server.process == .frozen || server.faults.stallsHandshake { return }
      let isRefused = links[from][to].isRefusing || server.process == .dead
      let incarnation = server.incarnation
      send(from, to) { [self] in
        if isRefused { return done(nil, .refused) }
        if server.faults.isCertificateBad { return done(nil, .untrusted) }
        done(Wire(nextWireNumber(), edge, server, incarnation), .refused)
      }
    }
  }
}

/// Why no connection was made.
enum DialFailure {
  case refused, untrusted
}

/// A connection between an edge and a server: messages arrive in order, or not at all.
final class Wire {
  /// Unique in its world.
  let number: Int
  let edge: SimulatedEdge
  let server: Server
  /// The process that accepted it; a restarted one does not know it.
  private let incarnation: Int
  /// Whether the edge may still use it.
  private(set) var isOpen = true
  /// Whether the server still listens to it.
  private var isOpenAtServer = true
  /// The pool's number for it; nil while it is none of the pool's.
  var slot: Int?
  /// Requests that it carried.
  var requestCount = 0
  /// The exchanges on it, by stream.
  var exchanges: [Int: SimulatedExchange] = [:]
  /// Whether the peer takes no new requests.
  var isGoingAway = false
  private var lastSent = Instant(nanoseconds: 0)
  private var lastReturned = Instant(nanoseconds: 0)

  /// A connection that was just made.
  init(_ number: Int, _ edge: SimulatedEdge, _ server: Server, _ incarnation: Int) {
    self.number = number
    self.edge = edge
    self.server = server
    self.incarnation = incarnation
  }

  private var world: World { edge.world }

  /// Whether it carries several requests at once.
  var isMultiplexed: Bool { server.endpoint.definition.protocol == .http2 }

  /// What arrives at the server, if the process that accepted the connection still runs. What was
  /// sent before the edge closed still arrives.
  func send(_ act: @escaping () -> Void) {
    world.send(edge.index, server.index, after: &lastSent) { [self] in
      guard incarnation == server.incarnation, server.process != .dead else {
        return server.process == .dead || isOpen ? breakAtEdge() : ()
      }
      server.run(act)
    }
  }

  /// What arrives at the edge, if it still has the connection.
  func reply(_ act: @escaping () -> Void) {
    guard isOpenAtServer else { return }
    world.send(edge.index, server.index, after: &lastReturned) { [self] in
      guard isOpen else { return }
      edge.run { [self] in if isOpen { act() } }
    }
  }

  /// The server ends the connection; the edge hears of it later.
  func reset() {
    guard isOpenAtServer else { return }
    reply { [self] in breakAtEdge() }
    isOpenAtServer = false
  }

  /// The edge hears that the connection is gone.
  func breakAtEdge() {
    edge.run { [self] in
      guard isOpen else { return }
      close()
      edge.wireLost(self)
    }
  }

  /// The edge lets go of it.
  func close() { isOpen = false }
}
