import Base
import Testing

@testable import Cache

/// S3-FIFO as the store uses it, against a plain simulator and other policies on one trace.
@Suite struct EvictionTests {
  /// A trace with Zipf's distribution (exponent 1), and one-shot keys mixed in.
  private func trace(seed: UInt64, count: Int, keys: Int, oneShotPercent: Int = 0) -> [UInt64] {
    var random = SplitMix64(seed: seed)
    var sums: [Double] = []
    var sum = 0.0
    for rank in 1...keys {
      sum += 1 / Double(rank)
      sums.append(sum)
    }
    return (0..<count).map { index in
      if Int.random(in: 0..<100, using: &random) < oneShotPercent {
        return UInt64(keys + index)
      }
      let point = Double.random(in: 0..<sum, using: &random)
      var low = 0
      var high = keys - 1
      while low < high {
        let middle = (low + high) / 2
        if sums[middle] > point { high = middle } else { low = middle + 1 }
      }
      return UInt64(low)
    }
  }

  /// The share of hits of `S3FIFO` with entries of one byte.
  private func hitPercent(_ trace: [UInt64], size: Int) -> Double {
    var policy = S3FIFO(byteCountMax: size, ghostCount: size)
    var nodes: [UInt64: Int] = [:]
    var keys: [Int: UInt64] = [:]
    var free = Array(0...size)
    var hits = 0
    for key in trace {
      if let node = nodes[key] {
        policy.touch(node)
        hits += 1
        continue
      }
      while policy.count >= size {
        guard let node = policy.evict(), let old = keys.removeValue(forKey: node) else { break }
        nodes[old] = nil
        free.append(node)
      }
      guard let node = free.popLast() else { return -1 }
      nodes[key] = node
      keys[node] = key
      var generator = SplitMix64(seed: key)
      policy.insert(node, hash: generator.next(), cost: 1)
    }
    return Double(hits) * 100 / Double(trace.count)
  }

  /// The algorithm of the paper, word by word, with an exact ghost queue.
  private func referencePercent(_ trace: [UInt64], size: Int) -> Double {
    var small: [UInt64] = []
    var main: [UInt64] = []
    var ghost: [UInt64] = []
    var (smallHead, mainHead, ghostHead) = (0, 0, 0)
    var uses: [UInt64: Int] = [:]
    var ghosts: Set<UInt64> = []
    var hits = 0
    for key in trace {
      if let count = uses[key] {
        uses[key] = min(3, count + 1)
        hits += 1
        continue
      }
      while uses.count >= size {
        if small.count - smallHead > size / 10 || main.count == mainHead {
          let oldest = small[smallHead]
          smallHead += 1
          if uses[oldest, default: 0] > 1 {
            uses[oldest] = 0
            main.append(oldest)
          } else {
            uses[oldest] = nil
            ghost.append(oldest)
            ghosts.insert(oldest)
            if ghost.count - ghostHead > size * 9 / 10 {
              ghosts.remove(ghost[ghostHead])
              ghostHead += 1
            }
          }
        } else {
          let oldest = main[mainHead]
          mainHead += 1
          if let count = uses[oldest], count > 0 {
            uses[oldest] = count - 1
            main.append(oldest)
          } else {
            uses[oldest] = nil
          }
        }
      }
      uses[key] = 0
      if ghosts.contains(key) { main.append(key) } else { small.append(key) }
    }
    return Double(hits) * 100 / Double(trace.count)
  }

  @Test(arguments: [(UInt64(1), 0), (2, 20)])
  func hitsAsOftenAsTheReference(seed: UInt64, oneShotPercent: Int) {
    let trace = trace(seed: seed, count: 200_000, keys: 20_000, oneShotPercent: oneShotPercent)
    for size in [200, 1000, 2000] {
      let ours = hitPercent(trace, size: size)
      let reference = referencePercent(trace, size: size)
      #expect(abs(ours - reference) < 0.5, "\(size): \(ours) against \(reference)")
    }
  }

  /// A flood of keys that never come again pushes nobody out who does.
  @Test func aScanDoesNotEmptyTheCache() {
    let quiet = hitPercent(trace(seed: 3, count: 100_000, keys: 10_000), size: 1000)
    let busy = hitPercent(
      trace(seed: 3, count: 125_000, keys: 10_000, oneShotPercent: 20), size: 1000)
    #expect(busy / 0.8 > quiet - 2, "\(busy / 0.8) against \(quiet)")
  }

  /// Random inserts, hits, removals and evictions against a set.
  @Test(arguments: [UInt64(1), 2, 3])
  func neverLosesCount(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var policy = S3FIFO(byteCountMax: 5000, ghostCount: 100)
    var costs: [Int: Int] = [:]
    for _ in 0..<20_000 {
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        let node = Int.random(in: 0..<300, using: &random)
        guard costs[node] == nil else { continue }
        costs[node] = Int.random(in: 1...200, using: &random)
        policy.insert(node, hash: random.next() % 500, cost: costs[node] ?? 0)
      case 1: if let node = costs.keys.min() { policy.touch(node) }
      case 2:
        if let node = costs.keys.max() {
          policy.remove(node)
          costs[node] = nil
        }
      default:
        while policy.byteCount > 5000 {
          guard let node = policy.evict() else { break }
          #expect(costs.removeValue(forKey: node) != nil)
        }
      }
      #expect(policy.count == costs.count)
      #expect(policy.byteCount == costs.values.reduce(0, +))
    }
  }

  @Test(arguments: [UInt64(1), 2, 3])
  func theTableFindsWhatIsInIt(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var table = SlotTable()
    var model: [Int: UInt64] = [:]
    for step in 0..<5000 {
      if Bool.random(using: &random) || model.isEmpty {
        // Few hashes, so that runs form and wrap around.
        let hash = UInt64.random(in: 0..<200, using: &random) &* 0x0101_0101
        table.insert(hash, step)
        model[step] = hash
      } else if let node = model.keys.randomElement(using: &random), let hash = model[node] {
        table.remove(hash, node)
        model[node] = nil
      }
      if step % 50 == 0 {
        for (node, hash) in model { #expect(table.find(hash) { $0 == node } == node) }
        #expect(table.find(7) { _ in true } == nil)
      }
    }
  }
}
