import Base
import StrictYAML
import Testing

/// One text that is refused, and everything that is said about it.
struct Refused: Sendable, CustomTestStringConvertible {
  let name: String
  let text: String
  let golden: String
  var testDescription: String { name }
}

/// What the strict subset leaves out, with the complaint as people read it.
private let refusedDocuments = [
  Refused(
    name: "duplicate key",
    text: "when:\n  a: [1]\n  b: 2\n  a: 3\n",
    golden: """
      p.yaml:4:3: error: key `a` stands twice in one mapping, first in line 2 [E102]
            a: 3
            ^
      """),
  Refused(
    name: "duplicate key in a flow mapping",
    text: "{ a: 1, a: 2 }\n",
    golden: """
      p.yaml:1:3: error: key `a` stands twice in one mapping, first in line 1 [E102]
          { a: 1, a: 2 }
            ^
      """),
  Refused(
    name: "quote that is never closed",
    text: "a: \"b\nc: d\n",
    golden: """
      p.yaml:3:1: error: not YAML: while scanning a quoted scalar, found unexpected end of stream \
      [E101]
         \(" ")
          ^
      """),
  Refused(
    name: "anchor",
    text: "a: &x [1]\nb: 2\n",
    golden: """
      p.yaml:1:4: error: anchors and aliases are not accepted; write it out [E103]
          a: &x [1]
             ^
      """),
  Refused(
    name: "anchor and alias",
    text: "a: &x [1]\nb: *x\n",
    golden: """
      p.yaml:1:4: error: anchors and aliases are not accepted; write it out, or quote it [E103]
          a: &x [1]
             ^
      """),
  Refused(
    name: "alias of nothing",
    text: "a: *x\n",
    golden: """
      p.yaml:1:4: error: anchors and aliases are not accepted [E103]
          a: *x
             ^
      """),
  Refused(
    name: "tag",
    text: "a: !secret x\n",
    golden: """
      p.yaml:1:4: error: tags are not accepted [E104]
          a: !secret x
             ^
      """),
  Refused(
    name: "directive",
    text: "%YAML 1.1\n---\na: 1\n",
    golden: """
      p.yaml:1:1: error: directives are not accepted [E104]
          %YAML 1.1
          ^
      """),
  Refused(
    name: "two documents",
    text: "a: 1\n---\nb: 2\n",
    golden: """
      p.yaml:2:1: error: a file holds one document only [E105]
          ---
          ^
      """),
  Refused(
    name: "three implicit words in one pass",
    text: "a: NO\nb: [yes, 1]\nc: { d: Null }\n",
    golden: """
      p.yaml:1:4: error: `NO` is ambiguous in YAML; write `true` or `false`, or put \
      it in quotes [E106]
          a: NO
             ^
      p.yaml:2:5: error: `yes` is ambiguous in YAML; write `true` or `false`, or put \
      it in quotes [E106]
          b: [yes, 1]
              ^
      p.yaml:3:9: error: `Null` is ambiguous in YAML; write `true` or `false`, or put \
      it in quotes [E106]
          c: { d: Null }
                  ^
      """),
  Refused(
    name: "tab",
    text: "a:\n\tb: 1\n",
    golden: """
      p.yaml:2:1: error: a tab; use spaces [E107]
           b: 1
          ^
      """),
  Refused(
    name: "line separator",
    text: "a: b\u{2028}c: d\n",
    golden: """
      p.yaml:1:5: error: character U+2028 is not accepted [E107]
          a: b\u{2028}c: d
              ^
      """),
  Refused(
    name: "key that is a list",
    text: "? [a, b]\n: 1\n",
    golden: """
      p.yaml:1:3: error: a key must be a word, not a list [E109]
          ? [a, b]
            ^
      """),
  Refused(
    name: "unclosed list",
    text: "a: [1, 2\nb: 3\n",
    golden: """
      p.yaml:2:2: error: not YAML: while parsing a flow sequence, did not find \
      expected ',' or ']' [E101]
          b: 3
           ^
      """),
  Refused(
    name: "nothing",
    text: "# only a comment\n",
    golden: """
      p.yaml:1:1: error: the file holds no document [E110]
          # only a comment
          ^
      """),
]

@Test(arguments: refusedDocuments)
func refusesWhatTheSubsetLeavesOut(_ refused: Refused) {
  let (_, diagnostics) = Document.parse(text: refused.text, file: "p.yaml")
  #expect(diagnostics.map(\.description).joined(separator: "\n") == refused.golden)
}

@Test(arguments: [
  String(repeating: "[", count: 5000),
  String(repeating: "{a: ", count: 5000),
  String(repeating: "- ", count: 5000) + "x",
  (0..<400).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
])
func refusesBottomlessNesting(_ text: String) {
  let (root, diagnostics) = Document.parse(text: text, file: "p.yaml")
  #expect(root == nil)
  #expect(diagnostics.map(\.code) == ["E108"])
}

@Test func takesAmpersandsAndAsterisksInsideWordsForText() {
  let (root, diagnostics) = Document.parse(text: "a: R&D\nb: 2*3 & more\n", file: "p.yaml")
  #expect(root != nil && diagnostics == [])
}

@Test func keepsPositionsAndQuotes() throws {
  let text = "---\r\n# x\r\na: \"NO\"\r\nb:\r\n  - { c: true, d: '12' }\r\n  - üñ: 5s # ü\r\n"
  let (root, diagnostics) = Document.parse(text: text, file: "p.yaml")
  #expect(diagnostics == [])
  guard case .mapping(let entries, let mark)? = root, entries.count == 2,
    case .scalar(let first) = entries[0].value, case .sequence(let items, _) = entries[1].value,
    case .mapping(let flow, _) = items[0], case .mapping(let block, let blockMark) = items[1]
  else {
    Issue.record("unexpected shape")
    return
  }
  #expect(mark == Mark(line: 3, column: 1))
  #expect(first == Node.Scalar(text: "NO", isPlain: false, mark: Mark(line: 3, column: 4)))
  #expect(flow.map(\.key.text) == ["c", "d"])
  #expect(flow[1].value.mark == Mark(line: 5, column: 19))
  #expect(block[0].key.text == "üñ")
  #expect(blockMark == Mark(line: 6, column: 5))
}

/// Whatever the text, reading ends with a tree or a complaint, and never in a crash.
@Test(arguments: 0..<20)
func survivesGarbage(seed: UInt64) {
  var random = SplitMix64(seed: seed)
  let pieces = [
    "a", "b: ", "- ", "\n", "  ", "[", "]", "{", "}", ",", "&x ", "*x", "!t ", "\"", "'", "|\n",
    ">-\n", "#", "? ", ": ", "%", "---\n", "...\n", "\\", "ü", "\t", "\r\n", "\0", "yes", "<<: ",
    "@", "`",
  ]
  for _ in 0..<500 {
    let text = (0..<Int.random(in: 0..<24, using: &random))
      .map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }.joined()
    let (root, diagnostics) = Document.parse(text: text, file: "p.yaml")
    #expect(root != nil || !diagnostics.isEmpty, "\(text.debugDescription)")
    #expect(diagnostics.allSatisfy { $0.line >= 1 && $0.column >= 1 })
  }
}
