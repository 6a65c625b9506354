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
  /// Exchanges that wait, by their token's digest.
  private var waiting: [SHA256Digest: [Exchange]] = [:]
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
    _ exchange: Exchange, _ fields: borrowing Fields, _ client: borrowing ClientFacts,
    at now: WallTime
  ) -> Identification? {
    guard rules != nil else { return .notConfigured }
    if BearerToken.isAmbiguous(fields) { return .refused(.several) }
    var digest: SHA256Digest?
    var subject: Subject?
    var isTooLarge = false
    _ = unsafe BearerToken.withBytes(of: fields) { token in
      guard token.count <= IdentityLimits.tokenByteCountMax else {
        isTooLarge = true
        return
      }
      let connection = exchange.client
      subject = unsafe connection.recentToken.subject(of: token, epoch: epoch, at: now)
      guard subject == nil else { return }
      let hash = unsafe cache.digest(of: token)
      digest = hash
      subject = cache.subject(hash, at: now)
      if let subject {
        unsafe connection.recentToken.remember(subject, for: token, epoch: epoch)
      }
    }
    if let subject { return .proven(subject) }
    if isTooLarge { return .refused(.tooLarge) }
    guard let digest else { return certified(client, at: now) }
    if waiting[digest] != nil {
      waiting[digest]?.append(exchange)
      return nil
    }
    guard waitingCount < IdentityLimits.pendingCountMax else { return .refused(.busy) }
    waiting[digest] = [exchange]
    waitingCount += 1
    let token = unsafe BearerToken.withBytes(of: fields) { unsafe [UInt8]($0) } ?? []
    keeper.post(.verify(token, digest: digest, loop: index))
    return nil
  }

  /// What a token proved, or why not.
  func verified(
    _ digest: SHA256Digest, _ proof: Result<Subject, TokenFault>, by rules: IdentityRules
  ) {
    if case .success(let subject) = proof, rules == self.rules {
      cache.insert(subject, for: digest)
    }
    guard let exchanges = waiting.removeValue(forKey: digest) else { return }
    waitingCount -= 1
    for exchange in exchanges {
      switch proof {
      case .success(let subject): exchange.identified(.proven(subject))
      case .failure(let fault): exchange.identified(.refused(fault))
      }
    }
  }

  /// A client without a token is who its certificate says.
  private func certified(_ client: borrowing ClientFacts, at now: WallTime) -> Identification {
    guard let subject = client.certified else { return .anonymous }
    return subject.isCurrent(at: now) ? .proven(subject) : .refused(.expired)
  }
}
