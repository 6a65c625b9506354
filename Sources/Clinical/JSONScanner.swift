/// A strict JSON reader (RFC 8259) that takes its text in pieces, cut anywhere.
///
/// Memory is bounded whatever is fed: one bit for each level, and the first `textBytesMax` bytes of
/// the string at hand. Everything is checked, also what nobody wants: grammar, numbers, escapes,
/// surrogate pairs, UTF-8. After a fault nothing more is read. A value; one owner.
struct JSONScanner {
  /// What may come next.
  enum State: UInt8 {
    case value, firstElement, firstKey, key, colon, afterValue, done
    case string, escape, hexadecimal, lowSurrogateBackslash, lowSurrogateLetter, continuation
    case literal
    case minus, zero, integer, point, fraction, exponent, exponentSign, exponentDigits
  }

  /// What may come next.
  var state = State.value
  /// One bit for each level, innermost lowest: set for an array.
  private var containers: UInt64 = 0
  /// How many levels are open.
  private(set) var depth = 0
  /// Why reading stopped; nil while all is well.
  private(set) var fault: JSONFault?
  /// Bytes read before the piece at hand; after a fault, where it is.
  private(set) var offset = 0

  /// Whether the string at hand is a member's name.
  var isKey = false
  /// Whether its bytes are kept.
  var isWanted = false
  /// Whether nothing of it was kept so far: `text` is still the string's before.
  var isFresh = false
  /// Whether all its bytes were kept so far.
  var isWhole = true
  /// Its first bytes, decoded.
  var text: [UInt8] = []
  /// The most bytes that are kept.
  let textBytesMax: Int
  /// Whether more values may follow the first (NDJSON).
  var takesMany = false
  /// The escaped UTF-16 unit at hand, and how many of its digits are missing.
  var unit: UInt32 = 0
  var digitsMissing = 0
  /// The first half of a surrogate pair; zero when there is none.
  var highSurrogate: UInt32 = 0
  /// Continuation bytes that are missing, and what the next one may be.
  var continuationsMissing = 0
  var continuationRange: ClosedRange<UInt8> = 0x80...0xBF
  /// The letters of `true`, `false` or `null` that are missing, the next one lowest.
  private var letters: UInt32 = 0

  /// Makes a scanner that keeps up to `textBytesMax` bytes of a string.
  init(textBytesMax: Int) {
    self.textBytesMax = textBytesMax
    text.reserveCapacity(textBytesMax)
  }

  /// Starts anew; keeps the memory.
  mutating func reset() {
    state = .value
    containers = 0
    depth = 0
    fault = nil
    offset = 0
    highSurrogate = 0
    takesMany = false
    text.removeAll(keepingCapacity: true)
  }

  /// Whether the whole value was read.
  var isDone: Bool { fault == nil && state == .done }

  /// Reads the next piece; up to where the sink stopped, whatever the pieces are.
  mutating func feed<Sink: JSONSink>(_ bytes: UnsafeRawBufferPointer, into sink: inout Sink) {
    let view = unsafe ByteView(bytes)
    var index = 0
    while index < view.count, fault == nil, !sink.isStopped {
      if state == .string {
        index = stringRun(view, from: index, &sink)
      } else if step(view[index], &sink) {
        index += 1
      }
    }
    offset += index
  }

  /// Says that no piece follows; afterwards either `isDone` or `fault` tells.
  mutating func finish<Sink: JSONSink>(into sink: inout Sink) {
    guard fault == nil else { return }
    switch state {
    case .zero, .integer, .fraction, .exponentDigits: endNumber(&sink)
    default: break
    }
    if state != .done { fail(.incomplete) }
  }

  /// Keeps the first fault.
  mutating func fail(_ reason: JSONFault) {
    if fault == nil { fault = reason }
  }

  /// Takes one byte outside the plain run of a string; false when the byte is to be looked at again
  /// (a number's end) or is at fault.
  private mutating func step<Sink: JSONSink>(_ byte: UInt8, _ sink: inout Sink) -> Bool {
    switch state {
    case .value, .firstElement, .firstKey, .key, .colon, .afterValue, .done:
      if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { return true }
      structural(byte, &sink)
    case .string: return false
    case .escape, .hexadecimal, .lowSurrogateBackslash, .lowSurrogateLetter, .continuation:
      stringByte(byte)
    case .literal: literal(byte, &sink)
    default: return number(byte, &sink)
    }
    return fault == nil
  }

