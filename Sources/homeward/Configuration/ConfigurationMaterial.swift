internal import Identity
internal import Native
internal import Reactor
internal import StrictYAML

/// Checks what the configuration's files hold, beyond being there: keys, certificates, databases.
///
/// Every such check belongs here, with its complaint at the place in the configuration that names
/// the file. Files that are missing were reported and are left alone. With `opens`, the libraries
/// that will use them open the files. One thread; reads files.
func checkMaterial(
  _ configuration: Configuration, _ paths: ConfigurationPaths, _ diagnostics: Diagnostics,
  opens: Bool
) {
  checkSecret(configuration.audit.pseudonymKey, "pseudonym key", paths, diagnostics)
  for key in configuration.sessions?.keyPaths ?? [] {
    checkSecret(key, "session key", paths, diagnostics)
  }
  checkSigningKey(configuration.audit.signingKey, paths, diagnostics, opens: opens)
  if let key = configuration.audit.retiringSigningKey {
    checkSigningKey(key, paths, diagnostics, opens: opens)
  }
  checkSealingKey(configuration.cache?.sealingKey, paths, diagnostics)
  if let key = configuration.directory.signed?.key {
    warnIfOpen(key, "directory key", paths, diagnostics)
  }
  for key in configuration.privateKeyPaths { warnIfOpen(key, "private key", paths, diagnostics) }
  checkIdentity(configuration.identity, paths, diagnostics)
  guard opens else { return }
  let servers =
    configuration.listeners.compactMap(\.tls) + [configuration.admin?.tls].compactMap { $0 }
  for tls in servers { checkTLS(tls, paths, diagnostics) }
  for tls in configuration.regions.flatMap(\.endpoints).compactMap(\.tls) {
    checkTLS(tls, paths, diagnostics)
  }
  checkDatabase(configuration.location, paths, diagnostics)
}

extension Configuration {
  /// The private keys that the file names, each once.
  var privateKeyPaths: [String] {
    let tls = listeners.compactMap(\.tls) + [admin?.tls].compactMap { $0 }
    let servers = tls.flatMap(\.certificates)
    let clients = regions.flatMap(\.endpoints).compactMap { $0.tls?.certificate }
    var seen: Set<String> = []
    return (servers + clients).map(\.key).filter { seen.insert($0).inserted }
  }
}

/// Certificates, keys and authorities of a listener fit together.
private func checkTLS(
  _ tls: Configuration.ServerTLS, _ paths: ConfigurationPaths, _ diagnostics: Diagnostics
) {
  // One context for each certificate, so that one bad pair does not hide another.
  for (index, files) in tls.certificates.enumerated() {
    guard paths.isUsable(files.chain), paths.isUsable(files.key) else { continue }
    var options = ServerTLSOptions(certificates: [CertificatePair(files)])
    var candidates = [files.key, files.chain]
    if index == 0, let authorities = tls.clientAuthorities, paths.isUsable(authorities) {
      options.clientAuthentication = .request
      options.clientAuthoritiesPath = authorities
      candidates.append(authorities)
      if let revocations = tls.clientRevocations, paths.isUsable(revocations) {
        options.clientRevocationsPath = revocations
        candidates.append(revocations)
      }
    }
    do throws(TLSError) {
      let context = try TLSContext.server(options)
      for notice in context.notices(at: Clock.wall()) {
        diagnostics.warning(.expiry, at: paths.mark(of: files.chain), notice)
      }
    } catch {
      report(error, about: candidates, paths, diagnostics)
    }
  }
}

/// Certificate, key and authorities of an endpoint fit together.
private func checkTLS(
  _ tls: Configuration.OriginTLS, _ paths: ConfigurationPaths, _ diagnostics: Diagnostics
) {
  let named = [tls.certificate?.key, tls.certificate?.chain, tls.authorities].compactMap { $0 }
  guard !named.isEmpty, named.allSatisfy(paths.isUsable) else { return }
  var options = ClientTLSOptions()
  options.authoritiesPath = tls.authorities
  options.certificate = tls.certificate.map { CertificatePair($0) }
  do throws(TLSError) {
    let context = try TLSContext.client(options)
    for notice in context.notices(at: Clock.wall()) {
      diagnostics.warning(.expiry, at: paths.mark(of: named[0]), notice)
    }
  } catch {
    report(error, about: named, paths, diagnostics)
  }
}

/// Key sets hold keys, authorities certificates, and the list of revocations can be read.
private func checkIdentity(
  _ identity: Configuration.Identity?, _ paths: ConfigurationPaths, _ diagnostics: Diagnostics
) {
  guard let identity else { return }
  func read(_ path: String, byteCountMax: Int) -> [UInt8]? {
    guard paths.isUsable(path) else { return nil }
    do throws(SystemError) {
      return try paths.files.read(path, byteCountMax: byteCountMax)
    } catch {
      diagnostics.error(.material, at: paths.mark(of: path), "`\(path)` cannot be read: \(error)")
      return nil
    }
  }
  for path in identity.keysPaths {
    guard let bytes = read(path, byteCountMax: IdentityLimits.keySetByteCountMax) else { continue }
    do throws(KeySetFault) {
      _ = try KeySet(bytes)
    } catch {
      diagnostics.error(.material, at: paths.mark(of: path), "`\(path)`: \(error)")
    }
  }
  for path in identity.authoritiesPaths where paths.isUsable(path) {
    var options = ClientTLSOptions()
    options.authoritiesPath = path
    do throws(TLSError) { _ = try TLSContext.client(options) } catch {
      report(error, about: [path], paths, diagnostics)
    }
  }
  guard let path = identity.rules.revocationsPath,
    let bytes = read(path, byteCountMax: IdentityLimits.revocationsByteCountMax)
  else { return }
  do throws(RevocationFault) {
    _ = try Revocations(bytes)
  } catch {
    diagnostics.error(
      .material, at: paths.mark(of: path), "`\(path)`: line \(error.line): \(error.message)")
  }
}

