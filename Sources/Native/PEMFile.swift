internal import COpenSSL

/// A reference-counted OpenSSL object, freed with its last user; for configuration, not for data.
@safe
final class OpenSSLObject: Sendable {
  /// The object; never null.
  nonisolated(unsafe) let pointer: OpaquePointer
  /// The function that gives one reference back.
  private let free: @Sendable (OpaquePointer?) -> Void

  /// Takes over one reference.
  init(_ pointer: OpaquePointer, free: @escaping @Sendable (OpaquePointer?) -> Void) {
    unsafe self.pointer = unsafe pointer
    unsafe self.free = unsafe free
  }

  deinit { unsafe free(pointer) }
}

/// Reads certificates and keys from PEM files. Never asks for a passphrase.
enum PEMFile {
  /// The certificates of a file, in its order; at least one and at most `countMax`.
  static func certificates(
    _ path: String, countMax: Int
  ) throws(TLSError) -> [OpenSSLObject] {
    let bio = try open(path)
    defer { ErrorQueue.clear() }
    var found: [OpenSSLObject] = []
    while let certificate = unsafe PEM_read_bio_X509(bio.pointer, nil, nil, nil) {
      unsafe found.append(OpenSSLObject(certificate) { unsafe X509_free($0) })
      if found.count > countMax { throw .malformed(path: path) }
    }
    // The reader's own way to say "end of file" is that no further block starts.
    let (library, reason) = ErrorQueue.take()
    let isAtEnd = library == ERR_LIB_PEM && reason == PEM_R_NO_START_LINE
    if found.isEmpty && isAtEnd { throw .noCertificate(path: path) }
    if !isAtEnd { throw .malformed(path: path) }
    return found
  }

  /// The revocation lists (CRLs) of a file, in its order; at least one and at most `countMax`.
  static func revocationLists(
    _ path: String, countMax: Int
  ) throws(TLSError) -> [OpenSSLObject] {
    let bio = try open(path)
    defer { ErrorQueue.clear() }
    var found: [OpenSSLObject] = []
    while let list = unsafe PEM_read_bio_X509_CRL(bio.pointer, nil, nil, nil) {
      unsafe found.append(OpenSSLObject(list) { unsafe X509_CRL_free($0) })
      if found.count > countMax { throw .malformed(path: path) }
    }
    let (library, reason) = ErrorQueue.take()
    let isAtEnd = library == ERR_LIB_PEM && reason == PEM_R_NO_START_LINE
    if found.isEmpty && isAtEnd { throw .noRevocationList(path: path) }
    if !isAtEnd { throw .malformed(path: path) }
    return found
  }

  /// The private key of a file.
  static func privateKey(_ path: String) throws(TLSError) -> OpenSSLObject {
    let bio = try open(path)
    guard let key = unsafe privateKey(from: bio.pointer) else {
      throw .noPrivateKey(path: path)
    }
    return key
  }

  /// The first private key that `bio` gives; nil when there is none or it is encrypted.
  static func privateKey(from bio: OpaquePointer) -> OpenSSLObject? {
    defer { ErrorQueue.clear() }
    // Without this callback OpenSSL would ask for a passphrase on the terminal.
    let key = unsafe PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil)
    return unsafe key.map { unsafe OpenSSLObject($0) { unsafe EVP_PKEY_free($0) } }
  }

  /// Opens a file for reading.
  private static func open(_ path: String) throws(TLSError) -> OpenSSLObject {
    ErrorQueue.clear()
    guard let bio = unsafe BIO_new_file(path, "r") else {
      throw .unreadable(path: path, reason: ErrorQueue.takeFileReason())
    }
    return unsafe OpenSSLObject(bio) { _ = unsafe BIO_free($0) }
  }
}

/// Reading what OpenSSL wrote into a memory BIO.
enum MemoryBIO {
  /// A copy of the BIO's bytes.
  static func bytes(of bio: OpaquePointer) -> [UInt8] {
    var start: UnsafeMutablePointer<CChar>?
    let byteCount = unsafe homeward_BIO_get_mem_data(bio, &start)
    return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: max(0, byteCount)))
  }

  /// The BIO's bytes as text.
  static func text(of bio: OpaquePointer) -> String {
    unsafe String(decoding: bytes(of: bio), as: UTF8.self)
  }
}
