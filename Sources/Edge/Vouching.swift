internal import Base
internal import Identity
internal import Synchronization

/// What tokens are verified with now, for whoever explains what would become of a request. Any
/// thread; requests themselves are verified by `IdentityKeeper`.
final class Vouching: Sendable {
  private let verifier = Mutex<TokenVerifier?>(nil)

  /// Tokens are verified with this from now on.
  func changed(_ next: TokenVerifier) { verifier.withLock { $0 = next } }

  /// What a token proves. Nothing is fetched: an issuer's key that the edge has not met yet is not
  /// known.
  func identify(_ token: [UInt8], at time: WallTime) -> Result<Subject, TokenFault> {
    guard let verifier = verifier.withLock({ $0 }) else { return .failure(.busy) }
    do throws(TokenFault) {
      return .success(try verifier.verify(token, at: time))
    } catch {
      return .failure(error)
    }
  }
}
