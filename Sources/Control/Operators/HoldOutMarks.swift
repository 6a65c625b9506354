internal import Native
internal import Reactor

/// The file in which an edge keeps who waits for an operator, so that a restart lets nobody in: a
/// header, a name a line, sorted, and the hash of all that.
public enum HoldOutMarks {
  private static let header = "homeward-held-out"

  /// What a file says.
  public enum Found: Equatable, Sendable {
    /// These wait.
    case names(Set<String>)
    /// There is no file: nobody ever waited.
    case nothing
    /// Nobody knows who waits, and why.
    case unknown(reason: String)
  }

  /// The file's bytes.
  public static func bytes(_ names: Set<String>) -> [UInt8] {
    let text = ([header] + names.sorted()).joined(separator: "\n") + "\n"
    return Array((text + "\(SHA256.hash(Array(text.utf8)))\n").utf8)
  }

  /// Reads such bytes; nil for anything that `bytes` did not write.
  public static func names(_ bytes: [UInt8]) -> Set<String>? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count >= 3, lines[0] == header else { return nil }
    let names = Set(lines[1..<(lines.count - 2)].map(String.init))
    return self.bytes(names) == bytes ? names : nil
  }

  /// Reads the file at `path`.
  public static func read(_ path: String, _ files: some StateFiles) -> Found {
    do throws(SystemError) {
      let bytes = try files.read(path, byteCountMax: Limits.holdOutByteCountMax)
      return names(bytes).map { .names($0) } ?? .unknown(reason: "`\(path)` is damaged")
    } catch {
      return error.isNotFound ? .nothing : .unknown(reason: "`\(path)`: \(error)")
    }
  }
}
