internal import Base
public import HTTP

/// A hit whose answer is readable: head and body, which lives as long as this does.
public struct OpenedHit: Sendable {
  /// What it is.
  public let hit: ServableHit
  private let answer: OpenAnswer

  /// Opened by `ServableHit.open` alone.
  init(hit: ServableHit, answer: OpenAnswer) {
    self.hit = hit
    self.answer = answer
  }

  /// Writes status, fields, length and `Age` of the answer to `head`, which keeps its memory.
  public func write(_ kind: HitAnswer, to head: inout ResponseHead) {
    answer.write(to: &head.fields)
    let total = hit.bodyByteCount
    switch kind {
    case .whole:
      head.status = hit.entry.facts.status
      head.contentLength = total
    case .notModified:
      head.status = 304
      head.contentLength = nil
      // What describes a body that is not sent goes (RFC 9110 section 15.4.5).
      head.fields.removeLines { $0.known == .contentType }
    case .part(let range):
      head.status = 206
      head.contentLength = UInt64(range.count)
      head.fields.append("content-range", byteCountMax: 70) { text in
        text.append("bytes ")
        text.append(decimal: range.lowerBound)
        text.append(0x2D)
        text.append(decimal: range.upperBound - 1)
        text.append(0x2F)
        text.append(decimal: total)
      }
    case .unsatisfiable:
      head.status = 416
      head.contentLength = 0
      head.fields.removeLines { $0.known == .contentType || $0.known == .etag }
      head.fields.append("content-range", byteCountMax: 30) { text in
        text.append("bytes */")
        text.append(decimal: total)
      }
    }
    let seconds = hit.ageMilliseconds / 1000
    head.fields.append("age", isUnique: true, byteCountMax: 20) { $0.append(decimal: seconds) }
  }

  /// The bytes of the answer's body, piece by piece.
  public func body(_ kind: HitAnswer) -> BodyCursor {
    switch kind {
    case .whole: BodyCursor(answer, 0..<hit.bodyByteCount)
    case .part(let range): BodyCursor(answer, range)
    case .notModified, .unsatisfiable: BodyCursor(answer, 0..<0)
    }
  }
}

/// Walks the bytes of a stored body without copying them.
public struct BodyCursor: Sendable {
  private let parts: [[UInt8]]
  private var part = 0
  private var offset: Int
  /// Bytes that are left.
  public private(set) var remainingByteCount: Int

  /// Starts at the range's first byte.
  init(_ answer: OpenAnswer, _ range: Range<UInt64>) {
    parts = answer.parts
    offset = answer.bodyOffset + Int(range.lowerBound)
    remainingByteCount = range.count
    while part < parts.count && offset >= parts[part].count {
      offset -= parts[part].count
      part += 1
    }
  }

  /// Hands up to `byteCountMax` of the next bytes to `body`; false when there are none left. The
  /// pointer is valid inside `body` only.
  public mutating func withNext(
    byteCountMax: Int, _ body: (UnsafeRawBufferPointer) -> Void
  ) -> Bool {
    guard remainingByteCount > 0, part < parts.count else { return false }
    let count = min(byteCountMax, remainingByteCount, parts[part].count - offset)
    unsafe parts[part].withUnsafeBytes {
      unsafe body(UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
    }
    offset += count
    remainingByteCount -= count
    if offset == parts[part].count {
      part += 1
      offset = 0
    }
    return true
  }
}