  /// A byte between values that is no white space.
  private mutating func structural<Sink: JSONSink>(_ byte: UInt8, _ sink: inout Sink) {
    switch state {
    case .firstElement where byte == 0x5D: close(isArray: true, &sink)
    case .value, .firstElement: beginValue(byte, &sink)
    case .firstKey where byte == 0x7D: close(isArray: false, &sink)
    case .firstKey, .key:
      guard byte == 0x22 else { return fail(.syntax) }
      beginString(isKey: true, isWanted: true)
    case .colon:
      guard byte == 0x3A else { return fail(.syntax) }
      state = .value
    case .afterValue: separate(byte, &sink)
    case .done where takesMany: beginValue(byte, &sink)
    default: fail(.trailing)
    }
  }

  /// A comma or an end.
  private mutating func separate<Sink: JSONSink>(_ byte: UInt8, _ sink: inout Sink) {
    let isArray = containers & 1 == 1
    switch byte {
    case 0x2C: state = isArray ? .value : .key
    case 0x5D where isArray: close(isArray: true, &sink)
    case 0x7D where !isArray: close(isArray: false, &sink)
    default: fail(.syntax)
    }
  }

  /// The first byte of a value.
  private mutating func beginValue<Sink: JSONSink>(_ byte: UInt8, _ sink: inout Sink) {
    switch byte {
    case 0x22: beginString(isKey: false, isWanted: sink.wantsString())
    case 0x7B: open(isArray: false, &sink)
    case 0x5B: open(isArray: true, &sink)
    case 0x2D: state = .minus
    case 0x30: state = .zero
    case 0x31...0x39: state = .integer
    case 0x74: begin(letters: 0x65_7572)
    case 0x66: begin(letters: 0x6573_6C61)
    case 0x6E: begin(letters: 0x6C_6C75)
    default: fail(.syntax)
    }
  }

  /// One level more.
  private mutating func open<Sink: JSONSink>(isArray: Bool, _ sink: inout Sink) {
    guard depth < ClinicalLimits.jsonDepthMax else { return fail(.depth) }
    depth += 1
    containers = containers << 1 | (isArray ? 1 : 0)
    state = isArray ? .firstElement : .firstKey
    sink.begin(isArray: isArray)
  }

  /// One level less.
  private mutating func close<Sink: JSONSink>(isArray: Bool, _ sink: inout Sink) {
    depth -= 1
    containers >>= 1
    endValue()
    sink.end(isArray: isArray)
  }

  /// A value is complete.
  mutating func endValue() { state = depth == 0 ? .done : .afterValue }

  // MARK: Words and numbers

  /// Expects the rest of a word, its next letter lowest.
  private mutating func begin(letters: UInt32) {
    self.letters = letters
    state = .literal
  }

  /// One letter of a word.
  private mutating func literal<Sink: JSONSink>(_ byte: UInt8, _ sink: inout Sink) {
    guard UInt32(byte) == letters & 0xFF else { return fail(.syntax) }
    letters >>= 8
    guard letters == 0 else { return }
    endValue()
    sink.scalar()
  }

  /// One byte of a number; false when the number ended before it, or it is at fault.
  private mutating func number<Sink: JSONSink>(_ byte: UInt8, _ sink: inout Sink) -> Bool {
    let isDigit = byte >= 0x30 && byte <= 0x39
    switch state {
    case .minus where isDigit: state = byte == 0x30 ? .zero : .integer
    case .integer where isDigit, .fraction where isDigit, .exponentDigits where isDigit: break
    case .point where isDigit: state = .fraction
    case .zero where byte == 0x2E, .integer where byte == 0x2E: state = .point
    case .zero where byte | 0x20 == 0x65, .integer where byte | 0x20 == 0x65,
      .fraction where byte | 0x20 == 0x65:
      state = .exponent
    case .exponent where byte == 0x2B || byte == 0x2D: state = .exponentSign
    case .exponent where isDigit, .exponentSign where isDigit: state = .exponentDigits
    case .zero, .integer, .fraction, .exponentDigits:
      if isDigit { fail(.syntax) } else { endNumber(&sink) }
      return false
    default:
      fail(.syntax)
      return false
    }
    return true
  }

  /// A number is complete.
  private mutating func endNumber<Sink: JSONSink>(_ sink: inout Sink) {
    endValue()
    sink.scalar()
  }
}
