internal import Audit
internal import Base
internal import Native
internal import Reactor

extension AuditFolder {
  /// Writes the tree as far as the checkpoint goes in C2SP tlog-tiles' layout below `out`, whose
  /// parent is there.
  public func exportTiles(to out: String) throws {
    guard let (note, checkpoint) = try checkpoint() else {
      throw AuditReadError(path: path, finding: "nothing of it is signed yet")
    }
    try FileSystem.makeDirectory(out)
    guard !isExpired else {
      // Its tiles are pruned: what is left proves the first entry.
      if let proof = try tombstone() {
        try write(Array(proof.text.utf8), AuditPaths.expired, below: out)
      }
      return try write(Array(note.description.utf8), "checkpoint", below: out)
    }
    for level in 0..<TileTails.levelCount {
      let count = Tiles.hashCount(level: level, size: checkpoint.size)
      for number in 0..<((count + Tiles.width - 1) / Tiles.width) {
        let first = number * Tiles.width
        let width = min(Tiles.width, count - first)
        let bytes = try hashes(level: level, first..<(first + width))
        try write(bytes, Tiles.path(level: level, number: number, width: width), below: out)
      }
    }
    try exportBundles(checkpoint.size, out)
    // Last: whoever finds it finds the tree that it covers.
    try write(Array(note.description.utf8), "checkpoint", below: out)
  }

  /// Hashes of a level, as a tile holds them.
  private func hashes(level: Int, _ range: Range<UInt64>) throws -> [UInt8] {
    let file = "\(path)/\(AuditPaths.level(level))"
    let bytes = try disk.read(file, at: 32 * Int(range.lowerBound), 32 * range.count)
    guard bytes.count == 32 * range.count else {
      throw AuditReadError(path: file, finding: "it ends before hash \(range.upperBound - 1)")
    }
    return bytes
  }

  /// Writes the first `size` entries in bundles.
  private func exportBundles(_ size: UInt64, _ out: String) throws {
    var bundle: [UInt8] = []
    var failure: (any Error)?
    func flush(_ end: UInt64) throws {
      let first = (end - 1) / Tiles.width * Tiles.width
      let tile = Tiles.path(level: nil, number: first / Tiles.width, width: end - first)
      try write(bundle, tile, below: out)
      bundle.removeAll(keepingCapacity: true)
    }
    var seen: UInt64 = 0
    if size > 0 {
      try unsafe forEachEntry { index, entry in
        bundle.append(UInt8(truncatingIfNeeded: entry.count >> 8))
        bundle.append(UInt8(truncatingIfNeeded: entry.count))
        unsafe bundle.append(contentsOf: entry)
        seen = index + 1
        if seen % Tiles.width == 0 || seen == size {
          do { try flush(seen) } catch { failure = error }
        }
        return failure == nil && seen < size
      }
    }
    if let failure { throw failure }
    guard seen == size else {
      throw AuditReadError(path: path, finding: "it ends before entry \(size - 1)")
    }
  }

  /// Writes a file below `out`, with the folders that it needs.
  private func write(_ bytes: [UInt8], _ name: String, below out: String) throws {
    var folder = out
    for part in name.split(separator: "/").dropLast() {
      folder += "/\(part)"
      if !FileSystem.exists(folder) { try FileSystem.makeDirectory(folder) }
    }
    try DiskFile(path: "\(out)/\(name)", isNew: true).write(bytes, at: 0)
  }
}
