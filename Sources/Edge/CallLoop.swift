public import Base
internal import HTTP
public import Native
public import Reactor

/// A request of our own, not a client's: to a server, to a hook, or through an edge.
public struct OutboundCall: Sendable {
  /// Where to.
  public var address: SocketAddress
  /// How the connection is protected: context, and the name in the certificate; nil: not at all.
  public var tls: (context: TLSContext, serverName: String)?
  /// The local address; nil: whatever the system takes.
  public var source: SocketAddress?
  /// Whether HTTP/2 is spoken, agreed or not.
  public var isHTTP2 = false
  /// The method, a token.
  public var method = "GET"
  /// Path and query.
  public var target: String
  /// `Host`; the address when empty.
  public var authority = ""
  /// Further fields; names in lower case.
  public var fields: [(name: String, value: String)] = []
  /// The body; empty: none.
  public var body: [UInt8] = []
  /// How long until it is given up; of an answer that is read in parts, how long without one.
  public var timeoutMilliseconds: UInt64 = 2_000
  /// Bytes of an answer that is read whole: a report, or a small document.
  public var answerByteCountMax = 4 << 20

  /// Makes a GET in clear text.
  public init(_ address: SocketAddress, target: String) {
    self.address = address
    self.target = target
  }
}

/// An answer, whatever its status.
public struct CallAnswer: Sendable {
  /// The status.
  public let status: UInt16
  /// The body.
  public let body: [UInt8]
  private let fields: Fields

  fileprivate init(_ status: UInt16, _ fields: Fields, _ body: [UInt8]) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  /// The first field of this name, in lower case.
  public func field(_ name: String) -> String? { fields.value(named: name) }
}

/// Why there is no answer; for people.
public struct CallFailure: Error, Equatable, Sendable {
  /// A few words.
  public let words: String
  /// Whether the peer may have seen the request.
  public let wasSent: Bool
  /// What broke.
  public let kind: Kind

  /// What breaks.
  public enum Kind: Sendable {
    /// Nobody listens there, or cannot be reached.
    case unreachable
    /// One of the sides does not trust the other's certificate.
    case untrusted
    /// Something else, or it took too long.
    case broken
  }
}

/// A loop on the calling thread on which calls are made, many at once. Confined to that thread.
public final class CallLoop: TimerTarget {
  private let context: LoopContext
  private var calls: [Int: LiveCall] = [:]
  private var lastNumber = 0
  private var jobs: [Int: () -> Void] = [:]
  private var stopsWhenIdle = false

  /// Makes a loop; throws when the system has no descriptor left.
  public init() throws(SystemError) {
    context = try LoopContext()
    context.loop.endOfTurn = { [unowned self] in
      context.endTurn()
      if stopsWhenIdle, calls.isEmpty, jobs.isEmpty { context.loop.stop() }
    }
  }

  /// The time this turn began.
  public var now: Instant { context.loop.now }

  /// Starts a call; `then` is told its end, on this thread. An answer with status 200 is given to
  /// `parts` as it comes, if there is one, until that says false.
  public func start(
    _ call: OutboundCall, parts: (([UInt8]) -> Bool)? = nil,
    _ then: @escaping (Result<CallAnswer, CallFailure>) -> Void
  ) {
    lastNumber += 1
    let number = lastNumber
    var head = RequestHead()
    head.methodName = call.method
    head.method = Method(rawValue: call.method) ?? .other
    head.isSecure = call.tls != nil
    head.authority = Array((call.authority.isEmpty ? "\(call.address)" : call.authority).utf8)
    head.target = Array(call.target.utf8)
    head.pathCount = head.target.firstIndex(of: UInt8(ascii: "?")) ?? head.target.count
    for field in call.fields {
      let (name, value) = (Array(field.name.utf8), Array(field.value.utf8))
      unsafe name.withUnsafeBytes { name in
        unsafe value.withUnsafeBytes { unsafe head.fields.append(name: name, value: $0) }
      }
    }
    if !call.body.isEmpty { head.contentLength = UInt64(call.body.count) }
    do {
      var session: TLSSession?
      if let tls = call.tls {
        session = try TLSSession(client: tls.context, serverName: tls.serverName)
      }
      let live = LiveCall(
        context: context, socket: try Socket.connect(to: call.address, from: call.source),
        tls: session, head,
        body: call.body, answerByteCountMax: call.answerByteCountMax, isHTTP2: call.isHTTP2)
      live.parts = parts
      live.timeoutMilliseconds = call.timeoutMilliseconds
      live.told = { [unowned self] result in
        calls[number] = nil
        then(result)
      }
      calls[number] = live
      try live.begin()
      context.loop.schedule(
        at: Clock.monotonic().adding(milliseconds: call.timeoutMilliseconds), self, token: number)
    } catch {
      calls[number] = nil
      let kind: CallFailure.Kind = error is SystemError ? .unreachable : .untrusted
      then(.failure(CallFailure(words: "\(error)", wasSent: false, kind: kind)))
    }
  }

