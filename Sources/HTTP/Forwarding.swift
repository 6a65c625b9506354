public import Base

/// The protocol version that a message came in, for `Via`.
public enum ReceivedProtocol: String, Sendable {
  case http10 = "1.0"
  case http11 = "1.1"
  case http2 = "2"
}

/// Why a request is not forwarded because of its connection or forwarding fields.
public enum ForwardingRefusal: String, CaseIterable, Sendable {
  /// Our own name stands in `Via` too often: answer 508.
  case loop = "request passed this proxy too often"
  /// `Connection` names more fields than any honest peer does: answer 400.
  case connectionOptions = "too many connection options"
  /// `Connection` names a field that is meant for everybody, and was judged: answer 400.
  case endToEndOption = "connection option names an end-to-end field"
}

/// What the header rules need to know about a request beside its head.
public struct ForwardingContext: Sendable {
  /// The address that the connection comes from.
  public var peer: IPAddress
  /// Whether the peer is a proxy whose forwarding fields are believed.
  public var isPeerTrusted = false
  /// The version that the client spoke.
  public var received = ReceivedProtocol.http2
  /// Identifies the request, unless the client brought an identifier or a trace of its own; random
  /// and not zero.
  public var requestID: UInt128
  /// Identifies our part of the trace; random and not zero.
  public var spanID: UInt64
  /// Whether a trace that begins here is recorded.
  public var isSampled = false
  /// The bounds of `HTTPLimits` that apply.
  public var viaLoopsMax = HTTPLimits().viaLoopsMax
  /// See `HTTPLimits.connectionOptionsMax`.
  public var connectionOptionsMax = HTTPLimits().connectionOptionsMax

  /// Makes the context of a request that came from `peer`.
  public init(peer: IPAddress, requestID: UInt128, spanID: UInt64) {
    self.peer = peer
    self.requestID = requestID
    self.spanID = spanID
  }
}

/// The header rules between the two sides: RFC 9110 section 7.6, RFC 7239, W3C Trace Context.
///
/// What belongs to one connection ends here; what a client claims about itself is not believed;
/// what the proxy adds is added last, so that no `Connection` can take it away again.
public enum Forwarding {
  /// The name of the edges in `Via`; RFC 9110 section 7.6.3 allows a pseudonym.
  static let pseudonym: StaticString = "homeward"

  /// Turns a client's request head into the one for the origin; nil when all went well.
  ///
  /// `expect` is taken away: the edge answers the expectation itself.
  public static func prepareRequest(
    _ head: inout RequestHead, context: borrowing ForwardingContext
  ) -> ForwardingRefusal? {
    if viaLoopCount(head.fields) > context.viaLoopsMax { return .loop }
    if namesEndToEndField(head.fields) { return .endToEndOption }
    guard stripNamedByConnection(&head.fields, optionsMax: context.connectionOptionsMax) else {
      return .connectionOptions
    }
    let wantsTrailers = hasTrailersOption(head.fields)
    let trace = Trace(head.fields, context: context)
    let hasRequestID = hasValidRequestID(head.fields)
    // The chains of a believed peer are read before its lines go; ours is appended to them.
    var chains = Chains()
    if context.isPeerTrusted { chains.collect(head.fields) }
    let isTrusted = context.isPeerTrusted
    unsafe head.fields.removeLines { line, bytes in
      switch line.known {
      case .expect, .ehr, .spoofable, .traceparent, .forwarded, .xForwardedFor: return true
      case .xForwardedHost: return !isTrusted || !chains.hasHost
      case .xForwardedProto: return !isTrusted || !chains.hasProto
      case .xForwardedPort, .xRealIP: return !isTrusted
      case .tracestate: return !trace.continuesClient
      case .xRequestID: return !hasRequestID
      case .other:
        let name = unsafe ByteScan.slice(
          bytes, Int(line.nameStart)..<Int(line.nameStart + line.nameCount))
        return unsafe !isTrusted && ByteScan.startsIgnoringCase(name, "x-forwarded-")
      default: return line.known.isHopByHop
      }
    }
    if wantsTrailers { head.fields.append("te", "trailers") }
    appendVia(&head.fields, received: context.received)
    chains.append(to: &head, peer: context.peer)
    if !hasRequestID { appendRequestID(&head.fields, context.requestID) }
    trace.append(to: &head.fields)
    return nil
  }

