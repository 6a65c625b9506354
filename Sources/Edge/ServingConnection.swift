internal import Base
internal import HTTP
internal import Native

/// A connection on which somebody asks us: bytes go through a server's codec, whose events the
/// subclass takes in `drain`.
class ServingConnection: Connection {
  /// Speaks what was agreed; nil until then.
  final private(set) var codec: (any ServerCodec)?

  /// Takes what the codec has read. Called whenever there may be something.
  func drain() {}

  /// The protocol is agreed: starts its codec.
  final func speak(_ limits: HTTPLimits, isSecure: Bool) {
    codec =
      alpn == .http2
      ? HTTP2ServerCodec(limits: limits) : HTTP1ServerCodec(limits: limits, isSecure: isSecure)
  }

  final override var wantsToReceive: Bool { codec?.wantsToReceive ?? true }
  final override var isFinished: Bool { codec?.isFinished ?? false }
  final override var endsAbruptly: Bool { (codec as? HTTP1ServerCodec)?.endsAbruptly ?? false }

  final override func received(_ bytes: UnsafeRawBufferPointer) {
    unsafe codec?.receive(bytes)
    drain()
  }

  final override func peerEnded() {
    codec?.receiveEnd()
    drain()
    context.flushLater(self)
  }

  final override func produce(into output: inout ByteQueue, byteCountMax: Int) {
    codec?.produce(into: &output, byteCountMax: byteCountMax)
    drain()
  }
}
