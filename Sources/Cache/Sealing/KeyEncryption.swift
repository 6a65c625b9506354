internal import Base
public import Native
internal import Synchronization

/// Who keeps the key under which data keys are wrapped: a file here, a key service elsewhere.
///
/// Any thread. Asked when a data key is made and when one that rested is used again, never for a
/// request's bytes.
public protocol KeyEncryption: Sendable {
  /// The key's name, for records.
  var name: String { get }
  /// The wrapped form of `key`, bound to `context`; nil when it cannot be had now.
  func wrap(_ key: borrowing SecretBytes, context: [UInt8]) -> [UInt8]?
  /// What `wrap` was given; nil for another context, another key, or when it cannot be had now.
  func unwrap(_ wrapped: [UInt8], context: [UInt8]) -> SecretBytes?
}

/// A key-encryption key of 32 bytes that a file holds.
public final class LocalKeyEncryption: KeyEncryption {
  /// The key's name.
  public let name: String
  private let secret: SecretBytes

  /// Takes the file's bytes; nil unless there are 32.
  public init?(name: String, key: consuming SecretBytes) {
    guard key.count == AEADKey.keyByteCount else { return nil }
    self.name = name
    secret = key
  }

  /// Nonce and sealed form. Nonces are drawn at random: few keys are ever wrapped.
  public func wrap(_ key: borrowing SecretBytes, context: [UInt8]) -> [UInt8]? {
    guard var wrapping = makeKey() else { return nil }
    var wrapped = ByteQueue()
    let nonce = AEADNonce.random()
    unsafe nonce.withBytes { unsafe wrapped.append($0) }
    unsafe key.withBytes { bytes in
      unsafe context.withUnsafeBytes { context in
        unsafe wrapping.seal(bytes, nonce: nonce, associatedData: context, into: &wrapped)
      }
    }
    return wrapped.copyToArray()
  }

  /// Opens what `wrap` made.
  public func unwrap(_ wrapped: [UInt8], context: [UInt8]) -> SecretBytes? {
    let nonceEnd = AEADNonce.byteCount
    guard wrapped.count > nonceEnd, var wrapping = makeKey(),
      let nonce = unsafe wrapped[..<nonceEnd].withUnsafeBytes({ unsafe AEADNonce($0) })
    else { return nil }
    return SecretBytes.open(
      wrapped[nonceEnd...], with: &wrapping, nonce: nonce, associatedData: context)
  }

  /// The cipher, for one use: its schedule lies in ordinary memory, the secret does not.
  private func makeKey() -> AEADKey? { unsafe secret.withBytes { unsafe try? AEADKey(key: $0) } }
}
