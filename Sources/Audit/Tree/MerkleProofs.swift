public import Native

/// Proofs over an RFC 6962 tree: made from the hashes of perfect subtrees, checked by hashes alone.
public enum MerkleProofs {
  /// Gives the root of the perfect subtree of 2^`height` leaves that is number `index` of its kind.
  public typealias Subtree<E: Error> = (_ height: Int, _ index: UInt64) throws(E) -> SHA256Digest

  /// The hashes that lead from leaf `index` to the root of the first `size` leaves (RFC 6962,
  /// 2.1.1), lowest first.
  public static func inclusion<E: Error>(
    index: UInt64, size: UInt64, _ subtree: Subtree<E>
  ) throws(E) -> [SHA256Digest] {
    precondition(index < size, "no such leaf")
    var hasher = MerkleHasher()
    var proof: [SHA256Digest] = []
    var range = 0..<size
    // From the root down; the proof is read from the leaf up.
    while range.upperBound - range.lowerBound > 1 {
      let middle = range.lowerBound + split(range.upperBound - range.lowerBound)
      if index < middle {
        proof.append(try root(middle..<range.upperBound, &hasher, subtree))
        range = range.lowerBound..<middle
      } else {
        proof.append(try root(range.lowerBound..<middle, &hasher, subtree))
        range = middle..<range.upperBound
      }
    }
    return proof.reversed()
  }

  /// The hashes that lead from the tree of `old` leaves to that of `new` (RFC 6962, 2.1.2).
  public static func consistency<E: Error>(
    from old: UInt64, to new: UInt64, _ subtree: Subtree<E>
  ) throws(E) -> [SHA256Digest] {
    precondition(old >= 1 && old <= new, "no such trees")
    var hasher = MerkleHasher()
    var proof: [SHA256Digest] = []
    var range = 0..<new
    var isOldRoot = true
    while range.upperBound != old {
      let middle = range.lowerBound + split(range.upperBound - range.lowerBound)
      if old <= middle {
        proof.append(try root(middle..<range.upperBound, &hasher, subtree))
        range = range.lowerBound..<middle
      } else {
        proof.append(try root(range.lowerBound..<middle, &hasher, subtree))
        range = middle..<range.upperBound
        isOldRoot = false
      }
    }
    if !isOldRoot { proof.append(try root(range, &hasher, subtree)) }
    return proof.reversed()
  }

  /// The root over the leaves of `range`, whose start is a multiple of its largest power of two.
  public static func root<E: Error>(
    _ range: Range<UInt64>, _ hasher: inout MerkleHasher, _ subtree: Subtree<E>
  ) throws(E) -> SHA256Digest {
    let count = range.upperBound - range.lowerBound
    if count == 0 { return hasher.empty() }
    if count.nonzeroBitCount == 1 {
      let height = count.trailingZeroBitCount
      return try subtree(height, range.lowerBound >> UInt64(height))
    }
    let middle = range.lowerBound + split(count)
    let left = try root(range.lowerBound..<middle, &hasher, subtree)
    let right = try root(middle..<range.upperBound, &hasher, subtree)
    return hasher.node(left, right)
  }

  /// The largest power of two below `count`, which is at least 2.
  private static func split(_ count: UInt64) -> UInt64 {
    1 << UInt64(63 - (count - 1).leadingZeroBitCount)
  }

  /// Whether `proof` shows that `leaf` is number `index` of the tree of `size` leaves with `root`
  /// (RFC 9162, 2.1.3.2).
  public static func isIncluded(
    _ leaf: SHA256Digest, index: UInt64, size: UInt64, proof: [SHA256Digest], root: SHA256Digest
  ) -> Bool {
    guard index < size else { return false }
    var hasher = MerkleHasher()
    var (node, last, hash) = (index, size - 1, leaf)
    for sibling in proof {
      if last == 0 { return false }
      if node & 1 == 1 || node == last {
        hash = hasher.node(sibling, hash)
        while node & 1 == 0 && node != 0 {
          node >>= 1
          last >>= 1
        }
      } else {
        hash = hasher.node(hash, sibling)
      }
      node >>= 1
      last >>= 1
    }
    return last == 0 && hash == root
  }

  /// Whether `proof` shows that the tree of `new` leaves extends that of `old` (RFC 9162, 2.1.4.2).
  /// False for an old size of zero: there is nothing to prove then.
  public static func isConsistent(
    old: UInt64, oldRoot: SHA256Digest, new: UInt64, newRoot: SHA256Digest, proof: [SHA256Digest]
  ) -> Bool {
    guard old >= 1, old <= new else { return false }
    if old == new { return proof.isEmpty && oldRoot == newRoot }
    var path = proof
    if old.nonzeroBitCount == 1 { path.insert(oldRoot, at: 0) }
    guard let first = path.first else { return false }
    var hasher = MerkleHasher()
    var (node, last) = (old - 1, new - 1)
    while node & 1 == 1 {
      node >>= 1
      last >>= 1
    }
    var (oldHash, newHash) = (first, first)
    for sibling in path.dropFirst() {
      if last == 0 { return false }
      if node & 1 == 1 || node == last {
        oldHash = hasher.node(sibling, oldHash)
        newHash = hasher.node(sibling, newHash)
        while node & 1 == 0 && node != 0 {
          node >>= 1
          last >>= 1
        }
      } else {
        newHash = hasher.node(newHash, sibling)
      }
      node >>= 1
      last >>= 1
    }
    return last == 0 && oldHash == oldRoot && newHash == newRoot
  }
}
