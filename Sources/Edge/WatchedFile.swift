internal import Base
internal import Identity
internal import Native
internal import Reactor

/// Why a file is of no use.
struct FileReason: Error {
  let text: String
}

/// What became of a file since it was last looked at.
enum FileNews {
  case nothing
  case read
  /// It cannot be used any more, which is news.
  case failed(String)
}

/// A file that is read when it changes, and whose value stays good for a while when it cannot be.
struct WatchedFile<Value: Sendable> {
  let path: String
  private var ring: KeyRing<Value>?
  /// What the file looked like when it was last read, once it has settled.
  private var stamp: FileStamp?
  private var content: SHA256Digest?
  private var hasFailed = false

  init(_ path: String) { self.path = path }

  /// What was read last.
  var value: Value? { ring?.value }

  /// Whether there is a value that may be used.
  func isUsable(at now: Instant, graceMilliseconds: UInt64) -> Bool {
    guard let ring else { return false }
    return !ring.isStale(at: now, graceMilliseconds: graceMilliseconds)
  }

  /// Looks at the file and reads it if it changed.
  mutating func poll(
    at now: Instant, byteCountMax: Int, parse: ([UInt8]) -> Result<Value, FileReason>
  ) -> FileNews {
    do throws(SystemError) {
      let seen = try FileSystem.stamp(of: path)
      if seen == stamp, ring != nil {
        if !hasFailed { ring?.confirmed(at: now) }
        return .nothing
      }
      let bytes = try FileSystem.read(path, byteCountMax: byteCountMax)
      stamp = seen.isSettled(at: Clock.wall()) ? seen : nil
      let hash = SHA256.hash(bytes)
      if hash == content {
        if !hasFailed { ring?.confirmed(at: now) }
        return .nothing
      }
      content = hash
      switch parse(bytes) {
      case .success(let value):
        hasFailed = false
        if ring == nil { ring = KeyRing(value, at: now) } else { ring?.read(value, at: now) }
        return .read
      case .failure(let reason): return failed(reason.text)
      }
    } catch {
      stamp = nil
      content = nil
      return failed("\(error)")
    }
  }

  private mutating func failed(_ reason: String) -> FileNews {
    let isNews = !hasFailed
    hasFailed = true
    _ = ring?.failed()
    return isNews ? .failed(reason) : .nothing
  }
}
