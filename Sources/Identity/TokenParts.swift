internal import Base

/// A token in compact form (RFC 7515 section 7.1), taken apart; nothing of it is verified.
struct TokenParts {
  /// What the signature is over: header, dot and payload as they came.
  let signed: [UInt8]
  /// The signature's bytes.
  let signature: [UInt8]
  /// The algorithm that the header names, one that can be allowed.
  let algorithm: SigningAlgorithm
  /// The key that the header names.
  let keyID: String
  /// The payload: an object.
  let claims: JSONValue

  /// Takes a token apart, strictly.
  init(_ token: [UInt8]) throws(TokenFault) {
    guard token.count <= IdentityLimits.tokenByteCountMax else { throw .tooLarge }
    let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    // An empty signature is `alg: none` by another name.
    guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else { throw .malformed }
    let header = try Self.object(parts[0])
    (algorithm, keyID) = try Self.readHeader(header)
    guard let signature = Base64URL.decode(parts[2]) else { throw .malformed }
    self.signature = signature
    claims = try Self.object(parts[1])
    signed = Array(token[..<parts[1].endIndex])
  }

  private static func object(_ text: ArraySlice<UInt8>) throws(TokenFault) -> JSONValue {
    guard let bytes = Base64URL.decode(text) else { throw .malformed }
    do throws(JSONTextFault) {
      let value = try JSONReader.read(bytes, depthMax: IdentityLimits.depthMax)
      guard case .object = value else { throw .syntax(offset: 0) }
      return value
    } catch .duplicate {
      throw .duplicate
    } catch {
      throw .malformed
    }
  }

  /// Parameters by which a token would choose what it is verified with, and extensions that must be
  /// understood (RFC 7515 sections 4.1.2 to 4.1.6 and 4.1.11; RFC 7797; RFC 7516).
  private static let refusedParameters = ["crit", "b64", "jku", "jwk", "x5u", "x5c", "enc", "zip"]
  /// Media types of access tokens (RFC 9068) and of tokens in general (RFC 7519).
  private static let types = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"]

  private static func readHeader(
    _ header: JSONValue
  ) throws(TokenFault) -> (SigningAlgorithm, String) {
    guard refusedParameters.allSatisfy({ header[$0] == nil }) else { throw .header }
    if let type = header["typ"] {
      guard let text = type.text, types.contains(text.lowercased()) else { throw .type }
    }
    guard let algorithm = header["alg"]?.text.flatMap(SigningAlgorithm.init) else {
      throw .algorithm
    }
    guard let keyID = header["kid"]?.text else { throw .key }
    return (algorithm, keyID)
  }
}
