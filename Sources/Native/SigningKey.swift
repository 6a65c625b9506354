internal import COpenSSL

/// A private key for Ed25519 signatures (RFC 8032).
///
/// Owns the OpenSSL key, which is wiped when freed. Belongs to one thread; signing is for
/// checkpoints and approvals, not for requests.
@safe
public struct SigningKey: ~Copyable {
  private let key: OpaquePointer

  /// Draws a new key.
  public init() {
    let maker = unsafe Algorithms.required(EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nil))
    defer { unsafe EVP_PKEY_CTX_free(maker) }
    var key: OpaquePointer?
    let isDone = unsafe EVP_PKEY_keygen_init(maker) == 1 && EVP_PKEY_keygen(maker, &key) == 1
    precondition(isDone, "Ed25519 key generation failed")
    unsafe self.key = unsafe Algorithms.required(key)
  }

  /// Reads a PEM file (`BEGIN PRIVATE KEY`, PKCS #8, not encrypted).
  public init(pemFile path: String) throws(TLSError) {
    let object = try PEMFile.privateKey(path)
    guard unsafe EVP_PKEY_get_base_id(object.pointer) == EVP_PKEY_ED25519 else {
      throw .invalidKey
    }
    _ = unsafe EVP_PKEY_up_ref(object.pointer)
    unsafe key = unsafe object.pointer
  }

  /// Takes the 32 secret bytes that RFC 8032 calls the private key.
  public init(rawBytes: borrowing [UInt8]) throws(TLSError) {
    ErrorQueue.clear()
    let key = unsafe rawBytes.withUnsafeBufferPointer { bytes in
      unsafe EVP_PKEY_new_raw_private_key(
        EVP_PKEY_ED25519, nil, bytes.baseAddress, bytes.count)
    }
    guard let key = unsafe key else {
      ErrorQueue.clear()
      throw .invalidKey
    }
    unsafe self.key = unsafe key
  }

  deinit { unsafe EVP_PKEY_free(key) }

  /// Writes a new PEM file that only its owner can read; never replaces a file.
  ///
  /// A crash may leave an empty or cut file, which does not load; remove it and save again.
  public borrowing func save(toPEMFile path: String) throws(TLSError) {
    ErrorQueue.clear()
    defer { ErrorQueue.clear() }
    let descriptor = unsafe homeward_create_private(path)
    guard descriptor >= 0 else {
      throw .unwritable(path: path, reason: "already exists, or the folder cannot be written")
    }
    guard let bio = unsafe BIO_new_fd(descriptor, BIO_CLOSE) else { throw .outOfMemory }
    defer { unsafe BIO_free(bio) }
    guard unsafe PEM_write_bio_PrivateKey(bio, key, nil, nil, 0, nil, nil) == 1 else {
      throw .unwritable(path: path, reason: "writing failed")
    }
  }

  /// The public half.
  public var verifyingKey: VerifyingKey {
    var digest = SHA256Digest.zero
    unsafe digest.withMutableBytes { bytes in
      var byteCount = bytes.count
      let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      let result = unsafe EVP_PKEY_get_raw_public_key(key, start, &byteCount)
      precondition(result == 1 && byteCount == VerifyingKey.byteCount, "no Ed25519 public key")
    }
    return unsafe VerifyingKey(rawBytes: digest.withBytes { unsafe [UInt8]($0) })
  }

  /// The 64 bytes that sign `message`.
  public borrowing func sign(_ message: UnsafeRawBufferPointer) -> [UInt8] {
    let context = unsafe Algorithms.required(EVP_MD_CTX_new())
    defer { unsafe EVP_MD_CTX_free(context) }
    let bytes = unsafe message.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var byteCount = VerifyingKey.signatureByteCount
    var signature = [UInt8](repeating: 0, count: byteCount)
    let isDone =
      unsafe EVP_DigestSignInit(context, nil, nil, nil, key) == 1
      && EVP_DigestSign(context, &signature, &byteCount, bytes, message.count) == 1
    precondition(isDone && byteCount == signature.count, "Ed25519 signing failed")
    return signature
  }

  /// The 64 bytes that sign `message`.
  public borrowing func sign(_ message: borrowing [UInt8]) -> [UInt8] {
    unsafe message.withUnsafeBytes { unsafe sign($0) }
  }
}

/// A public key for Ed25519 signatures: plain bytes, any thread.
public struct VerifyingKey: Hashable, Sendable {
  /// Bytes of a key.
  public static let byteCount = 32
  /// Bytes of a signature.
  public static let signatureByteCount = 64

  /// The key as RFC 8032 encodes it.
  public let rawBytes: [UInt8]

  /// Takes a key's 32 bytes; nil for another length.
  public init?(_ rawBytes: [UInt8]) {
    guard rawBytes.count == Self.byteCount else { return nil }
    self.rawBytes = rawBytes
  }

  /// Takes bytes that are known to be a key.
  init(rawBytes: [UInt8]) { self.rawBytes = rawBytes }

  /// Reads a PEM file (`BEGIN PUBLIC KEY`).
  public init(pemFile path: String) throws(TLSError) {
    ErrorQueue.clear()
    defer { ErrorQueue.clear() }
    guard let bio = unsafe BIO_new_file(path, "r") else {
      throw .unreadable(path: path, reason: ErrorQueue.takeFileReason())
    }
    defer { unsafe BIO_free(bio) }
    guard let key = unsafe PEM_read_bio_PUBKEY(bio, nil, nil, nil) else { throw .invalidKey }
    defer { unsafe EVP_PKEY_free(key) }
    var byteCount = Self.byteCount
    var bytes = [UInt8](repeating: 0, count: byteCount)
    guard unsafe EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519,
      unsafe EVP_PKEY_get_raw_public_key(key, &bytes, &byteCount) == 1
    else { throw .invalidKey }
    rawBytes = bytes
  }

  /// Whether `signature` is the key's own over `message`.
  public func isValid(
    signature: borrowing [UInt8], for message: UnsafeRawBufferPointer
  ) -> Bool {
    guard signature.count == Self.signatureByteCount else { return false }
    ErrorQueue.clear()
    defer { ErrorQueue.clear() }
    guard
      let key = unsafe EVP_PKEY_new_raw_public_key(
        EVP_PKEY_ED25519, nil, rawBytes, rawBytes.count)
    else { return false }
    defer { unsafe EVP_PKEY_free(key) }
    let context = unsafe Algorithms.required(EVP_MD_CTX_new())
    defer { unsafe EVP_MD_CTX_free(context) }
    let bytes = unsafe message.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard unsafe EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1 else { return false }
    return unsafe signature.withUnsafeBufferPointer { signature in
      unsafe EVP_DigestVerify(
        context, signature.baseAddress, signature.count, bytes, message.count) == 1
    }
  }

  /// Whether `signature` is the key's own over `message`.
  public func isValid(signature: borrowing [UInt8], for message: borrowing [UInt8]) -> Bool {
    unsafe message.withUnsafeBytes { unsafe isValid(signature: signature, for: $0) }
  }

  /// The key as a PEM file holds it.
  public var pem: String {
    guard
      let key = unsafe EVP_PKEY_new_raw_public_key(
        EVP_PKEY_ED25519, nil, rawBytes, rawBytes.count),
      let bio = unsafe BIO_new(BIO_s_mem())
    else { return "" }
    defer {
      unsafe BIO_free(bio)
      unsafe EVP_PKEY_free(key)
    }
    _ = unsafe PEM_write_bio_PUBKEY(bio, key)
    return unsafe MemoryBIO.text(of: bio)
  }
}
