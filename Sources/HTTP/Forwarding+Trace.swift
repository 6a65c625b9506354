import Base

extension Forwarding {
  /// Bytes in the longest request identifier that is passed on.
  private static let requestIDBytesMax = 64

  /// Whether exactly one identifier stands there, short and of harmless bytes.
  static func hasValidRequestID(_ fields: borrowing Fields) -> Bool {
    var count = 0
    for index in 0..<fields.lines.count where fields.lines[index].known == .xRequestID {
      let isValid = unsafe fields.withValue(fields.lines[index]) { value in
        guard value.count > 0 && value.count <= requestIDBytesMax else { return false }
        return unsafe value.allSatisfy { ByteSet.hostName.contains($0) }
      }
      count += isValid ? 1 : 2
    }
    return count == 1
  }

  /// Adds an identifier of our own.
  static func appendRequestID(_ fields: inout Fields, _ identifier: UInt128) {
    fields.append("x-request-id", isUnique: true, byteCountMax: 32) {
      $0.append(hexadecimal: identifier)
    }
  }

  /// The trace that the request belongs to, with our span as the parent of what follows.
  ///
  /// W3C Trace Context, section 3.2: `00-<32 digits>-<16 digits>-<2 digits>`, all lower case.
  struct Trace {
    /// Whether the client's trace goes on; else a new one begins.
    private(set) var continuesClient = false
    private var traceID: UInt128
    private let spanID: UInt64
    /// Sampled (1) and random (2); other bits have no meaning in version 00.
    private var flags: UInt8

    /// Reads `traceparent`; it counts only when exactly one valid line stands there.
    init(_ fields: borrowing Fields, context: borrowing ForwardingContext) {
      traceID = context.requestID
      spanID = context.spanID
      flags = context.isSampled ? 3 : 2
      var lineCount = 0
      for index in 0..<fields.lines.count where fields.lines[index].known == .traceparent {
        lineCount += 1
        let read = unsafe fields.withValue(fields.lines[index]) { unsafe Self.read($0) }
        guard lineCount == 1, let read else { continue }
        continuesClient = true
        traceID = read.traceID
        flags = read.flags
      }
      if lineCount > 1 {
        continuesClient = false
        traceID = context.requestID
        flags = context.isSampled ? 3 : 2
      }
    }

    /// Reads one value.
    private static func read(
      _ value: UnsafeRawBufferPointer
    ) -> (traceID: UInt128, flags: UInt8)? {
      guard unsafe value.count >= 55 && value[2] == 0x2D && value[35] == 0x2D && value[52] == 0x2D,
        let version = unsafe number(value, 0..<2), version != 0xFF,
        let traceID = unsafe number(value, 3..<35), traceID != 0,
        let parentID = unsafe number(value, 36..<52), parentID != 0,
        let flags = unsafe number(value, 53..<55)
      else { return nil }
      // Later versions may say more behind a hyphen.
      guard unsafe value.count == 55 || (version > 0 && value[55] == 0x2D) else { return nil }
      return (traceID, UInt8(truncatingIfNeeded: flags) & 3)
    }

    /// Reads lower-case hexadecimal digits.
    private static func number(
      _ value: UnsafeRawBufferPointer, _ range: Range<Int>
    ) -> UInt128? {
      var number: UInt128 = 0
      for index in range {
        let byte = unsafe value[index]
        guard byte < 0x41 || byte > 0x46, let digit = ByteScan.hexDigit(byte) else { return nil }
        number = number << 4 | UInt128(digit)
      }
      return number
    }

    /// Appends `traceparent`.
    func append(to fields: inout Fields) {
      // The flags' digits are written through a whole word's room.
      fields.append("traceparent", isUnique: true, byteCountMax: 55 + 14) { value in
        value.append("00-")
        value.append(hexadecimal: traceID)
        value.append(0x2D)
        value.append(hexadecimal: spanID)
        value.append(0x2D)
        value.append(hexadecimal: UInt64(flags), digits: 2)
      }
    }
  }
}

extension ByteWriter {
  /// Appends 32 lower-case hexadecimal digits.
  @inline(__always)
  mutating func append(hexadecimal value: UInt128) {
    append(hexadecimal: UInt64(truncatingIfNeeded: value >> 64))
    append(hexadecimal: UInt64(truncatingIfNeeded: value))
  }
}
