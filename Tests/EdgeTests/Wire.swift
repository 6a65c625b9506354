import Base
import Reactor

/// One end of a TCP connection in a test: collects what comes, sends what it is told.
final class Wire: Pollable {
  private var socket: Socket?
  private let loop: EventLoop
  private var registration: Registration?
  private var unsent: [UInt8] = []
  private(set) var received: [UInt8] = []
  /// Called when more has come.
  var heard: (([UInt8]) -> Void)?
  /// Whether the other end sent its last byte, or reset.
  private(set) var hasEnded = false
  /// Whether that end was a reset.
  private(set) var wasReset = false

  init(_ socket: consuming Socket, on loop: EventLoop) throws {
    self.loop = loop
    self.socket = consume socket
    registration = try self.socket?.register(on: loop, self)
  }

  /// What has come, as text.
  var text: String { String(decoding: received, as: UTF8.self) }

  func send(_ text: String) { send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) {
    unsent += bytes
    flush()
  }

  /// Closes at once, after what was sent.
  func close() {
    if let registration { loop.forget(registration) }
    registration = nil
    socket = nil
  }

  /// Closes at once, so that the other end sees a reset.
  func reset() {
    socket?.resetOnClose()
    close()
  }

  func becameReady(_ readiness: Readiness) {
    if readiness.contains(.writable) { flush() }
    if readiness.contains(.readable) { read() }
  }

  private func flush() {
    guard !unsent.isEmpty, socket != nil else { return }
    let result = unsafe unsent.withUnsafeBytes { unsafe socket?.write($0) }
    if case .bytes(let count)? = result { unsent.removeFirst(count) }
  }

  private func read() {
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let result = unsafe chunk.withUnsafeMutableBytes { raw in
        unsafe raw.baseAddress.map { unsafe socket?.read(into: $0, byteCountMax: raw.count) }
      }
      switch result {
      case .some(.bytes(let count)):
        received += chunk.prefix(count)
        heard?(Array(chunk.prefix(count)))
      case .some(.end):
        hasEnded = true
        return
      case .some(.failed):
        hasEnded = true
        wasReset = true
        return
      case .some(.wouldBlock), nil, .some(nil): return
      }
    }
  }
}

/// A listening socket in a test; `took` gets each connection.
final class Door: Pollable {
  private let listener: Listener
  private let took: (consuming Socket, SocketAddress) -> Void

  init(on loop: EventLoop, _ took: @escaping (consuming Socket, SocketAddress) -> Void) throws {
    self.took = took
    listener = try Listener(SocketAddress(loopback, port: 0))
    _ = try listener.register(on: loop, self)
  }

  var address: SocketAddress { listener.address }

  func becameReady(_ readiness: Readiness) {
    while case .connection(let socket, let peer) = listener.accept() { took(socket, peer) }
  }
}

/// 127.0.0.1
let loopback = IPAddress(ipv4: 0x7F00_0001)
