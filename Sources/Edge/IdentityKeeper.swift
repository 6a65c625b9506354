internal import Base
internal import Identity
internal import Native
internal import Reactor

/// What loops and the control loop ask of the identity thread.
enum IdentityRequest: Sendable {
  /// Verify a token for the loop of this index.
  case verify([UInt8], digest: SHA256Digest, loop: Int)
  /// Follow these rules from now on.
  case adopt(IdentityRules?)
  /// End.
  case stop
}

/// The identity thread: verifies tokens, reads keys and revocations when they change, and fetches
/// the keys that issuers publish at a URL.
///
/// Confined to its thread; reached through its mailbox. A signature costs tens of microseconds, a
/// file whatever the disk takes: neither may hold up a loop. A token whose key is not known waits
/// for the fetch that may bring it.
final class IdentityKeeper: TimerTarget {
  /// A token that waits for its issuer's keys.
  private struct Held {
    let token: [UInt8]
    let digest: SHA256Digest
    let worker: Mailbox<WorkerMessage>
    let issuerIndex: Int
  }

  private let context: LoopContext
  private let workers: [Mailbox<WorkerMessage>]
  /// The same verifier for explanations.
  private let vouching: Vouching?
  private let log: EdgeLog
  private var rules: IdentityRules?
  private var keySets: [KeySource] = []
  private var revocations: WatchedFile<Revocations>?
  private var verifier: TokenVerifier?
  /// Which keys and lists were fit for use when `verifier` was made.
  private var staleness: [Bool] = []
  private var held: [Held] = []

  /// How often files are looked at: what is revoked is refused a second later.
  private static let pollMilliseconds: UInt64 = 500

  init(
    workers: [Mailbox<WorkerMessage>], vouching: Vouching? = nil, log: EdgeLog
  ) throws(SystemError) {
    context = try LoopContext()
    self.workers = workers
    self.vouching = vouching
    self.log = log
  }

  /// Serves the mailbox until it is told to stop.
  func run(_ mailbox: Mailbox<IdentityRequest>) throws(SystemError) {
    try mailbox.attach(to: context.loop) { [unowned self] in receive($0) }
    context.loop.endOfTurn = { [unowned self] in context.endTurn() }
    timerFired(token: 0)
    context.loop.run()
  }

  private func receive(_ request: IdentityRequest) {
    switch request {
    case .verify(let token, let digest, let index): verify(token, digest, for: workers[index])
    case .adopt(let rules): adopt(rules)
    case .stop: context.loop.stop()
    }
  }

  private func verify(
    _ token: [UInt8], _ digest: SHA256Digest, for worker: Mailbox<WorkerMessage>,
    mayWait: Bool = true
  ) {
    guard let verifier else {
      return worker.post(.verified(digest, .failure(.busy), IdentityRules()))
    }
    let proof: Result<Subject, TokenFault>
    do throws(TokenFault) {
      proof = .success(try verifier.verify(token, at: Clock.wall()))
    } catch {
      if mayWait, error == .key || error == .stale, hold(token, digest, worker, verifier) { return }
      proof = .failure(error)
    }
    worker.post(.verified(digest, proof, verifier.rules))
  }

  /// Keeps a token until its issuer's keys were fetched; false when that would not help.
  private func hold(
    _ token: [UInt8], _ digest: SHA256Digest, _ worker: Mailbox<WorkerMessage>,
    _ verifier: TokenVerifier
  ) -> Bool {
    guard held.count < IdentityLimits.heldCountMax,
      let index = verifier.issuerIndex(of: token),
      keySets[index].fetchWanted(at: context.loop.now)
    else { return false }
    held.append(Held(token: token, digest: digest, worker: worker, issuerIndex: index))
    return true
  }

  /// Verifies the tokens that waited for this issuer, or for any; they wait no more.
  private func release(issuerIndex: Int? = nil) {
    let (ready, others) = held.reduce(into: ([Held](), [Held]())) { parts, one in
      if issuerIndex == nil || one.issuerIndex == issuerIndex {
        parts.0.append(one)
      } else {
        parts.1.append(one)
      }
    }
    held = others
    for one in ready { verify(one.token, one.digest, for: one.worker, mayWait: false) }
  }

