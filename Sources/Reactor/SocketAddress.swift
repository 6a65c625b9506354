public import Base
internal import CLinux
internal import Glibc

/// An IP address and port, as sockets use them.
public struct SocketAddress: Hashable, Sendable {
  /// The host's address.
  public let address: IPAddress
  /// The port; 0 lets the kernel pick.
  public let port: UInt16

  /// Makes the address of a port on a host.
  public init(_ address: IPAddress, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// Reads what the kernel filled in; nil for other address families.
  init?(_ storage: sockaddr_storage) {
    var storage = storage
    let family = Int32(storage.ss_family)
    guard family == AF_INET || family == AF_INET6 else { return nil }
    let (address, port) = unsafe withUnsafeBytes(of: &storage) { raw in
      let bytes = family == AF_INET ? unsafe raw[4..<8] : unsafe raw[8..<24]
      return unsafe (
        IPAddress(networkBytes: UnsafeRawBufferPointer(rebasing: bytes)),
        UInt16(bigEndian: raw.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
      )
    }
    guard let address else { return nil }
    self.init(address, port: port)
  }

  /// Hands the kernel's form to `body`.
  func withSockaddr<R>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemError) -> R
  ) throws(SystemError) -> R {
    var storage = sockaddr_storage()
    let count =
      address.isIPv4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
    unsafe withUnsafeMutableBytes(of: &storage) { raw in
      let family = sa_family_t(address.isIPv4 ? AF_INET : AF_INET6)
      unsafe raw.storeBytes(of: family, as: sa_family_t.self)
      unsafe raw.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
      if address.isIPv4 {
        let bits = UInt32(truncatingIfNeeded: address.bits)
        unsafe raw.storeBytes(of: bits.bigEndian, toByteOffset: 4, as: UInt32.self)
      } else {
        unsafe raw.storeBytes(of: address.bits.bigEndian, toByteOffset: 8, as: UInt128.self)
      }
    }
    // sockaddr_storage is laid out so that it may be read as any sockaddr.
    return try unsafe withUnsafePointer(to: &storage) { (pointer) throws(SystemError) -> R in
      try unsafe body(
        UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), socklen_t(count))
    }
  }
}

extension SocketAddress: CustomStringConvertible {
  /// `192.0.2.1:443` or `[2001:db8::1]:443`.
  public var description: String {
    address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)"
  }
}
