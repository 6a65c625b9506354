internal import Base
internal import HTTP
internal import Identity
internal import Native
internal import Reactor

/// What a fetch of keys gave.
struct KeyAnswer {
  /// The answer's body.
  let bytes: [UInt8]
  /// How long the server calls it fresh, in seconds; nil when it does not say.
  let maxAgeSeconds: UInt64?
}

/// One GET for an issuer's keys, over TLS, on a connection of its own.
///
/// Believes a 200 of bounded length from the configured server and nothing else: no redirect is
/// followed, no content coding undone. Confined to the identity thread; its owner bounds its time.
final class KeyFetch: HTTPCall {
  private var ended: ((Result<KeyAnswer, FileReason>) -> Void)?
  private var maxAgeSeconds: UInt64?

  /// Starts to connect. Authorities are read anew each time, so that renewed ones are in force.
  init(
    context: LoopContext, endpoint: KeyEndpoint,
    ended: @escaping (Result<KeyAnswer, FileReason>) -> Void
  ) throws(FileReason) {
    self.ended = ended
    var options = ClientTLSOptions()
    options.authoritiesPath = endpoint.authoritiesPath
    options.alpn = [.http1]
    options.resumesSessions = false
    var head = RequestHead()
    head.authority = Array(endpoint.authority.utf8)
    head.target = Array(endpoint.target.utf8)
    head.pathCount = head.target.firstIndex(of: UInt8(ascii: "?")) ?? head.target.count
    head.fields.append("accept", "application/jwk-set+json, application/json")
    head.fields.append("user-agent", "homeward")
    do {
      let session = try TLSSession(
        client: try TLSContext.client(options), serverName: endpoint.serverName)
      super.init(
        context: context,
        socket: try Socket.connect(to: SocketAddress(endpoint.address, port: endpoint.port)),
        tls: session, head, answerByteCountMax: IdentityLimits.keySetByteCountMax)
    } catch {
      throw FileReason(text: "\(error)")
    }
  }

  override func answered(_ response: ResponseHead) {
    guard response.status == 200 else {
      return end("the answer has status \(response.status); redirects are not followed")
    }
    guard response.fields.value(named: "content-encoding") == nil else {
      return end("the answer has a content coding, which was not asked for")
    }
    maxAgeSeconds = response.fields.value(named: "cache-control").flatMap(Self.maxAge)
  }

  /// The `max-age` of a `Cache-Control`; nil without one that reads.
  static func maxAge(_ value: String) -> UInt64? {
    for part in value.split(separator: ",") {
      let pair = part.split(separator: "=", maxSplits: 1)
      guard pair.count == 2, pair[0].filter({ $0 != " " }).lowercased() == "max-age" else {
        continue
      }
      return UInt64(pair[1].filter { $0 != " " })
    }
    return nil
  }

  override func concluded(_ body: [UInt8]) {
    tell(.success(KeyAnswer(bytes: body, maxAgeSeconds: maxAgeSeconds)))
  }

  override func failed(_ fault: HTTPCallFault) { end(fault.description) }

  /// Ends without keys; its owner does so when the fetch takes too long.
  func end(_ reason: String) { tell(.failure(FileReason(text: reason))) }

  /// Ends without telling anybody.
  func abandon() {
    ended = nil
    close()
  }

  private func tell(_ result: Result<KeyAnswer, FileReason>) {
    guard let tell = ended else { return }
    ended = nil
    close()
    tell(result)
  }
}

/// The keys of an issuer that publishes them at a URL: fetched by a schedule, and good for a while
/// when that fails. Confined to the identity thread.
final class FetchedKeys {
  let endpoint: KeyEndpoint
  private let context: LoopContext
  private let ended: (FetchedKeys, FileNews) -> Void
  private var schedule: KeySchedule
  private var ring: KeyRing<KeySet>?
  private var content: SHA256Digest?
  private var hasFailed = false
  private var fetch: KeyFetch?
  private var deadline = Instant.never

  /// Fetches nothing before `poll`. `ended` is told what became of each fetch.
  init(
    _ endpoint: KeyEndpoint, context: LoopContext,
    ended: @escaping (FetchedKeys, FileNews) -> Void
  ) {
    self.endpoint = endpoint
    self.context = context
    self.ended = ended
    schedule = KeySchedule(at: context.loop.now)
  }

  /// What was fetched last.
  var value: KeySet? { ring?.value }

  /// Whether there are keys that may be used.
  func isUsable(at now: Instant, graceMilliseconds: UInt64) -> Bool {
    guard let ring else { return false }
    return !ring.isStale(at: now, graceMilliseconds: graceMilliseconds)
  }

  /// Starts what is due, and ends what takes too long.
  func poll(at now: Instant) {
    if now >= deadline { fetch?.end("no answer in time") }
    guard schedule.isDue(at: now) else { return }
    schedule.began(at: now)
    deadline = now.adding(milliseconds: IdentityLimits.keyFetchMillisecondsMax)
    do throws(FileReason) {
      let fetch = try KeyFetch(context: context, endpoint: endpoint) { [unowned self] in
        concluded($0)
      }
      self.fetch = fetch
      do throws(SystemError) { try fetch.begin() } catch { fetch.end("\(error)") }
    } catch {
      concluded(.failure(error))
    }
  }

  /// A token names a key that is not here; whether a fetch is under way that may bring it.
  func fetchWanted(at now: Instant) -> Bool {
    guard schedule.wanted(at: now) else { return false }
    poll(at: now)
    return schedule.isUnderWay
  }

  /// Ends a fetch under way; nobody is told.
  func abandon() {
    fetch?.abandon()
    fetch = nil
  }

  private func concluded(_ result: Result<KeyAnswer, FileReason>) {
    fetch = nil
    deadline = .never
    let now = context.loop.now
    switch result {
    case .failure(let reason): failed(reason.text, at: now)
    case .success(let answer):
      do throws(KeySetFault) {
        take(try KeySet(answer.bytes), answer, at: now)
      } catch {
        failed(error.description, at: now)
      }
    }
  }

  private func take(_ keys: KeySet, _ answer: KeyAnswer, at now: Instant) {
    schedule.succeeded(
      at: now, refreshMilliseconds: endpoint.refreshMilliseconds,
      maxAgeSeconds: answer.maxAgeSeconds)
    let hash = SHA256.hash(answer.bytes)
    let isNew = hash != content || hasFailed
    content = hash
    hasFailed = false
    if ring == nil { ring = KeyRing(keys, at: now) } else { ring?.read(keys, at: now) }
    ended(self, isNew ? .read : .nothing)
  }

  private func failed(_ reason: String, at now: Instant) {
    schedule.failed(at: now, refreshMilliseconds: endpoint.refreshMilliseconds)
    let isNews = !hasFailed
    hasFailed = true
    _ = ring?.failed()
    ended(self, isNews ? .failed(reason) : .nothing)
  }
}
