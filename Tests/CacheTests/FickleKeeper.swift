import Native
import Synchronization

@testable import Cache

/// A keeper that can be sent away.
final class FickleKeeper: KeyEncryption {
  let name = "fickle"
  let isThere = Atomic<Bool>(true)
  private let keeper: LocalKeyEncryption

  init(_ keeper: LocalKeyEncryption) { self.keeper = keeper }

  func wrap(_ key: borrowing SecretBytes, context: [UInt8]) -> [UInt8]? {
    isThere.load(ordering: .relaxed) ? keeper.wrap(key, context: context) : nil
  }

  func unwrap(_ wrapped: [UInt8], context: [UInt8]) -> SecretBytes? {
    isThere.load(ordering: .relaxed) ? keeper.unwrap(wrapped, context: context) : nil
  }
}
