/// Writes MaxMind databases small enough for tests (MaxMind DB file format, version 2.0).
struct TinyMMDB {
  /// A value of the data section.
  indirect enum Value {
    case text(String)
    case number16(UInt16)
    case number32(UInt32)
    case number64(UInt64)
    case flag(Bool)
    case list([Value])
    case map([(String, Value)])
  }

  /// Where an entry of the tree leads: nowhere yet, to a node, or to data.
  private enum Record {
    case empty
    case node(Int)
    case data(Int)
  }

  private var nodes: [(Record, Record)] = [(.empty, .empty)]
  private var data: [UInt8] = []
  private let addressBitCount: Int

  /// A tree of IPv4 (32 bits) or IPv6 (128 bits) addresses.
  init(addressBitCount: Int) { self.addressBitCount = addressBitCount }

  /// Adds a network; the address in bytes, most significant first.
  mutating func add(_ address: [UInt8], prefix: Int, _ value: Value) {
    let offset = data.count
    data += Self.encode(value)
    var node = 0
    for bit in 0..<prefix {
      let isRight = address[bit / 8] >> UInt8(7 - bit % 8) & 1 == 1
      let isLast = bit == prefix - 1
      let old = isRight ? nodes[node].1 : nodes[node].0
      var next = nodes.count
      if case .node(let index) = old, !isLast { next = index }
      let record: Record = isLast ? .data(offset) : .node(next)
      if isRight { nodes[node].1 = record } else { nodes[node].0 = record }
      if !isLast && next == nodes.count { nodes.append((.empty, .empty)) }
      node = next
    }
  }

  /// The file.
  func bytes() -> [UInt8] {
    var file: [UInt8] = []
    for (left, right) in nodes {
      for record in [left, right] {
        let number: Int =
          switch record {
          case .empty: nodes.count
          case .node(let index): index
          case .data(let offset): nodes.count + 16 + offset
          }
        file += [UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)]
      }
    }
    file += [UInt8](repeating: 0, count: 16) + data
    file += [0xAB, 0xCD, 0xEF] + Array("MaxMind.com".utf8)
    return file
      + Self.encode(
        .map([
          ("node_count", .number32(UInt32(nodes.count))), ("record_size", .number16(24)),
          ("ip_version", .number16(addressBitCount == 32 ? 4 : 6)),
          ("database_type", .text("Test-City")), ("languages", .list([.text("en")])),
          ("binary_format_major_version", .number16(2)),
          ("binary_format_minor_version", .number16(0)),
          ("build_epoch", .number64(1_700_000_000)),
          ("description", .map([("de", .text("Klein")), ("en", .text("Tiny"))])),
        ]))
  }

  /// A value after its control byte.
  private static func encode(_ value: Value) -> [UInt8] {
    func control(_ type: UInt8, _ size: Int) -> [UInt8] {
      let short = UInt8(size < 29 ? size : 29)
      let extra = size < 29 ? [] : [UInt8(size - 29)]
      return (type < 8 ? [type << 5 | short] : [short, type - 7]) + extra
    }
    func big(_ number: UInt64, _ byteCount: Int) -> [UInt8] {
      (0..<byteCount).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * (byteCount - 1 - $0))) }
    }
    switch value {
    case .text(let text): return control(2, text.utf8.count) + Array(text.utf8)
    case .number16(let number): return control(5, 2) + big(UInt64(number), 2)
    case .number32(let number): return control(6, 4) + big(UInt64(number), 4)
    case .number64(let number): return control(9, 8) + big(number, 8)
    case .flag(let flag): return control(14, flag ? 1 : 0)
    case .list(let values): return control(11, values.count) + values.flatMap(encode)
    case .map(let pairs):
      return control(7, pairs.count) + pairs.flatMap { encode(.text($0.0)) + encode($0.1) }
    }
  }
}