/// Reports what OpenSSL said, at the first of `candidates` that it names.
private func report(
  _ error: TLSError, about candidates: [String], _ paths: ConfigurationPaths,
  _ diagnostics: Diagnostics
) {
  let text = "\(error)"
  let path = candidates.first { text.contains("`\($0)`") } ?? candidates[0]
  diagnostics.error(.material, at: paths.mark(of: path), text)
}

extension CertificatePair {
  /// The pair that the configuration names.
  init(_ files: Configuration.CertificateFiles) {
    self.init(chainPath: files.chain, keyPath: files.key)
  }
}

/// The location databases are some.
private func checkDatabase(
  _ location: Configuration.Location?, _ paths: ConfigurationPaths, _ diagnostics: Diagnostics
) {
  guard let location else { return }
  for path in [location.database, location.anonymizers].compactMap({ $0 })
  where paths.isUsable(path) {
    do throws(GeoError) {
      _ = try GeoDatabase(path: path)
    } catch {
      diagnostics.error(.material, at: paths.mark(of: path), "\(error)")
    }
  }
}

/// The key under which identifiers become pseudonyms.
enum PseudonymKey {
  /// Bytes that a key needs: as many as HMAC-SHA-256 gives.
  static let byteCountMin = 32
  /// A longer file is no key but a mistake.
  static let fileByteCountMax = 4_096

  /// The key that a file of these bytes holds; nil when it is too short.
  ///
  /// A file of hexadecimal digits only (and white space at its end) holds what they write; any
  /// other file is the key itself.
  static func key(from bytes: [UInt8]) -> [UInt8]? {
    let end = bytes.lastIndex { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } ?? -1
    let digits = bytes[..<(end + 1)].map(hexadecimalValue)
    let values = digits.compactMap { $0 }
    guard values.count == digits.count else {
      return bytes.count >= byteCountMin ? bytes : nil
    }
    guard values.count >= 2 * byteCountMin, values.count.isMultiple(of: 2) else { return nil }
    return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
  }

  /// The value of a hexadecimal digit; nil for any other byte.
  private static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46, 0x61...0x66: (byte | 0x20) - 0x57
    default: nil
    }
  }
}

/// A secret, `what`, is long enough and nobody else's business.
private func checkSecret(
  _ path: String, _ what: String, _ paths: ConfigurationPaths, _ diagnostics: Diagnostics
) {
  guard paths.isUsable(path) else { return }
  warnIfOpen(path, what, paths, diagnostics)
  do throws(SystemError) {
    let bytes = try paths.files.read(path, byteCountMax: PseudonymKey.fileByteCountMax)
    guard PseudonymKey.key(from: bytes) == nil else { return }
    diagnostics.error(
      .material, at: paths.mark(of: path),
      "`\(path)` is too short for a key: it needs \(PseudonymKey.byteCountMin) random bytes, or"
        + " \(2 * PseudonymKey.byteCountMin) hexadecimal digits"
        + " (`openssl rand -hex 32 > \(path)` makes one)")
  } catch {
    diagnostics.error(
      .material, at: paths.mark(of: path), "`\(path)` cannot be read as a key: \(error)")
  }
}

/// The signing key is an Ed25519 key and nobody else's business: who has it can forge the log.
private func checkSigningKey(
  _ path: String, _ paths: ConfigurationPaths, _ diagnostics: Diagnostics, opens: Bool
) {
  guard paths.isUsable(path) else { return }
  if let status = try? paths.files.status(of: path), status.isOpenToOthers {
    let mode = String(status.permissions, radix: 8)
    diagnostics.error(
      .material, at: paths.mark(of: path),
      "the signing key `\(path)` is open to others (mode \(mode)); `chmod 600 \(path)` closes it")
    return
  }
  guard opens else { return }
  do throws(TLSError) { _ = try SigningKey(pemFile: path) } catch {
    diagnostics.error(
      .material, at: paths.mark(of: path),
      "`\(path)` is no Ed25519 key: \(error) (`homeward audit keys NEW-FILE` makes one)")
  }
}

/// Warns when others on this machine may read or change a secret.
private func warnIfOpen(
  _ path: String, _ what: String, _ paths: ConfigurationPaths, _ diagnostics: Diagnostics
) {
  guard let status = try? paths.files.status(of: path), status.isOpenToOthers else { return }
  let mode = String(status.permissions, radix: 8)
  diagnostics.warning(
    .openSecret, at: paths.mark(of: path),
    "the \(what) `\(path)` is open to others (mode \(mode)); `chmod 600 \(path)` closes it")
}
