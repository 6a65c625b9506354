internal import Base
internal import Cache
internal import HTTP
internal import Identity
internal import Origins
internal import Proxy
internal import Reactor

/// One request under way: moves heads and bytes between a client's stream and an origin's, and does
/// what its `ExchangeMachine` says.
///
/// Backpressure is credit: bytes count as consumed on one side only once the other side's queue has
/// room. Owned by its connections; confined to their loop. One object carries one request after the
/// other, so that its memory is used again: `start` binds it to a request, `removeAll` frees it.
final class Exchange {
  let worker: Worker
  /// Whom and what it serves; nil between two requests.
  var binding: Binding!
  private(set) var clientStream = StreamID(0)
  /// The place in the worker's list; the worker keeps it true.
  var index = 0
  /// The request and its decision.
  var request = JudgedRequest()
  var machine = ExchangeMachine()
  var outcome = Outcome()
  /// The number of the decision's record; nil when the log did not take it. See `mayGoOn`.
  var recordSequence: UInt64?

  var origin: OriginConnection?
  var originStream = StreamID(0)
  /// The endpoint where it has a place: it waits for it or uses it. See `EndpointLoads.take`.
  var place: EndpointID?
  /// A second copy of the request at another server; nil for most.
  var hedge: Hedge?
  /// When to send one.
  var hedgeAt = Instant.never
  /// Whether the endpoint said that it has too much to do.
  var isOverloaded = false
  /// The pool that this exchange waits in for a connection.
  var waitingIn: OriginPool?

  /// The request's body on its way to the origin.
  var upload = Upload()
  /// The origin's answer before it goes to the client.
  var held = HeldAnswer()
  /// How often the request was decided anew by what its answer held.
  var reconsiderationCount = 0
  var isResponding = false
  var isOver = false
  /// What there is to know of a write.
  var write = Write()
  /// Whether the request's token is being verified: nothing is decided or recorded yet.
  private var isIdentifying = false

  // The cache; see `Exchange+Cache`.
  /// The request's dealings with the cache; nil for most.
  var cacheUse: CacheUse?
  /// By what name it waits for another one's answer.
  var cacheWaiter: Waiter?
  /// Until when it may do so; nil before it first did.
  var cachePatience: Instant?
  /// What a change that was sent may end.
  var changedTags: [CacheTag] = []

  /// What the client had not fetched of its complete answer at the last look, and since when.
  var unfetched: (byteCount: Int, since: Instant)?
  /// When to give up waiting for the next event.
  var deadline = Instant.never
  /// Whether that is the end of an attempt that another one may follow; see `awaitAnswer`.
  var isTrying = false

  init(worker: Worker) { self.worker = worker }

  /// Takes the request that `codec` announced on `stream`.
  func start(client: ClientConnection, codec: any ServerCodec, stream: StreamID, isEnd: Bool) {
    binding = Binding(client: client, codec: codec, generation: worker.generation)
    clientStream = stream
    request.take(stream, from: codec)
    request.came(from: client.facts(request))
    upload.isEnded = isEnd
    upload.hasBody = !isEnd
    outcome.startedAt = now
  }

  /// Forgets a request that is over, and lets go of everything that it was bound to.
  func removeAll() {
    precondition(
      isOver && origin == nil && waitingIn == nil && place == nil && hedge == nil,
      "the exchange is under way")
    binding = nil
    clientStream = StreamID(0)
    request.removeAll()
    machine = ExchangeMachine()
    outcome = Outcome()
    recordSequence = nil
    originStream = StreamID(0)
    isOverloaded = false
    upload = Upload()
    held.removeAll()
    reconsiderationCount = 0
    isResponding = false
    isOver = false
    isIdentifying = false
    write = Write()
    isTrying = false
    hedgeAt = .never
    unfetched = nil
    deadline = .never
  }

  /// What an exchange is bound to from start to end.
  struct Binding {
    let client: ClientConnection
    let codec: any ServerCodec
    /// The snapshot, pools and loads.
    var generation: Generation
  }

  /// Binds it to the client's and the snapshot of another exchange, but not to his ears.
  func bindRefresh(of other: Exchange) {
    binding = Binding(client: other.client, codec: NobodyCodec(), generation: other.generation)
  }

