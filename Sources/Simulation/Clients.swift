internal import Base
internal import HTTP
internal import Proxy

/// One request of a client, and what the client has seen of its answer.
final class ClientRequest: CustomStringConvertible {
  /// What the client has seen.
  enum State: Equatable {
    case waiting
    /// A head of this attempt came, and so many pieces.
    case receiving(attempt: Int, parts: Int)
    case complete(status: UInt16)
    case refused(Refusal)
    case reset
    /// The client went away itself.
    case gone
  }

  /// Unique in its world; a write's number in the log.
  let number: Int
  let kind: RequestKind
  let patient: Patient
  /// Index into `Law.places`.
  let place: Int
  /// The edge that it was sent to.
  let edge: Int
  let head: RequestHead
  /// The head without what is said of a session.
  let plainHead: RequestHead
  let client: ClientFacts
  /// Who may serve it; read from the law by hand.
  let allowed: [Law.Target]
  let sentAt: Instant
  /// Whether it is a write with a key, which a server carries out once.
  let isKeyed: Bool
  /// The session that it belongs to, and what that had seen when it was sent.
  let session: ClientSession?
  let seen: Seen?
  /// Whether the edge that got it can read its token, by the clocks.
  var isTokenCurrent = false
  fileprivate(set) var answeredAt = Instant.never
  fileprivate(set) var state = State.waiting
  fileprivate(set) var answer: Answer?
  fileprivate(set) var isMarkedStale = false

  /// A request that is about to be sent.
  init(
    _ number: Int, _ kind: RequestKind, _ patient: Patient, place: Int, edge: Int,
    head plainHead: RequestHead, client: ClientFacts, session: ClientSession?, in world: World
  ) {
    self.number = number
    self.kind = kind
    self.patient = patient
    self.place = place
    self.edge = edge
    var head = plainHead
    if let session { head.fields.append("ehr-session", session.token ?? "begin") }
    self.head = head
    self.plainHead = plainHead
    self.client = client
    self.session = session
    seen = session?.seen
    allowed = Law.allowed(kind, patient, place: place, isMovable: world.options.isMovable)
    sentAt = world.now
    isKeyed = kind == .update && number * 37 % 100 < world.options.keyPercent
  }

  /// Whether its last word has come.
  var isOver: Bool {
    switch state {
    case .waiting, .receiving: false
    case .complete, .refused, .reset, .gone: true
    }
  }

  /// The status of a complete answer, or of a refusal; nil for none.
  var status: UInt16? {
    switch state {
    case .complete(let status): status
    case .refused(let refusal): refusal.status
    case .waiting, .receiving, .reset, .gone: nil
    }
  }

  /// Whether it was answered well.
  var isGood: Bool { status == 200 }

  /// For the trace.
  var description: String { "#\(number) \(kind) of \(patient.id) from \(Law.places[place])" }
}

/// Everybody who asks: sends requests, and holds each answer against the rules of answers.
final class Clients {
  private let world: World
  private var random: SplitMix64
  /// All requests so far, by number.
  private(set) var requests: [ClientRequest] = []
  private let sessions = Patient.all.map { _ in ClientSession() }

  /// Clients whose choices follow `seed`.
  init(_ world: World, seed: UInt64) {
    self.world = world
    random = SplitMix64(seed: seed)
  }

  /// The heads of all requests there are, by kind and patient; parsed once.
  private static let heads: [[RequestHead]] = RequestKind.allCases.map { kind in
    Patient.all.map { patient in
      var head = RequestHead()
      head.method = kind.method
      head.methodName = kind.method.rawValue
      head.target = Array(kind.target(patient).utf8)
      head.pathCount = head.target.firstIndex(of: UInt8(ascii: "?")) ?? head.target.count
      head.authority = Array("ehr.example".utf8)
      return head
    }
  }

  private static let facts: [ClientFacts] = Law.places.map { place in
    ClientFacts(
      address: ClientAddress(address: IPAddress(ipv4: 0xC633_6407), provenance: .connection),
      place: Place(place) ?? .unknown, subject: nil)
  }

  /// Sends a request now.
  @discardableResult
  func ask(
    _ kind: RequestKind, _ patient: Int = 0, place: Int = 0, edge: Int = 0,
    session: ClientSession? = nil
  ) -> ClientRequest {
    // What is nobody's has no home, and no session.
    let takesPart =
      kind != .valueSet && requests.count * 53 % 100 < world.options.sessionPercent
    let request = ClientRequest(
      requests.count, kind, Patient.all[patient], place: place, edge: edge,
      head: Self.heads[kind.rawValue][patient], client: Self.facts[place],
      session: session ?? (takesPart ? sessions[patient] : nil), in: world)
    requests.append(request)
    let edge = world.edges[edge]
    world.after(microseconds: 100) {
      if edge.isDead { return edge.world.clients.reset(request) }
      edge.run { edge.receive(request) }
    }
    return request
  }

