public import Base
internal import COpenSSL

/// What a certificate says about its owner; plain values, copied out of OpenSSL.
public struct PeerCertificate: Sendable, Equatable {
  /// The subject's distinguished name in RFC 4514 form, ASCII: everything else is escaped.
  public let subject: String
  /// DNS alternative names. Names that are not printable ASCII are left out.
  public let dnsNames: [String]
  /// URI alternative names, such as SPIFFE identifiers. The same holds.
  public let uriNames: [String]
  /// Email alternative names. The same holds.
  public let emailNames: [String]
  /// SHA-256 over the certificate's DER form.
  public let fingerprint: SHA256Digest
  /// The serial number in lower-case hexadecimal digits.
  public let serial: String
  /// From when on it is valid.
  public let notBefore: WallTime
  /// Until when it is valid.
  public let notAfter: WallTime

  /// Reads a certificate that the caller keeps.
  init(reading certificate: OpaquePointer) {
    ErrorQueue.clear()
    defer { ErrorQueue.clear() }
    subject = unsafe Self.subject(of: certificate)
    (dnsNames, uriNames, emailNames) = unsafe Self.alternativeNames(of: certificate)
    fingerprint = unsafe Self.fingerprint(of: certificate)
    serial = unsafe Self.serial(of: certificate)
    notBefore = unsafe Self.time(X509_get0_notBefore(certificate))
    notAfter = unsafe Self.time(X509_get0_notAfter(certificate))
  }

  private static func subject(of certificate: OpaquePointer) -> String {
    guard let bio = unsafe BIO_new(BIO_s_mem()) else { return "" }
    defer { unsafe BIO_free(bio) }
    let name = unsafe X509_get_subject_name(certificate)
    guard unsafe X509_NAME_print_ex(bio, name, 0, homeward_XN_FLAG_RFC2253()) >= 0 else {
      return ""
    }
    return unsafe MemoryBIO.text(of: bio)
  }

  /// The DNS, URI and email names, at most `alternativeNameCountMax` of all together.
  private static func alternativeNames(
    of certificate: OpaquePointer
  ) -> ([String], [String], [String]) {
    guard let names = unsafe homeward_alternative_names(certificate) else { return ([], [], []) }
    defer { unsafe homeward_alternative_names_free(names) }
    var dnsNames: [String] = []
    var uriNames: [String] = []
    var emailNames: [String] = []
    let count = unsafe homeward_alternative_names_count(names)
    for index in 0..<min(count, Int32(TLSLimits.alternativeNameCountMax)) {
      var start: UnsafePointer<UInt8>?
      var byteCount: Int32 = 0
      let type = unsafe homeward_alternative_name(names, index, &start, &byteCount)
      let bytes = unsafe UnsafeBufferPointer(start: start, count: Int(byteCount))
      // An embedded NUL or control byte would make two readers see two names.
      guard (1...TLSLimits.alternativeNameByteCountMax).contains(bytes.count),
        unsafe bytes.allSatisfy({ (0x21...0x7E).contains($0) })
      else { continue }
      let text = unsafe String(decoding: bytes, as: UTF8.self)
      switch type {
      case GEN_DNS: dnsNames.append(text)
      case GEN_URI: uriNames.append(text)
      default: emailNames.append(text)
      }
    }
    return (dnsNames, uriNames, emailNames)
  }

  private static func fingerprint(of certificate: OpaquePointer) -> SHA256Digest {
    var digest = SHA256Digest.zero
    unsafe digest.withMutableBytes { bytes in
      var byteCount = UInt32(bytes.count)
      let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      _ = unsafe X509_digest(certificate, Algorithms.sha256, start, &byteCount)
    }
    return digest
  }

  private static func serial(of certificate: OpaquePointer) -> String {
    guard let number = unsafe X509_get0_serialNumber(certificate),
      let bytes = unsafe ASN1_STRING_get0_data(number)
    else { return "" }
    let count = unsafe Int(ASN1_STRING_length(number))
    return unsafe hexadecimal(UnsafeRawBufferPointer(start: bytes, count: count))
  }

  /// A certificate's time; times before 1970 count as 1970.
  static func time(_ time: UnsafePointer<ASN1_TIME>?) -> WallTime {
    let seconds = unsafe homeward_ASN1_TIME_seconds(time)
    return WallTime(microseconds: UInt64(max(seconds, 0)) * 1_000_000)
  }
}
