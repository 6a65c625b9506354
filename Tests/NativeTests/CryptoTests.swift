import Base
import Foundation
import Native
import Testing

/// The text of a generated file.
func text(_ name: String) throws -> String {
  try String(contentsOfFile: Certificates.path(name), encoding: .utf8)
}

/// Bytes from hexadecimal digits.
func hex(_ digits: String) -> [UInt8] {
  let nibbles = digits.compactMap { $0.hexDigitValue }
  return stride(from: 0, to: nibbles.count, by: 2).map { UInt8(nibbles[$0] * 16 + nibbles[$0 + 1]) }
}

/// Known vectors of the hash, the code, the cipher and the signature.
struct CryptoTests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func hashesAsFIPS180(text: String, expected: String) {
    #expect("\(SHA256.hash(Array(text.utf8)))" == expected)
    var hash = SHA256()
    for _ in 0..<2 {
      for byte in text.utf8 { hash.update(byte) }
      #expect("\(hash.finish())" == expected)
    }
  }

  // RFC 4231, cases 1, 2, 3, 6, 7.
  @Test(arguments: [
    (
      String(repeating: "0b", count: 20), Array("Hi There".utf8),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      "4a656665", Array("what do ya want for nothing?".utf8),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      String(repeating: "aa", count: 20), [UInt8](repeating: 0xDD, count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      String(repeating: "aa", count: 131),
      Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
  ])
  func authenticatesAsRFC4231(key: String, message: [UInt8], expected: String) {
    let key = HMACSHA256(key: hex(key))
    let code = key.authenticationCode(for: message)
    #expect("\(code)" == expected)
    #expect(key.authenticationCode(for: message).equalsInConstantTime(code))
    #expect(!key.authenticationCode(for: message + [0]).equalsInConstantTime(code))
  }

  // McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13, 14 and 16.
  @Test(arguments: [
    (
      String(repeating: "00", count: 32), "000000000000000000000000", "", "",
      "530f8afbc74536b9a963b4f1c4cb738b"
    ),
    (
      String(repeating: "00", count: 32), "000000000000000000000000",
      "00000000000000000000000000000000", "",
      "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    ),
    (
      "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
      "cafebabefacedbaddecaf888",
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
      "feedfacedeadbeeffeedfacedeadbeefabaddad2",
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        + "76fc6ece0f4e1768cddf8853bb2d551b"
    ),
  ])
  func sealsAsGCM(
    key: String, nonce: String, plaintext: String, associated: String, expected: String
  ) throws {
    var key = try AEADKey(key: hex(key))
    let nonce = try #require(unsafe hex(nonce).withUnsafeBytes { unsafe AEADNonce($0) })
    var sealed = ByteQueue()
    seal(&key, hex(plaintext), nonce, hex(associated), &sealed)
    let bytes = sealed.copyToArray()
    #expect(bytes == hex(expected))
    #expect(open(&key, bytes, nonce, hex(associated)) == hex(plaintext))
    for index in bytes.indices {
      var forged = bytes
      forged[index] ^= 1
      #expect(open(&key, forged, nonce, hex(associated)) == nil)
    }
    #expect(open(&key, bytes, nonce, hex(associated) + [0]) == nil)
    #expect(open(&key, bytes, AEADNonce(prefix: 1, counter: 2), hex(associated)) == nil)
    #expect(open(&key, Array(bytes.prefix(15)), nonce, hex(associated)) == nil)
    // After refusals the key still works.
    #expect(open(&key, bytes, nonce, hex(associated)) == hex(plaintext))
  }

  @Test func noncesAreWhatTheySay() {
    let nonce = AEADNonce(prefix: 0x0102_0304, counter: 5)
    let bytes = unsafe nonce.withBytes { unsafe [UInt8]($0) }
    #expect(bytes == [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 5])
    #expect(unsafe bytes.withUnsafeBytes { unsafe AEADNonce($0) } == nonce)
    #expect(AEADNonce.random() != AEADNonce.random())
    var first = AEADKey.random()
    var second = AEADKey.random()
    var sealed = ByteQueue()
    seal(&first, [1], nonce, [], &sealed)
    #expect(open(&first, sealed.copyToArray(), nonce, []) == [1])
    #expect(open(&second, sealed.copyToArray(), nonce, []) == nil)
  }

  // RFC 8032 section 7.1, tests 1 and 3.
  @Test(arguments: [
    (
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
        + "701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    ),
    (
      "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7"
        + "60984dc6594a7c15e9716ed28dc027beceea1ec40a"
    ),
  ])
  func signsAsRFC8032(secret: String, publicKey: String, message: String, signature: String) throws
  {
    let key = try SigningKey(rawBytes: hex(secret))
    let verifying = key.verifyingKey
    #expect(verifying.rawBytes == hex(publicKey))
    #expect(key.sign(hex(message)) == hex(signature))
    #expect(verifying.isValid(signature: hex(signature), for: hex(message)))
    #expect(!verifying.isValid(signature: hex(signature), for: hex(message) + [0]))
    #expect(!verifying.isValid(signature: Array(hex(signature).dropLast()), for: hex(message)))
    var forged = hex(signature)
    forged[40] ^= 1
    #expect(!verifying.isValid(signature: forged, for: hex(message)))
  }

  @Test func keysLiveInFiles() throws {
    let openssl = try SigningKey(pemFile: Certificates.path("signer.key"))
    let publicKey = try VerifyingKey(pemFile: Certificates.path("signer.pem"))
    #expect(openssl.verifyingKey == publicKey)
    #expect(try publicKey.pem == text("signer.pem"))
    let signature = try [UInt8](
      Data(contentsOf: URL(fileURLWithPath: Certificates.path("message.signature"))))
    #expect(openssl.sign(Array("sign me".utf8)) == signature)

    let path = Certificates.path("saved.key")
    let key = SigningKey()
    try key.save(toPEMFile: path)
    #expect(try SigningKey(pemFile: path).verifyingKey == key.verifyingKey)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
    #expect(mode as? Int == 0o600)
    #expect(throws: TLSError.self) { try SigningKey().save(toPEMFile: path) }
    #expect(throws: TLSError.invalidKey) {
      _ = try SigningKey(pemFile: Certificates.path("server.key"))
    }
    #expect(SigningKey().verifyingKey != key.verifyingKey)
  }

  @Test func namesTheLibrary() {
    #expect(OpenSSLVersion.text.hasPrefix("OpenSSL 3."))
  }

  private func seal(
    _ key: inout AEADKey, _ plaintext: [UInt8], _ nonce: AEADNonce, _ associated: [UInt8],
    _ output: inout ByteQueue
  ) {
    unsafe plaintext.withUnsafeBytes { plaintext in
      unsafe associated.withUnsafeBytes { associated in
        unsafe key.seal(plaintext, nonce: nonce, associatedData: associated, into: &output)
      }
    }
  }

  private func open(
    _ key: inout AEADKey, _ sealed: [UInt8], _ nonce: AEADNonce, _ associated: [UInt8]
  ) -> [UInt8]? {
    var output = ByteQueue()
    let isOpen = unsafe sealed.withUnsafeBytes { sealed in
      unsafe associated.withUnsafeBytes { associated in
        unsafe key.open(sealed, nonce: nonce, associatedData: associated, into: &output)
      }
    }
    return isOpen ? output.copyToArray() : nil
  }
}