  /// Does something on this thread, not earlier than then.
  public func later(at deadline: Instant, _ body: @escaping () -> Void) {
    lastNumber += 1
    jobs[lastNumber] = body
    context.loop.schedule(at: deadline, self, token: lastNumber)
  }

  /// A time came: a call's end, or a job's.
  public func timerFired(token: Int) {
    if let job = jobs.removeValue(forKey: token) { return job() }
    guard let call = calls[token] else { return }
    if let deadline = call.nextDeadline, deadline > context.loop.now {
      return context.loop.schedule(at: deadline, self, token: token)
    }
    call.failed(.transport(.timeout))
  }

  /// Serves until nothing is left to do. Once.
  public func runUntilIdle() {
    stopsWhenIdle = true
    if calls.isEmpty, jobs.isEmpty { return }
    context.loop.run()
  }

  /// Makes calls at once, and waits for all of them.
  public static func perform(
    _ calls: [OutboundCall]
  ) throws(SystemError) -> [Result<CallAnswer, CallFailure>] {
    let loop = try CallLoop()
    var results: [Int: Result<CallAnswer, CallFailure>] = [:]
    for (index, call) in calls.enumerated() { loop.start(call) { results[index] = $0 } }
    loop.runUntilIdle()
    return calls.indices.map {
      results[$0] ?? .failure(CallFailure(words: "not made", wasSent: false, kind: .broken))
    }
  }
}

/// One call under way.
private final class LiveCall: HTTPCall {
  var told: ((Result<CallAnswer, CallFailure>) -> Void)?
  private var head = ResponseHead()
  private var wasSent = false
  var parts: (([UInt8]) -> Bool)?
  var timeoutMilliseconds: UInt64 = 0

  /// When an answer that is read in parts has been silent for too long; nil for others.
  var nextDeadline: Instant? {
    parts == nil ? nil : lastActivity.adding(milliseconds: timeoutMilliseconds)
  }

  override func established() {
    wasSent = true
    super.established()
  }

  override func answered(_ response: ResponseHead) { head = response }

  override func take(_ part: UnsafeRawBufferPointer) -> Bool {
    guard head.status == 200, let parts else { return unsafe super.take(part) }
    if unsafe !parts(Array(part)) { concluded([]) }
    return true
  }

  override func concluded(_ body: [UInt8]) {
    tell(.success(CallAnswer(head.status, head.fields, body)))
  }

  override func failed(_ fault: HTTPCallFault) {
    switch fault {
    case .transport(.connect(let error)): fail("\(error)", .unreachable)
    case .transport(.tls(let fault)): fail("TLS: \(fault.reason)", .untrusted)
    case .transport, .ended, .tooLong, .malformed: fail(fault.description, .broken)
    }
  }

  private func fail(_ words: String, _ kind: CallFailure.Kind) {
    tell(.failure(CallFailure(words: words, wasSent: wasSent, kind: kind)))
  }

  private func tell(_ result: Result<CallAnswer, CallFailure>) {
    guard let told else { return }
    self.told = nil
    close()
    told(result)
  }
}
