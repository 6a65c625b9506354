import Foundation

/// Certificates for the tests, made once by the `openssl` command in a folder of their own.
enum Certificates {
  /// The folder; removed when the tests end.
  static let folder: String = make()

  /// The path of a file in the folder.
  static func path(_ name: String) -> String { folder + "/" + name }

  /// Writes bytes to a file in the folder and returns its path.
  static func write(_ name: String, _ bytes: [UInt8]) -> String {
    let written = FileManager.default.createFile(atPath: path(name), contents: Data(bytes))
    precondition(written, "cannot write \(name)")
    return path(name)
  }

  /// Two authorities, servers for several names, clients of both authorities.
  private static let script = """
    set -e
    cd "$1"
    ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
      -subj "/CN=$1" -keyout $1.key -out $1.pem; }
    leaf() { # name, authority, key options, days, extensions
      openssl req -new -newkey $3 -nodes -subj "/O=Ward/CN=$1" -keyout $1.key -out $1.csr
      printf "%b" "$5" > $1.ext
      openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days $4 \
        -extfile $1.ext -out $1.pem; }
    ec="ec -pkeyopt ec_paramgen_curve:P-256"
    ca authority; ca stranger
    leaf server authority "$ec" 30 \
      'subjectAltName=DNS:edge.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1'
    leaf server-rsa authority rsa:2048 30 \
      'subjectAltName=DNS:edge.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1'
    leaf second authority "$ec" 30 'subjectAltName=DNS:second.test'
    leaf expired authority "$ec" -1 'subjectAltName=DNS:edge.test'
    leaf clinic authority "$ec" 30 \
      'subjectAltName=URI:spiffe://ward.test/clinic,DNS:clinic.test\\nextendedKeyUsage=clientAuth'
    leaf impostor stranger "$ec" 30 'subjectAltName=URI:spiffe://ward.test/clinic'
    leaf revoked authority "$ec" 30 'subjectAltName=email:desk@ward.test'
    touch index; echo 01 > crlnumber
    printf '[ca]\ndefault_ca=a\n[a]\ndatabase=index\ncrlnumber=crlnumber\n' > ca.conf
    crl() { openssl ca -config ca.conf -cert authority.pem -keyfile authority.key -md sha256 \
      "$@"; }
    crl -gencrl -crldays 30 -out empty.crl
    crl -revoke revoked.pem
    crl -gencrl -crldays 30 -out authority.crl
    openssl ec -in server.key -aes256 -passout pass:secret -out locked.key
    openssl x509 -in clinic.pem -noout -fingerprint -sha256 > clinic.fingerprint
    openssl x509 -in clinic.pem -noout -serial > clinic.serial
    openssl genpkey -algorithm ed25519 -out signer.key
    openssl pkey -in signer.key -pubout -out signer.pem
    printf 'sign me' > message
    openssl pkeyutl -sign -inkey signer.key -rawin -in message -out message.signature
    """

  private static func make() -> String {
    let folder = FileManager.default.temporaryDirectory.path + "/homeward-native-\(UUID())"
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let shell = Process()
      shell.executableURL = URL(fileURLWithPath: "/bin/bash")
      shell.arguments = ["-c", script, "bash", folder]
      let output = Pipe()
      shell.standardError = output
      shell.standardOutput = output
      try shell.run()
      let text = output.fileHandleForReading.readDataToEndOfFile()
      shell.waitUntilExit()
      precondition(shell.terminationStatus == 0, String(decoding: text, as: UTF8.self))
      atexit { try? FileManager.default.removeItem(atPath: Certificates.folder) }
    } catch {
      preconditionFailure("\(error)")
    }
    return folder
  }
}
