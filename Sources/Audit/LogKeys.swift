internal import Base
public import Native

/// The two secret keys of one log: one seals private fields, the other makes search tokens.
///
/// INVARIANT (fresh nonce) holds: a nonce is a number drawn for each opening of the log and the
/// entry's index, and an opened log gives each index once. The index of a frame that a crash tore
/// is given again, by a later opening with another number. Belongs to one thread.
public struct LogKeys: ~Copyable {
  private var sealing: AEADKey
  private var tokens: HMACSHA256
  private let opening: UInt32

  /// Bytes of both keys together.
  public static let secretByteCount = 64
  /// Bytes that sealing adds: tag and length of the field, nonce, authentication tag.
  static let overhead = 3 + AEADNonce.byteCount + AEADKey.tagByteCount
  /// Bytes of both tokens as fields.
  static let tokensByteCount = 2 * 18

  /// Makes the keys from 64 random bytes; `opening` is random too.
  public init(secret: [UInt8], opening: UInt32) {
    precondition(secret.count == Self.secretByteCount, "a log's secret has 64 bytes")
    guard let sealing = try? AEADKey(key: Array(secret[..<32])) else {
      preconditionFailure("32 bytes are a key")
    }
    self.sealing = sealing
    tokens = HMACSHA256(key: Array(secret[32...]))
    self.opening = opening
  }

  /// What a token stands for; it is hashed before the value, so that no two kinds share a token.
  enum TokenKind: UInt8 {
    case patient = 1
    case subject = 2
  }

  /// The token under which an identifier is found: the first half of an HMAC-SHA-256.
  mutating func token(_ kind: TokenKind, _ value: UnsafeRawBufferPointer) -> AuditID {
    let digest = unsafe withUnsafeTemporaryAllocation(byteCount: value.count + 1, alignment: 1) {
      message in
      unsafe message[0] = kind.rawValue
      unsafe UnsafeMutableRawBufferPointer(rebasing: message[1...]).copyMemory(from: value)
      return unsafe tokens.authenticationCode(for: UnsafeRawBufferPointer(message))
    }
    return unsafe digest.withBytes { bytes in
      unsafe AuditID(
        high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
        low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
  }

  /// The token under which a patient is found in this log.
  public mutating func token(patient id: String) -> AuditID {
    unsafe Array(id.utf8).withUnsafeBytes { unsafe token(.patient, $0) }
  }

  /// The token under which a subject is found in this log, whatever token he came with.
  public mutating func token(subject: String) -> AuditID {
    unsafe Array(subject.utf8).withUnsafeBytes { unsafe token(subject: $0) }
  }

  /// The same of a record's subject, `issuer|subject|token`: of the part before the token's hash.
  mutating func token(subject: UnsafeRawBufferPointer) -> AuditID {
    let start = subject.count - Self.tokenPartByteCount
    let hasToken =
      unsafe start > 0 && subject[start] == 0x7C
      && subject[(start + 1)...].allSatisfy {
        (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
      }
    return unsafe token(
      .subject, hasToken ? UnsafeRawBufferPointer(rebasing: subject[..<start]) : subject)
  }

  /// A bar and 32 hexadecimal digits.
  private static let tokenPartByteCount = 33

  /// Appends nonce and sealed form of an entry's private fields.
  mutating func seal(
    _ fields: UnsafeRawBufferPointer, index: UInt64, associatedData: UnsafeRawBufferPointer,
    into queue: inout ByteQueue
  ) {
    let nonce = AEADNonce(prefix: opening, counter: index)
    unsafe nonce.withBytes { unsafe queue.append($0) }
    unsafe sealing.seal(fields, nonce: nonce, associatedData: associatedData, into: &queue)
  }

  /// The private fields of an entry; empty when it has none or they are not sealed by this key.
  public mutating func open(_ entry: UnsafeRawBufferPointer) -> [UInt8] {
    guard var reader = try? unsafe RecordReader(entry) else { return [] }
    while true {
      let start = reader.offset
      guard let field = try? reader.next() else { return [] }
      guard field.tag == DecisionRecord.sealedTag else { continue }
      let value = field.bytes
      var plain = ByteQueue()
      let isOpen = unsafe value.withUnsafeBytes { raw in
        guard raw.count >= AEADNonce.byteCount,
          let nonce = unsafe AEADNonce(
            UnsafeRawBufferPointer(rebasing: raw[..<AEADNonce.byteCount]))
        else { return false }
        return unsafe sealing.open(
          UnsafeRawBufferPointer(rebasing: raw[AEADNonce.byteCount...]), nonce: nonce,
          associatedData: UnsafeRawBufferPointer(rebasing: entry[..<start]), into: &plain)
      }
      return isOpen ? plain.copyToArray() : []
    }
  }
}

/// A log's secret as it lies on disk: sealed under a key that the operator keeps, so that removing
/// this file shreds the private fields of the whole log.
public enum LogKeyFile {
  /// What the operator's key is used for here; other uses get other keys from it.
  private static let purpose = "homeward audit log keys v1"

  /// The file's bytes for `secret`; `nonce` is random and used once.
  public static func wrap(
    _ secret: [UInt8], origin: String, operatorKey: [UInt8], nonce: AEADNonce
  ) -> [UInt8] {
    var file = ByteQueue()
    unsafe nonce.withBytes { unsafe file.append($0) }
    var key = wrappingKey(operatorKey)
    unsafe secret.withUnsafeBytes { secret in
      unsafe Array(origin.utf8).withUnsafeBytes { origin in
        unsafe key.seal(secret, nonce: nonce, associatedData: origin, into: &file)
      }
    }
    return file.copyToArray()
  }

  /// The secret; nil when the file was changed or sealed under another key or for another log.
  public static func unwrap(_ file: [UInt8], origin: String, operatorKey: [UInt8]) -> [UInt8]? {
    var key = wrappingKey(operatorKey)
    var secret = ByteQueue()
    let isOpen = unsafe file.withUnsafeBytes { file in
      guard file.count >= AEADNonce.byteCount,
        let nonce = unsafe AEADNonce(
          UnsafeRawBufferPointer(rebasing: file[..<AEADNonce.byteCount]))
      else { return false }
      return unsafe Array(origin.utf8).withUnsafeBytes { origin in
        unsafe key.open(
          UnsafeRawBufferPointer(rebasing: file[AEADNonce.byteCount...]), nonce: nonce,
          associatedData: origin, into: &secret)
      }
    }
    guard isOpen, secret.count == LogKeys.secretByteCount else { return nil }
    return secret.copyToArray()
  }

  /// The key that seals secrets, from the operator's.
  private static func wrappingKey(_ operatorKey: [UInt8]) -> AEADKey {
    let mac = HMACSHA256(key: operatorKey)
    let digest = mac.authenticationCode(for: Array(purpose.utf8))
    let bytes = unsafe digest.withBytes { unsafe [UInt8]($0) }
    guard let key = try? AEADKey(key: bytes) else {
      preconditionFailure("a digest is as long as a key")
    }
    return key
  }
}
