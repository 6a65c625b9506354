internal import Reactor
internal import StrictYAML

/// What the configuration's reader may ask of the file system; tests give their own.
protocol FileView: Sendable {
  /// What is at `path`.
  func status(of path: String) throws(SystemError) -> FileStatus
  /// Whether this process may read what is at `path`.
  func isReadable(_ path: String) -> Bool
  /// Whether this process may write what is at `path`.
  func isWritable(_ path: String) -> Bool
  /// The bytes at `path`.
  func read(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8]
  /// The names in a folder; none when it cannot be read.
  func names(in path: String) -> [String]
}

/// The machine's own files.
struct SystemFiles: FileView {
  func status(of path: String) throws(SystemError) -> FileStatus {
    try FileSystem.status(of: path)
  }
  func isReadable(_ path: String) -> Bool { FileSystem.isReadable(path) }
  func isWritable(_ path: String) -> Bool { FileSystem.isWritable(path) }
  func read(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8] {
    try FileSystem.read(path, byteCountMax: byteCountMax)
  }
  func names(in path: String) -> [String] { (try? FileSystem.names(in: path)) ?? [] }
}

/// Resolves the paths of one configuration file and remembers where each stands in it.
///
/// Paths are relative to the configuration's folder, so that a checked-out folder works anywhere.
final class ConfigurationPaths {
  /// The configuration's folder.
  let folder: String
  /// The file system.
  let files: any FileView
  /// Where each resolved path was named first, for complaints about what it holds.
  private var marks: [String: Mark] = [:]
  /// The resolved paths behind which is a file that can be read.
  private var usable: Set<String> = []
  /// What is wrong in files that were read on the way.
  private(set) var complaints: [Diagnostic] = []

  /// Resolves against `folder` in `files`.
  init(folder: String, files: any FileView) {
    self.folder = folder
    self.files = files
  }

  /// Where `path`, a resolved one, was named first.
  func mark(of path: String) -> Mark { marks[path] ?? .start }

  /// Whether `path`, a resolved one, is a file that can be read; otherwise that was reported.
  func isUsable(_ path: String) -> Bool { usable.contains(path) }

  /// Remembers what is wrong in another file than the configuration.
  func note(_ complaint: Diagnostic) { complaints.append(complaint) }

  /// The file that `key` names, resolved; complains unless it can be read.
  func file(_ key: String, in reader: MappingReader) -> String {
    file(key, in: reader, isRequired: true) ?? ""
  }

  /// The file that `key` names, resolved, or nil when the key is absent.
  func optionalFile(_ key: String, in reader: MappingReader) -> String? {
    file(key, in: reader, isRequired: false)
  }

  /// The folder that `key` names, resolved. It may be missing if the folder around it is there:
  /// then it is made at start.
  func writableFolder(_ key: String, in reader: MappingReader) -> String {
    guard let (text, path, mark) = path(key, in: reader, isRequired: true) else { return "" }
    let parent = FileSystem.directory(of: path)
    var existing = path
    if (try? files.status(of: path)) == nil { existing = parent }
    do throws(SystemError) {
      let status = try files.status(of: existing)
      if status.kind != .directory {
        reader.diagnostics.error(
          .unreadableFile, at: mark, "`\(key)` needs a folder, but `\(existing)` is a file")
      } else if !files.isWritable(existing) {
        reader.diagnostics.error(
          .unreadableFile, at: mark, "folder `\(existing)` cannot be written by this user")
      }
    } catch {
      reader.diagnostics.error(
        .missingFile, at: mark, "folder `\(parent)`, which would hold `\(text)`, does not exist")
    }
    return path
  }

  /// The folder that `key` names, resolved; it need not be there.
  func laxFolder(_ key: String, in reader: MappingReader) -> String {
    path(key, in: reader, isRequired: true)?.path ?? ""
  }

  /// The path that `key` names, resolved, or nil when the key is absent; nothing need be there.
  func optionalLaxPath(_ key: String, in reader: MappingReader) -> String? {
    path(key, in: reader, isRequired: false)?.path
  }

  /// The file that `key` names, resolved; nil when absent or after a complaint about the path.
  private func file(_ key: String, in reader: MappingReader, isRequired: Bool) -> String? {
    guard let (text, path, mark) = path(key, in: reader, isRequired: isRequired) else {
      return nil
    }
    let diagnostics = reader.diagnostics
    do throws(SystemError) {
      let status = try files.status(of: path)
      if status.kind == .directory {
        diagnostics.error(
          .unreadableFile, at: mark, "`\(key)` needs a file, but `\(path)` is a folder")
      } else if !files.isReadable(path) {
        diagnostics.error(.unreadableFile, at: mark, "`\(path)` cannot be read by this user")
      } else {
        usable.insert(path)
      }
    } catch  where error.isNotFound {
      diagnostics.error(
        .missingFile, at: mark, "file `\(path)` for `\(key)` does not exist",
        suggestion: neighbour(of: path, writtenAs: text))
    } catch {
      diagnostics.error(.unreadableFile, at: mark, "`\(path)` cannot be read: \(error)")
    }
    return path
  }

  /// The path as written, resolved, and where it stands; nil when absent or after a complaint.
  private func path(
    _ key: String, in reader: MappingReader, isRequired: Bool
  ) -> (text: String, path: String, mark: Mark)? {
    guard let scalar = reader.scalar(key, isRequired: isRequired),
      let text = reader.diagnostics.string(scalar, key)
    else { return nil }
    guard !text.isEmpty else {
      reader.diagnostics.error(.path, at: scalar.mark, "`\(key)` needs a path, not nothing")
      return nil
    }
    guard !text.hasPrefix("~") else {
      reader.diagnostics.error(
        .path, at: scalar.mark,
        "`~` is not expanded in `\(key)`; write a path from `/` or from this file's folder")
      return nil
    }
    let path = resolve(text)
    if marks[path] == nil { marks[path] = scalar.mark }
    return (text, path, scalar.mark)
  }

  /// `text` seen from the configuration's folder.
  private func resolve(_ text: String) -> String {
    if text.hasPrefix("/") || folder == "." { return text }
    return folder == "/" ? "/" + text : "\(folder)/\(text)"
  }

  /// A file beside the missing one with nearly its name, written as the author wrote it.
  private func neighbour(of path: String, writtenAs text: String) -> String? {
    func name(_ path: String) -> Substring { path.split(separator: "/").last ?? "" }
    let names = files.names(in: FileSystem.directory(of: path))
    return Spelling.nearest(to: String(name(path)), among: names)
      .map { text.dropLast(name(text).count) + $0 }
  }
}
