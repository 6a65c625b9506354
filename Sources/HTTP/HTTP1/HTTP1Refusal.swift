/// Why an HTTP/1.1 message is refused. The raw text is the log's reason and holds nothing received.
public enum HTTP1Refusal: String, CaseIterable, Sendable {
  // Lines.
  case bareLineFeed = "line feed without carriage return"
  case emptyLines = "more than one empty line before a request"
  case controlByte = "control byte in a line"
  // The request line.
  case requestLineTooLong = "request line too long"
  case http09 = "HTTP/0.9 request"
  case http2Preface = "HTTP/2 preface on an HTTP/1.1 connection"
  case version = "malformed HTTP version"
  case versionUnsupported = "HTTP version not supported"
  case methodInvalid = "method is not a token"
  case methodTooLong = "method too long"
  case connect = "CONNECT is not served"
  case targetInvalid = "request target has no canonical form"
  case targetTooLong = "request target too long"
  case targetAsterisk = "asterisk target with a method other than OPTIONS"
  case targetAuthority = "invalid authority in the request target"
  // Field lines.
  case fieldsTooLarge = "header section too large"
  case fieldsTooMany = "too many field lines"
  case obsoleteFold = "folded field line"
  case spaceBeforeColon = "white space before the colon"
  case nameEmpty = "empty field name"
  case nameInvalid = "field name is not a token"
  case nameUnderscore = "underscore in a field name"
  case colonMissing = "field line without a colon"
  case valueControl = "control byte in a field value"
  // Routing.
  case hostMissing = "missing host"
  case hostDuplicate = "more than one host"
  case hostInvalid = "invalid host"
  case hostMismatch = "host disagrees with the request target"
  case expectation = "unknown expectation"
  // Framing.
  case lengthInvalid = "invalid content-length"
  case lengthDuplicate = "more than one content-length"
  case lengthAndEncoding = "content-length and transfer-encoding together"
  case encodingUnknown = "transfer-encoding other than chunked"
  case encodingDuplicate = "more than one transfer-encoding"
  case encodingOnHTTP10 = "transfer-encoding on an HTTP/1.0 message"
  case chunkSize = "invalid chunk size"
  case chunkLineTooLong = "chunk line too long"
  case chunkExtension = "invalid chunk extension"
  case chunkExtensionsTooLong = "chunk extensions too long"
  case chunkEnd = "chunk data longer than its size"
  case trailerForbidden = "field not allowed in trailers"
  // Responses.
  case statusLine = "malformed status line"
  case statusInvalid = "status code out of range"
  case switchingProtocols = "switching protocols was not asked for"
  case informationalBody = "interim response with a body"
  case informationalsTooMany = "too many interim responses"
  case bytesUnexpected = "bytes outside a response"

  /// What the server's owner is told.
  var fault: RequestFault {
    switch self {
    case .connect: .connect
    case .targetInvalid, .targetAsterisk: .target
    case .requestLineTooLong, .targetTooLong: .targetTooLong
    case .expectation: .expectation
    case .fieldsTooLarge, .fieldsTooMany: .fieldsTooLarge
    case .methodTooLong: .method
    case .encodingUnknown: .coding
    case .versionUnsupported, .http2Preface: .version
    default: .malformed
    }
  }
}

/// How far the end of a connection has come.
enum HTTP1Ending {
  /// The connection goes on.
  case open
  /// `failed` is to be told.
  case due(ConnectionFault)
  /// `failed` was told; nothing follows.
  case told
}
