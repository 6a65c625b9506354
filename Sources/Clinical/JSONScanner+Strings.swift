extension JSONScanner {
  /// A string begins.
  mutating func beginString(isKey: Bool, isWanted: Bool) {
    self.isKey = isKey
    self.isWanted = isWanted
    isWhole = isWanted
    isFresh = true
    state = .string
  }

  /// Reads plain bytes of a string from `start` up to what needs a look; gives where to go on.
  mutating func stringRun<Sink: JSONSink>(
    _ view: ByteView, from start: Int, _ sink: inout Sink
  ) -> Int {
    let end = view.plainEnd(from: start)
    if isFresh, end < view.count, view[end] == 0x22 {
      // The whole string lies in this piece as it is: the sink may see it there.
      let isCut = !isWanted || end - start > textBytesMax
      let last = !isWanted ? start : min(end, start + textBytesMax)
      deliver(JSONText(bytes: view[start..<last], isWhole: !isCut), &sink)
      return end + 1
    }
    keep(view[start..<end])
    guard end < view.count else { return end }
    let byte = view[end]
    switch byte {
    case 0x22: endString(&sink)
    case 0x5C: state = .escape
    case 0..<0x20:
      fail(.string)
      return end
    default:
      guard beginSequence(byte) else {
        fail(.encoding)
        return end
      }
      keep(byte)
    }
    return end + 1
  }

  /// One byte of an escape or of a UTF-8 sequence.
  mutating func stringByte(_ byte: UInt8) {
    switch state {
    case .continuation:
      guard continuationRange.contains(byte) else { return fail(.encoding) }
      keep(byte)
      continuationsMissing -= 1
      continuationRange = 0x80...0xBF
      if continuationsMissing == 0 { state = .string }
    case .escape: escape(byte)
    case .hexadecimal: hexadecimal(byte)
    case .lowSurrogateBackslash:
      guard byte == 0x5C else { return fail(.string) }
      state = .lowSurrogateLetter
    default:
      guard byte == 0x75 else { return fail(.string) }
      beginUnit()
    }
  }

  /// The letter of an escape.
  private mutating func escape(_ byte: UInt8) {
    state = .string
    switch byte {
    case 0x22, 0x5C, 0x2F: keep(byte)
    case 0x62: keep(0x08)
    case 0x66: keep(0x0C)
    case 0x6E: keep(0x0A)
    case 0x72: keep(0x0D)
    case 0x74: keep(0x09)
    case 0x75: beginUnit()
    default: fail(.string)
    }
  }

  /// Four digits are expected.
  private mutating func beginUnit() {
    unit = 0
    digitsMissing = 4
    state = .hexadecimal
  }

  /// One digit of an escaped UTF-16 unit.
  private mutating func hexadecimal(_ byte: UInt8) {
    guard let digit = Percent.digit(byte) else { return fail(.string) }
    unit = unit << 4 | UInt32(digit)
    digitsMissing -= 1
    guard digitsMissing == 0 else { return }
    state = .string
    if highSurrogate != 0 {
      guard unit & 0xFC00 == 0xDC00 else { return fail(.string) }
      keep(scalar: 0x10000 + (highSurrogate & 0x3FF) << 10 + unit & 0x3FF)
      highSurrogate = 0
    } else if unit & 0xFC00 == 0xD800 {
      highSurrogate = unit
      state = .lowSurrogateBackslash
    } else if unit & 0xFC00 == 0xDC00 {
      fail(.string)
    } else {
      keep(scalar: unit)
    }
  }

  /// The first byte of a UTF-8 sequence (RFC 3629 section 4); false when it is none.
  private mutating func beginSequence(_ byte: UInt8) -> Bool {
    switch byte {
    case 0xC2...0xDF: (continuationsMissing, continuationRange) = (1, 0x80...0xBF)
    case 0xE0: (continuationsMissing, continuationRange) = (2, 0xA0...0xBF)
    case 0xED: (continuationsMissing, continuationRange) = (2, 0x80...0x9F)
    case 0xE1...0xEF: (continuationsMissing, continuationRange) = (2, 0x80...0xBF)
    case 0xF0: (continuationsMissing, continuationRange) = (3, 0x90...0xBF)
    case 0xF1...0xF3: (continuationsMissing, continuationRange) = (3, 0x80...0xBF)
    case 0xF4: (continuationsMissing, continuationRange) = (3, 0x80...0x8F)
    default: return false
    }
    state = .continuation
    return true
  }

  /// The closing quotation mark.
  private mutating func endString<Sink: JSONSink>(_ sink: inout Sink) {
    if isFresh { clear() }
    // The array is only read while the sink looks at it.
    let (kept, isWhole) = (text, isWhole)
    unsafe kept.withUnsafeBytes { bytes in
      deliver(unsafe JSONText(bytes: ByteView(bytes), isWhole: isWhole), &sink)
    }
  }

  /// Hands a complete string to the sink.
  @inline(__always)
  private mutating func deliver<Sink: JSONSink>(_ text: JSONText, _ sink: inout Sink) {
    if isKey {
      state = .colon
      sink.key(text)
    } else {
      endValue()
      sink.string(text)
    }
  }

  /// Forgets the string before.
  private mutating func clear() {
    text.removeAll(keepingCapacity: true)
    isFresh = false
  }

  // MARK: Keeping

  /// Keeps one decoded byte while there is room.
  private mutating func keep(_ byte: UInt8) {
    if isFresh { clear() }
    guard isWanted else { return }
    if text.count < textBytesMax { text.append(byte) } else { isWhole = false }
  }

  /// Keeps plain bytes while there is room.
  private mutating func keep(_ bytes: ByteView) {
    guard !bytes.isEmpty else { return }
    if isFresh { clear() }
    guard isWanted else { return }
    let room = min(bytes.count, textBytesMax - text.count)
    if room < bytes.count { isWhole = false }
    unsafe text.append(contentsOf: bytes[0..<room].raw)
  }

  /// Keeps a scalar value as UTF-8.
  private mutating func keep(scalar: UInt32) {
    switch scalar {
    case 0..<0x80: keep(UInt8(scalar))
    case 0x80..<0x800:
      keep(UInt8(0xC0 | scalar >> 6))
      keep(UInt8(0x80 | scalar & 0x3F))
    case 0x800..<0x10000:
      keep(UInt8(0xE0 | scalar >> 12))
      keep(UInt8(0x80 | scalar >> 6 & 0x3F))
      keep(UInt8(0x80 | scalar & 0x3F))
    default:
      keep(UInt8(0xF0 | scalar >> 18))
      keep(UInt8(0x80 | scalar >> 12 & 0x3F))
      keep(UInt8(0x80 | scalar >> 6 & 0x3F))
      keep(UInt8(0x80 | scalar & 0x3F))
    }
  }
}

extension ByteView {
  /// Where, from `start` on, the first byte stands that is not plain in a JSON string: a quotation
  /// mark, a backslash, a control byte, or one outside ASCII. `count` when there is none.
  func plainEnd(from start: Int) -> Int {
    var index = start
    while index + 8 <= count {
      let word = word(at: index)
      let ones: UInt64 = 0x0101_0101_0101_0101
      let tops: UInt64 = 0x8080_8080_8080_8080
      let quotes = word ^ (ones &* 0x22)
      let slashes = word ^ (ones &* 0x5C)
      // Each term has a top bit for a byte that is wanted; a false one stands above a true one
      // only, and the bytes are looked at one by one then.
      let marks =
        (word | (word &- ones &* 0x20) | (quotes &- ones) | (slashes &- ones)) & tops
      if marks != 0 { break }
      index += 8
    }
    while index < count {
      let byte = self[index]
      if byte < 0x20 || byte == 0x22 || byte == 0x5C || byte >= 0x80 { return index }
      index += 1
    }
    return count
  }
}
