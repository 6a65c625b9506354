import Foundation

/// The repository as text, found from this file's own path.
enum SourceTree {
  /// The top of the checkout.
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// One file: its path below the root, and its lines.
  struct File {
    let path: String
    let lines: [String]

    /// The target that a file below `Sources/` belongs to.
    var target: String { String(path.split(separator: "/")[1]) }
  }

  /// All files below `folder` whose names end in one of `endings`, sorted by path.
  static func files(in folder: String, endings: [String]) throws -> [File] {
    let start = root.appendingPathComponent(folder)
    guard let walk = FileManager.default.enumerator(atPath: start.path) else { return [] }
    let names = walk.compactMap { $0 as? String }
      .filter { name in
        endings.contains { name.hasSuffix($0) }
          && !name.split(separator: "/").contains { $0.hasPrefix(".build") }
      }
    return try names.sorted().map { name in
      let text = try String(contentsOf: start.appendingPathComponent(name), encoding: .utf8)
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      return File(path: path, lines: text.components(separatedBy: "\n"))
    }
  }
}
