internal import COpenSSL

extension TLSContext {
  /// TLS 1.2: forward secrecy and authenticated encryption only (RFC 9325 section 4.2).
  private static let ciphersTLS12 = [
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
  ].joined(separator: ":")

  /// TLS 1.3's three suites; AES-128 first, which is the cheapest on our hardware.
  private static let ciphersTLS13 = [
    "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
  ].joined(separator: ":")

  /// Makes a server's context from files. Throws when one is missing, unusable or mismatched.
  public static func server(_ options: ServerTLSOptions) throws(TLSError) -> TLSContext {
    if options.certificates.isEmpty { throw .noCertificates }
    let authorities = try clientAuthorities(options)
    let identifier = try randomIdentifier()
    var slots: [CertificateSlot] = []
    var files: [CertificateFile] = []
    var indexByName: [String: Int] = [:]
    for pair in options.certificates {
      let identity = try Identity(pair)
      files.append(identity.file)
      if let twin = slots.firstIndex(where: { $0.takes(identity) }) {
        try identity.install(in: slots[twin].context)
        slots[twin].keyKinds.append(identity.keyKind)
        continue
      }
      let context = try unsafe makeContext(TLS_server_method(), versionMin: options.versionMin)
      try configure(context, options, authorities, identifier)
      try identity.install(in: context)
      for name in identity.file.names where indexByName[name] == nil {
        indexByName[name] = slots.count
      }
      slots.append(
        CertificateSlot(
          context: context, names: identity.file.names, keyKinds: [identity.keyKind]))
    }
    return TLSContext(
      isServer: true, contexts: slots.map(\.context), certificates: files, indexByName: indexByName,
      alpn: options.alpn, asksForCertificates: options.clientAuthentication != .none,
      refusesUnknownServerNames: options.refusesUnknownServerNames)
  }

  /// Makes a client's context from files. Throws when one is missing, unusable or mismatched.
  public static func client(_ options: ClientTLSOptions) throws(TLSError) -> TLSContext {
    let context = try unsafe makeContext(
      TLS_client_method(), versionMin: options.versionMin, versionMax: options.versionMax)
    let store = try makeStore()
    if let path = options.authoritiesPath {
      let roots = try PEMFile.certificates(path, countMax: TLSLimits.authorityCountMax)
      for root in roots { _ = unsafe X509_STORE_add_cert(store.pointer, root.pointer) }
    } else {
      _ = unsafe X509_STORE_set_default_paths(store.pointer)
    }
    unsafe SSL_CTX_set1_cert_store(context.pointer, store.pointer)
    unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
    // Sessions go to our own table by server name: a resumed session verifies no certificate, so
    // it must never serve another name.
    let cache =
      options.resumesSessions
      ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF
    unsafe homeward_SSL_CTX_set_session_cache_mode(context.pointer, Int(cache))
    if !options.resumesSessions {
      _ = unsafe SSL_CTX_set_options(context.pointer, homeward_SSL_OP_NO_TICKET())
    }
    var files: [CertificateFile] = []
    if let pair = options.certificate {
      let identity = try Identity(pair)
      try identity.install(in: context)
      files.append(identity.file)
    }
    ErrorQueue.clear()
    return TLSContext(
      isServer: false, contexts: [context], certificates: files, indexByName: [:],
      alpn: options.alpn)
  }

  // MARK: Parts

  /// A context with everything that both roles share.
  private static func makeContext(
    _ method: OpaquePointer?, versionMin: TLSVersion, versionMax: TLSVersion = .tls13
  ) throws(TLSError) -> OpenSSLObject {
    ErrorQueue.clear()
    guard let pointer = unsafe SSL_CTX_new(method) else {
      ErrorQueue.clear()
      throw .outOfMemory
    }
    let context = unsafe OpenSSLObject(pointer) { unsafe SSL_CTX_free($0) }
    _ = unsafe SSL_CTX_set_options(
      pointer,
      homeward_SSL_OP_NO_RENEGOTIATION() | homeward_SSL_OP_NO_COMPRESSION()
        | homeward_SSL_OP_CIPHER_SERVER_PREFERENCE() | homeward_SSL_OP_PRIORITIZE_CHACHA())
    // Not SSL_MODE_RELEASE_BUFFERS: it frees and allocates 16 KiB around every record, which costs
    // about 200 ns each time. `TLSSession.releaseIdleMemory` does the same once, when idle.
    unsafe SSL_CTX_set_security_level(pointer, 2)
    unsafe SSL_CTX_set_verify_depth(pointer, TLSLimits.verifyDepthMax)
    guard unsafe homeward_SSL_CTX_set_min_proto_version(pointer, versionMin.number) == 1,
      unsafe homeward_SSL_CTX_set_max_proto_version(pointer, versionMax.number) == 1,
      unsafe SSL_CTX_set_cipher_list(pointer, ciphersTLS12) == 1,
      unsafe SSL_CTX_set_ciphersuites(pointer, ciphersTLS13) == 1,
      unsafe homeward_SSL_CTX_set1_groups_list(pointer, "X25519:P-256") == 1
    else {
      ErrorQueue.clear()
      throw .outOfMemory
    }
    return context
  }

