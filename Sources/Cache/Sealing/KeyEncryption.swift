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
  /// A new key of 32 random bytes and its wrapped form, bound to `context`; nil when it cannot be
  /// had now.
  func makeKey(context: [UInt8]) -> WrappedKey?
  /// The key that was wrapped; nil for another context, another key, or when it cannot be had now.
  func unwrap(_ wrapped: [UInt8], context: [UInt8]) -> SecretBytes?
}

/// A data key and the form in which it may be kept.
public struct WrappedKey: ~Copyable {
  /// The key's bytes.
  public let secret: SecretBytes
  /// What `KeyEncryption.unwrap` takes.
  public let wrapped: [UInt8]

  /// Joins both.
  public init(secret: consuming SecretBytes, wrapped: [UInt8]) {
    self.secret = secret
    self.wrapped = wrapped
  }
}

/// A key-encryption key of 32 bytes that a file holds.
@safe
public final class LocalKeyEncryption: KeyEncryption {
  /// The key's name.
  public let name: String
  private let secret: SecretBytes
  private let random: @Sendable (UnsafeMutableRawBufferPointer) -> Void

  /// Takes the file's bytes, and what draws keys (`Native.secureRandom`); nil unless there are 32.
  public init?(
    name: String, key: consuming SecretBytes,
    random: @escaping @Sendable (UnsafeMutableRawBufferPointer) -> Void
  ) {
    guard key.count == AEADKey.keyByteCount else { return nil }
    self.name = name
    secret = key
    unsafe self.random = random
  }

  /// Nonce and sealed form. Nonces are drawn at random: few keys are ever wrapped.
  public func makeKey(context: [UInt8]) -> WrappedKey? {
    guard var wrapping = makeCipher() else { return nil }
    var key = SecretBytes(count: AEADKey.keyByteCount)
    unsafe key.withMutableBytes { unsafe random($0) }
    var drawn = [UInt8](repeating: 0, count: AEADNonce.byteCount)
    unsafe drawn.withUnsafeMutableBytes { unsafe random($0) }
    guard let nonce = unsafe drawn.withUnsafeBytes({ unsafe AEADNonce($0) }) else { return nil }
    var wrapped = ByteQueue()
    wrapped.append(drawn)
    unsafe key.withBytes { bytes in
      unsafe context.withUnsafeBytes { context in
        unsafe wrapping.seal(bytes, nonce: nonce, associatedData: context, into: &wrapped)
      }
    }
    return WrappedKey(secret: key, wrapped: wrapped.copyToArray())
  }

  /// Opens what `makeKey` wrapped.
  public func unwrap(_ wrapped: [UInt8], context: [UInt8]) -> SecretBytes? {
    let nonceEnd = AEADNonce.byteCount
    guard wrapped.count > nonceEnd, var wrapping = makeCipher(),
      let nonce = unsafe wrapped[..<nonceEnd].withUnsafeBytes({ unsafe AEADNonce($0) })
    else { return nil }
    return SecretBytes.open(
      wrapped[nonceEnd...], with: &wrapping, nonce: nonce, associatedData: context)
  }

  /// The cipher, for one use: its schedule lies in ordinary memory, the secret does not.
  private func makeCipher() -> AEADKey? { unsafe secret.withBytes { unsafe try? AEADKey(key: $0) } }
}
