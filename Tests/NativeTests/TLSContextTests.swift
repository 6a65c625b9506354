import Base
import Native
import Testing

/// Certificates: which are shown, which are accepted, and what is said about bad files.
struct TLSContextTests {
  @Test(arguments: [
    ("edge.test", "CN=server,O=Ward"), ("EDGE.test", "CN=server,O=Ward"),
    ("a.wild.test", "CN=server,O=Ward"), ("second.test", "CN=second,O=Ward"),
    ("127.0.0.1", "CN=server,O=Ward"), ("::1", "CN=server,O=Ward"),
  ])
  func showsTheCertificateOfTheName(name: String, subject: String) throws {
    var pair = try Pair(clientContext(), serverContext(["server", "second"]), name: name)
    let result = pair.handshake()
    #expect(result.client == .complete && result.server == .complete)
    #expect(pair.client.peerCertificate?.subject == subject)
    #expect(pair.server.alpn == .http2)
  }

  @Test(arguments: [
    ("other.test", "hostname mismatch"), ("a.b.wild.test", "hostname mismatch"),
    ("wild.test", "hostname mismatch"), ("127.0.0.2", "IP address mismatch"),
  ])
  func refusesAnotherHost(name: String, words: String) throws {
    var pair = try Pair(clientContext(), serverContext(), name: name)
    let result = pair.handshake()
    #expect(reason(result.client) == "certificate verify failed: " + words)
    #expect(reason(result.server) == "peer alert: bad certificate")
  }

