/// The value codes of one request, by attribute; lives on the stack. Small, because it is copied;
/// places, the longest list, have at most some 12,000 codes.
struct Codes: Sendable {
  /// More attributes than this need a greater array; `Domains` checks it.
  static let capacity = 24
  /// The walk of a diagram reads them through a span: a subscript would copy them each time.
  private(set) var values = InlineArray<24, UInt16>(repeating: 0)

  /// All codes zero.
  init() {}

  /// The codes of a list with one code per attribute.
  init(_ list: [Int]) {
    precondition(list.count == Attribute.count, "one code per attribute")
    for (index, code) in list.enumerated() { values[index] = UInt16(code) }
  }

  /// The code of the attribute with this raw value.
  subscript(_ index: Int) -> Int {
    @inline(__always) get { Int(values[index]) }
    @inline(__always) set { values[index] = UInt16(truncatingIfNeeded: newValue) }
  }

  /// The code of `attribute`.
  subscript(_ attribute: Attribute) -> Int {
    @inline(__always) get { self[attribute.rawValue] }
    @inline(__always) set { self[attribute.rawValue] = newValue }
  }
}
