/// Where records go in a file of fixed size that is written over and over.
///
/// Positions count the bytes of an endless log, so that no two records ever have the same one; the
/// place in the file is the position modulo its size. A record never wraps: what is left at the
/// file's end is passed by. Who places one ends whatever lies a whole file behind its end.
struct DiskRing {
  /// Bytes of the file.
  let byteCountMax: Int
  /// Records from here on are whole; older ones are written over, or about to be.
  private(set) var floor: UInt64 = 0
  /// Where the next record would begin.
  private var end: UInt64 = 0

  /// Makes an empty ring over so many bytes.
  init(byteCountMax: Int) {
    precondition(byteCountMax > 0, "a file has bytes")
    self.byteCountMax = byteCountMax
  }

  /// The longest record: one must not push out a large part of all others.
  var recordByteCountMax: Int { byteCountMax / 8 }

  /// Takes the place of a record, and ends those that lie there; nil for one that is too long.
  mutating func place(byteCount: Int) -> UInt64? {
    guard byteCount > 0, byteCount <= recordByteCountMax else { return nil }
    let size = UInt64(byteCountMax)
    let room = size - end % size
    let position = UInt64(byteCount) > room ? end + room : end
    end = position + UInt64(byteCount)
    if end > size { floor = max(floor, end - size) }
    return position
  }

  /// Whether the record that was placed at `position` is still whole.
  func holds(_ position: UInt64) -> Bool { position >= floor && position < end }

  /// The place of a position in the file.
  func offset(of position: UInt64) -> Int { Int(position % UInt64(byteCountMax)) }
}
