internal import Base
internal import HTTP
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
    /// How long to wait for an answer.
    public var timeoutMilliseconds: UInt64 = 10_000

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

  /// Makes a client; nothing is opened.
  public init(_ options: Options) { self.options = options }

  /// Sends a request and waits for its answer. `body` is JSON; empty: none.
  public func send(
    _ method: String, _ target: String, fields: [(name: StaticString, value: String)] = [],
    body: [UInt8] = []
  ) throws(Fault) -> Answer {
    var head = RequestHead()
    head.method = Method(rawValue: method) ?? .other
    head.methodName = method
    head.authority = Array("\(options.address)".utf8)
    head.target = Array(target.utf8)
    head.pathCount = head.target.firstIndex(of: UInt8(ascii: "?")) ?? head.target.count
    head.fields.append("accept", "application/json")
    head.fields.append("user-agent", "homeward")
    if let token = options.token { head.fields.append("authorization", "Bearer \(token)") }
    for field in fields { head.fields.append(field.name, field.value) }
    if !body.isEmpty {
      head.fields.append("content-type", "application/json")
      head.contentLength = UInt64(body.count)
    }
    var tls = options.tls
    tls.alpn = [.http1]
    tls.versionMin = .tls13
    tls.resumesSessions = false
    let context: LoopContext
    let session: TLSSession
    do {
      session = try TLSSession(client: try TLSContext.client(tls), serverName: options.serverName)
    } catch { throw .untrusted("\(error)") }
    do { context = try LoopContext() } catch { throw .broken("\(error)") }
    let socket: Socket
    do { socket = try Socket.connect(to: options.address) } catch { throw .unreachable("\(error)") }
    let call = AdminExchange(
      context: context, socket: socket, tls: session, head, body: body,
      answerByteCountMax: Self.answerByteCountMax)
    do { try call.begin() } catch { throw .broken("\(error)") }
    return try call.run(for: options.timeoutMilliseconds).get()
  }
}

/// One call, with a loop of its own.
private final class AdminExchange: HTTPCall, TimerTarget {
  private var status: UInt16 = 0
  private var result: Result<AdminClient.Answer, AdminClient.Fault>?

  /// Serves the loop until there is a result.
  func run(for milliseconds: UInt64) -> Result<AdminClient.Answer, AdminClient.Fault> {
    context.loop.schedule(at: Clock.monotonic().adding(milliseconds: milliseconds), self)
    context.loop.endOfTurn = { [unowned self] in context.endTurn() }
    context.loop.run()
    context.loop.endOfTurn = nil
    close()
    return result ?? .failure(.broken("no answer"))
  }

  func timerFired(token: Int) { end(.failure(.broken("no answer in time"))) }

  override func answered(_ response: ResponseHead) { status = response.status }

  override func concluded(_ body: [UInt8]) {
    end(.success(AdminClient.Answer(status: status, body: body)))
  }

  override func failed(_ fault: HTTPCallFault) {
    switch fault {
    case .transport(.connect(let error)): end(.failure(.unreachable("\(error)")))
    case .transport(.tls(let fault)): end(.failure(.untrusted("TLS: \(fault.reason)")))
    case .transport, .ended, .tooLong, .malformed: end(.failure(.broken(fault.description)))
    }
  }

  private func end(_ result: Result<AdminClient.Answer, AdminClient.Fault>) {
    guard self.result == nil else { return }
    self.result = result
    close()
    context.loop.stop()
  }
}
