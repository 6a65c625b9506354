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

/// The identity thread: verifies tokens, and reads keys and revocations when they change.
///
/// Confined to its thread; reached through its mailbox. A signature costs tens of microseconds, a
/// file whatever the disk takes: neither may hold up a loop.
final class IdentityKeeper: TimerTarget {
  private let loop: EventLoop
  private let workers: [Mailbox<WorkerMessage>]
  private let log: EdgeLog
  private var rules: IdentityRules?
  private var keySets: [WatchedFile<KeySet>] = []
  private var revocations: WatchedFile<Revocations>?
  private var verifier: TokenVerifier?
  /// Which keys and lists were fit for use when `verifier` was made.
  private var staleness: [Bool] = []

  /// How often files are looked at: what is revoked is refused a second later.
  private static let pollMilliseconds: UInt64 = 500

  init(workers: [Mailbox<WorkerMessage>], log: EdgeLog) throws(SystemError) {
    loop = try EventLoop()
    self.workers = workers
    self.log = log
  }

  /// Serves the mailbox until it is told to stop.
  func run(_ mailbox: Mailbox<IdentityRequest>) throws(SystemError) {
    try mailbox.attach(to: loop) { [unowned self] in receive($0) }
    timerFired(token: 0)
    loop.run()
  }

  private func receive(_ request: IdentityRequest) {
    switch request {
    case .verify(let token, let digest, let index): verify(token, digest, for: workers[index])
    case .adopt(let rules): adopt(rules)
    case .stop: loop.stop()
    }
  }

  private func verify(
    _ token: [UInt8], _ digest: SHA256Digest, for worker: Mailbox<WorkerMessage>
  ) {
    guard let verifier else {
      return worker.post(.verified(digest, .failure(.busy), IdentityRules()))
    }
    let proof: Result<Subject, TokenFault>
    do throws(TokenFault) {
      proof = .success(try verifier.verify(token, at: Clock.wall()))
    } catch {
      proof = .failure(error)
    }
    worker.post(.verified(digest, proof, verifier.rules))
  }

  /// Reads the files of new rules. What cannot be read now, and was read before, stays good.
  private func adopt(_ next: IdentityRules?) {
    guard next != rules else { return poll() }
    let old = keySets
    rules = next
    keySets = (next?.issuers ?? []).map { issuer in
      old.first { $0.path == issuer.keysPath } ?? WatchedFile(issuer.keysPath)
    }
    let path = next?.revocationsPath
    if revocations?.path != path { revocations = path.map { WatchedFile($0) } }
    verifier = nil
    poll()
  }

  func timerFired(token: Int) {
    poll()
    loop.schedule(at: loop.now.adding(milliseconds: Self.pollMilliseconds), self)
  }

  /// Looks at every file; makes a new verifier and tells the loops when something changed.
  private func poll() {
    guard let rules else { return }
    let now = Clock.monotonic()
    var hasChanged = verifier == nil
    for index in keySets.indices {
      let news = keySets[index].poll(
        at: now, byteCountMax: IdentityLimits.keySetByteCountMax, parse: Self.parseKeys)
      hasChanged = report(news, keySets[index].path) || hasChanged
    }
    if let news = revocations?.poll(
      at: now, byteCountMax: IdentityLimits.revocationsByteCountMax, parse: Self.parseRevocations)
    {
      hasChanged = report(news, rules.revocationsPath ?? "") || hasChanged
    }
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
