import Yams

/// Reads a text as one strict YAML document.
public enum Document {
  /// The document's root, and every complaint about its form; no root when it cannot be read.
  public static func parse(text: String, file: String) -> (Node?, [Diagnostic]) {
    let diagnostics = Diagnostics(file: file, text: text)
    let root = parse(diagnostics)
    return (root, diagnostics.sorted())
  }

  /// The document's root; complaints go into `diagnostics`, which holds the text.
  ///
  /// Call this one to check a schema afterwards and show all complaints together.
  public static func parse(_ diagnostics: Diagnostics) -> Node? {
    guard Prescan.isReadable(diagnostics) else { return nil }
    let composed: Yams.Node?
    do {
      // The parser keeps a pointer into the text: the added comment makes it too long to be stored
      // in the string's own words, so that the pointer stays good.
      var text = diagnostics.text + "\n# end of file\n"
      text.makeContiguousUTF8()
      composed = try Yams.Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
    } catch let error as YamlError {
      report(error, diagnostics)
      return nil
    } catch {
      diagnostics.error(.syntax, at: .start, "not YAML")
      return nil
    }
    guard let composed else {
      diagnostics.error(.empty, at: .start, "the file holds no document")
      return nil
    }
    return Conversion(diagnostics: diagnostics).node(composed, depth: 0)
  }

  /// Says in our words what the parser found.
  private static func report(_ error: YamlError, _ diagnostics: Diagnostics) {
    switch error {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _):
      let sentence = [context?.text, problem].compactMap { $0 }.joined(separator: ", ")
      diagnostics.error(
        .syntax, at: diagnostics.nearestMark(to: Mark(mark)), "not YAML: \(sentence)")
    case .composer(_, let problem, let mark, _):
      let mark = diagnostics.nearestMark(to: Mark(mark))
      if problem.contains("another document") {
        diagnostics.error(.secondDocument, at: mark, "a file holds one document only")
      } else {
        diagnostics.error(.anchor, at: mark, "anchors and aliases are not accepted")
      }
    case .duplicatedKeysInMapping(let duplicates, let context):
      let first = Mark(context.mark)
      let key = duplicates.first ?? ""
      diagnostics.error(
        .duplicateKey, at: repetition(of: key, after: first, diagnostics) ?? first,
        "key `\(key)` stands twice in one mapping, first in line \(first.line)")
    default:
      diagnostics.error(.syntax, at: .start, "not YAML")
    }
  }

  /// Where `key` stands again in the block mapping whose first such key is at `first`.
  private static func repetition(
    of key: String, after first: Mark, _ diagnostics: Diagnostics
  ) -> Mark? {
    var number = first.line + 1
    while let line = diagnostics.sourceLine(number) {
      let indentation = line.prefix { $0 == " " }.count
      let rest = line.dropFirst(indentation)
      if let start = rest.first, start != "#", start != "\r" {
        if indentation + 1 < first.column { return nil }
        if indentation + 1 == first.column, String(rest).hasPrefix(key + ":") {
          return Mark(line: number, column: first.column)
        }
      }
      number += 1
    }
    return nil
  }
}

extension Mark {
  /// The parser's position as ours.
  init(_ mark: Yams.Mark) { self.init(line: mark.line, column: mark.column) }
}

/// Turns the parser's tree into ours and refuses what the strict subset leaves out.
private struct Conversion {
  let diagnostics: Diagnostics

  /// The node as ours; a refused one becomes a placeholder about which nothing else is said.
  func node(_ node: Yams.Node, depth: Int) -> Node {
    let mark = node.mark.map { Mark($0) } ?? .start
    guard depth <= Limits.depthMax else {
      diagnostics.error(.size, at: mark, "nested more than \(Limits.depthMax) levels deep")
      return .scalar(Node.Scalar(refusedAt: mark))
    }
    // An alias carries the position of its anchor, so that nothing is expanded twice.
    switch diagnostics.character(at: mark) {
    case "&":
      diagnostics.error(.anchor, at: mark, "anchors and aliases are not accepted; write it out")
      return .scalar(Node.Scalar(refusedAt: mark))
    case "!":
      diagnostics.error(.tag, at: mark, "tags are not accepted")
      return .scalar(Node.Scalar(refusedAt: mark))
    default: break
    }
    switch node {
    case .scalar(let scalar):
      let value = Node.Scalar(
        text: scalar.string, isPlain: scalar.style == .plain, mark: mark)
      return .scalar(check(value) ? value : Node.Scalar(refusedAt: mark))
    case .sequence(let sequence):
      return .sequence(sequence.map { self.node($0, depth: depth + 1) }, mark)
    case .mapping(let mapping):
      return .mapping(mapping.compactMap { entry($0.key, $0.value, depth: depth) }, mark)
    case .alias:
      diagnostics.error(.anchor, at: mark, "anchors and aliases are not accepted; write it out")
      return .scalar(Node.Scalar(refusedAt: mark))
    }
  }

  /// A key and its value, or nil when the key is refused.
  private func entry(_ key: Yams.Node, _ value: Yams.Node, depth: Int) -> Node.Entry? {
    guard case .scalar(let name) = node(key, depth: depth + 1) else {
      let mark = key.mark.map { Mark($0) } ?? .start
      diagnostics.error(.key, at: mark, "a key must be a word, not \(key.shape)")
      return nil
    }
    guard !name.isRefused else { return nil }
    guard !name.text.isEmpty else {
      diagnostics.error(.key, at: name.mark, "a key must be a word")
      return nil
    }
    return Node.Entry(key: name, value: node(value, depth: depth + 1))
  }

  /// Refuses plain words that YAML 1.1 takes for booleans or for nothing.
  private func check(_ scalar: Node.Scalar) -> Bool {
    guard scalar.isPlain else { return true }
    let word = scalar.text
    switch word.lowercased() {
    case "true", "false":
      if word == "true" || word == "false" { return true }
    case "y", "n", "yes", "no", "on", "off", "null", "~": break
    default: return true
    }
    diagnostics.error(
      .implicitWord, at: scalar.mark,
      "`\(word)` is ambiguous in YAML; write `true` or `false`, or put it in quotes")
    return false
  }
}

extension Yams.Node {
  /// What the node is, for messages.
  fileprivate var shape: String {
    switch self {
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .scalar, .alias: "a value"
    }
  }
}
