/// Which entry goes when room is needed: S3-FIFO.
///
/// Yang, Zhang, Qiu, Yue, Rashmi, "FIFO queues are all you need for cache eviction" (SOSP 2023):
/// what is new passes through a small queue with a tenth of the bytes; what was asked for again
/// there moves to the main queue, the rest leaves a ghost, and what comes back while its ghost
/// stands goes to the main queue at once. A hit writes one byte.
struct S3FIFO {
  private struct Node {
    var hash: UInt64 = 0
    var cost = 0
    /// Times asked for since it was looked at last, 0 to 3.
    var uses: UInt8 = 0
    var isInMain = false
  }

  private var nodes: [Node] = []
  private var links = Links()
  private var small = Chain()
  private var main = Chain()
  private var ghosts: GhostTable
  private let smallByteCountMax: Int

  /// Makes empty queues for `byteCountMax` bytes of which each ghost may remember one entry.
  init(byteCountMax: Int, ghostCount: Int) {
    smallByteCountMax = byteCountMax / 10
    ghosts = GhostTable(count: ghostCount)
  }

  /// The bytes in both queues.
  var byteCount: Int { small.byteCount + main.byteCount }
  /// The entries in both queues.
  var count: Int { small.count + main.count }

  /// Notes a hit.
  @inline(__always)
  mutating func touch(_ node: Int) {
    if nodes[node].uses < 3 { nodes[node].uses += 1 }
  }

  /// Adds an entry under a node number of the owner's.
  mutating func insert(_ node: Int, hash: UInt64, cost: Int) {
    while nodes.count <= node { nodes.append(Node()) }
    links.reserve(node)
    let isInMain = ghosts.contains(hash, ageMax: max(count * 9 / 10, 16))
    nodes[node] = Node(hash: hash, cost: cost, uses: 0, isInMain: isInMain)
    if isInMain {
      links.append(node, cost: cost, to: &main)
    } else {
      links.append(node, cost: cost, to: &small)
    }
  }

  /// Takes an entry out that ended by itself.
  mutating func remove(_ node: Int) {
    let cost = nodes[node].cost
    if nodes[node].isInMain {
      links.remove(node, cost: cost, from: &main)
    } else {
      links.remove(node, cost: cost, from: &small)
    }
  }

  /// Takes the entry out that should go next; nil when there is none.
  mutating func evict() -> Int? {
    while count > 0 {
      if small.byteCount > smallByteCountMax || main.count == 0 {
        if let node = evictSmall() { return node }
      } else if let node = evictMain() {
        return node
      }
    }
    return nil
  }

  /// Looks at the oldest new entry: nil when it moved to the main queue.
  private mutating func evictSmall() -> Int? {
    let node = Int(small.oldest)
    let cost = nodes[node].cost
    links.remove(node, cost: cost, from: &small)
    if nodes[node].uses > 1 {
      nodes[node].uses = 0
      nodes[node].isInMain = true
      links.append(node, cost: cost, to: &main)
      return nil
    }
    ghosts.insert(nodes[node].hash)
    return node
  }

  /// Looks at the oldest proven entry: nil when it gets another round.
  private mutating func evictMain() -> Int? {
    let node = Int(main.oldest)
    let cost = nodes[node].cost
    links.remove(node, cost: cost, from: &main)
    if nodes[node].uses > 0 {
      nodes[node].uses -= 1
      links.append(node, cost: cost, to: &main)
      return nil
    }
    return node
  }
}

/// Which entries left the small queue lately: hashes with the number of their leaving, each in one
/// of two places. No entry is ever taken out; old ones count no more.
struct GhostTable {
  private struct Ghost {
    var mark: UInt32 = 0
    var number: UInt32 = 0
  }

  private var ghosts: [Ghost]
  private var number: UInt32 = 0

  /// Makes a table that remembers about `count` entries.
  init(count: Int) {
    var size = 64
    while size < count * 4 { size *= 2 }
    ghosts = Array(repeating: Ghost(), count: size)
  }

  /// Remembers that an entry left, in place of the older of two.
  mutating func insert(_ hash: UInt64) {
    number &+= 1
    let (first, second, mark) = places(hash)
    let firstAge = number &- ghosts[first].number
    let secondAge = number &- ghosts[second].number
    ghosts[firstAge >= secondAge ? first : second] = Ghost(mark: mark, number: number)
  }

  /// Whether it is among the last `ageMax` that left.
  func contains(_ hash: UInt64, ageMax: Int) -> Bool {
    let (first, second, mark) = places(hash)
    for place in [first, second]
    where ghosts[place].mark == mark && Int(number &- ghosts[place].number) < ageMax
      && ghosts[place].number != 0
    { return true }
    return false
  }

  /// Two neighbouring places and the mark that is left of the hash.
  private func places(_ hash: UInt64) -> (Int, Int, UInt32) {
    let mixed = hash &* 0x9E37_79B9_7F4A_7C15
    let first = Int(truncatingIfNeeded: mixed >> 32) & (ghosts.count - 1)
    return (first, first ^ 1, UInt32(truncatingIfNeeded: mixed) | 1)
  }
}
