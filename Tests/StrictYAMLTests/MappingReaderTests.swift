import StrictYAML
import Testing

/// A word for the tests.
private enum Level: String, CaseIterable { case debug, info, warning }

/// What `read` makes of a text.
private struct Listener: Equatable {
  var name = ""
  var port = 0
  var idle = 0
  var buffer = 0
  var isEager = false
  var level = Level.info
  var hosts: [String] = []
  var depth = 0
}

/// Reads a listener as a configuration would, and gives the complaints as text.
private func read(_ text: String) -> (Listener, String) {
  let diagnostics = Diagnostics(file: "c.yaml", text: text)
  let reader = MappingReader(Document.parse(diagnostics), "a listener", diagnostics)
  var listener = Listener()
  listener.name = reader.string("name")
  listener.port = reader.integer("port", in: 1...65_535)
  listener.idle = reader.durationMilliseconds("idle_timeout", in: 1...600_000, default: 60_000)
  listener.buffer = reader.byteSize("buffer", in: 4096...(1 << 20), default: 65_536)
  listener.isEager = reader.boolean("eager", default: true)
  listener.level = reader.enumeration("level", of: Level.self, default: .info)
  listener.hosts = reader.strings("hosts", isRequired: false)
  if let nested = reader.optionalMapping("tree", "a tree") {
    listener.depth = nested.integer("depth", in: 0...9)
    nested.finish()
  }
  reader.finish()
  return (listener, diagnostics.sorted().map(\.description).joined(separator: "\n"))
}

@Test func readsEveryKind() {
  let (listener, complaints) = read(
    """
    name: edge
    port: 8443
    idle_timeout: 2m
    buffer: 64KiB
    eager: false
    level: warning
    hosts: [a.example, '10']
    tree: { depth: 3 }
    """)
  #expect(complaints == "")
  #expect(
    listener
      == Listener(
        name: "edge", port: 8443, idle: 120_000, buffer: 65_536, isEager: false, level: .warning,
        hosts: ["a.example", "10"], depth: 3))
}

@Test func fillsInDefaults() {
  let (listener, complaints) = read("name: edge\nport: 1\n")
  #expect(complaints == "")
  #expect(listener == Listener(name: "edge", port: 1, idle: 60_000, buffer: 65_536, isEager: true))
}

@Test func showsEveryMistakeInOnePass() {
  let (_, complaints) = read(
    """
    nmae: edge
    port: 70000
    idle_timeout: 30
    buffer: 1MB
    eager: "true"
    level: warnin
    hosts: [a, a, [b], 7]
    tree: { deep: 1 }
    colour: red
    """)
  #expect(
    complaints == """
      c.yaml:1:1: error: unknown key `nmae` in a listener [E201]
          nmae: edge
          ^
          did you mean `name`?
      c.yaml:2:7: error: `port` must be from 1 to 65535, not 70000 [E206]
          port: 70000
                ^
      c.yaml:3:15: error: `idle_timeout` has no unit; write a duration such as \
      `5s` with one of `ms`, `s`, `m`, `h` [E207]
          idle_timeout: 30
                        ^
      c.yaml:4:9: error: `buffer` has the unknown unit `MB`; write a size such as \
      `64KiB` with one of `B`, `KiB`, `MiB`, `GiB` [E207]
          buffer: 1MB
                  ^
      c.yaml:5:8: error: `eager` must be `true` or `false`, without quotes [E205]
          eager: "true"
                 ^
      c.yaml:6:8: error: unknown word `warnin` for `level`: one of debug, info, warning [E208]
          level: warnin
                 ^
          did you mean `warning`?
      c.yaml:7:12: error: `a` stands twice in `hosts` [E209]
          hosts: [a, a, [b], 7]
                     ^
      c.yaml:7:15: error: an item of `hosts` must be a single value, not a list [E203]
          hosts: [a, a, [b], 7]
                        ^
      c.yaml:7:20: error: `hosts` is text; put `7` in quotes if it is meant literally [E205]
          hosts: [a, a, [b], 7]
                             ^
      c.yaml:8:7: error: a tree needs the key `depth` [E202]
          tree: { deep: 1 }
                ^
      c.yaml:8:9: error: unknown key `deep` in a tree [E201]
          tree: { deep: 1 }
                  ^
      c.yaml:9:1: error: unknown key `colour` in a listener [E201]
          colour: red
          ^
      """)
}

/// A value and what is said about it.
@Test(arguments: [
  ("idle_timeout: 2h", "`idle_timeout` must be from 1ms to 10m, not 2h"),
  ("idle_timeout: 99999999999999999999s", "`idle_timeout` must be a duration"),
  ("idle_timeout: soon", "`idle_timeout` must be a duration such as `5s`"),
  ("idle_timeout: [5s]", "`idle_timeout` must be a single value, not a list"),
  ("idle_timeout:", "`idle_timeout` has no value"),
  ("buffer: 2MiB", "`buffer` must be from 4KiB to 1MiB, not 2MiB"),
  ("buffer: 9223372036854775807GiB", "`buffer` must be from 4KiB to 1MiB"),
  ("eager: maybe", "`eager` must be `true` or `false`"),
  ("hosts: a", "`hosts` must be a list, not a single value"),
  ("hosts: [a, ~]", "`~` is ambiguous"),
  ("tree: 5", "a tree must be a mapping of keys, not a single value"),
])
func explainsOneMistake(line: String, expected: String) {
  let (_, complaints) = read("name: edge\nport: 1\n\(line)\n")
  #expect(complaints.contains(": error: \(expected)"), "\(complaints)")
  #expect(complaints.split(separator: "\n").count { $0.contains(": error: ") } == 1)
}

@Test(arguments: ["012", "\"12\"", "1.0", "0x10", "-1", "1e3", "12s"])
func wantsPlainWholeNumbers(value: String) {
  let (_, complaints) = read("name: edge\nport: \(value)\n")
  #expect(complaints.contains("`port` must be a whole number from 1 to 65535"), "\(complaints)")
}

@Test(arguments: ["12", "1.5", "-3", "0x1F", "1_000", ".inf", "true"])
func wantsQuotedTextThatLooksLikeSomethingElse(value: String) {
  let (_, complaints) = read("name: \(value)\nport: 1\n")
  #expect(complaints.contains("`name` is text; put `\(value)` in quotes"), "\(complaints)")
}

@Test func saysNothingMoreWhenTheDocumentIsUnreadable() {
  let (_, complaints) = read("a: [\n")
  #expect(complaints.split(separator: "\n").count { $0.contains("error:") } == 1)
}

@Test func boundsTheComplaints() {
  let (_, complaints) = read((0..<500).map { "k\($0): 1\n" }.joined())
  #expect(complaints.split(separator: "\n").count { $0.contains("error:") } == 201)
  #expect(complaints.contains("302 more complaints are not shown"))
}
