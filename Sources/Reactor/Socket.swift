internal import Base
internal import CLinux
internal import Glibc

/// What reading or writing a socket gave.
public enum TransferResult: Sendable, Equatable {
  /// So many bytes moved; fewer than asked is possible.
  case bytes(Int)
  /// The kernel has no more (or no room) now; readiness will tell.
  case wouldBlock
  /// The peer sent its last byte. Reading only.
  case end
  /// The connection is broken.
  case failed(SystemError)
}

/// A non-blocking TCP socket. Owns its descriptor; confined to its loop's thread.
public struct Socket: ~Copyable {
  private let descriptor: Descriptor

  private init(owning number: Int32) { descriptor = Descriptor(owning: number) }

  /// Starts a connection; completion is told by the first `writable`. Errors that the kernel knows
  /// at once are thrown. `source` picks the local address.
  public static func connect(
    to address: SocketAddress, from source: SocketAddress? = nil
  ) throws(SystemError) -> Socket {
    let socket = try make(for: address)
    try socket.setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    if let source {
      try socket.bindTo(source)
    }
    try unsafe address.withSockaddr { (pointer, count) throws(SystemError) in
      _ = try systemCall("connect") {
        unsafe Glibc.connect(socket.descriptor.number, pointer, count).asInt
      }
    }
    return socket
  }

  /// Watches the socket on `loop`.
  public func register(
    on loop: EventLoop, _ target: any Pollable
  ) throws(SystemError) -> Registration {
    try loop.register(descriptor.number, target)
  }

  /// Reads at most `byteCountMax` bytes to `buffer`.
  @inline(__always)
  public func read(into buffer: UnsafeMutableRawPointer, byteCountMax: Int) -> TransferResult {
    do throws(SystemError) {
      switch try systemCall("recv", { unsafe recv(descriptor.number, buffer, byteCountMax, 0) }) {
      case .value(0): return .end
      case .value(let count): return .bytes(count)
      case .wouldBlock: return .wouldBlock
      }
    } catch {
      return .failed(error)
    }
  }

  /// Writes as much of `bytes` as the kernel takes.
  @inline(__always)
  public func write(_ bytes: UnsafeRawBufferPointer) -> TransferResult {
    do throws(SystemError) {
      switch try systemCall(
        "send",
        { unsafe send(descriptor.number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) })
      {
      case .value(let count): return .bytes(count)
      case .wouldBlock: return .wouldBlock
      }
    } catch {
      return .failed(error)
    }
  }

  /// Tells the peer that no more bytes follow.
  public func shutdownWrite() { _ = Glibc.shutdown(descriptor.number, Int32(SHUT_WR)) }

  /// Makes the close that follows send a reset: the peer must not take what it has for complete.
  public func resetOnClose() {
    var value = linger(l_onoff: 1, l_linger: 0)
    _ = unsafe setsockopt(
      descriptor.number, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
  }

  /// Why a connection could not be made; nil when it was.
  public func connectError() -> SystemError? {
    var code: Int32 = 0
    var count = socklen_t(MemoryLayout<Int32>.size)
    _ = unsafe getsockopt(descriptor.number, SOL_SOCKET, SO_ERROR, &code, &count)
    return code == 0 ? nil : SystemError(code: code, call: "connect")
  }

  /// The local end's address: what a client connected to.
  public func localAddress() -> SocketAddress? {
    var storage = sockaddr_storage()
    var count = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      // sockaddr_storage may be written as any sockaddr.
      unsafe getsockname(
        descriptor.number,
        UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), &count)
    }
    return result == 0 ? SocketAddress(storage) : nil
  }

  static func make(for address: SocketAddress) throws(SystemError) -> Socket {
    let family = address.address.isIPv4 ? AF_INET : AF_INET6
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    return Socket(
      owning: Int32(try blockingCall("socket") { socket(family, kind, Int32(IPPROTO_TCP)).asInt }))
  }

  func setOption(_ level: Int32, _ name: Int32, _ value: Int32) throws(SystemError) {
    var value = value
    _ = try blockingCall("setsockopt") {
      unsafe setsockopt(
        descriptor.number, level, name, &value, socklen_t(MemoryLayout<Int32>.size)
      ).asInt
    }
  }

  func bindTo(_ address: SocketAddress) throws(SystemError) {
    try unsafe address.withSockaddr { (pointer, count) throws(SystemError) in
      _ = try blockingCall("bind") { unsafe bind(descriptor.number, pointer, count).asInt }
    }
  }

  func listen() throws(SystemError) {
    _ = try blockingCall("listen") { Glibc.listen(descriptor.number, Listener.backlog).asInt }
  }

  func accept() throws(SystemError) -> (socket: Int32, peer: SocketAddress)? {
    var storage = sockaddr_storage()
    var count = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = try systemCall("accept") {
      unsafe homeward_accept(descriptor.number, &storage, &count).asInt
    }
    guard case .value(let number) = result else { return nil }
    guard let peer = SocketAddress(storage) else {
      _ = Descriptor(owning: Int32(number))
      return nil
    }
    return (Int32(number), peer)
  }

  /// Takes an accepted descriptor.
  static func accepted(_ number: Int32) throws(SystemError) -> Socket {
    let socket = Socket(owning: number)
    try socket.setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    return socket
  }
}

extension Int32 {
  /// The value as the word-sized result that `systemCall` expects.
  var asInt: Int { Int(self) }
}