  /// A server's tickets and client certificates.
  private static func configure(
    _ context: OpenSSLObject, _ options: ServerTLSOptions, _ authorities: [OpenSSLObject],
    _ identifier: [UInt8]
  ) throws(TLSError) {
    let pointer = unsafe context.pointer
    // Tickets carry the state themselves: no table of ours grows with the number of clients.
    unsafe homeward_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
    if options.resumptionSeconds > 0 {
      _ = unsafe SSL_CTX_set_timeout(pointer, options.resumptionSeconds)
    } else {
      _ = unsafe SSL_CTX_set_options(pointer, homeward_SSL_OP_NO_TICKET())
      _ = unsafe SSL_CTX_set_num_tickets(pointer, 0)
    }
    _ = unsafe SSL_CTX_set_session_id_context(pointer, identifier, UInt32(identifier.count))
    guard options.clientAuthentication != .none else { return }
    let store = try makeStore()
    guard let names = unsafe homeward_names_new() else { throw .outOfMemory }
    for authority in authorities {
      _ = unsafe X509_STORE_add_cert(store.pointer, authority.pointer)
      let name = unsafe X509_NAME_dup(X509_get_subject_name(authority.pointer))
      _ = unsafe homeward_names_push(names, name)
    }
    try checkRevocation(in: store, options)
    unsafe SSL_CTX_set1_cert_store(pointer, store.pointer)
    unsafe SSL_CTX_set_client_CA_list(pointer, names)  // takes over the list
    let isRequired = options.clientAuthentication == .require
    unsafe SSL_CTX_set_verify(
      pointer, SSL_VERIFY_PEER | (isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nil)
    ErrorQueue.clear()
  }

  /// Makes verification look at the revocation lists of the options. Only the client's own
  /// certificate is looked up: who revokes an authority takes it out of the authorities' file.
  private static func checkRevocation(
    in store: OpenSSLObject, _ options: ServerTLSOptions
  ) throws(TLSError) {
    guard let path = options.clientRevocationsPath else { return }
    let lists = try PEMFile.revocationLists(path, countMax: TLSLimits.revocationListCountMax)
    for list in lists { _ = unsafe X509_STORE_add_crl(store.pointer, list.pointer) }
    _ = unsafe X509_STORE_set_flags(store.pointer, UInt(X509_V_FLAG_CRL_CHECK))
  }

  /// The authorities of client certificates; required when certificates are asked for.
  private static func clientAuthorities(
    _ options: ServerTLSOptions
  ) throws(TLSError) -> [OpenSSLObject] {
    guard options.clientAuthentication != .none else { return [] }
    guard let path = options.clientAuthoritiesPath else { throw .noClientAuthorities }
    return try PEMFile.certificates(path, countMax: TLSLimits.authorityCountMax)
  }

  private static func makeStore() throws(TLSError) -> OpenSSLObject {
    guard let store = unsafe X509_STORE_new() else { throw .outOfMemory }
    return unsafe OpenSSLObject(store) { unsafe X509_STORE_free($0) }
  }

  /// A session id context that no other context has.
  private static func randomIdentifier() throws(TLSError) -> [UInt8] {
    var identifier = [UInt8](repeating: 0, count: Int(SSL_MAX_SID_CTX_LENGTH))
    unsafe identifier.withUnsafeMutableBytes { unsafe secureRandom(into: $0) }
    return identifier
  }
}

extension TLSVersion {
  /// OpenSSL's number for the version.
  fileprivate var number: Int32 { self == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION }
}

/// A server's context while the certificates are being sorted into contexts.
private struct CertificateSlot {
  let context: OpenSSLObject
  let names: [String]
  var keyKinds: [Int32]

  /// Whether `identity` serves the same names with another kind of key: OpenSSL then picks one of
  /// the two by what the client supports.
  func takes(_ identity: Identity) -> Bool {
    !names.isEmpty && names == identity.file.names && !keyKinds.contains(identity.keyKind)
  }
}

/// A certificate chain with its key, read and checked.
private struct Identity {
  let pair: CertificatePair
  let chain: [OpenSSLObject]
  let key: OpenSSLObject
  let file: CertificateFile
  /// OpenSSL's number for the kind of key.
  let keyKind: Int32

  init(_ pair: CertificatePair) throws(TLSError) {
    self.pair = pair
    chain = try PEMFile.certificates(
      pair.chainPath, countMax: TLSLimits.chainCertificateCountMax)
    key = try PEMFile.privateKey(pair.keyPath)
    guard unsafe X509_check_private_key(chain[0].pointer, key.pointer) == 1 else {
      ErrorQueue.clear()
      throw .keyMismatch(keyPath: pair.keyPath, chainPath: pair.chainPath)
    }
    keyKind = unsafe EVP_PKEY_get_base_id(key.pointer)
    let leaf = unsafe PeerCertificate(reading: chain[0].pointer)
    file = CertificateFile(
      path: pair.chainPath, names: leaf.dnsNames.map { $0.lowercased() },
      notBefore: leaf.notBefore, notAfter: leaf.notAfter)
  }

  /// Makes `context` show this chain, beside those with other kinds of key.
  func install(in context: OpenSSLObject) throws(TLSError) {
    ErrorQueue.clear()
    defer { ErrorQueue.clear() }
    guard unsafe SSL_CTX_use_certificate(context.pointer, chain[0].pointer) == 1 else {
      let (_, reason) = ErrorQueue.take()
      let words = TLSFault(.protocolViolation, code: reason).reason
      throw .unusable(path: pair.chainPath, reason: words)
    }
    guard unsafe SSL_CTX_use_PrivateKey(context.pointer, key.pointer) == 1 else {
      throw .keyMismatch(keyPath: pair.keyPath, chainPath: pair.chainPath)
    }
    for authority in chain.dropFirst() {
      // The chain belongs to the certificate set last.
      guard
        unsafe homeward_SSL_CTX_add1_chain_cert(context.pointer, authority.pointer) == 1
      else {
        throw .unusable(path: pair.chainPath, reason: "an authority in the chain is refused")
      }
    }
  }
}
