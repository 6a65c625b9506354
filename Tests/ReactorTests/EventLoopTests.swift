import Base
import Testing

@testable import Reactor

/// Counts what it is told.
private final class Listening: Pollable, TimerTarget {
  var told: [Readiness] = []
  var tokens: [Int] = []
  var onReady: (() -> Void)?

  func becameReady(_ readiness: Readiness) {
    told.append(readiness)
    onReady?()
  }

  func timerFired(token: Int) { tokens.append(token) }
}

/// A connected pair on loopback, and the loop that watches it.
private final class Pair {
  let loop: EventLoop
  let client: Socket
  let server: Socket

  init() throws {
    loop = try EventLoop()
    let any = try #require(IPAddress("127.0.0.1"))
    let listener = try Listener(SocketAddress(any, port: 0))
    client = try Socket.connect(to: listener.address)
    server = try Pair.take(listener)
  }

  static func take(_ listener: Listener) throws -> Socket {
    while true {
      switch listener.accept() {
      case .connection(let socket, _): return socket
      case .none: continue
      case .shed: throw SystemError(code: 0, call: "shed")
      case .failed(let error): throw error
      }
    }
  }
}

@Suite struct EventLoopTests {
  @Test func bytesArriveAndTheEndIsSeen() throws {
    let pair = try Pair()
    let target = Listening()
    _ = try pair.server.register(on: pair.loop, target)
    let sent: [UInt8] = [1, 2, 3]
    let written = unsafe sent.withUnsafeBytes { unsafe pair.client.write($0) }
    #expect(written == .bytes(3))
    pair.client.shutdownWrite()
    var received: [UInt8] = []
    var hasEnded = false
    target.onReady = {
      unsafe withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { buffer in
        while true {
          switch unsafe pair.server.read(into: buffer.baseAddress!, byteCountMax: 16) {
          case .bytes(let count): unsafe received += buffer[0..<count]
          case .end:
            hasEnded = true
            pair.loop.stop()
            return
          case .wouldBlock, .failed: return
          }
        }
      }
    }
    pair.loop.run()
    #expect(received == sent)
    #expect(hasEnded)
  }

  @Test func eventsOfAForgottenRegistrationAreDropped() throws {
    let pair = try Pair()
    let old = Listening()
    let new = Listening()
    let registration = try pair.server.register(on: pair.loop, old)
    pair.loop.pollAgain(registration, .readable)
    pair.loop.forget(registration)
    // The slot is given to another object before the old event is delivered.
    let next = try pair.client.register(on: pair.loop, new)
    #expect(next.index == registration.index)
    new.onReady = { pair.loop.stop() }
    pair.loop.run()
    #expect(old.told.isEmpty)
    #expect(new.told.first?.contains(.writable) == true)
  }

  @Test func timersFireInTheOrderOfTheirDeadlines() throws {
    var heap = TimerHeap()
    let target = Listening()
    var random = SplitMix64(seed: 7)
    let deadlines = (0..<200).map { _ in UInt64.random(in: 0..<50, using: &random) }
    for deadline in deadlines {
      heap.schedule(at: Instant(nanoseconds: deadline), target, token: Int(deadline))
    }
    var fired: [Int] = []
    while let due = heap.popDue(Instant(nanoseconds: 25)) { fired.append(due.token) }
    #expect(fired == deadlines.filter { $0 <= 25 }.map(Int.init).sorted())
    #expect(heap.earliest > Instant(nanoseconds: 25))
  }

  @Test func messagesFromManyThreadsAllArriveInTheirOrder() throws {
    let loop = try EventLoop()
    let mailbox = try Mailbox<(thread: Int, number: Int)>()
    var seen: [Int: [Int]] = [:]
    try mailbox.attach(to: loop) { message in
      seen[message.thread, default: []].append(message.number)
      if seen.values.map(\.count).reduce(0, +) == 4000 { loop.stop() }
    }
    let threads = try (0..<4).map { thread in
      try Thread(name: "poster-\(thread)") {
        for number in 0..<1000 { mailbox.post((thread, number)) }
      }
    }
    loop.run()
    for thread in threads { thread.join() }
    for thread in 0..<4 { #expect(seen[thread] == Array(0..<1000)) }
  }

  @Test func aRefusedConnectionIsAnError() throws {
    let loop = try EventLoop()
    let any = try #require(IPAddress("127.0.0.1"))
    let reservation = try Listener.Reservation(SocketAddress(any, port: 0))
    // Reserved and not listening: the kernel refuses.
    let socket = try Socket.connect(to: reservation.address)
    let target = Listening()
    target.onReady = { loop.stop() }
    _ = try socket.register(on: loop, target)
    loop.run()
    #expect(socket.connectError()?.call == "connect")
  }
}
