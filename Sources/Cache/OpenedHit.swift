internal import Base
public import HTTP

/// A hit whose answer is readable: its head and the beginning of its body. What follows is opened
/// as it is sent; the entry lives as long as this does.
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
    let range: Range<UInt64> =
      switch kind {
      case .whole: 0..<hit.bodyByteCount
      case .part(let range): range
      case .notModified, .unsatisfiable: 0..<0
      }
    return BodyCursor(answer, of: hit.entry, range, openedAt: hit.now)
  }
}

/// Walks the bytes of a stored body: opens each part when it is reached, and holds one at a time.
public struct BodyCursor: Sendable {
  private let entry: Entry
  private let openedAt: Instant
  /// The part at hand; nil before it was reached.
  private var bytes: [UInt8]?
  /// The later part that comes next, or is the one to open.
  private var nextPart = 0
  /// Where the next byte stands in the part at hand.
  private var offset: Int
  /// Bytes that are left.
  public private(set) var remainingByteCount: Int
  /// Whether a part did not open: what was handed out is not the whole, and nothing follows.
  public private(set) var isTorn = false

  /// Starts at the range's first byte. Parts before it stay closed.
  init(_ answer: OpenAnswer, of entry: Entry, _ range: Range<UInt64>, openedAt: Instant) {
    self.entry = entry
    self.openedAt = openedAt
    offset = answer.bodyOffset + Int(range.lowerBound)
    remainingByteCount = range.count
    guard remainingByteCount > 0 else { return }
    if offset < answer.first.count {
      bytes = answer.first
      return
    }
    offset -= answer.first.count
    while nextPart < entry.laterPartCount, offset >= entry.byteCount(ofLaterPart: nextPart) {
      offset -= entry.byteCount(ofLaterPart: nextPart)
      nextPart += 1
    }
  }

  /// Hands up to `byteCountMax` of the next bytes to `body`; false when there are none left, or
  /// what follows does not open. The pointer is valid inside `body` only.
  public mutating func withNext(
    byteCountMax: Int, _ body: (UnsafeRawBufferPointer) -> Void
  ) -> Bool {
    guard remainingByteCount > 0, !isTorn else { return false }
    if bytes == nil, nextPart < entry.laterPartCount {
      bytes = entry.openLaterPart(nextPart, at: openedAt)
      nextPart += 1
    }
    guard let part = bytes, offset < part.count else {
      isTorn = true
      return false
    }
    let count = min(byteCountMax, remainingByteCount, part.count - offset)
    unsafe part.withUnsafeBytes {
      unsafe body(UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
    }
    offset += count
    remainingByteCount -= count
    if offset == part.count || remainingByteCount == 0 {
      bytes = nil
      offset = 0
    }
    return true
  }
}
