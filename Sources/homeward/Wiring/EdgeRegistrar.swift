internal import Base
internal import Control
internal import Reactor

/// Keeps this edge's file beside the operators' history true; see `EdgeRegistration`. Confined to
/// the feed that owns it.
struct EdgeRegistrar {
  private let folder: OperatorFolder
  private var presence: EdgePresence
  private var silent = SilentEdges()

  /// Names the edge; the file is written with the first `keep`.
  init(_ folder: OperatorFolder, edge: String) {
    self.folder = folder
    presence = EdgePresence(edge)
  }

  /// The file's name.
  var edge: String { presence.edge }

  /// Registers anew when there is reason to; whether the edge is registered.
  mutating func keep(
    seen: Int, writes: [String: Int], moving: [String], at now: Instant
  ) -> Bool {
    guard
      let next = presence.next(
        seen: seen, writes: writes, moving: moving, time: Clock.wall(), at: now)
    else { return true }
    do throws(SystemError) {
      try FileSystem.makeDirectory(folder.directory)
      try FileSystem.makeDirectory(folder.edgesPath)
      try replaceUnsynced(folder.edgePath(edge), next.bytes)
    } catch {
      return false
    }
    if let former = presence.wrote(next, at: now) { folder.forget([former], SystemStorage()) }
    return true
  }

  /// Takes away the files of those who were killed; their names.
  mutating func tidy(at now: Instant) -> [String] {
    guard let found = try? folder.registrations(SystemStorage()) else { return [] }
    let gone = silent.look(found, at: now)
    folder.forget(gone, SystemStorage())
    return gone
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