  @Test(arguments: ["", ".", ".edge.test", "edge test", "edge.test/", "[::1]", "é.test"])
  func refusesWhatIsNoName(name: String) throws {
    let context = try clientContext()
    #expect(throws: TLSError.invalidServerName(name)) {
      _ = try TLSSession(client: context, serverName: name)
    }
  }

  @Test func refusesStrangersAndTheExpired() throws {
    var stranger = try Pair(
      clientContext { $0.authoritiesPath = Certificates.path("stranger.pem") }, serverContext())
    let words = "certificate verify failed: unable to get local issuer certificate"
    #expect(reason(stranger.handshake().client) == words)
    var expired = try Pair(clientContext(), serverContext(["expired"]))
    #expect(
      reason(expired.handshake().client)
        == "certificate verify failed: certificate has expired")
  }

  @Test func refusesUnknownNamesWhenTold() throws {
    var pair = try Pair(
      clientContext(), serverContext { $0.refusesUnknownServerNames = true }, name: "other.test")
    #expect(reason(pair.handshake().client) == "peer alert: unrecognized name")
  }

  @Test func servesBothKindsOfKey() throws {
    let server = try serverContext(["server", "server-rsa"])
    #expect(server.certificates.count == 2)
    var pair = try Pair(clientContext(), server)
    #expect(pair.handshake().client == .complete)
  }

  // MARK: Client certificates

  /// A server that asks for certificates of the test authority.
  private func mutual(_ authentication: ClientAuthentication) throws -> TLSContext {
    try serverContext {
      $0.clientAuthentication = authentication
      $0.clientAuthoritiesPath = Certificates.path("authority.pem")
    }
  }

  @Test(arguments: [ClientAuthentication.request, .require])
  func readsClientCertificates(authentication: ClientAuthentication) throws {
    var pair = try Pair(
      clientContext { $0.certificate = Certificates.pair("clinic") }, mutual(authentication))
    #expect(pair.handshake().server == .complete)
    let certificate = pair.server.peerCertificate
    let peer = try #require(certificate)
    #expect(peer.subject == "CN=clinic,O=Ward")
    #expect(peer.uriNames == ["spiffe://ward.test/clinic"])
    #expect(peer.dnsNames == ["clinic.test"])
    #expect(peer.emailNames == [])
    let fingerprint = try text("clinic.fingerprint").replacing(":", with: "").lowercased()
    #expect(fingerprint.contains("=\(peer.fingerprint)"))
    let serial = try text("clinic.serial").lowercased()
    #expect(serial.contains("=\(peer.serial)"))
    let days = (peer.notAfter.microseconds - peer.notBefore.microseconds) / 86_400_000_000
    #expect(days == 30)
  }

  @Test func revokedClientCertificatesAreRefused() throws {
    func handshake(_ client: String, _ list: String?) throws -> TLSSession.HandshakeResult {
      let server = try serverContext {
        $0.clientAuthentication = .require
        $0.clientAuthoritiesPath = Certificates.path("authority.pem")
        $0.clientRevocationsPath = list.map(Certificates.path)
      }
      var pair = try Pair(clientContext { $0.certificate = Certificates.pair(client) }, server)
      return pair.handshake().server
    }
    #expect(try handshake("revoked", nil) == .complete)
    #expect(try handshake("revoked", "empty.crl") == .complete)
    #expect(try reason(handshake("revoked", "authority.crl"))?.contains("revoked") == true)
    #expect(try handshake("clinic", "authority.crl") == .complete)
    #expect(throws: TLSError.noRevocationList(path: Certificates.path("clinic.pem"))) {
      try handshake("clinic", "clinic.pem")
    }
  }

  @Test func missingAndWrongClientCertificates() throws {
    var missing = try Pair(clientContext(), mutual(.require))
    #expect(reason(missing.handshake().server) == "peer sent no certificate")
    var optional = try Pair(clientContext(), mutual(.request))
    #expect(optional.handshake().server == .complete)
    #expect(optional.server.peerCertificate == nil)
    for authentication in [ClientAuthentication.request, .require] {
      var wrong = try Pair(
        clientContext { $0.certificate = Certificates.pair("impostor") }, mutual(authentication))
      let fault = reason(wrong.handshake().server)
      #expect(fault?.hasPrefix("certificate verify failed: unable to") == true)
    }
    // TLS 1.3: the client believes that it is done, and learns the refusal by reading.
    var late = try Pair(clientContext(), mutual(.require))
    #expect(late.client.handshake() == .inProgress)
    move(&late.client, &late.server) { _ = $0.handshake() }
    move(&late.server, &late.client) { #expect($0.handshake() == .complete) }
    move(&late.client, &late.server) { _ = $0.handshake() }
    #expect(reason(late.receiveAtClient().end) == "peer alert: certificate required")
  }

  // MARK: Resumption

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func resumesWithinOneContextOnly(version: TLSVersion) throws {
    let server = try mutual(.require)
    let client = try clientContext {
      $0.versionMax = version
      $0.certificate = Certificates.pair("clinic")
    }
    func connect(_ server: TLSContext, name: String = "edge.test") throws -> Bool {
      var pair = try Pair(client, server, name: name)
      #expect(pair.handshake().server == .complete)
      _ = pair.receiveAtClient()
      #expect(pair.server.peerCertificate?.subject == "CN=clinic,O=Ward")
      return pair.server.isResumed
    }
    #expect(try !connect(server))
    #expect(try connect(server))
    // A TLS 1.3 ticket is used once, and a resumed session that showed a certificate gets no other.
    #expect(try connect(server) == (version == .tls12))
    // Another name never borrows the session; another context does not know the ticket.
    #expect(try !connect(server, name: "a.wild.test"))
    #expect(try !connect(mutual(.require)))
  }

  @Test func resumptionDoesNotProlongItself() throws {
    let client = try clientContext { $0.certificate = Certificates.pair("clinic") }
    /// Whether the server sends tickets after a handshake, and whether that one resumed.
    func connect(_ server: TLSContext) throws -> (sendsTickets: Bool, isResumed: Bool) {
      var pair = try Pair(client, server)
      _ = pair.client.handshake()
      move(&pair.client, &pair.server) { _ = $0.handshake() }
      move(&pair.server, &pair.client) { _ = $0.handshake() }
      move(&pair.client, &pair.server) { #expect($0.handshake() == .complete) }
      let sendsTickets = pair.server.outputByteCount > 0
      _ = pair.receiveAtClient()
      return (sendsTickets, pair.server.isResumed)
    }
    let strict = try mutual(.require)
    #expect(try connect(strict) == (true, false))
    #expect(try connect(strict) == (false, true))
    let open = try serverContext()
    #expect(try connect(open) == (true, false))
    #expect(try connect(open) == (true, true))
  }

  @Test func doesNotResumeWhenTurnedOff() throws {
    let server = try serverContext { $0.resumptionSeconds = 0 }
    let resuming = try clientContext()
    let plain = try clientContext { $0.resumesSessions = false }
    for (client, server) in [(resuming, server), (plain, try serverContext())] {
      for _ in 0..<2 {
        var pair = try Pair(client, server)
        _ = pair.handshake()
        _ = pair.receiveAtClient()
        #expect(pair.client.isResumed == false)
      }
    }
  }

  // MARK: Files

  @Test func namesTheFileAndTheRemedy() throws {
    func server(_ chain: String, _ key: String) -> String {
      let pair = CertificatePair(
        chainPath: Certificates.path(chain), keyPath: Certificates.path(key))
      do throws(TLSError) {
        _ = try TLSContext.server(ServerTLSOptions(certificates: [pair]))
        return "no error"
      } catch {
        return "\(error)".replacing(Certificates.folder + "/", with: "")
      }
    }
    _ = Certificates.write("empty.pem", [])
    _ = Certificates.write(
      "broken.pem", Array("-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n".utf8))
    #expect(server("absent.pem", "server.key") == "`absent.pem`: no such file")
    #expect(server("server.pem", "absent.key") == "`absent.key`: no such file")
    #expect(server("empty.pem", "server.key").hasPrefix("`empty.pem`: no certificate found"))
    #expect(server("server.key", "server.key").hasPrefix("`server.key`: no certificate found"))
    #expect(server("broken.pem", "server.key").hasPrefix("`broken.pem`: a PEM block is malformed"))
    #expect(
      server("server.pem", "second.key").hasPrefix(
        "`second.key`: key does not match the certificate"))
    #expect(server("server.pem", "locked.key").hasPrefix("`locked.key`: no private key found"))
    #expect(server("server.pem", "server.pem").hasPrefix("`server.pem`: no private key found"))
    #expect(throws: TLSError.noCertificates) {
      _ = try TLSContext.server(ServerTLSOptions(certificates: []))
    }
    #expect(throws: TLSError.noClientAuthorities) {
      _ = try serverContext { $0.clientAuthentication = .request }
    }
  }

  @Test func noticesExpiry() throws {
    let context = try serverContext(["server", "second"])
    let end = context.certificates[0].notAfter.microseconds
    let day: UInt64 = 86_400_000_000
    func notices(_ microseconds: UInt64) -> [String] {
      context.notices(at: WallTime(microseconds: microseconds))
    }
    #expect(notices(end - 20 * day).isEmpty)
    #expect(notices(end - 10 * day).allSatisfy { $0.contains("certificate expires on 20") })
    #expect(notices(end - 10 * day).count == 2)
    #expect(notices(end + day)[0].contains("server.pem`: certificate expired on 20"))
    #expect(notices(end - 60 * day)[0].contains("certificate is not valid before 20"))
  }

  @Test func trustsTheSystemByDefault() throws {
    var pair = try Pair(clientContext { $0.authoritiesPath = nil }, serverContext())
    #expect(reason(pair.handshake().client)?.hasPrefix("certificate verify failed") == true)
  }
}
