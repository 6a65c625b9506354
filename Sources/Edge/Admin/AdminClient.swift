internal import Base
public import Native
public import Reactor

/// Asks the admin API of an edge: for commands. Each call blocks its thread and has a connection of
/// its own.
public struct AdminClient: Sendable {
  /// Whom to ask, and how to prove who asks.
  public struct Options: Sendable {
    /// Where the edge's admin API listens.
    public var address: SocketAddress
    /// The name in its certificate: a DNS name or an IP address.
    public var serverName: String
    /// Authorities and, perhaps, a certificate of our own.
    public var tls: ClientTLSOptions
    /// A bearer token.
    public var token: String?
    /// How long to wait for an answer: a plan's dry run reads a day of the audit log.
    public var timeoutMilliseconds: UInt64 = 30_000

    /// Makes options.
    public init(
      address: SocketAddress, serverName: String, tls: ClientTLSOptions, token: String? = nil
    ) {
      self.address = address
      self.serverName = serverName
      self.tls = tls
      self.token = token
    }
  }

  /// An answer, whatever its status.
  public struct Answer: Sendable {
    /// The status.
    public let status: UInt16
    /// The body.
    public let body: [UInt8]
  }

  /// Something that the edge told to who follows.
  public struct Event: Sendable {
    /// Its identifier; empty for a gap.
    public let id: String
    /// Its kind.
    public let kind: String
    /// One JSON object.
    public let data: [UInt8]
  }

  /// Why there is none.
  public enum Fault: Error, Equatable, Sendable {
    /// Nobody listens there, or cannot be reached.
    case unreachable(String)
    /// One of the sides does not trust the other's certificate.
    case untrusted(String)
    /// Something else broke, or took too long.
    case broken(String)
  }

  private let options: Options

  /// Bytes of an answer: thousands of servers.
  private static let answerByteCountMax = 16 << 20
  /// Milliseconds without a sign of life after which nobody is followed any more.
  private static let silenceMilliseconds: UInt64 = 30_000

  /// Makes a client; nothing is opened.
  public init(_ options: Options) { self.options = options }

  /// Sends a request and waits for its answer. `body` is JSON; empty: none.
  public func send(
    _ method: String, _ target: String, fields: [(name: String, value: String)] = [],
    body: [UInt8] = []
  ) throws(Fault) -> Answer {
    var call = try call(method, target)
    call.fields += fields
    if !body.isEmpty { call.fields.append(("content-type", "application/json")) }
    call.body = body
    let answer = try answer(to: call, parts: nil)
    return Answer(status: answer.status, body: answer.body)
  }

  /// Follows events after the one called `last`, until `body` says false. Throws when the edge
  /// ends, or refuses.
  public func follow(after last: String, _ body: (Event) -> Bool) throws(Fault) {
    var call = try call("GET", "/v1/events")
    if !last.isEmpty { call.fields.append(("last-event-id", last)) }
    call.timeoutMilliseconds = Self.silenceMilliseconds
    var reader = EventReader()
    var isOver = false
    let refusal = try withoutActuallyEscaping(body) { body throws(Fault) in
      try answer(to: call) { part in
        reader.append(part)
        while !isOver, let event = reader.next() { isOver = !body(event) }
        return !isOver && !reader.isTooLong
      }
    }
    guard !isOver else { return }
    throw .broken(
      refusal.status == 200 ? "the edge tells no more" : "the edge answered \(refusal.status)")
  }

  private func call(_ method: String, _ target: String) throws(Fault) -> OutboundCall {
    var tls = options.tls
    tls.alpn = [.http1]
    tls.versionMin = .tls13
    tls.resumesSessions = false
    var call = OutboundCall(options.address, target: target)
    do { call.tls = (try TLSContext.client(tls), options.serverName) } catch {
      throw .untrusted("\(error)")
    }
    call.method = method
    call.fields = [("accept", "*/*"), ("user-agent", "homeward")]
    if let token = options.token { call.fields.append(("authorization", "Bearer \(token)")) }
    call.timeoutMilliseconds = options.timeoutMilliseconds
    call.answerByteCountMax = Self.answerByteCountMax
    return call
  }

  private func answer(
    to call: OutboundCall, parts: (([UInt8]) -> Bool)?
  ) throws(Fault) -> CallAnswer {
    let loop: CallLoop
    do { loop = try CallLoop() } catch { throw .broken("\(error)") }
    var result: Result<CallAnswer, CallFailure>?
    loop.start(call, parts: parts) { result = $0 }
    loop.runUntilIdle()
    switch result {
    case .success(let answer)?: return answer
    case .failure(let failure)?:
      switch failure.kind {
      case .unreachable: throw .unreachable(failure.words)
      case .untrusted: throw .untrusted(failure.words)
      case .broken: throw .broken(failure.words)
      }
    case nil: throw .broken("no answer")
    }
  }
}

/// Takes server-sent events apart (HTML Living Standard section 9.2), as edges write them.
private struct EventReader {
  private var bytes: [UInt8] = []

  /// Bytes of an event.
  private static let byteCountMax = 1 << 20

  /// Whether what waits is no event of an edge.
  var isTooLong: Bool { bytes.count > Self.byteCountMax }

  mutating func append(_ part: [UInt8]) { bytes += part }

  /// The next event that is there whole; comments are passed over.
  mutating func next() -> AdminClient.Event? {
    while let end = blankLine() {
      var (id, kind, data): (String, String, [UInt8]) = ("", "", [])
      for line in bytes[..<end].split(separator: UInt8(ascii: "\n")) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
        let value = line[line.index(after: colon)...].drop { $0 == 0x20 }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "id": id = String(decoding: value, as: UTF8.self)
        case "event": kind = String(decoding: value, as: UTF8.self)
        case "data": data = Array(value)
        default: break
        }
      }
      bytes.removeFirst(end + 2)
      if !kind.isEmpty { return AdminClient.Event(id: id, kind: kind, data: data) }
    }
    return nil
  }

  private func blankLine() -> Int? {
    guard bytes.count > 1 else { return nil }
    return bytes.indices.dropLast().first {
      bytes[$0] == UInt8(ascii: "\n") && bytes[$0 + 1] == UInt8(ascii: "\n")
    }
  }
}
