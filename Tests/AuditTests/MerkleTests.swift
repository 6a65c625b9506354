import Audit
import Base
import Native
import Testing

/// Hexadecimal digits as bytes.
func bytes(hexadecimal text: String) -> [UInt8] {
  let digits = Array(text)
  return stride(from: 0, to: digits.count, by: 2).map {
    UInt8(String(digits[$0...($0 + 1)]), radix: 16) ?? 0
  }
}

/// The tree by its definition (RFC 6962, 2.1): slow, and referees the fast one.
struct NaiveTree {
  var leaves: [SHA256Digest] = []
  private static func split(_ count: Int) -> Int {
    var split = 1
    while split * 2 < count { split *= 2 }
    return split
  }

  func root(_ range: Range<Int>) -> SHA256Digest {
    var hasher = MerkleHasher()
    if range.isEmpty { return SHA256.hash([UInt8]()) }
    if range.count == 1 { return leaves[range.lowerBound] }
    let middle = range.lowerBound + Self.split(range.count)
    let left = root(range.lowerBound..<middle)
    return hasher.node(left, root(middle..<range.upperBound))
  }

  func path(_ index: Int, _ range: Range<Int>) -> [SHA256Digest] {
    if range.count <= 1 { return [] }
    let middle = range.lowerBound + Self.split(range.count)
    return index < middle
      ? path(index, range.lowerBound..<middle) + [root(middle..<range.upperBound)]
      : path(index, middle..<range.upperBound) + [root(range.lowerBound..<middle)]
  }

  func subproof(_ old: Int, _ range: Range<Int>, _ isWhole: Bool) -> [SHA256Digest] {
    if old == range.count { return isWhole ? [] : [root(range)] }
    let split = Self.split(range.count)
    let middle = range.lowerBound + split
    return old <= split
      ? subproof(old, range.lowerBound..<middle, isWhole) + [root(middle..<range.upperBound)]
      : subproof(old - split, middle..<range.upperBound, false)
        + [root(range.lowerBound..<middle)]
  }
}

/// The leaves that the published vectors of RFC 6962 use, and the roots after each of them.
private let vectors = [
  ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
  ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
  ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
  ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
  ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
  ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
  ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
  (
    "606162636465666768696a6b6c6d6e6f",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
  ),
]

@Test func publishedRootsHold() {
  var frontier = MerkleFrontier()
  var hasher = MerkleHasher()
  var tails = TileTails()
  #expect(
    frontier.root(&hasher).description
      == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  for (leaf, root) in vectors {
    frontier.append(hasher.leaf(bytes(hexadecimal: leaf)), &hasher, tiles: &tails)
    #expect(frontier.root(&hasher).description == root)
  }
}

/// A tree grown leaf by leaf, with its naive twin and its tiles.
private struct Grown: ~Copyable {
  var frontier = MerkleFrontier()
  var naive = NaiveTree()
  var tails = TileTails()
  var hasher = MerkleHasher()

  init(_ size: Int) {
    for index in 0..<size {
      let leaf = hasher.leaf(Array("leaf \(index)".utf8))
      naive.leaves.append(leaf)
      frontier.append(leaf, &hasher, tiles: &tails)
    }
  }

  func subtree(_ height: Int, _ index: UInt64) -> SHA256Digest {
    Tiles.subtree(height: height, index: index) { level, index in
      let start = Int(index) * 32
      let stored = tails.levels[level][start..<(start + 32)]
      return unsafe stored.withUnsafeBytes { unsafe SHA256Digest($0) } ?? .zero
    }
  }
}

@Test(arguments: [0, 1, 2, 3, 7, 8, 15, 64, 65, 255, 256, 257, 300, 600])
func frontierTilesAndProofsAgreeWithTheDefinition(size: Int) {
  var tree = Grown(size)
  let root = tree.naive.root(0..<size)
  #expect(tree.frontier.root(&tree.hasher) == root)
  #expect(tree.frontier.nodes.count == size.nonzeroBitCount)
  for level in 0..<3 {
    let count = Tiles.hashCount(level: level, size: UInt64(size))
    #expect(tree.tails.levels[level].count == Int(count) * 32)
  }
  for index in Set([0, 1, size / 2, size - 2, size - 1]) where index >= 0 && index < size {
    let proof = MerkleProofs.inclusion(index: UInt64(index), size: UInt64(size)) { height, index in
      tree.subtree(height, index)
    }
    #expect(proof == tree.naive.path(index, 0..<size))
    let leaf = tree.naive.leaves[index]
    #expect(
      MerkleProofs.isIncluded(
        leaf, index: UInt64(index), size: UInt64(size), proof: proof, root: root))
    #expect(
      !MerkleProofs.isIncluded(
        root == leaf ? .zero : root, index: UInt64(index), size: UInt64(size), proof: proof,
        root: root))
    #expect(
      !MerkleProofs.isIncluded(
        leaf, index: UInt64(index), size: UInt64(size), proof: proof + [leaf], root: root))
  }
  for old in Set([1, 2, size / 3, size / 2, size - 1, size]) where old >= 1 && old <= size {
    let proof = MerkleProofs.consistency(from: UInt64(old), to: UInt64(size)) { height, index in
      tree.subtree(height, index)
    }
    #expect(proof == tree.naive.subproof(old, 0..<size, true))
    let oldRoot = tree.naive.root(0..<old)
    #expect(
      MerkleProofs.isConsistent(
        old: UInt64(old), oldRoot: oldRoot, new: UInt64(size), newRoot: root, proof: proof))
    #expect(
      !MerkleProofs.isConsistent(
        old: UInt64(old), oldRoot: .zero, new: UInt64(size), newRoot: root, proof: proof))
    #expect(
      !MerkleProofs.isConsistent(
        old: UInt64(old), oldRoot: oldRoot, new: UInt64(size), newRoot: .zero, proof: proof))
  }
}

/// Every proof of every tree up to 70 leaves is accepted, and rejected with any hash changed.
@Test func everySmallProofHoldsAndNoChangedOneDoes() {
  for size in 1...70 {
    let tree = Grown(size)
    let root = tree.naive.root(0..<size)
    for index in 0..<size {
      var proof = MerkleProofs.inclusion(index: UInt64(index), size: UInt64(size)) {
        tree.subtree($0, $1)
      }
      let leaf = tree.naive.leaves[index]
      func holds() -> Bool {
        MerkleProofs.isIncluded(
          leaf, index: UInt64(index), size: UInt64(size), proof: proof, root: root)
      }
      #expect(holds())
      guard let changed = proof.indices.last else { continue }
      proof[index % (changed + 1)] = root
      #expect(!holds())
    }
  }
}

@Test func thereIsNothingToProveOfAnEmptyTree() {
  let empty = SHA256.hash([UInt8]())
  #expect(
    !MerkleProofs.isConsistent(old: 0, oldRoot: empty, new: 0, newRoot: empty, proof: []))
  #expect(
    !MerkleProofs.isConsistent(old: 3, oldRoot: empty, new: 2, newRoot: empty, proof: []))
  #expect(!MerkleProofs.isIncluded(empty, index: 0, size: 0, proof: [], root: empty))
}

@Test(arguments: [
  (0, 0, 256, "tile/0/000"), (1, 1_234_067, 256, "tile/1/x001/x234/067"),
  (2, 5, 8, "tile/2/005.p/8"), (nil, 1000, 255, "tile/entries/x001/000.p/255"),
])
func tilePathsAreThoseOfTheSpecification(
  level: Int?, number: UInt64, width: UInt64, path: String
) {
  #expect(Tiles.path(level: level, number: number, width: width) == path)
}
