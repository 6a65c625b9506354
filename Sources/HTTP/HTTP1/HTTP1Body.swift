/// What the next step through a body gave.
@safe
enum HTTP1BodyStep {
  /// A piece of the body; valid until the next `receive`.
  case bytes(UnsafeRawBufferPointer)
  /// The body, and its trailers, are complete.
  case end
  /// Nothing more can be read now.
  case needsMore
  /// The message is refused.
  case refused(HTTP1Refusal)
}

/// Reads one message body: none, counted, chunked (RFC 9112 section 7.1) or up to the end.
struct HTTP1Body {
  /// Where in the body the next byte stands.
  private enum Place {
    /// All is read and told, or there is no body.
    case done
    /// All is read; the end is not told yet.
    case atEnd
    /// Inside a counted body.
    case counted(UInt64)
    /// The connection's end is the body's.
    case untilClose
    /// At a chunk-size line.
    case chunkSize
    /// Inside a chunk.
    case chunkData(UInt64)
    /// At the CR LF behind a chunk.
    case chunkEnd
    /// In the trailer section.
    case trailers
  }

  /// How a body is delimited.
  enum Framing {
    case none, chunked, untilClose
    case counted(UInt64)
  }

  private var place = Place.done
  private var section = HTTP1Section()
  private var extensionByteCount = 0
  /// The trailers read so far.
  var trailers = Fields()

  /// Begins a body.
  init(_ framing: Framing = .none) {
    switch framing {
    case .none: place = .done
    case .counted(let byteCount): place = byteCount > 0 ? .counted(byteCount) : .done
    case .chunked: place = .chunkSize
    case .untilClose: place = .untilClose
    }
  }

  /// Whether the last byte of the message has been read.
  var isRead: Bool {
    switch place {
    case .done, .atEnd: true
    default: false
    }
  }

  /// Whether the end of the connection completes the message.
  var endsWithConnection: Bool {
    if case .untilClose = place { true } else { false }
  }

  /// Tells that the peer sent its last byte: completes a body that ends with the connection.
  mutating func receiveEnd() { if endsWithConnection { place = .atEnd } }

  /// Reads on. `dropsForbidden` drops trailers that may not be there unless they would reframe;
  /// without it they are refused.
  mutating func next(
    _ input: inout HTTP1Input, limits: borrowing HTTPLimits, dropsForbidden: Bool
  ) -> HTTP1BodyStep {
    while true {
      switch place {
      case .done: return .needsMore
      case .atEnd:
        place = .done
        return .end
      case .untilClose:
        return unsafe input.isEmpty ? .needsMore : .bytes(input.take(input.count))
      case .counted(let rest):
        guard !input.isEmpty else { return .needsMore }
        let byteCount = Int(min(rest, UInt64(input.count)))
        place = rest == UInt64(byteCount) ? .atEnd : .counted(rest - UInt64(byteCount))
        return unsafe .bytes(input.take(byteCount))
      case .chunkData(let rest):
        guard !input.isEmpty else { return .needsMore }
        let byteCount = Int(min(rest, UInt64(input.count)))
        place = rest == UInt64(byteCount) ? .chunkEnd : .chunkData(rest - UInt64(byteCount))
        return unsafe .bytes(input.take(byteCount))
      case .chunkSize:
        switch input.takeLine(byteCountMax: limits.chunkLineBytesMax, .chunkLineTooLong) {
        case .needsMore: return .needsMore
        case .refused(let refusal): return .refused(refusal)
        case .line(let line):
          if let refusal = unsafe readSize(line, limits: limits) { return .refused(refusal) }
        }
      case .chunkEnd:
        switch input.takeLine(byteCountMax: 0, .chunkEnd) {
        case .needsMore: return .needsMore
        case .refused(let refusal): return .refused(refusal)
        case .line: place = .chunkSize
        }
      case .trailers:
        switch input.takeLine(byteCountMax: limits.fieldBytesMax, .fieldsTooLarge) {
        case .needsMore: return .needsMore
        case .refused(let refusal): return .refused(refusal)
        case .line(let line):
          if unsafe line.isEmpty {
            place = .atEnd
          } else if let refusal = unsafe readTrailer(
            line, limits: limits, dropsForbidden: dropsForbidden)
          {
            return .refused(refusal)
          }
        }
      }
    }
  }

  /// Reads a chunk-size line: hexadecimal digits, then nothing or extensions, which are ignored.
  private mutating func readSize(
    _ line: UnsafeRawBufferPointer, limits: borrowing HTTPLimits
  ) -> HTTP1Refusal? {
    var size: UInt64 = 0
    var index = 0
    while index < line.count, let digit = unsafe ByteScan.hexDigit(line[index]) {
      // Also bounds leading zeros; no honest peer writes more digits than a word has.
      guard index < 16 else { return .chunkSize }
      size = size << 4 | UInt64(digit)
      index += 1
    }
    guard index > 0 && size <= UInt64(Int64.max) else { return .chunkSize }
    if index < line.count {
      guard unsafe line[index] == 0x3B else { return .chunkSize }
      guard unsafe ByteScan.firstControl(line, in: index..<line.count) == nil else {
        return .chunkExtension
      }
      extensionByteCount += line.count - index
      guard extensionByteCount <= limits.chunkExtensionBytesMax else {
        return .chunkExtensionsTooLong
      }
    }
    place = size == 0 ? .trailers : .chunkData(size)
    return nil
  }

  /// Reads one trailer line.
  private mutating func readTrailer(
    _ line: UnsafeRawBufferPointer, limits: borrowing HTTPLimits, dropsForbidden: Bool
  ) -> HTTP1Refusal? {
    switch unsafe section.read(line, into: &trailers, limits: limits) {
    case .refused(let refusal): return refusal
    case .field(let known, _):
      guard let last = trailers.lines.last else { return nil }
      let describesContent = unsafe trailers.withName(last) {
        unsafe ByteScan.startsIgnoringCase($0, "content-")
      }
      if known.isAllowedInTrailers && !describesContent { return nil }
      let reframes =
        known == .contentLength || known == .transferEncoding || known == .host
      guard dropsForbidden && !reframes else { return .trailerForbidden }
      trailers.removeLast()
      return nil
    }
  }
}