  var client: ClientConnection { binding.client }
  var clientCodec: any ServerCodec { binding.codec }
  var generation: Generation { binding.generation }
  var snapshot: Snapshot { binding.generation.snapshot }
  var now: Instant { worker.context.loop.now }

  /// Finds out who asks and goes on; with a `fault`, all that is left is to refuse.
  func begin(_ fault: RequestFault? = nil) {
    let hasRoom = worker.began(self)
    if fault == nil, hasRoom {
      guard isIdentified() else { return }
    } else if fault == nil, snapshot.identity != nil {
      request.decision.identification = .refused(.busy)
    }
    proceed(fault, hasRoom: hasRoom)
  }

  /// Whether it is known who asks; `identified` tells it later otherwise.
  func isIdentified() -> Bool {
    guard let known = worker.identity.identify(self, request.head.fields, at: context.wallTime)
    else {
      isIdentifying = true
      touch(snapshot.timeouts.identityMilliseconds)
      return false
    }
    request.decision.identification = known
    return true
  }

  /// It is known who asks, or will not be.
  func identified(_ identification: Identification) {
    guard isIdentifying else { return }
    isIdentifying = false
    deadline = .never
    request.decision.identification = identification
    proceed(nil, hasRoom: true)
  }

  /// Decides at once, or when the body was read that decides.
  func proceed(_ fault: RequestFault?, hasRoom: Bool) {
    if request.mayNeedBody, fault == nil, hasRoom, holdsBody() { return }
    decide(fault, hasRoom: hasRoom)
  }

  /// Decides, queues the record and starts.
  func decide(_ fault: RequestFault?, hasRoom: Bool) {
    worker.decide(self, fault)
    if hasRoom, fault == nil, awaitsAuthority() || awaitsSample() { return }
    start(hasRoom: hasRoom)
  }

  /// Whether the log took the decision's record, or policy lets the request go on without.
  var mayGoOn: Bool { recordSequence != nil || request.decision.mayGoUnrecorded }

  /// Queues the decision's record.
  func record() {
    recordSequence = worker.audit.append(request, snapshot)
    if recordSequence != nil, request.decision.isDurable { worker.audit.wantCommit() }
    write.isRecorded = true
  }

  func perform(_ action: ExchangeMachine.Action) {
    switch action {
    case .none: break
    case .awaitRecord:
      touch(snapshot.timeouts.auditMilliseconds)
      worker.audit.await(self)
    case .acquire(let choice, let requiresFresh): acquire(choice, requiresFresh: requiresFresh)
    case .lookUp: lookUp()
    case .serveHit: serveHit()
    case .standIn: standIn()
    case .pause(let milliseconds):
      releaseOrigin(.failed)
      touch(UInt64.random(in: 0...milliseconds, using: &worker.random))
    case .sendRequest: sendRequest()
    case .forwardHead: forwardHead()
    case .answer(let refusal):
      releaseOrigin(.abandoned)
      answer(refusal)
    case .resetClient where !isResponding:
      // The answer was held back to be read: the client can still hear why.
      releaseOrigin(.abandoned)
      answer(.originReset)
    case .resetClient:
      releaseOrigin(.abandoned)
      if isRefresh { return finish(.originAborted) }
      context.resetLater(client, clientStream)
      finish(.originAborted)
    case .abandon:
      releaseOrigin(.abandoned)
      finish(.clientAborted)
    }
  }

  func acquire(_ choice: Int, requiresFresh: Bool) {
    releaseOrigin(.failed)
    let endpoint = request.decision.endpoint(ofChoice: choice)
    if machine.mayPassBy, isDead(endpoint) {
      return perform(machine.acquireFailed(.originConnect, judge: &worker.judge, at: now))
    }
    guard generation.loads.take(endpoint, machine.latency) else {
      return perform(machine.acquireFailed(.classLimit, judge: &worker.judge, at: now))
    }
    place = endpoint
    isOverloaded = false
    outcome.attemptCount += 1
    outcome.endpoint = endpoint
    if request.decision.isProbation(ofChoice: choice) {
      generation.loads.beginProbation(endpoint, at: now)
    }
    touch(snapshot.timeouts.acquireMilliseconds)
    let pool = generation.pools[Int(endpoint.index)]
    waitingIn = pool
    pool.acquire(self, requiresFresh: requiresFresh || !request.head.method.isIdempotent)
  }

