internal import Base
internal import HTTP
internal import Identity
internal import Native
internal import Proxy
internal import Reactor

/// One loop's way to who asks: looks tokens up among those that were verified, and has the others
/// verified by the identity thread while their exchanges wait.
///
/// Confined to its loop. Requests with the same new token wait for one verification.
final class IdentityPort {
  private let index: Int
  private let keeper: Mailbox<IdentityRequest>
  private var cache = TokenCache()
  private var rules: IdentityRules?
  /// A token that is being verified, and the exchanges that wait for it.
  private struct Waiting {
    let token: [UInt8]
    var exchanges: [Exchange]
  }

  /// What waits, by the token's digest.
  private var waiting: [SHA256Digest: Waiting] = [:]
  private var waitingCount = 0
  /// Counts what was withdrawn: rules, keys, revocations.
  private var epoch: UInt64 = 0

  init(loop: Int, keeper: Mailbox<IdentityRequest>, rules: IdentityRules?) {
    index = loop
    self.keeper = keeper
    self.rules = rules
  }

  /// New rules are in force: what was proved by others proves nothing.
  func adopt(_ rules: IdentityRules?) {
    guard rules != self.rules else { return }
    self.rules = rules
    cache.removeAll()
    epoch += 1
  }

  /// Keys or revocations changed.
  func changed(_ verifier: TokenVerifier) {
    cache.keep(by: verifier)
    epoch += 1
  }

  /// Who sends the request of `exchange`; nil when its `identified` will be called.
  func identify(
    _ exchange: Exchange, _ fields: borrowing Fields, at now: WallTime
  ) -> Identification? {
    guard rules != nil else { return .notConfigured }
    if BearerToken.isAmbiguous(fields) { return .refused(.several) }
    guard let line = BearerToken.line(in: fields) else { return certified(exchange, at: now) }
    guard Int(line.valueCount) <= IdentityLimits.tokenByteCountMax else {
      return .refused(.tooLarge)
    }
    return unsafe fields.withValue(line) { token in
      if let subject = unsafe known(token, exchange.client, at: now) { return .proven(subject) }
      return unsafe verify(token, for: exchange)
    }
  }

  /// Whom a token was found to name before, on the connection or the loop.
  private func known(
    _ token: UnsafeRawBufferPointer, _ connection: ClientConnection, at now: WallTime
  ) -> Subject? {
    if let subject = unsafe connection.recentToken.subject(of: token, epoch: epoch, at: now) {
      return subject
    }
    guard let subject = unsafe cache.subject(of: token, at: now) else { return nil }
    unsafe connection.recentToken.remember(subject, for: token, epoch: epoch)
    return subject
  }

  /// Has a new token verified, or waits for who asked for the same: nil, unless too many wait.
  private func verify(
    _ token: UnsafeRawBufferPointer, for exchange: Exchange
  ) -> Identification? {
    let digest = unsafe cache.digest(of: token)
    if waiting[digest] != nil {
      waiting[digest]?.exchanges.append(exchange)
      return nil
    }
    guard waitingCount < IdentityLimits.pendingCountMax else { return .refused(.busy) }
    let bytes = unsafe [UInt8](token)
    waiting[digest] = Waiting(token: bytes, exchanges: [exchange])
    waitingCount += 1
    keeper.post(.verify(bytes, digest: digest, loop: index))
    return nil
  }

  /// What a token proved, or why not.
  func verified(
    _ digest: SHA256Digest, _ proof: Result<Subject, TokenFault>, by rules: IdentityRules
  ) {
    guard let ended = waiting.removeValue(forKey: digest) else { return }
    waitingCount -= 1
    if case .success(let subject) = proof, rules == self.rules {
      cache.insert(subject, for: ended.token)
    }
    for exchange in ended.exchanges {
      switch proof {
      case .success(let subject): exchange.identified(.proven(subject))
      case .failure(let fault): exchange.identified(.refused(fault))
      }
    }
  }

  /// A client without a token is who its certificate says.
  private func certified(_ exchange: Exchange, at now: WallTime) -> Identification {
    guard let subject = exchange.request.decision.client.certified else { return .anonymous }
    return subject.isCurrent(at: now) ? .proven(subject) : .refused(.expired)
  }
}