  /// Sends a random request now, and others later until the load ends.
  func load() {
    guard world.elapsedMilliseconds < world.options.loadMilliseconds else { return }
    let kind = RequestKind.allCases[Int.random(in: 0..<RequestKind.allCases.count, using: &random)]
    let patient = Int.random(in: 0..<Patient.all.count, using: &random)
    let isOdd = Int.random(in: 0..<20, using: &random) == 0
    let place =
      isOdd ? Int.random(in: 3..<5, using: &random) : Int.random(in: 0..<3, using: &random)
    let edge = Int.random(in: 0..<world.edges.count, using: &random)
    let request = ask(kind, patient, place: place, edge: edge)
    if Int.random(in: 0..<50, using: &random) == 0 {
      world.after(microseconds: UInt64.random(in: 0...40_000, using: &random)) { [self] in
        leave(request)
      }
    }
    let pause = world.options.requestPauseMilliseconds * 1000
    world.after(microseconds: UInt64.random(in: 0...2 * pause, using: &random)) { [self] in
      load()
    }
  }

  /// The client goes away.
  func leave(_ request: ClientRequest) {
    guard !request.isOver else { return }
    end(request, .gone)
    let edge = world.edges[request.edge]
    edge.run {
      edge.exchanges.first { $0.request === request }?.clientGone()
    }
  }

  // MARK: What edges say

  /// The head of an answer.
  func receive(
    _ request: ClientRequest, _ answer: Answer, isMarkedStale: Bool, token: String?
  ) {
    if request.state == .gone { return }
    guard request.state == .waiting else {
      return world.checker.fail("one answer", "\(request) got a second head")
    }
    request.state = .receiving(attempt: answer.attempt, parts: 0)
    request.answer = answer
    request.isMarkedStale = isMarkedStale
    if let token, let session = request.session {
      session.token = token
      session.seen = seen(by: request, with: answer)
    }
  }

  /// What a session has seen with an answer. A server of another region tells a position in a log
  /// of its own, and one of an older epoch nothing new.
  private func seen(by request: ClientRequest, with answer: Answer) -> Seen? {
    let skew = world.edges[request.edge].skewSeconds
    // An edge that did not believe the token begins anew.
    var seen = request.isTokenCurrent ? request.seen : nil
    seen?.skewSeconds = skew
    guard world.servers[answer.server].region == request.patient.home else { return seen }
    if let seen, (answer.epoch, answer.position) < (seen.epoch, seen.position) { return seen }
    return Seen(
      epoch: answer.epoch, position: answer.position, number: answer.lastNumber, skewSeconds: skew)
  }

  /// A piece of an answer.
  func receive(_ request: ClientRequest, _ answer: Answer, _ part: Int) {
    if request.state == .gone { return }
    guard case .receiving(answer.attempt, part) = request.state else {
      return world.checker.fail(
        "no splice",
        "\(request) got piece \(part) of attempt \(answer.attempt)"
          + " while \(request.state)")
    }
    request.state = .receiving(attempt: answer.attempt, parts: part + 1)
  }

  /// An answer is complete.
  func completed(_ request: ClientRequest) {
    if request.state == .gone { return }
    guard case .receiving(_, let parts) = request.state, let answer = request.answer,
      answer.status >= 300 || parts == Answer.partCount
    else {
      return world.checker.fail("no splice", "\(request) ended while \(request.state)")
    }
    end(request, .complete(status: answer.status))
    if request.kind == .update, answer.status < 300 { world.checker.acknowledged(request) }
  }

  /// The edge answered in an origin's place.
  func refused(_ request: ClientRequest, _ refusal: Refusal) {
    if request.state == .gone { return }
    guard request.state == .waiting else {
      return world.checker.fail("one answer", "\(request) was refused while \(request.state)")
    }
    if refusal == .lostTail {
      world.checker.lostTail(request)
      request.session?.token = nil
      request.session?.seen = nil
    }
    end(request, .refused(refusal))
  }

  /// The client's stream was reset.
  func reset(_ request: ClientRequest) {
    if !request.isOver { end(request, .reset) }
  }

  /// An edge's process ended: its clients' connections are reset, those that it did not look at
  /// yet, too.
  func edgeDied(_ edge: Int) {
    for request in requests where request.edge == edge && request.sentAt < world.now {
      reset(request)
    }
  }

  private func end(_ request: ClientRequest, _ state: ClientRequest.State) {
    if world.options.mutant == .forgetsAnswers, request.number % 97 == 13 { return }
    request.state = state
    request.answeredAt = world.now
    world.trace.note(
      "answer", request.number, UInt64(request.status ?? 0), at: world.now,
      "\(request): \(state)")
  }
}

/// What one session of a client was told.
final class ClientSession {
  /// The token of its last answer; nil before there is one.
  var token: String?
  /// What the token stands for, by the servers' own logs.
  var seen: Seen?
}

/// How far a session has seen the log of its patient's home.
struct Seen: Equatable {
  let epoch: UInt64
  let position: Int
  /// The last write up to there; nil for none.
  let number: Int?
  /// How far the clock was ahead by which the token was given.
  var skewSeconds: Int64
}
