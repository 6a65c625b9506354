internal import Base
internal import Identity
internal import Native

/// Seals and opens session tokens with prepared keys. Owned by one loop.
///
/// A token is base64url of a version, the key's number, a nonce, and sealed under AES-256-GCM a
/// pseudonym of the patient, one of the domain, epoch, position and time: 103 characters. Nonces
/// are random: fewer than 2^32 tokens under one key, after which it is replaced.
public final class SessionSealer {
  /// A key's prepared form.
  private final class Prepared {
    let key: SessionKeys.Key
    var sealing: AEADKey

    init(_ key: SessionKeys.Key) {
      self.key = key
      guard let sealing = try? AEADKey(key: key.sealing) else {
        preconditionFailure("a digest is a key")
      }
      self.sealing = sealing
    }
  }

  /// Whom a token is for, under one key.
  private struct Scope: Equatable {
    let patientHigh, patientLow, domain: UInt64
  }

  private let prepared: [Prepared]
  private let lifetimeSeconds: UInt64
  private var plain = ByteQueue()
  private var sealed = ByteQueue()
  /// How many tokens were taken for none, by the reason's place in `SessionFault.allCases`.
  private var faults = [Int](repeating: 0, count: SessionFault.allCases.count)

  private static let version: UInt8 = 1
  private static let headByteCount = 1 + 4 + AEADNonce.byteCount
  private static let plainByteCount = 44
  private static let byteCount = headByteCount + plainByteCount + AEADKey.tagByteCount
  /// Characters of a token.
  static let characterCount = (byteCount * 4 + 2) / 3
  /// Seconds that edges' clocks may differ by.
  private static let skewSeconds: UInt64 = 300

  /// Prepares the keys for one loop.
  public init(_ keys: SessionKeys) {
    prepared = keys.keys.map { Prepared($0) }
    lifetimeSeconds = keys.lifetimeSeconds
  }

  /// The counts of tokens that were taken for none since the last call; nil when there were none.
  public func takeFaults() -> [(SessionFault, Int)]? {
    guard faults.contains(where: { $0 > 0 }) else { return nil }
    defer { faults = faults.map { _ in 0 } }
    return zip(SessionFault.allCases, faults).filter { $0.1 > 0 }
  }

  /// Counts a token that is taken for none.
  func note(_ fault: SessionFault) {
    if let index = SessionFault.allCases.firstIndex(of: fault) { faults[index] += 1 }
  }

  /// Opens what a client sent for requests about `patient` with data of `domain`.
  func open(
    _ text: UnsafeRawBufferPointer, patient: UnsafeRawBufferPointer, domain: [UInt8],
    at time: WallTime
  ) -> Result<SessionMark, SessionFault> {
    guard text.count == Self.characterCount,
      let bytes = Base64URL.decode(unsafe [UInt8](text)[...]), bytes.count == Self.byteCount,
      bytes[0] == Self.version
    else { return .failure(.unreadable) }
    let id = UInt32(truncatingIfNeeded: Self.number(bytes[1..<5]))
    guard let key = prepared.first(where: { $0.key.id == id }) else {
      return .failure(.unknownKey)
    }
    plain.removeAll()
    let isOpen = unsafe bytes.withUnsafeBytes { all in
      guard let nonce = unsafe AEADNonce(UnsafeRawBufferPointer(rebasing: all[5..<17])) else {
        return false
      }
      return unsafe key.sealing.open(
        UnsafeRawBufferPointer(rebasing: all[Self.headByteCount...]), nonce: nonce,
        associatedData: UnsafeRawBufferPointer(rebasing: all[..<5]), into: &plain)
    }
    guard isOpen else { return .failure(.forged) }
    let found = plain.copyToArray()
    let scope = Scope(
      patientHigh: Self.number(found[0..<8]), patientLow: Self.number(found[8..<16]),
      domain: Self.number(found[16..<24]))
    guard unsafe scope == Self.scope(patient, domain, key.key) else { return .failure(.foreign) }
    let issued = Self.number(found[40..<44])
    let now = time.microseconds / 1_000_000
    guard now <= issued + lifetimeSeconds, issued <= now + Self.skewSeconds else {
      return .failure(.expired)
    }
    return .success(
      SessionMark(epoch: Self.number(found[24..<32]), position: Self.number(found[32..<40])))
  }

  /// Writes the token of `mark` for requests about `patient` with data of `domain`. The nonce is
  /// drawn at random for this token.
  func seal(
    _ mark: SessionMark, patient: UnsafeRawBufferPointer, domain: [UInt8], at time: WallTime,
    nonce: AEADNonce, into text: inout ByteWriter
  ) {
    let key = prepared[0]
    let scope = unsafe Self.scope(patient, domain, key.key)
    plain.removeAll()
    for word in [scope.patientHigh, scope.patientLow, scope.domain, mark.epoch, mark.position] {
      Self.append(word, byteCount: 8, to: &plain)
    }
    Self.append(time.microseconds / 1_000_000, byteCount: 4, to: &plain)
    sealed.removeAll()
    sealed.append(Self.version)
    Self.append(UInt64(key.key.id), byteCount: 4, to: &sealed)
    var head: InlineArray<5, UInt8> = .init(repeating: 0)
    unsafe sealed.withReadable { bytes in for index in 0..<5 { head[index] = unsafe bytes[index] } }
    unsafe nonce.withBytes { unsafe sealed.append($0) }
    unsafe plain.withReadable { plain in
      unsafe withUnsafeBytes(of: head) { head in
        unsafe key.sealing.seal(plain, nonce: nonce, associatedData: head, into: &sealed)
      }
    }
    unsafe sealed.withReadable { unsafe Base64URL.encode($0, into: &text) }
  }

  private static func scope(
    _ patient: UnsafeRawBufferPointer, _ domain: [UInt8], _ key: SessionKeys.Key
  ) -> Scope {
    let (high, low) = unsafe key.pseudonyms.hash128(patient)
    let domain = unsafe domain.withUnsafeBytes { unsafe key.pseudonyms.hash($0) }
    return Scope(patientHigh: high, patientLow: low, domain: domain)
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func append(_ value: UInt64, byteCount: Int, to queue: inout ByteQueue) {
    for index in (0..<byteCount).reversed() {
      queue.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)))
    }
  }
}
