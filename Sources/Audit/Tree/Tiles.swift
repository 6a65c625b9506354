public import Native

/// Where the hashes of a tree lie: C2SP tlog-tiles, 256 hashes to a tile, levels of eight heights.
///
/// The log keeps each level in one flat file: hash number `index` of a level is the 32 bytes at
/// 32 × `index`, so tile number N is the 8,192 bytes at 8,192 × N.
public enum Tiles {
  /// Hashes of a full tile, and entries of a full bundle.
  public static let width: UInt64 = 256

  /// How many hashes a level holds in a tree of `size` leaves.
  public static func hashCount(level: Int, size: UInt64) -> UInt64 {
    level >= 8 ? 0 : size >> UInt64(8 * level)
  }

  /// The root of a perfect subtree, from the hashes of the level below it; `hash` reads one hash.
  public static func subtree<E: Error>(
    height: Int, index: UInt64, _ hash: (_ level: Int, _ index: UInt64) throws(E) -> SHA256Digest
  ) throws(E) -> SHA256Digest {
    let (level, above) = (height >> 3, UInt64(height & 7))
    let first = index << above
    var row: [SHA256Digest] = []
    for offset in 0..<(UInt64(1) << above) { row.append(try hash(level, first + offset)) }
    var hasher = MerkleHasher()
    while row.count > 1 {
      row = stride(from: 0, to: row.count, by: 2).map { hasher.node(row[$0], row[$0 + 1]) }
    }
    return row[0]
  }

  /// The path of a tile below the log's address: `tile/<L>/<N>[.p/<W>]`; `level` nil is a bundle
  /// of entries. `width` is the number of hashes or entries that it holds.
  public static func path(level: Int?, number: UInt64, width: UInt64) -> String {
    var groups = [pad(number % 1000)]
    var rest = number / 1000
    while rest > 0 {
      groups.insert("x" + pad(rest % 1000), at: 0)
      rest /= 1000
    }
    let kind = level.map { "\($0)" } ?? "entries"
    let partial = width < Self.width ? ".p/\(width)" : ""
    return "tile/\(kind)/" + groups.joined(separator: "/") + partial
  }

  /// Three digits.
  private static func pad(_ value: UInt64) -> String {
    let digits = String(value)
    return String(repeating: "0", count: 3 - digits.count) + digits
  }
}
