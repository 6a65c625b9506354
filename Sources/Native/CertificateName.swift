/// The kinds of names in a certificate by which rules recognise its owner.
public enum CertificateNameKind: String, CaseIterable, Sendable {
  /// A URI such as a SPIFFE id; `*` at the end of a rule stands for any rest.
  case uri
  case dns
  case email
  /// The whole distinguished name in RFC 4514 form.
  case subject
}

extension PeerCertificate {
  /// The name of this kind that a rule about `pattern` means; nil when there is none.
  public func name(_ kind: CertificateNameKind, like pattern: String) -> String? {
    switch kind {
    case .uri:
      uriNames.first { uri in
        pattern.last == "*" ? uri.hasPrefix(pattern.dropLast()) : uri == pattern
      }
    case .dns: dnsNames.first { $0.lowercased() == pattern.lowercased() }
    case .email: emailNames.first { $0 == pattern }
    case .subject: subject == pattern ? pattern : nil
    }
  }
}
