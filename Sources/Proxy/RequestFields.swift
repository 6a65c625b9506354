public import Base
public import HTTP

extension Decision {
  /// Makes a client's head fit for the origin: strips what was between the client and us and what
  /// would spoof a fact, adds `Forwarded`, `Via`, a request id and a trace. Done once an exchange.
  public func prepareRequest(
    _ head: inout RequestHead, peer: IPAddress, isPeerTrusted: Bool, received: ReceivedProtocol,
    limits: HTTPLimits
  ) -> Refusal? {
    var context = ForwardingContext(
      peer: peer, requestID: UInt128(id.high) << 64 | UInt128(id.low), spanID: id.low | 1)
    context.isPeerTrusted = isPeerTrusted
    context.received = received
    context.viaLoopsMax = limits.viaLoopsMax
    context.connectionOptionsMax = limits.connectionOptionsMax
    switch Forwarding.prepareRequest(&head, context: context) {
    case nil: return nil
    case .loop: return .loop
    case .connectionOptions, .endToEndOption: return .invalid
    }
  }
}
