internal import Base
public import Native

/// The name and public key by which notes of one log are checked: C2SP signed-note, Ed25519.
public struct NoteKey: Hashable, Sendable {
  /// The name; for a log's key, its origin.
  public let name: String
  /// The public key.
  public let key: VerifyingKey

  /// What kind of signature it is, by C2SP's numbers: Ed25519.
  private static let algorithm: UInt8 = 1

  /// Makes a key; nil when the name is empty or holds white space or a plus.
  public init?(name: String, key: VerifyingKey) {
    guard Self.isName(name) else { return nil }
    self.name = name
    self.key = key
  }

  /// Reads a verifier key, `<name>+<hash>+<base64>`; nil for anything else.
  public init?(text: some StringProtocol) {
    let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let bytes = Base64.decode(parts[2]), bytes.first == Self.algorithm,
      let key = VerifyingKey(Array(bytes.dropFirst())),
      let made = NoteKey(name: String(parts[0]), key: key), made.idText == parts[1]
    else { return nil }
    self = made
  }

  /// Whether `name` may stand in a signature line.
  static func isName(_ name: some StringProtocol) -> Bool {
    !name.isEmpty
      && !name.unicodeScalars.contains { $0 == "+" || $0.properties.isWhitespace || $0.value < 32 }
  }

  /// The first four bytes of SHA-256(name, newline, algorithm, key).
  var id: UInt32 {
    let digest = SHA256.hash(Array(name.utf8) + [0x0A, Self.algorithm] + key.rawBytes)
    return unsafe digest.withBytes { unsafe UInt32(bigEndian: $0.loadUnaligned(as: UInt32.self)) }
  }

  /// The id in eight hexadecimal digits.
  private var idText: String {
    let digits = String(id, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// The verifier key as a text.
  public var text: String {
    "\(name)+\(idText)+\(Base64.encode([Self.algorithm] + key.rawBytes))"
  }
}

/// A text with signatures (C2SP signed-note).
public struct SignedNote: Equatable, Sendable {
  /// One line below the text.
  struct Signature: Equatable, Sendable {
    let name: String
    let keyID: UInt32
    let bytes: [UInt8]
  }

  /// What was signed; ends in a newline.
  public let text: String
  /// The signatures, in order.
  private(set) var signatures: [Signature]

  /// Signatures of one note at most: witnesses are few.
  private static let signatureCountMax = 100
  private static let mark = "\u{2014} "

  /// Signs `text`, which ends in a newline, in the name of `key`, whose secret half is `signer`.
  public init(_ text: String, key: NoteKey, signer: borrowing SigningKey) {
    precondition(text.hasSuffix("\n"), "a note's text ends in a newline")
    self.text = text
    signatures = [
      Signature(name: key.name, keyID: key.id, bytes: signer.sign(Array(text.utf8)))
    ]
  }

  /// Adds the signature of another key, whose secret half is `signer`.
  public mutating func sign(key: NoteKey, signer: borrowing SigningKey) {
    signatures.append(
      Signature(name: key.name, keyID: key.id, bytes: signer.sign(Array(text.utf8))))
  }

  /// Reads a note; nil when it is malformed.
  public init?(parsing note: String) {
    // A line that holds control characters could look like another one.
    guard note.hasSuffix("\n"),
      !note.unicodeScalars.contains(where: { $0.value < 32 && $0 != "\n" }),
      !note.unicodeScalars.contains("\u{FFFD}")
    else { return nil }
    var lines = note.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    guard let gap = lines.lastIndex(of: "") else { return nil }
    let signed = lines[(gap + 1)...]
    lines = lines[..<gap]
    guard !lines.isEmpty, (1...Self.signatureCountMax).contains(signed.count) else { return nil }
    var signatures: [Signature] = []
    for line in signed {
      guard line.hasPrefix(Self.mark) else { return nil }
      let parts = line.dropFirst(Self.mark.count).split(
        separator: " ", omittingEmptySubsequences: false)
      guard parts.count == 2, NoteKey.isName(parts[0]), let bytes = Base64.decode(parts[1]),
        bytes.count >= 5
      else { return nil }
      let id = bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      signatures.append(
        Signature(name: String(parts[0]), keyID: id, bytes: Array(bytes.dropFirst(4))))
    }
    text = lines.joined(separator: "\n") + "\n"
    self.signatures = signatures
  }

  /// The note as it is stored.
  public var description: String {
    var note = text + "\n"
    for signature in signatures {
      let id = stride(from: UInt32(24), through: 0, by: -8).map {
        UInt8(truncatingIfNeeded: signature.keyID >> $0)
      }
      note += "\(Self.mark)\(signature.name) \(Base64.encode(id + signature.bytes))\n"
    }
    return note
  }

  /// Whether one of the signatures is `key`'s own. Other keys' signatures are passed over.
  public func isSigned(by key: NoteKey) -> Bool {
    let id = key.id
    let own = signatures.filter { $0.name == key.name && $0.keyID == id }
    return own.count == 1
      && key.key.isValid(signature: own[0].bytes, for: Array(text.utf8))
  }
}