  var context: LoopContext { worker.context }

  func touch(_ milliseconds: UInt64) {
    isTrying = false
    deadline = now.adding(milliseconds: milliseconds)
  }

  // MARK: The record

  /// The decision's record is on disk.
  func recordDurable() {
    guard !isOver else { return }
    perform(machine.recordDurable())
  }

  /// The decision's record will never be on disk.
  func recordFailed() {
    guard !isOver else { return }
    perform(machine.recordFailed())
  }

  // MARK: The client's side

  func clientExpectsContinue() {
    upload.awaitsContinue = true
    if origin != nil || upload.gate != nil { sendContinue() }
  }

  /// The origin is there, or the body decides: the client may send its body.
  func sendContinue() {
    guard upload.awaitsContinue else { return }
    upload.awaitsContinue = false
    clientCodec.sendInformational(clientStream, ResponseHead(status: 100))
    context.flushLater(client)
  }

  func clientSent(_ bytes: UnsafeRawBufferPointer) {
    let count = bytes.count
    outcome.requestBytes += UInt64(count)
    guard !isOver else { return swallow(count) }
    if let check = upload.check { return unsafe checkRest(bytes, by: check) }
    guard let codec = origin?.codec else {
      unsafe upload.queue.append(bytes)
      upload.debt += count
      if let gate = upload.gate { unsafe bodyReceived(bytes, by: gate) }
      return
    }
    unsafe codec.send(originStream, bytes)
    settleRequestDebt(codec, adding: count)
    awaitNext()
  }

  func clientEnded(trailers: Fields?) {
    upload.isEnded = true
    upload.trailers = trailers
    if let gate = upload.gate { return judgeBody(by: gate) }
    if let check = upload.check, !isOver, !confirmsRest(by: check) { return }
    guard !isOver, let origin, let codec = origin.codec else { return }
    codec.finish(originStream, trailers: trailers)
    awaitNext()
    context.flushLater(origin)
  }

  /// The rest of the request cannot be read, or never came.
  func clientFailed(_ refusal: Refusal) {
    guard !isOver else { return }
    if isIdentifying { return identified(.refused(.busy)) }
    if upload.gate != nil { return endBody(refusal) }
    if write.isHeld { return endHold(refusal) }
    perform(machine.clientFailed(refusal))
  }

  /// The client's stream or connection ended.
  func clientGone() {
    guard !isOver else { return }
    if isIdentifying {
      // Nobody hears the answer, but every request leaves a decision.
      isIdentifying = false
      request.decision.identification = .refused(.busy)
      worker.decide(self, nil)
      record()
    } else if upload.gate != nil {
      recordLostBody()
    }
    recordLostWrite()
    perform(machine.clientGone())
  }

  /// The client took most of what was queued: the origin may send more.
  func clientDrained() {
    if isSendingHit, isResponding, !isOver { return sendHit() }
    guard held.debt > 0, let origin, let codec = origin.codec else { return }
    codec.consumed(originStream, byteCount: held.debt)
    held.debt = 0
    touch(snapshot.timeouts.originStallMilliseconds)
    context.pumpLater(origin)
  }

  // MARK: Time

  /// The deadline passed: the machine decides what that means.
  func timedOut() {
    guard !isOver else { return }
    deadline = .never
    if isIdentifying { return identified(.refused(.busy)) }
    if upload.gate != nil { return endBody(.requestTimeout) }
    if write.isHeld { return holdTimedOut() }
    // Who waits for another one's answer asks by himself now.
    leaveCache()
    if isTrying { return attemptTimedOut() }
    if origin != nil, !isResponding, !held.hasHead, isClientsTurn {
      return clientFailed(.requestTimeout)
    }
    if origin != nil, !isResponding, !isClientsTurn, let endpoint = outcome.endpoint {
      leaveSilentConnection()
      worker.requestFailed(snapshot.topology[endpoint], .timeout)
    }
    perform(machine.timedOut(isReplayable: isReplayable, judge: &worker.judge, at: now))
  }
}
