import Reactor
import StrictYAML
import Testing

@testable import homeward

/// `deploy/README.md` describes what the program reads.
@Suite struct ReferenceTests {
  private func reference() throws -> String {
    String(
      decoding: try FileSystem.read(LoadTests.packageFolder + "/deploy/README.md"), as: UTF8.self)
  }

  @Test func everyKeyIsDescribed() throws {
    let text = try reference()
    let diagnostics = Diagnostics(file: "full", text: LoadTests.full)
    let root = try #require(Document.parse(diagnostics))
    let keys = Self.keys(root).subtracting(["us-west", "part2"])
    #expect(keys.count > 70)
    for key in keys {
      #expect(
        text.contains("`\(key)`") || text.contains(".\(key)`"), "no word about `\(key)`")
    }
  }

  @Test func everyCodeIsDescribed() throws {
    let text = try reference()
    for code in ConfigurationCode.allCases { #expect(text.contains(code.rawValue), "\(code)") }
  }

  @Test func theSmallestFileOfTheReferenceIsGood() throws {
    let text = try reference()
    let blocks = text.split(separator: "```yaml\n").compactMap { $0.split(separator: "```").first }
    let block = try #require(blocks.first { $0.hasPrefix("instance:") })
    let load = TestFiles.load(String(block))
    #expect(load.diagnostics.map(\.description) == [])
    #expect(load.configuration?.regions.first?.endpoints.first?.tls != nil)
  }

  /// The keys of all mappings below `node`.
  private static func keys(_ node: Node) -> Set<String> {
    switch node {
    case .mapping(let entries, _):
      entries.reduce(into: Set(entries.map(\.key.text))) { $0.formUnion(keys($1.value)) }
    case .sequence(let items, _): items.reduce(into: []) { $0.formUnion(keys($1)) }
    case .scalar: []
    }
  }
}