  /// Turns an origin's response head into the one for the client.
  ///
  /// Origins may say `ehr-position` and `ehr-lag`; all other `ehr-*` are the edge's to say.
  /// `alt-svc` goes, since it would lead clients around the edge.
  public static func prepareResponse(
    _ head: inout ResponseHead, received: ReceivedProtocol = .http11
  ) {
    // Past the bound only the known connection fields go: an origin's answer is not refused here.
    _ = stripNamedByConnection(&head.fields, optionsMax: HTTPLimits().connectionOptionsMax)
    unsafe head.fields.removeLines { line, bytes in
      let name = unsafe ByteScan.slice(
        bytes, Int(line.nameStart)..<Int(line.nameStart + line.nameCount))
      switch line.known {
      case .ehr:
        return unsafe !ByteScan.equalsIgnoringCase(name, "ehr-position")
          && !ByteScan.equalsIgnoringCase(name, "ehr-lag")
      case .other: return unsafe ByteScan.equalsIgnoringCase(name, "alt-svc")
      default: return line.known.isHopByHop
      }
    }
    appendVia(&head.fields, received: received)
  }

  /// Takes away what belongs to one connection: the fields that `Connection` names, and those that
  /// always do. What a cache stores begins with this (RFC 9111 section 3.1).
  public static func stripConnection(_ fields: inout Fields) {
    _ = stripNamedByConnection(&fields, optionsMax: HTTPLimits().connectionOptionsMax)
    fields.removeLines { $0.known.isHopByHop }
  }

  /// Takes away every field that a `Connection` line names (RFC 9110 section 7.6.1); false, and
  /// nothing is taken, when they name more than `optionsMax`.
  private static func stripNamedByConnection(
    _ fields: inout Fields, optionsMax: Int
  ) -> Bool {
    // Stays unallocated for `close`, `keep-alive` and other options that name no other field.
    var named: [Range<Int>] = []
    var optionCount = 0
    for line in fields.lines where line.known == .connection {
      unsafe fields.withValue(line) { value in
        var members = unsafe ListMembers(value)
        while let member = members.next(), optionCount <= optionsMax {
          optionCount += 1
          let option = unsafe ByteScan.slice(value, member)
          if unsafe isPlainOption(option) { continue }
          let start = Int(line.valueStart)
          named.append((start + member.lowerBound)..<(start + member.upperBound))
        }
      }
    }
    guard optionCount <= optionsMax else { return false }
    guard !named.isEmpty else { return true }
    unsafe fields.removeLines { line, bytes in
      let name = unsafe ByteScan.slice(
        bytes, Int(line.nameStart)..<Int(line.nameStart + line.nameCount))
      for range in named {
        if unsafe ByteScan.equalsIgnoringCase(name, ByteScan.slice(bytes, range)) { return true }
      }
      return false
    }
    return true
  }

  /// Whether a `Connection` line names a field that no honest sender names there (RFC 9110 section
  /// 7.6.1). The edge has judged it, and the origin would not see it.
  private static func namesEndToEndField(_ fields: borrowing Fields) -> Bool {
    for line in fields.lines where line.known == .connection {
      let isFound = unsafe fields.withValue(line) { value in
        var members = unsafe ListMembers(value)
        while let member = members.next() {
          let option = unsafe ByteScan.slice(value, member)
          for name in endToEndFields where unsafe ByteScan.equalsIgnoringCase(option, name) {
            return true
          }
        }
        return false
      }
      if isFound { return true }
    }
    return false
  }

