import Base
import Policy
import StrictYAML
import Testing

/// A mistake that an author may make, and what is said about it.
struct Mistake: Sendable, CustomTestStringConvertible {
  let name: String
  let text: String
  /// The complaints, without the source line.
  let golden: [String]
  var testDescription: String { name }
}

/// A whole policy around what a mistake is about.
func policy(
  version: String = "1", head: String = "#", regions: String = "#", sets: String = "",
  never: String = "", deny: String = "", routes: String = "", always: String = "",
  cache: String = "", tests: String = "", tail: String = ""
) -> String {
  func layer(_ key: String, _ body: String) -> String { body.isEmpty ? "" : "\(key):\n\(body)\n" }
  let ordinary = """
      - id: R-1
        say: x
        when: { data_class: [reference] }
        serve: [{ region: nearest, tier: primary }]
    """
  return """
    policy: p
    version: \(version)
    \(head)
    regions:
      west: { near: [US-AZ, US-CA], backup: east, jurisdiction: US }
      east: { near: [US-NY], backup: west, jurisdiction: US }
    \(regions)

    """ + layer("sets", sets) + layer("never", never) + layer("deny", deny)
      + layer("routes", routes.isEmpty ? ordinary : routes) + layer("always", always)
      + layer("cache", cache) + layer("tests", tests) + tail
}

/// A route `R-2` with these lines added.
func route(_ lines: String) -> String {
  "  - id: R-2\n    say: x\n" + lines.split(separator: "\n").map { "    \($0)\n" }.joined()
}

/// The lines of a `serve` that says little.
let primary = "serve: [{ region: home, tier: primary }]"

/// One test of a policy.
func test(_ given: String, _ expect: String) -> String {
  "  - say: x\n    given: \(given)\n    expect: \(expect)"
}

/// All data classes.
let classes = DataClass.allCases.map(\.rawValue)

/// A cache matrix that stores nothing of any class but one, which is left out.
func never(but stored: String? = nil) -> String {
  let rest = classes.filter { $0 != stored }.joined(separator: ", ")
  return "  - { data_class: [\(rest)], store: never }\n"
}

/// A cache matrix that stores one class.
func cache(
  _ stored: String, _ key: String, _ line: String, regions: String = "[any]",
  sensitivity: String = "[normal]", ttl: String = "60s", invalidate: String = "[write, consent]"
) -> String {
  never(but: stored) + """
      - data_class: [\(stored)]
        sensitivity: \(sensitivity)
        store: { regions: \(regions), ttl: \(ttl), key: \(key), invalidate: \(invalidate), \(line) }
    """
}
