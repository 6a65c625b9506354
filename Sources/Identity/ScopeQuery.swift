/// The query part of a granular SMART 2 scope (`?category=system|code`): which resources of its
/// type it covers.
///
/// A request lies inside when its own query says so in the same words: each parameter of the scope
/// stands in it, every time without modifier or chain and with values of the scope only. That is
/// less than could be proved, and never more: whatever a server might read in two ways (an encoded
/// name, `;`, a join that adds other resources) lies outside.
/// <https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html>
struct ScopeQuery: Sendable, Equatable {
  /// One `name=value,value`.
  struct Parameter: Sendable, Equatable {
    /// The search parameter, without a modifier.
    let name: [UInt8]
    /// The values; a resource has one of them.
    let values: [[UInt8]]
  }

  /// All of them hold.
  let parameters: [Parameter]

  /// Reads what stands behind the question mark; nil for what is not plain `name=value`, of which
  /// nothing can be said.
  init?(_ text: Substring) {
    guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !Self.isDoubtful($0) }) else {
      return nil
    }
    var parameters: [Parameter] = []
    for part in text.split(separator: "&", omittingEmptySubsequences: false) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2, Self.isName(pair[0]), !pair[1].contains("=") else { return nil }
      let values = pair[1].split(separator: ",", omittingEmptySubsequences: false)
      guard values.allSatisfy({ !$0.isEmpty }) else { return nil }
      parameters.append(Parameter(name: Array(pair[0].utf8), values: values.map { Array($0.utf8) }))
    }
    guard parameters.count <= IdentityLimits.scopeParameterCountMax else { return nil }
    self.parameters = parameters
  }

  /// Whether every resource that `query` (a request's, without the question mark) finds is one that
  /// the scope covers.
  func contains(_ query: UnsafeRawBufferPointer) -> Bool {
    var found: UInt32 = 0
    var start = 0
    while start <= query.count {
      var end = start
      while unsafe end < query.count && query[end] != UInt8(ascii: "&") { end += 1 }
      if end > start {
        let part = unsafe UnsafeRawBufferPointer(rebasing: query[start..<end])
        guard let named = unsafe judge(part) else { return false }
        found |= named
      }
      start = end + 1
    }
    return found == (1 << UInt32(parameters.count)) - 1
  }

  /// Which of the parameters one `name=value` of a request satisfies, as bits; nil when it leads
  /// outside.
  private func judge(_ part: UnsafeRawBufferPointer) -> UInt32? {
    var equals = 0
    while unsafe equals < part.count && part[equals] != UInt8(ascii: "=") { equals += 1 }
    let name = unsafe UnsafeRawBufferPointer(rebasing: part[0..<equals])
    guard unsafe name.allSatisfy(Self.isNameByte),
      unsafe !part.contains(UInt8(ascii: ";"))
    else { return nil }
    if unsafe name.first == UInt8(ascii: "_") {
      guard unsafe Self.isHarmless(name) else { return nil }
    }
    let value = unsafe UnsafeRawBufferPointer(
      rebasing: part[min(equals + 1, part.count)..<part.count])
    var bits: UInt32 = 0
    for index in parameters.indices {
      guard unsafe name.elementsEqual(parameters[index].name) else { continue }
      guard unsafe Self.lies(value, in: parameters[index].values) else { return nil }
      bits |= 1 << UInt32(index)
    }
    return bits
  }

  /// Whether each element of a request's value is one of `values`.
  private static func lies(_ value: UnsafeRawBufferPointer, in values: [[UInt8]]) -> Bool {
    var rest = unsafe value[...]
    while true {
      var length: Int?
      for known in values {
        if let count = unsafe prefix(of: rest, spelling: known) { length = count }
      }
      guard let length else { return false }
      unsafe rest = unsafe rest.dropFirst(length)
      if unsafe rest.isEmpty { return true }
      unsafe rest = unsafe rest.dropFirst(rest.first == UInt8(ascii: ",") ? 1 : 3)
    }
  }

  /// How many bytes of `text` spell `known`, escapes decoded; nil when its first element is
  /// something else.
  private static func prefix(
    of text: Slice<UnsafeRawBufferPointer>, spelling known: [UInt8]
  ) -> Int? {
    var index = unsafe text.startIndex
    for byte in known {
      guard unsafe index < text.endIndex else { return nil }
      if unsafe text[index] == UInt8(ascii: "%") {
        guard let decoded = unsafe escape(text, index), decoded == byte else { return nil }
        index += 3
      } else {
        guard unsafe text[index] == byte else { return nil }
        index += 1
      }
    }
    let isEnd =
      unsafe index == text.endIndex || text[index] == UInt8(ascii: ",")
      || escape(text, index) == UInt8(ascii: ",")
    return unsafe isEnd ? index - text.startIndex : nil
  }

  /// The byte that the escape at `index` stands for.
  private static func escape(_ text: Slice<UnsafeRawBufferPointer>, _ index: Int) -> UInt8? {
    guard unsafe index + 2 < text.endIndex, unsafe text[index] == UInt8(ascii: "%"),
      let high = unsafe digit(text[index + 1]), let low = unsafe digit(text[index + 2])
    else { return nil }
    return high << 4 | low
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }

  /// Bytes that some servers decode, split at or take out of a value.
  private static func isDoubtful(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "%"), UInt8(ascii: "+"), UInt8(ascii: ";"), UInt8(ascii: "\\"),
      UInt8(ascii: "?"), UInt8(ascii: "#"):
      true
    default: false
    }
  }

  /// Whether the text names a search parameter, and nothing else.
  private static func isName(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy(isNameByte)
      && (text.utf8.first != UInt8(ascii: "_") || ["_security", "_tag", "_id"].contains(text))
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
    default: false
    }
  }

  /// Parameters for all types that add no resource of another kind to the answer.
  private static func isHarmless(_ name: UnsafeRawBufferPointer) -> Bool {
    for known in harmless {
      let bytes = unsafe UnsafeRawBufferPointer(
        start: known.utf8Start, count: known.utf8CodeUnitCount)
      if unsafe name.elementsEqual(bytes) { return true }
    }
    return false
  }

  private static let harmless: [StaticString] = [
    "_count", "_elements", "_format", "_id", "_lastUpdated", "_pretty", "_security", "_sort",
    "_summary", "_tag", "_total",
  ]
}

extension ScopeQuery: CustomStringConvertible {
  /// The query as the token has it.
  var description: String {
    parameters.map { parameter in
      let values = parameter.values.map { String(decoding: $0, as: UTF8.self) }
      return "\(String(decoding: parameter.name, as: UTF8.self))=\(values.joined(separator: ","))"
    }.joined(separator: "&")
  }
}
