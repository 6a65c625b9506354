import Base

/// Bytes for the peer, and how the message under way is delimited.
struct HTTP1Output: ~Copyable {
  /// How the body's end is shown.
  enum Framing {
    /// The message has no body; bytes sent are dropped (an answer to HEAD, 204, 304).
    case none
    /// This many bytes of the declared length are still to come.
    case counted(UInt64)
    case chunked
    /// The end of the connection is the end of the body.
    case untilClose
  }

  /// Below this many bytes a copy is cheaper than trading buffers.
  private static let exchangeByteCountMin = 2048
  /// An empty queue with more memory than this gives it back.
  private static let idleByteCountMax = 8192

  /// Bytes not yet produced; a codec writes heads straight into it.
  var queue = ByteQueue()
  /// How the body under way is delimited.
  var framing = Framing.none
  /// Whether the queue fell below the low mark after it had passed the high one.
  var isWritableDue = false
  private var isAboveHighMark = false

  /// Appends body bytes in their framing. False when they pass the declared length: none is sent.
  mutating func send(_ bytes: UnsafeRawBufferPointer, limits: borrowing HTTPLimits) -> Bool {
    guard bytes.count > 0 else { return true }
    switch framing {
    case .none: return true
    case .counted(let rest):
      guard UInt64(bytes.count) <= rest else { return false }
      framing = .counted(rest - UInt64(bytes.count))
      unsafe queue.append(bytes)
    case .chunked:
      var digitCount = 1
      while digitCount < 16 && bytes.count >> (4 * digitCount) > 0 { digitCount += 1 }
      queue.append(hexadecimal: UInt64(bytes.count), digits: digitCount)
      queue.append("\r\n")
      unsafe queue.append(bytes)
      queue.append("\r\n")
    case .untilClose: unsafe queue.append(bytes)
    }
    if queue.count >= limits.sendHighMarkBytes { isAboveHighMark = true }
    return true
  }

  /// Ends the body. False when bytes of the declared length are missing.
  mutating func finish(trailers: Fields?) -> Bool {
    switch framing {
    case .none, .untilClose: break
    case .counted(let rest): guard rest == 0 else { return false }
    case .chunked:
      queue.append("0\r\n")
      if let trailers { write(trailers, isTrailers: true) }
      queue.append("\r\n")
    }
    framing = .none
    return true
  }

  /// Moves bytes into `output` until it holds `byteCountMax`.
  mutating func produce(
    into output: inout ByteQueue, byteCountMax: Int, limits: borrowing HTTPLimits
  ) {
    let byteCount = min(queue.count, byteCountMax - output.count)
    guard byteCount > 0 else { return }
    if output.isEmpty && byteCount == queue.count && byteCount >= Self.exchangeByteCountMin {
      swap(&output, &queue)
    } else {
      unsafe queue.withReadable { bytes in
        unsafe output.append(ByteScan.slice(bytes, 0..<byteCount))
      }
      queue.consume(byteCount)
    }
    let lowMark = limits.sendLowMarkBytes
    if isAboveHighMark && queue.count < lowMark {
      isAboveHighMark = false
      isWritableDue = true
    }
  }

  /// Forgets the message under way; queued bytes stay.
  mutating func endMessage() {
    framing = .none
    isAboveHighMark = false
    isWritableDue = false
    if queue.isEmpty && queue.spare > Self.idleByteCountMax { queue.releaseIfEmpty() }
  }

  /// Writes the field lines but those that the codec itself decides.
  ///
  /// A control byte in a line would break the message apart, so it traps: codecs refuse such lines
  /// on the way in, and the proxy's own are checked when they are appended.
  mutating func write(_ fields: borrowing Fields, isTrailers: Bool) {
    // No two lines share bytes, and each is written with `: ` and CR LF.
    let byteCountMax = fields.bytes.count + 4 * fields.lines.count
    queue.append(byteCountMax: byteCountMax) { text in
      unsafe fields.bytes.withUnsafeBytes { bytes in
        for index in 0..<fields.lines.count {
          let line = fields.lines[index]
          if line.known.isFraming || (isTrailers && !line.known.isAllowedInTrailers) { continue }
          unsafe Self.write(line, bytes, to: &text)
        }
      }
    }
  }

  /// Writes one line of the section with these bytes.
  @inline(__always)
  private static func write(
    _ line: Fields.Line, _ bytes: UnsafeRawBufferPointer, to text: inout ByteWriter
  ) {
    let (nameStart, valueStart) = (Int(line.nameStart), Int(line.valueStart))
    let name = nameStart..<(nameStart + Int(line.nameCount))
    let value = valueStart..<(valueStart + Int(line.valueCount))
    let isClean =
      unsafe ByteScan.firstControl(bytes, in: name) == nil
      && ByteScan.firstControl(bytes, in: value) == nil
    precondition(isClean && !name.isEmpty, "control byte in a field")
    unsafe text.append(ByteScan.slice(bytes, name))
    text.append(": ")
    unsafe text.append(ByteScan.slice(bytes, value))
    text.append("\r\n")
  }

  /// Writes `content-length: count`.
  mutating func write(contentLength count: UInt64) {
    queue.append("content-length: ")
    queue.append(decimal: count)
    queue.append("\r\n")
  }

  /// Writes `HTTP/1.1 status reason`.
  mutating func writeStatusLine(_ status: UInt16) {
    precondition(status >= 100 && status <= 599, "status out of range")
    queue.append("HTTP/1.1 ")
    queue.append(decimal: UInt64(status))
    queue.append(" ")
    queue.append(Self.reasonPhrase(status))
    queue.append("\r\n")
  }

  /// The reason phrase of RFC 9110 section 15; empty for statuses that this proxy seldom meets.
  private static func reasonPhrase(_ status: UInt16) -> StaticString {
    switch status {
    case 100: "Continue"
    case 103: "Early Hints"
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 206: "Partial Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 416: "Range Not Satisfiable"
    case 417: "Expectation Failed"
    case 421: "Misdirected Request"
    case 422: "Unprocessable Content"
    case 428: "Precondition Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 451: "Unavailable For Legal Reasons"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    default: ""
    }
  }
}

extension KnownField {
  /// Whether the codec writes the field itself, or never: framing, routing and connection fields.
  var isFraming: Bool {
    switch self {
    case .contentLength, .host, .connection, .keepAlive, .proxyConnection, .te, .transferEncoding,
      .upgrade, .http2Settings:
      true
    default: false
    }
  }
}
