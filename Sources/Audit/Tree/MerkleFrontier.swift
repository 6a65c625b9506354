public import Native

/// Hashes leaves and nodes of an RFC 6962 tree: SHA-256 with a byte that keeps the two apart.
///
/// Owns one hashing context; belongs to one thread.
public struct MerkleHasher: ~Copyable {
  private var sha = SHA256()

  /// Makes a hasher.
  public init() {}

  /// The hash of an entry as a leaf (RFC 6962, 2.1).
  public mutating func leaf(_ entry: UnsafeRawBufferPointer) -> SHA256Digest {
    sha.update(0)
    unsafe sha.update(entry)
    return sha.finish()
  }

  /// The hash of an entry as a leaf.
  public mutating func leaf(_ entry: [UInt8]) -> SHA256Digest {
    unsafe entry.withUnsafeBytes { unsafe leaf($0) }
  }

  /// The hash of a node over its two children.
  public mutating func node(_ left: SHA256Digest, _ right: SHA256Digest) -> SHA256Digest {
    sha.update(1)
    sha.update(left)
    sha.update(right)
    return sha.finish()
  }

  /// The root of a tree without leaves.
  public mutating func empty() -> SHA256Digest { sha.finish() }
}

/// The right edge of a growing tree: all that is needed to append to it and to know its root.
///
/// Holds the root of each perfect subtree that the leaves fall into, largest first: as many as the
/// size has one bits. INVARIANT (frontier): `nodes.count == size.nonzeroBitCount`.
public struct MerkleFrontier: Equatable, Sendable {
  /// How many leaves the tree has.
  public private(set) var size: UInt64
  /// Roots of the perfect subtrees, largest first.
  public private(set) var nodes: [SHA256Digest]

  /// The empty tree.
  public init() {
    size = 0
    nodes = []
    nodes.reserveCapacity(64)
  }

  /// A stored frontier; nil when the number of nodes does not fit the size.
  public init?(size: UInt64, nodes: [SHA256Digest]) {
    guard nodes.count == size.nonzeroBitCount else { return nil }
    self.size = size
    self.nodes = nodes
  }

  /// Appends a leaf's hash. Whatever hash becomes final at a level of tiles (every eighth height,
  /// C2SP tlog-tiles) is appended to `tiles` too.
  @inline(__always)
  public mutating func append(
    _ leaf: SHA256Digest, _ hasher: inout MerkleHasher, tiles: inout TileTails
  ) {
    tiles.append(leaf, level: 0)
    var hash = leaf
    var height = 0
    while size >> UInt64(height) & 1 == 1 {
      hash = hasher.node(nodes.removeLast(), hash)
      height += 1
      if height & 7 == 0 { tiles.append(hash, level: height >> 3) }
    }
    nodes.append(hash)
    size += 1
  }

  /// The root of the tree as it stands.
  public func root(_ hasher: inout MerkleHasher) -> SHA256Digest {
    guard var root = nodes.last else { return hasher.empty() }
    for node in nodes.dropLast().reversed() { root = hasher.node(node, root) }
    return root
  }
}

/// Hashes that became final since the tails were last emptied, by level of tiles.
public struct TileTails: Sendable {
  /// Levels of a tree of 2^64 leaves.
  public static let levelCount = 8
  /// The hashes of each level, 32 bytes each, one after the other.
  public private(set) var levels: [[UInt8]]

  /// Empty tails.
  public init() { levels = Array(repeating: [], count: Self.levelCount) }

  /// Appends a hash to a level.
  @inline(__always)
  mutating func append(_ hash: SHA256Digest, level: Int) {
    unsafe hash.withBytes { unsafe levels[level].append(contentsOf: $0) }
  }

  /// Empties the tails and keeps their memory.
  public mutating func removeAll() {
    for level in levels.indices where !levels[level].isEmpty {
      levels[level].removeAll(keepingCapacity: true)
    }
  }
}
