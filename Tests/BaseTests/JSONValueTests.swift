import Base
import Testing

/// JSON as a tree: what is written is read again, and nothing is guessed.
@Suite struct JSONValueTests {
  private func read(_ text: String, depthMax: Int = 8) throws(JSONTextFault) -> JSONValue {
    try JSONReader.read(Array(text.utf8), depthMax: depthMax)
  }

  private static let tree = JSONValue.object([
    ("a", .list([.number(-7), .boolean(true), .null, .fraction(12.5)])),
    ("quoted \" \\ \n \u{1} ü", .text("\u{1F600}")), ("empty", .object([])), ("none", .list([])),
  ])

  @Test func whatIsWrittenIsReadAgain() throws {
    #expect(try read(Self.tree.description) == Self.tree)
    #expect(try read(Self.tree.line) == Self.tree)
    #expect(!Self.tree.line.contains("\n"))
    #expect(JSONValue.object([("a", .list([.number(1)]))]).line == #"{"a": [1]}"#)
    #expect(
      JSONValue.object([("a", .list([.number(1)]))]).description
        == "{\n  \"a\": [\n    1\n  ]\n}")
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\" 1}", "01", "1.", "tru", "\"a", "\"\\x\"", "\"\\ud800\"", "[1] 2", "-",
    "\"\u{1}\"", "1e999",
  ])
  func whatIsNoJSONIsRefused(_ text: String) {
    #expect(throws: JSONTextFault.self) { try read(text) }
  }

  @Test func aMemberStandsOnce() {
    #expect(throws: JSONTextFault.duplicate(offset: 10)) { try read(#"{"a":1,"a":2}"#) }
  }

  @Test func nestingIsBounded() throws {
    #expect(try read("[[1]]", depthMax: 2) == .list([.list([.number(1)])]))
    #expect(throws: JSONTextFault.nested) { try read("[[[1]]]", depthMax: 2) }
  }

  @Test func membersAreFound() {
    #expect(Self.tree["empty"] == .object([]))
    #expect(Self.tree["b"] == nil)
    #expect(JSONValue.null["a"] == nil)
    #expect(Self.tree["a"]?.items.first?.number == -7)
    #expect(JSONValue.text("x").text == "x")
    #expect(JSONValue.boolean(true).boolean == true)
    #expect(JSONValue.text("x").items.isEmpty)
  }
}
