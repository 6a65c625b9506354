/// The ends of a queue of nodes, and what they cost.
struct Chain {
  /// The oldest node, or -1.
  var oldest: Int32 = -1
  /// The newest node, or -1.
  var newest: Int32 = -1
  /// How many there are.
  var count = 0
  /// The sum of their costs in bytes.
  var byteCount = 0
}

/// The links of queues in which each node stands once at most.
struct Links {
  private var next: [Int32] = []
  private var previous: [Int32] = []

  /// Makes room for a node.
  mutating func reserve(_ node: Int) {
    while next.count <= node {
      next.append(-1)
      previous.append(-1)
    }
  }

  /// Appends a node at the newest end.
  mutating func append(_ node: Int, cost: Int, to chain: inout Chain) {
    next[node] = -1
    previous[node] = chain.newest
    if chain.newest >= 0 {
      next[Int(chain.newest)] = Int32(node)
    } else {
      chain.oldest = Int32(node)
    }
    chain.newest = Int32(node)
    chain.count += 1
    chain.byteCount += cost
  }

  /// Takes a node out, wherever it stands.
  mutating func remove(_ node: Int, cost: Int, from chain: inout Chain) {
    let (before, after) = (previous[node], next[node])
    if before >= 0 { next[Int(before)] = after } else { chain.oldest = after }
    if after >= 0 { previous[Int(after)] = before } else { chain.newest = before }
    chain.count -= 1
    chain.byteCount -= cost
  }
}