  private static let endToEndFields: [StaticString] = [
    "accept", "authorization", "cache-control", "content-encoding", "content-length",
    "content-type", "cookie", "host", "idempotency-key", "if-match", "if-modified-since",
    "if-none-exist", "if-none-match", "if-range", "if-unmodified-since", "prefer", "range",
  ]

  /// Whether the option names no field, or one that is taken away or rewritten anyhow.
  private static func isPlainOption(_ option: UnsafeRawBufferPointer) -> Bool {
    unsafe ByteScan.equalsIgnoringCase(option, "close")
      || ByteScan.equalsIgnoringCase(option, "keep-alive")
      || ByteScan.equalsIgnoringCase(option, "te")
      || ByteScan.equalsIgnoringCase(option, "upgrade")
  }

  /// Whether `TE` has the member `trailers`; its other members are never passed on.
  private static func hasTrailersOption(_ fields: borrowing Fields) -> Bool {
    for index in 0..<fields.lines.count where fields.lines[index].known == .te {
      let isFound = unsafe fields.withValue(fields.lines[index]) { value in
        var members = unsafe ListMembers(value)
        while let member = members.next() {
          let option = unsafe ByteScan.slice(value, member)
          if unsafe ByteScan.equalsIgnoringCase(option, "trailers") { return true }
        }
        return false
      }
      if isFound { return true }
    }
    return false
  }

  /// How often our pseudonym stands in `Via`.
  private static func viaLoopCount(_ fields: borrowing Fields) -> Int {
    var count = 0
    for index in 0..<fields.lines.count where fields.lines[index].known == .via {
      unsafe fields.withValue(fields.lines[index]) { value in
        var members = unsafe ListMembers(value)
        while let member = members.next() {
          // `2 homeward (comment)`: the received protocol, white space, the name.
          var start = member.lowerBound
          while unsafe start < member.upperBound && value[start] > 0x20 { start += 1 }
          while unsafe start < member.upperBound && value[start] <= 0x20 { start += 1 }
          var end = start
          while unsafe end < member.upperBound && value[end] > 0x20 { end += 1 }
          if unsafe ByteScan.equalsIgnoringCase(ByteScan.slice(value, start..<end), pseudonym) {
            count += 1
          }
        }
      }
    }
    return count
  }

  /// Takes from a request what its client alone says of itself and its way, for an answer that is
  /// shared: neither may show in it. Our own names in `Via` stay, so that a loop is still noticed;
  /// protocol and host do, since links are made of them. With `keepsAddress`, so does the client's
  /// address, for an answer that nobody but he is given.
  public static func shareRequest(
    _ head: inout RequestHead, requestID: UInt128, keepsAddress: Bool
  ) {
    let ownCount = viaLoopCount(head.fields)
    unsafe head.fields.removeLines { line, bytes in
      switch line.known {
      case .via, .xRequestID, .tracestate: return true
      case .forwarded, .xForwardedFor: return !keepsAddress
      case .other:
        let name = unsafe ByteScan.slice(
          bytes, Int(line.nameStart)..<Int(line.nameStart + line.nameCount))
        return unsafe ByteScan.equalsIgnoringCase(name, "user-agent")
      default: return false
      }
    }
    for _ in 0..<ownCount { head.fields.append("via", "1.1 homeward") }
    head.fields.append("user-agent", "homeward")
    appendRequestID(&head.fields, requestID)
    if !keepsAddress { Chains.appendHost(to: &head) }
  }

  /// Adds our line to `Via`.
  private static func appendVia(_ fields: inout Fields, received: ReceivedProtocol) {
    switch received {
    case .http10: fields.append("via", "1.0 homeward")
    case .http11: fields.append("via", "1.1 homeward")
    case .http2: fields.append("via", "2 homeward")
    }
  }
}
