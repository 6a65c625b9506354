internal import COpenSSL

/// An application protocol agreed on by ALPN (RFC 7301).
public enum ALPN: String, Sendable, CaseIterable {
  /// HTTP/2 over TLS (RFC 9113).
  case http2 = "h2"
  /// HTTP/1.1.
  case http1 = "http/1.1"

  /// The protocol with this name on the wire; nil for a name that we never offer.
  init?(wireName: UnsafeRawBufferPointer) {
    for candidate in Self.allCases where unsafe wireName.elementsEqual(candidate.rawValue.utf8) {
      self = candidate
      return
    }
    return nil
  }

  /// The list as ALPN sends it: each name after its length.
  static func wireList(_ list: [ALPN]) -> [UInt8] {
    list.flatMap { [UInt8($0.rawValue.utf8.count)] + Array($0.rawValue.utf8) }
  }
}

// What a well-behaved peer never does, for the tests of what we do about it.
extension TLSSession {
  /// Queues a KeyUpdate message (TLS 1.3).
  mutating func testsOnlyUpdateKeys() {
    unsafe withHandle { ssl in
      _ = unsafe SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED)
      _ = unsafe SSL_do_handshake(ssl)
      ErrorQueue.clear()
    }
  }

  /// Queues a ClientHello on a complete session (TLS 1.2).
  mutating func testsOnlyRenegotiate() {
    unsafe withHandle { ssl in
      _ = unsafe SSL_clear_options(ssl, homeward_SSL_OP_NO_RENEGOTIATION())
      _ = unsafe SSL_renegotiate(ssl)
      _ = unsafe SSL_do_handshake(ssl)
      ErrorQueue.clear()
    }
  }
}

// What both ends know once the handshake is complete.
extension TLSSession {
  /// The protocol that both sides agreed on; nil when the peer did not take part in ALPN.
  public var alpn: ALPN? {
    unsafe withHandle { ssl in
      var start: UnsafePointer<UInt8>?
      var byteCount: UInt32 = 0
      unsafe SSL_get0_alpn_selected(ssl, &start, &byteCount)
      return unsafe ALPN(
        wireName: UnsafeRawBufferPointer(start: start, count: Int(byteCount)))
    }
  }

  /// The name that the client asked for (SNI), as it sent it; nil when it sent none.
  public var serverName: String? {
    unsafe withHandle { ssl in
      unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map {
        unsafe String(cString: $0)
      }
    }
  }

  /// The version in use, such as `TLSv1.3`.
  public var version: String {
    unsafe withHandle { ssl in
      unsafe SSL_get_version(ssl).map { unsafe String(cString: $0) } ?? "unknown"
    }
  }

  /// The cipher suite in use, such as `TLS_AES_128_GCM_SHA256`.
  public var cipher: String {
    unsafe withHandle { ssl in
      guard let cipher = unsafe SSL_get_current_cipher(ssl),
        let name = unsafe SSL_CIPHER_get_name(cipher)
      else { return "none" }
      return unsafe String(cString: name)
    }
  }

  /// Whether an earlier session was resumed; the peer's certificate is then the one verified there.
  public var isResumed: Bool { unsafe withHandle { unsafe SSL_session_reused($0) == 1 } }

  /// The peer's certificate, verified against the context's authorities; nil when it sent none.
  public var peerCertificate: PeerCertificate? {
    unsafe withHandle { ssl in
      unsafe SSL_get0_peer_certificate(ssl).map { unsafe PeerCertificate(reading: $0) }
    }
  }
}
