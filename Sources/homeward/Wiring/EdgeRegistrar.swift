internal import Base
internal import Control
internal import Reactor

/// Keeps this edge's file beside the operators' history true; see `EdgeRegistration`. Confined to
/// the feed that owns it.
struct EdgeRegistrar {
  private let folder: OperatorFolder
  /// The file's name.
  let edge: String
  private var written: EdgeRegistration?
  private var writtenAt: Instant?

  /// Milliseconds between two registrations of which nothing is new.
  private static let intervalMilliseconds: UInt64 = 1_500

  /// Names the edge; the file is written with the first `keep`.
  init(_ folder: OperatorFolder, edge: String) {
    self.folder = folder
    self.edge = edge
  }

  /// Registers anew when it is time, other acts are known, or the writes of a domain whose
  /// authority moves have ended; whether the edge is registered.
  mutating func keep(
    seen: Int, writes: [String: Int], moving: [String], at now: Instant
  ) -> Bool {
    let next = EdgeRegistration(
      edge: edge, seen: seen, writes: writes, time: Clock.wall(),
      bootMilliseconds: now.nanoseconds / 1_000_000)
    if let written, let writtenAt,
      now.milliseconds(since: writtenAt) < Self.intervalMilliseconds, written.seen == seen,
      moving.allSatisfy({ (written.writes[$0] ?? 0) == (writes[$0] ?? 0) })
    {
      return true
    }
    do throws(SystemError) {
      try FileSystem.makeDirectory(folder.directory)
      try FileSystem.makeDirectory(folder.edgesPath)
      try replaceUnsynced(folder.edgePath(edge), next.bytes)
    } catch {
      return false
    }
    written = next
    writtenAt = now
    return true
  }

  /// Takes the file away: nobody need wait for this edge any more.
  func remove() { try? FileSystem.remove(folder.edgePath(edge)) }
}

/// Replaces a file without a sync, which would keep its writer waiting: a crash of the machine ends
/// the writer, too.
func replaceUnsynced(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
  let temporary = path + ".new"
  if FileSystem.exists(temporary) { try FileSystem.remove(temporary) }
  let file = try AppendFile(path: temporary, isNew: true)
  try file.write(bytes)
  try FileSystem.rename(temporary, to: path)
}
