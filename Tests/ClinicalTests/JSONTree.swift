import Foundation

@testable import Clinical

/// A JSON value as far as comparing readers needs it: numbers and words are all one.
indirect enum JSONTree: Equatable {
  case scalar
  case string(String)
  case array([JSONTree])
  /// Members by name, the last one winning, as Foundation has it.
  case object([String: JSONTree])

  /// The value that Foundation read.
  init(_ value: Any) {
    switch value {
    case let text as String: self = .string(text)
    case let items as [Any]: self = .array(items.map(JSONTree.init))
    case let members as [String: Any]: self = .object(members.mapValues(JSONTree.init))
    default: self = .scalar
    }
  }
}

/// Builds a tree from a scanner's calls.
struct TreeSink: JSONSink {
  private var stack: [(JSONTree, String)] = []
  private var name = ""
  private(set) var result: JSONTree?
  var isStopped: Bool { false }

  mutating func begin(isArray: Bool) { stack.append((isArray ? .array([]) : .object([:]), name)) }

  mutating func end(isArray: Bool) {
    let (tree, outer) = stack.removeLast()
    name = outer
    add(tree)
  }

  mutating func key(_ text: JSONText) { name = string(of: text) }
  mutating func wantsString() -> Bool { true }
  mutating func string(_ text: JSONText) { add(.string(string(of: text))) }
  mutating func scalar() { add(.scalar) }

  private func string(of text: JSONText) -> String {
    unsafe String(decoding: text.bytes.raw, as: UTF8.self)
  }

  private mutating func add(_ tree: JSONTree) {
    guard let (last, outer) = stack.popLast() else {
      result = tree
      return
    }
    switch last {
    case .array(let items): stack.append((.array(items + [tree]), outer))
    case .object(var members):
      members[name] = tree
      stack.append((.object(members), outer))
    default: preconditionFailure("only arrays and objects are open")
    }
  }
}

/// What one reading of a text gave.
struct Reading: Equatable {
  var tree: JSONTree?
  var fault: JSONFault?
  var offset: Int
}

/// Reads `text` in the given pieces.
func read(_ pieces: [ArraySlice<UInt8>], textBytesMax: Int = 4_096) -> Reading {
  var scanner = JSONScanner(textBytesMax: textBytesMax)
  var sink = TreeSink()
  for piece in pieces {
    unsafe piece.withUnsafeBytes { unsafe scanner.feed($0, into: &sink) }
  }
  scanner.finish(into: &sink)
  return Reading(
    tree: scanner.isDone ? sink.result : nil, fault: scanner.fault, offset: scanner.offset)
}
