/// An entity tag (RFC 9110 section 8.8.3).
public struct EntityTag: Hashable, Sendable {
  /// Whether it promises no more than equivalence.
  public let isWeak: Bool
  /// What stands between the quotes.
  public let opaque: [UInt8]

  /// Makes a tag.
  public init(isWeak: Bool, opaque: [UInt8]) {
    self.isWeak = isWeak
    self.opaque = opaque
  }

  /// Reads a field's whole value; nil when it is not one tag.
  public init?(_ text: [UInt8]) {
    var scan = TextScan(text)
    guard let tag = Self.read(&scan), scan.isAtEnd else { return nil }
    self = tag
  }

  /// Reads one tag; backslashes mean nothing here.
  fileprivate static func read(_ scan: inout TextScan) -> EntityTag? {
    let start = scan.index
    var isWeak = false
    if scan.next == 0x57 {
      scan.index += 1
      guard scan.skip(0x2F) else { return nil }
      isWeak = true
    }
    guard scan.skip(0x22) else {
      scan.index = start
      return nil
    }
    let opaqueStart = scan.index
    while let byte = scan.next, byte == 0x21 || (byte >= 0x23 && byte != 0x7F) { scan.index += 1 }
    let opaque = Array(scan.bytes[opaqueStart..<scan.index])
    return scan.skip(0x22) ? EntityTag(isWeak: isWeak, opaque: opaque) : nil
  }

  /// Whether both name equivalent representations (RFC 9110 section 8.8.3.2).
  public func matchesWeakly(_ other: EntityTag) -> Bool { opaque == other.opaque }

  /// Whether both name identical representations.
  public func matchesStrongly(_ other: EntityTag) -> Bool {
    !isWeak && !other.isWeak && opaque == other.opaque
  }

  /// The tag as it stands in a field.
  public var text: [UInt8] { (isWeak ? Array("W/".utf8) : []) + [0x22] + opaque + [0x22] }
}

/// A list of entity tags or `*`, as `If-None-Match` holds it.
enum EntityTagList {
  case any
  case tags([EntityTag])

  /// Reads the combined lines of the field; nil when it is neither.
  init?(_ text: [UInt8]) {
    if text == [0x2A] {
      self = .any
      return
    }
    var scan = TextScan(text)
    var tags: [EntityTag] = []
    while true {
      scan.skipBlanks()
      if scan.isAtEnd { break }
      if scan.skip(0x2C) { continue }
      guard let tag = EntityTag.read(&scan) else { return nil }
      tags.append(tag)
      scan.skipBlanks()
      guard scan.isAtEnd || scan.skip(0x2C) else { return nil }
    }
    if tags.isEmpty { return nil }
    self = .tags(tags)
  }
}
