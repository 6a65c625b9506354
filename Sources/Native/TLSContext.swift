public import Base
internal import COpenSSL
internal import Synchronization

/// What the sessions of one listener, or towards one group of origins, have in common:
/// certificates, authorities, versions, ciphers, tickets.
///
/// Immutable once made, apart from the client's remembered sessions behind a mutex; shared by all
/// threads (OpenSSL counts references and locks inside an `SSL_CTX`). To reload certificates make
/// a new context: sessions under way keep the old one. Each context draws its own ticket keys and
/// session id context, so no ticket outlives its context or works in another: a client verified by
/// one listener's rules is verified again by the next one's.
@safe
public final class TLSContext: Sendable {
  /// Whether it makes server sessions.
  public let isServer: Bool
  /// The certificates shown to peers, default first.
  public let certificates: [CertificateFile]

  /// One OpenSSL context for each server certificate, the default first; a client has one.
  private let contexts: [OpenSSLObject]
  /// The server names in lower case, wildcards as written, and the context that serves each.
  private let indexByName: [String: Int]
  /// Whether a name outside `indexByName` is refused.
  private let refusesUnknownServerNames: Bool
  /// The application protocols as ALPN writes them. Heap memory of fixed address: OpenSSL keeps
  /// pointers into it from the selection callback until it has sent its answer.
  nonisolated(unsafe) private let alpnList: UnsafeMutableBufferPointer<UInt8>
  /// Client role: the newest session of each server name.
  private let sessions = Mutex<[String: RememberedSession]>([:])

  /// The context that new sessions start from.
  var handle: OpaquePointer { unsafe contexts[0].pointer }

  /// Takes over configured contexts and sets the callbacks that need this object's address.
  init(
    isServer: Bool, contexts: [OpenSSLObject], certificates: [CertificateFile],
    indexByName: [String: Int], alpn: [ALPN], refusesUnknownServerNames: Bool
  ) {
    precondition(!contexts.isEmpty, "a TLS context needs an OpenSSL context")
    self.isServer = isServer
    self.certificates = certificates
    self.contexts = contexts
    self.indexByName = indexByName
    self.refusesUnknownServerNames = refusesUnknownServerNames
    let wire = ALPN.wireList(alpn)
    unsafe alpnList = .allocate(capacity: wire.count)
    _ = unsafe alpnList.initialize(from: wire)
    if isServer { setServerCallbacks() } else { setClientCallbacks() }
  }

  deinit { unsafe alpnList.deallocate() }

  /// What an operator should know about the certificates at `now`; empty when all is well.
  public func notices(at now: WallTime) -> [String] {
    certificates.compactMap { $0.notice(at: now) }
  }

  // MARK: Callbacks

  /// Sets the callbacks that choose a certificate and a protocol.
  ///
  /// Their argument is this object, unretained: they run only inside calls of a session, and every
  /// session retains its context.
  private func setServerCallbacks() {
    let argument = unsafe Unmanaged.passUnretained(self).toOpaque()
    for context in contexts {
      unsafe homeward_SSL_CTX_set_server_name_callback(
        context.pointer,
        { ssl, alert, argument in
          guard let ssl = unsafe ssl, let argument = unsafe argument else {
            return SSL_TLSEXT_ERR_NOACK
          }
          let owner = unsafe Unmanaged<TLSContext>.fromOpaque(argument).takeUnretainedValue()
          return unsafe owner.selectCertificate(ssl, &alert.unsafelyUnwrapped.pointee)
        }, argument)
      if unsafe alpnList.isEmpty { continue }
      unsafe SSL_CTX_set_alpn_select_cb(
        context.pointer,
        { _, chosen, chosenByteCount, offered, offeredByteCount, argument in
          guard let argument = unsafe argument else { return SSL_TLSEXT_ERR_ALERT_FATAL }
          let list = unsafe Unmanaged<TLSContext>.fromOpaque(argument).takeUnretainedValue()
            .alpnList
          var match: UnsafeMutablePointer<UInt8>?
          // The server's list comes first, so its order wins and `match` points into it.
          let result = unsafe SSL_select_next_proto(
            &match, chosenByteCount, list.baseAddress, UInt32(list.count), offered,
            offeredByteCount)
          guard result == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
          unsafe chosen?.pointee = unsafe UnsafePointer(match)
          return SSL_TLSEXT_ERR_OK
        }, argument)
    }
  }

  /// Switches `ssl` to the certificate of the name that the client asked for.
  private func selectCertificate(_ ssl: OpaquePointer, _ alert: inout Int32) -> Int32 {
    guard let bytes = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else {
      return SSL_TLSEXT_ERR_NOACK
    }
    let name = unsafe String(cString: bytes).lowercased()
    if let index = index(of: name) {
      if index > 0 { _ = unsafe SSL_set_SSL_CTX(ssl, contexts[index].pointer) }
      return SSL_TLSEXT_ERR_OK
    }
    guard refusesUnknownServerNames else { return SSL_TLSEXT_ERR_NOACK }
    alert = SSL_AD_UNRECOGNIZED_NAME
    return SSL_TLSEXT_ERR_ALERT_FATAL
  }

  /// The context for a name in lower case: exact first, then a wildcard for its first label.
  private func index(of name: String) -> Int? {
    if let index = indexByName[name] { return index }
    guard let dot = name.firstIndex(of: ".") else { return nil }
    return indexByName["*" + name[dot...]]
  }

  /// Offers the protocols and collects sessions into the transport of the session they belong to.
  private func setClientCallbacks() {
    let context = unsafe contexts[0].pointer
    if unsafe !alpnList.isEmpty {
      _ = unsafe SSL_CTX_set_alpn_protos(
        context, alpnList.baseAddress, UInt32(alpnList.count))
    }
    unsafe SSL_CTX_sess_set_new_cb(context) { ssl, session in
      guard let bio = unsafe SSL_get_rbio(ssl), let data = unsafe BIO_get_data(bio) else {
        return 0
      }
      // Every session of this target has a transport BIO. Returning 1 keeps the reference.
      let transport = unsafe data.assumingMemoryBound(to: TLSTransport.self)
      if let older = unsafe transport.pointee.newSession { unsafe SSL_SESSION_free(older) }
      unsafe transport.pointee.newSession = unsafe session
      return 1
    }
  }

  // MARK: Remembered sessions

  /// Keeps a session for the next connection to `serverName`; takes over the reference.
  func remember(_ session: OpaquePointer, for serverName: String) {
    let entry = unsafe RememberedSession(session)
    guard unsafe SSL_SESSION_is_resumable(session) == 1 else { return }
    sessions.withLock { table in
      if table.count >= TLSLimits.clientSessionCountMax, table[serverName] == nil {
        // Any victim will do: it costs one full handshake.
        if let victim = table.keys.first { table[victim] = nil }
      }
      table[serverName] = entry
    }
  }

  /// Hands the remembered session of `serverName`, if any, to `body`.
  func withRememberedSession(_ serverName: String, _ body: (OpaquePointer) -> Void) {
    guard let entry = sessions.withLock({ $0[serverName] }) else { return }
    unsafe body(entry.pointer)
  }
}

/// A resumable session; OpenSSL treats it as immutable and counts its users.
@safe
private final class RememberedSession: Sendable {
  nonisolated(unsafe) let pointer: OpaquePointer

  /// Takes over one reference.
  init(_ pointer: OpaquePointer) { unsafe self.pointer = unsafe pointer }

  deinit { unsafe SSL_SESSION_free(pointer) }
}
