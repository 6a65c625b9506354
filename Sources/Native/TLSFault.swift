internal import COpenSSL

/// Why a TLS session failed. Trivial to copy; the text is made only when somebody asks.
public struct TLSFault: Error, Equatable, Sendable {
  /// The kinds of failure that an operator or a metric tells apart.
  public enum Kind: String, Sendable, CaseIterable {
    /// The peer ended the stream before the handshake was complete.
    case peerClosedDuringHandshake = "peer closed during handshake"
    /// The peer ended the stream without close_notify: data may be missing.
    case truncated = "peer closed without close_notify"
    case noSharedCipher = "no shared cipher"
    case noSharedVersion = "no shared TLS version"
    case noSharedApplicationProtocol = "no shared application protocol"
    /// The peer's certificate was refused; the code is X.509's verification result.
    case certificateVerification = "certificate verify failed"
    case certificateMissing = "peer sent no certificate"
    case plainHTTP = "plain HTTP on a TLS port"
    /// The bytes are not TLS records at all.
    case notTLS = "not TLS"
    /// The peer sent a fatal alert; the code is the alert's number.
    case peerAlert = "peer alert"
    case tooManyKeyUpdates = "too many key updates"
    case renegotiation = "peer asked for renegotiation"
    /// The owner fed more than `TLSLimits.pendingByteCountMax` without reading.
    case unreadInput = "too much unread input"
    /// Any other breach; the code is OpenSSL's reason.
    case protocolViolation = "protocol violation"
  }

  /// What happened.
  public let kind: Kind
  /// The alert, verification result or reason behind it; zero when the kind says all.
  public let code: Int32

  /// Makes a fault.
  init(_ kind: Kind, code: Int32 = 0) {
    self.kind = kind
    self.code = code
  }

  /// A stable text for logs: the kind and, after a colon, OpenSSL's fixed words for the code.
  public var reason: String {
    // OpenSSL 3.0 has no words for this alert.
    if kind == .peerAlert && code == SSL_AD_CERTIFICATE_REQUIRED {
      return kind.rawValue + ": certificate required"
    }
    let detail: UnsafePointer<CChar>? =
      switch kind {
      case .certificateVerification: unsafe X509_verify_cert_error_string(Int(code))
      case .peerAlert: unsafe SSL_alert_desc_string_long(code)
      case .protocolViolation:
        // ERR_PACK is a macro: the library is the eight bits above the 23 of the reason.
        unsafe ERR_reason_error_string(UInt(ERR_LIB_SSL) << 23 | UInt(UInt32(bitPattern: code)))
      default: nil
      }
    guard let detail = unsafe detail else { return kind.rawValue }
    return unsafe kind.rawValue + ": " + String(cString: detail)
  }
}

extension TLSFault: CustomStringConvertible {
  /// The same as `reason`.
  public var description: String { reason }
}

extension TLSFault {
  /// Translates the error queue after a failed call, and empties it.
  ///
  /// `verification` is the session's verification result, used when the certificate was the cause.
  static func taking(verification: Int, isHandshakeComplete: Bool) -> TLSFault {
    let (library, reason) = ErrorQueue.take()
    guard library == ERR_LIB_SSL else {
      return reason == 0 ? end(isHandshakeComplete) : TLSFault(.protocolViolation)
    }
    switch reason {
    case SSL_R_UNEXPECTED_EOF_WHILE_READING: return end(isHandshakeComplete)
    case SSL_R_NO_SHARED_CIPHER: return TLSFault(.noSharedCipher)
    case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_NO_PROTOCOLS_AVAILABLE:
      return TLSFault(.noSharedVersion)
    case SSL_R_NO_APPLICATION_PROTOCOL: return TLSFault(.noSharedApplicationProtocol)
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return TLSFault(.certificateVerification, code: Int32(truncatingIfNeeded: verification))
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return TLSFault(.certificateMissing)
    case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST: return TLSFault(.plainHTTP)
    case SSL_R_WRONG_VERSION_NUMBER: return TLSFault(.notTLS)
    case SSL_AD_REASON_OFFSET..<(SSL_AD_REASON_OFFSET + 256):
      return TLSFault(.peerAlert, code: reason - SSL_AD_REASON_OFFSET)
    default: return TLSFault(.protocolViolation, code: reason)
    }
  }

  /// The fault of a stream that ended too early.
  static func end(_ isHandshakeComplete: Bool) -> TLSFault {
    TLSFault(isHandshakeComplete ? .truncated : .peerClosedDuringHandshake)
  }
}
