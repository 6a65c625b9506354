/// The path of a FHIR request below its base, cut into segments.
struct FHIRPath {
  /// The most segments that any interaction has (`Patient/id/Type/_search`).
  private static let segmentsMax = 8

  /// Where each segment lies in the target; half the size of ranges of `Int`, for copies are many.
  private var segments = InlineArray<8, Range<UInt32>>(repeating: 0..<0)
  /// How many segments there are.
  private(set) var count = 0
  /// The target.
  private let target: ByteView

  /// Cuts `range` of the target, which starts with a slash or is empty; one closing slash is
  /// allowed. Nil when there are too many segments.
  init?(_ range: Range<Int>, of target: ByteView) {
    self.target = target
    var start = range.lowerBound + 1
    while start < range.upperBound {
      var end = start
      while end < range.upperBound, target[end] != 0x2F { end += 1 }
      guard count < Self.segmentsMax else { return nil }
      segments[count] = UInt32(start)..<UInt32(end)
      count += 1
      start = end + 1
    }
  }

  /// The bytes of segment `index`; `$` and `*` that came encoded are not decoded here.
  @inline(__always)
  subscript(index: Int) -> ByteView { target[range(index)] }

  /// Where segment `index` lies in the target.
  @inline(__always)
  func range(_ index: Int) -> Range<Int> {
    precondition(index < count, "segment outside the path")
    return Int(segments[index].lowerBound)..<Int(segments[index].upperBound)
  }

  /// The name of the operation in segment `index`, without `$`; nil when it is none.
  func operationName(_ index: Int) -> ByteView? {
    let segment = self[index]
    if segment.starts(with: "$") { return segment[1..<segment.count] }
    if segment.starts(with: "%24") { return segment[3..<segment.count] }
    return nil
  }

  /// Whether segment `index` is the wildcard of a compartment search.
  func isWildcard(_ index: Int) -> Bool { self[index].equals("*") || self[index].equals("%2A") }

  /// Whether a path holds nothing that two readers could take differently: no empty or dot segment,
  /// no backslash, semicolon or control byte, and no escape of a slash, a dot or a control byte.
  static func isClean(_ path: ByteView) -> Bool {
    var segmentStart = 1
    for index in 0...path.count {
      let byte: UInt8 = index < path.count ? path[index] : 0x2F
      if byte == 0x2F, index > 0 {
        let segment = path[segmentStart..<index]
        if segment.isEmpty, index < path.count { return false }
        if segment.equals(".") || segment.equals("..") { return false }
        segmentStart = min(index + 1, path.count)
        continue
      }
      if byte <= 0x20 || byte >= 0x7F || byte == 0x5C || byte == 0x3B || byte == 0x23 {
        return false
      }
      guard byte == 0x25 else { continue }
      guard index + 2 < path.count, let high = Percent.digit(path[index + 1]),
        let low = Percent.digit(path[index + 2])
      else { return false }
      switch high << 4 | low {
      case 0...0x1F, 0x2E, 0x2F, 0x3B, 0x5C, 0x7F: return false
      default: continue
      }
    }
    return true
  }
}
