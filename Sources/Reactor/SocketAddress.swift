internal import CLinux
internal import Glibc

/// An IP address and port as sockets use it. IPv4 is held as IPv4-mapped IPv6.
public struct SocketAddress: Hashable, Sendable {
  /// The address's first eight bytes, big-endian.
  public let high: UInt64
  /// The address's last eight bytes, big-endian.
  public let low: UInt64
  /// The port; 0 lets the kernel pick.
  public let port: UInt16

  /// Makes an address from its 128 bits; IPv4 as `::ffff:a.b.c.d`.
  public init(high: UInt64, low: UInt64, port: UInt16) {
    self.high = high
    self.low = low
    self.port = port
  }

  /// Whether this is an IPv4 address.
  public var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

  /// The same address with another port.
  public func withPort(_ port: UInt16) -> SocketAddress {
    SocketAddress(high: high, low: low, port: port)
  }

  /// Reads what the kernel filled in; nil for other address families.
  @safe
  init?(_ storage: sockaddr_storage) {
    var storage = storage
    switch Int32(storage.ss_family) {
    case AF_INET:
      let v4 = unsafe withUnsafeBytes(of: &storage) { unsafe $0.loadUnaligned(as: sockaddr_in.self) }
      self.init(
        high: 0, low: 0xFFFF_0000_0000 | UInt64(UInt32(bigEndian: v4.sin_addr.s_addr)),
        port: UInt16(bigEndian: v4.sin_port))
    case AF_INET6:
      let (high, low, port) = unsafe withUnsafeBytes(of: &storage) { raw in
        unsafe (
          UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
          UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
          UInt16(bigEndian: raw.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        )
      }
      self.init(high: high, low: low, port: port)
    default: return nil
    }
  }

  /// Hands the kernel's form to `body`.
  func withSockaddr<R>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> R
  ) throws(SystemError) -> R {
    var storage = sockaddr_storage()
    let count: Int
    if isIPv4 {
      count = MemoryLayout<sockaddr_in>.size
      unsafe withUnsafeMutableBytes(of: &storage) { raw in
        unsafe raw.storeBytes(of: sa_family_t(AF_INET), as: sa_family_t.self)
        unsafe raw.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
        unsafe raw.storeBytes(
          of: UInt32(truncatingIfNeeded: low).bigEndian, toByteOffset: 4, as: UInt32.self)
      }
    } else {
      count = MemoryLayout<sockaddr_in6>.size
      unsafe withUnsafeMutableBytes(of: &storage) { raw in
        unsafe raw.storeBytes(of: sa_family_t(AF_INET6), as: sa_family_t.self)
        unsafe raw.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
        unsafe raw.storeBytes(of: high.bigEndian, toByteOffset: 8, as: UInt64.self)
        unsafe raw.storeBytes(of: low.bigEndian, toByteOffset: 16, as: UInt64.self)
      }
    }
    // sockaddr_storage is laid out so that it may be read as any sockaddr.
    return try unsafe withUnsafePointer(to: &storage) { (pointer) throws(SystemError) -> R in
      try unsafe body(
        UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), socklen_t(count))
    }
  }
}
