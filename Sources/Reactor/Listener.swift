internal import Base
internal import CLinux
internal import Glibc

/// What accepting gave.
public enum AcceptResult: ~Copyable {
  /// A client connected.
  case connection(Socket, peer: SocketAddress)
  /// Nobody waits now.
  case none
  /// The descriptor table was full: the oldest waiting client was closed to keep the queue moving.
  case shed
  /// Accepting failed for another reason.
  case failed(SystemError)
}

/// A listening TCP socket, one per loop with `SO_REUSEPORT`: the kernel spreads clients over loops.
///
/// Holds one spare descriptor so that a full table sheds clients instead of spinning on a queue
/// that it cannot empty.
public final class Listener {
  private let socket: Socket
  private var spare: Descriptor?
  /// Where it listens, with the port that the kernel picked.
  public let address: SocketAddress

  /// Clients that may wait in the kernel.
  static let backlog: Int32 = 4096

  /// Listens on `address`; other loops may listen on the same one.
  public init(_ wanted: SocketAddress) throws(SystemError) {
    let socket = try Socket.make(for: wanted)
    try socket.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
    try socket.setOption(SOL_SOCKET, SO_REUSEPORT, 1)
    if !wanted.address.isIPv4 { try socket.setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
    try socket.bindTo(wanted)
    try socket.listen()
    guard let address = socket.localAddress() else {
      throw SystemError(code: EINVAL, call: "getsockname")
    }
    self.socket = socket
    self.address = address
    spare = Self.makeSpare()
  }

  /// A port that the kernel picked and nobody listens on yet: several loops can then share it.
  public final class Reservation {
    private let socket: Socket
    /// The address with the port.
    public let address: SocketAddress

    /// Reserves a port on the address's host.
    public init(_ wanted: SocketAddress) throws(SystemError) {
      let socket = try Socket.make(for: wanted)
      try socket.setOption(SOL_SOCKET, SO_REUSEPORT, 1)
      try socket.bindTo(wanted)
      guard let address = socket.localAddress() else {
        throw SystemError(code: EINVAL, call: "getsockname")
      }
      self.socket = socket
      self.address = address
    }
  }

  /// Watches for clients.
  public func register(
    on loop: EventLoop, _ target: any Pollable
  ) throws(SystemError) -> Registration {
    try socket.register(on: loop, target)
  }

  /// Takes one waiting client.
  public func accept() -> AcceptResult {
    do throws(SystemError) {
      guard let (number, peer) = try socket.accept() else { return .none }
      return .connection(try Socket.accepted(number), peer: peer)
    } catch {
      if error.isDescriptorTableFull { return shed() }
      return error.code == ECONNABORTED ? .shed : .failed(error)
    }
  }

  /// Frees the spare descriptor, takes the oldest client with it and closes both.
  private func shed() -> AcceptResult {
    spare = nil
    defer { spare = Self.makeSpare() }
    guard let accepted = try? socket.accept() else { return .none }
    _ = Descriptor(owning: accepted.socket)
    return .shed
  }

  private static func makeSpare() -> Descriptor? {
    let number = unsafe homeward_open("/dev/null", O_RDONLY | O_CLOEXEC, 0)
    return number < 0 ? nil : Descriptor(owning: number)
  }
}
