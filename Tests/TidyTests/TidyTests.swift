import Foundation
import Testing

/// Reads the source and holds it to the house rules: a rule that nobody checks is a wish.
@Suite struct TidyTests {
  /// What each target may import beside Swift's own modules. Arrows point down.
  private static let arrows: [String: Set<String>] = [
    "Base": [],
    "Native": ["Base", "COpenSSL", "CNGHTTP2", "CMaxMindDB", "Glibc"],
    "Reactor": ["Base", "CLinux", "Glibc"],
    "StrictYAML": ["Base", "Yams"],
    "HTTP": ["Base", "Native"],
    "Audit": ["Base", "CProcessor", "Native"],
    "Cache": ["Base", "HTTP", "Native"],
    "Clinical": ["Base"],
    "Directory": ["Base", "Native"],
    "Identity": ["Base", "Native", "JWTKit"],
    "Origins": ["Base", "HTTP"],
    "Policy": ["Base", "StrictYAML"],
    "Control": ["Base", "Native", "Origins", "Policy", "Reactor", "StrictYAML"],
    "Admin": ["Base", "Control", "Native", "Origins", "Policy"],
    "Proxy": [
      "Audit", "Base", "Cache", "Clinical", "Directory", "HTTP", "Identity", "Native", "Origins",
      "Policy",
    ],
    "Edge": [
      "Admin", "Audit", "Base", "Cache", "Clinical", "Directory", "HTTP", "Identity", "Native",
      "Origins", "Policy", "Proxy", "Reactor", "Logging",
    ],
    "Simulation": [
      "Audit", "Base", "Clinical", "Control", "Directory", "HTTP", "Native", "Origins", "Policy",
      "Proxy", "Reactor",
    ],
    "homeward": [
      "Admin", "ArgumentParser", "Audit", "Base", "Cache", "Clinical", "Control", "Directory",
      "Edge",
      "HTTP",
      "Identity",
      "Logging",
      "Native", "Origins", "Policy", "Proxy", "Reactor", "StrictYAML",
    ],
  ]

  private static let swiftModules: Set<String> = ["Swift", "Synchronization"]

  /// Targets whose logic gets time, randomness and storage as arguments.
  private static let pureTargets: Set<String> = [
    "Admin", "Base", "HTTP", "Audit", "Cache", "Clinical", "Control", "Directory", "Identity",
    "Origins", "Policy", "Proxy", "Simulation", "StrictYAML",
  ]

  private static let forbiddenInPureTargets = [
    "clock_gettime", "ContinuousClock", "SuspendingClock", "SystemRandomNumberGenerator",
    "Date()", "randomElement()", "getenv", "fopen(", "print(",
  ]

  /// Draws that take the system's generator unless they name one.
  private static let draws = ["random(in:", ".random(", "shuffle(", "shuffled("]

  private static let forbiddenEverywhere = [
    "Thread.sleep", "Task.sleep", "usleep(", "nanosleep(", "fatalError(", "try!", " as!",
  ]

