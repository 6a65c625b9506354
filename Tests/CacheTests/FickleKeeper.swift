import Native
import Synchronization

@testable import Cache

/// A keeper that can be sent away.
final class FickleKeeper: KeyEncryption {
  let name = "fickle"
  let isThere = Atomic<Bool>(true)
  private let keeper: LocalKeyEncryption

  init(_ keeper: LocalKeyEncryption) { self.keeper = keeper }

  func makeKey(context: [UInt8]) -> WrappedKey? {
    isThere.load(ordering: .relaxed) ? keeper.makeKey(context: context) : nil
  }

  func unwrap(_ wrapped: [UInt8], context: [UInt8]) -> SecretBytes? {
    isThere.load(ordering: .relaxed) ? keeper.unwrap(wrapped, context: context) : nil
  }
}
