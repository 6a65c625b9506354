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

  /// All files below `folder` whose names end in one of `endings`, sorted by path. What a build,
  /// the demo or version control keeps is passed over, and so are files that are not text.
  static func files(in folder: String, endings: [String]) throws -> [File] {
    try paths(in: folder).filter { path in endings.contains { path.hasSuffix($0) } }.sorted()
      .compactMap { path in
        let data = try Data(contentsOf: root.appendingPathComponent(path))
        guard let text = String(data: data, encoding: .utf8) else { return nil }
        return File(path: path, lines: text.components(separatedBy: "\n"))
      }
  }

  /// The paths of all files below `folder`; none when there is no such folder.
  private static func paths(in folder: String) throws -> [String] {
    let start = root.appendingPathComponent(folder).path
    guard FileManager.default.fileExists(atPath: start) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: start).flatMap { name in
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      var isFolder: ObjCBool = false
      let exists = unsafe FileManager.default.fileExists(
        atPath: root.appendingPathComponent(path).path, isDirectory: &isFolder)
      guard exists, !name.hasPrefix(".build"), name != ".git", path != "deploy/run" else {
        return [String]()
      }
      return isFolder.boolValue ? try paths(in: path) : [path]
    }
  }
}