  /// A fetch ended.
  private func fetched(_ keys: FetchedKeys, _ news: FileNews) {
    let index = keySets.firstIndex {
      if case .fetched(let known) = $0 { known === keys } else { false }
    }
    guard let index else { return }
    refresh(hasChanged: report(news, keySets[index].name))
    release(issuerIndex: index)
  }

  /// Reads the files of new rules. What cannot be read now, and was read before, stays good.
  private func adopt(_ next: IdentityRules?) {
    guard next != rules else { return poll() }
    let old = keySets
    rules = next
    keySets = (next?.issuers ?? []).map { issuer in
      old.first { $0.serves(issuer) } ?? source(issuer)
    }
    for one in old where next?.issuers.contains(where: one.serves) != true { one.abandon() }
    let path = next?.revocationsPath
    if revocations?.path != path { revocations = path.map { WatchedFile($0) } }
    verifier = nil
    poll()
    release()
  }

  private func source(_ issuer: IssuerRules) -> KeySource {
    guard let endpoint = issuer.keyEndpoint else { return .file(WatchedFile(issuer.keysPath)) }
    return .fetched(
      FetchedKeys(endpoint, context: context) { [unowned self] in fetched($0, $1) })
  }

  func timerFired(token: Int) {
    poll()
    let next = context.loop.now.adding(milliseconds: Self.pollMilliseconds)
    context.loop.schedule(at: next, self)
  }

  /// Looks at every file, and asks every URL whose time has come.
  private func poll() {
    guard let rules else { return }
    let now = Clock.monotonic()
    var hasChanged = verifier == nil
    for index in keySets.indices {
      let news = keySets[index].pollFile(at: now, parse: Self.parseKeys)
      hasChanged = report(news, keySets[index].name) || hasChanged
    }
    if let news = revocations?.poll(
      at: now, byteCountMax: IdentityLimits.revocationsByteCountMax, parse: Self.parseRevocations)
    {
      hasChanged = report(news, rules.revocationsPath ?? "") || hasChanged
    }
    refresh(hasChanged: hasChanged)
    // Those tell by themselves, some of them at once: nothing of `self` is being changed here.
    for case .fetched(let keys) in keySets { keys.poll(at: now) }
  }

  /// Makes a new verifier and tells the loops, when something changed or became too old.
  private func refresh(hasChanged: Bool) {
    guard let rules else { return }
    let now = Clock.monotonic()
    let grace = rules.graceMilliseconds
    let lists = keySets.map { $0.isUsable(at: now, graceMilliseconds: grace) }
    let hasRevocations = revocations?.isUsable(at: now, graceMilliseconds: grace) ?? true
    let nowStale = (lists + [hasRevocations]).map { !$0 }
    guard hasChanged || nowStale != staleness else { return }
    staleness = nowStale
    let next = TokenVerifier(
      rules: rules, keySets: zip(keySets, lists).map { $1 ? $0.value : nil },
      revocations: hasRevocations ? revocations?.value ?? Revocations() : nil)
    verifier = next
    vouching?.changed(next)
    for worker in workers { worker.post(.vouches(next)) }
  }

  /// Says what became of a file; whether its value is new.
  private func report(_ news: FileNews, _ path: String) -> Bool {
    switch news {
    case .nothing: return false
    case .read:
      log.identityRead(path)
      return true
    case .failed(let reason):
      log.identityFailed(path, reason)
      return false
    }
  }

  private static func parseKeys(_ bytes: [UInt8]) -> Result<KeySet, FileReason> {
    do throws(KeySetFault) {
      return .success(try KeySet(bytes))
    } catch {
      return .failure(FileReason(text: error.description))
    }
  }

  private static func parseRevocations(_ bytes: [UInt8]) -> Result<Revocations, FileReason> {
    do throws(RevocationFault) {
      return .success(try Revocations(bytes))
    } catch {
      return .failure(FileReason(text: "line \(error.line): \(error.message)"))
    }
  }
}