  @Test func importsFollowTheArrows() throws {
    for file in try SourceTree.files(in: "Sources", endings: [".swift"]) {
      let allowed = try #require(Self.arrows[file.target], "no arrows for target \(file.target)")
      for line in file.lines {
        guard let module = importedModule(line) else { continue }
        #expect(
          allowed.contains(module) || Self.swiftModules.contains(module),
          "\(file.path) imports \(module)")
      }
    }
  }

  @Test func pureTargetsGetTimeAndChanceAsArguments() throws {
    for file in try SourceTree.files(in: "Sources", endings: [".swift"])
    where Self.pureTargets.contains(file.target) {
      for (index, line) in code(of: file) {
        for name in Self.forbiddenInPureTargets where line.contains(name) {
          Issue.record("\(file.path):\(index + 1) uses \(name)")
        }
        // A generator that is handed in may stand on the same line or on the next.
        let statement = file.lines[index...].prefix(2).joined()
        for draw in Self.draws where line.contains(draw) {
          #expect(
            statement.contains("using: &"), "\(file.path):\(index + 1) draws from the system")
        }
      }
    }
  }

  @Test func nothingSleepsOrTrapsOnInput() throws {
    for file in try SourceTree.files(in: "Sources", endings: [".swift"]) {
      for (index, line) in code(of: file) {
        for name in Self.forbiddenEverywhere where line.contains(name) {
          Issue.record("\(file.path):\(index + 1) uses \(name)")
        }
      }
    }
  }

  @Test func filesAndLinesAreShort() throws {
    for folder in ["Sources", "Tests", "fixtures"] {
      for file in try SourceTree.files(in: folder, endings: [".swift"]) {
        #expect(file.lines.count <= 401, "\(file.path) has \(file.lines.count) lines")
        // Bytes first: counting characters is slow.
        for (index, line) in file.lines.enumerated() where line.utf8.count > 100 {
          #expect(line.count <= 100, "\(file.path):\(index + 1) has \(line.count) columns")
        }
      }
    }
  }

  @Test func functionsFitAScreen() throws {
    for file in try SourceTree.files(in: "Sources", endings: [".swift"]) {
      for (name, start, count) in functions(in: file) {
        #expect(count <= 80, "\(file.path):\(start + 1) \(name) has \(count) lines")
      }
    }
  }

  @Test func everyTargetOpensWithItsPurpose() throws {
    for target in Self.arrows.keys.sorted() where target != "homeward" {
      let opening = try SourceTree.files(in: "Sources/\(target)", endings: ["\(target).swift"])
      let text = opening.filter { $0.path == "Sources/\(target)/\(target).swift" }
        .flatMap(\.lines).joined(separator: "\n")
      for word in ["Problem:", "Shape:", "Limits:"] {
        #expect(text.contains(word), "Sources/\(target)/\(target).swift lacks \(word)")
      }
    }
  }

  @Test func noPathOfOneMachine() throws {
    let machinePath = try Regex("/(home|Users|root|work)/[a-z]")
    for folder in ["Sources", "Tests", "fixtures", "deploy", "policies", ".ci"] {
      for file in try SourceTree.files(in: folder, endings: ["", ".swift", ".yaml", ".md", ".py"])
      where !file.path.hasSuffix("TidyTests.swift") {
        for (index, line) in file.lines.enumerated() where line.utf8.contains(UInt8(ascii: "/")) {
          #expect(line.firstMatch(of: machinePath) == nil, "\(file.path):\(index + 1): \(line)")
        }
      }
    }
  }

  @Test func documentsHaveNoDeadLinks() throws {
    let link = try Regex(#"\]\(([^)#]+)(#[^)]*)?\)"#, as: (Substring, Substring, Substring?).self)
    for file in try SourceTree.files(in: "", endings: [".md"]) {
      let folder = SourceTree.root.appendingPathComponent(file.path).deletingLastPathComponent()
      for line in file.lines where line.contains("](") {
        for match in line.matches(of: link) where !match.output.1.contains("://") {
          let target = folder.appendingPathComponent(String(match.output.1)).path
          #expect(FileManager.default.fileExists(atPath: target), "\(file.path): \(match.output.1)")
        }
      }
    }
  }

  /// The module that an import line names.
  private func importedModule(_ line: String) -> String? {
    var words = line.split(separator: " ").map(String.init)
    if ["public", "internal", "package", "fileprivate", "private"].contains(words.first) {
      words.removeFirst()
    }
    guard words.count >= 2, words[0] == "import" else { return nil }
    return words[1].split(separator: ".").first.map(String.init)
  }

  /// Lines that are not comments, with their index.
  private func code(of file: SourceTree.File) -> [(Int, String)] {
    file.lines.enumerated().filter { !$1.trimmingCharacters(in: .whitespaces).hasPrefix("//") }
      .map { ($0, $1) }
  }

  /// Functions and how many lines each has, judged by indentation (swift-format keeps it true).
  private func functions(in file: SourceTree.File) -> [(String, Int, Int)] {
    var found: [(String, Int, Int)] = []
    for (start, line) in file.lines.enumerated() {
      let text = line.drop { $0 == " " }
      guard text.contains("func ") || text.hasPrefix("init") || text.contains(" init("),
        !text.hasPrefix("//"), !text.hasSuffix("}")
      else { continue }
      let closing = String(repeating: " ", count: line.count - text.count) + "}"
      guard let end = file.lines[start...].firstIndex(of: closing) else { continue }
      found.append((String(text.prefix(60)), start, end - start + 1))
    }
    return found
  }
}
