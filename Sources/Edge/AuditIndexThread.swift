internal import Audit
internal import Base
internal import Reactor

/// Keeps the search index of every log in a folder, on a thread of its own: reads what the logs'
/// checkpoints cover, and shares nothing with whoever writes them but the disk.
///
/// Born on its thread and confined to it; reached from outside by `Stop` only.
final class AuditIndexThread: TimerTarget {
  /// The only thing that it is told.
  struct Stop: Sendable {}

  /// Time between two looks when there is nothing to do: as often as a checkpoint is signed.
  private static let intervalMilliseconds: UInt64 = 1_000
  /// Time between two blocks: a long history is read at a rate that leaves the log its disk, and
  /// that is still some times the rate of the busiest edge.
  private static let pauseMilliseconds: UInt64 = 100
  /// Space that is left to the log, which fails without: two segments of the usual size.
  private static let spareByteCount: UInt64 = 512 << 20

  private let loop: EventLoop
  private let directory: String
  private let log: EdgeLog
  /// Logs that may still need blocks.
  private var indexers: [LogName: AuditIndexer] = [:]
  /// Logs that are closed and have all of theirs.
  private var finished: Set<LogName> = []
  /// What was told last, so that it is told once.
  private var failure: AuditReadError?

  private init(_ directory: String, _ log: EdgeLog) throws(SystemError) {
    loop = try EventLoop()
    self.directory = directory
    self.log = log
  }

  /// Starts the thread; the edge needs no index to serve, and goes on when it fails.
  static func start(
    _ directory: String, stop: Mailbox<Stop>, log: EdgeLog
  ) throws(SystemError) -> Thread {
    try Thread(name: "homeward-index") {
      do throws(SystemError) {
        let thread = try AuditIndexThread(directory, log)
        Thread.yieldToOthers()
        try stop.attach(to: thread.loop) { [unowned thread] _ in thread.loop.stop() }
        thread.timerFired(token: 0)
        thread.loop.run()
      } catch {
        log.indexFailed("\(error)")
      }
    }
  }

  func timerFired(token: Int) {
    var madeBlock = false
    do throws(AuditReadError) {
      madeBlock = try step()
      if !madeBlock { failure = nil }
    } catch {
      if failure != error { log.indexFailed("\(error)") }
      failure = error
    }
    // One block at a time, so that a stop is heard.
    let wait = madeBlock ? Self.pauseMilliseconds : Self.intervalMilliseconds
    loop.schedule(at: Clock.monotonic().adding(milliseconds: wait), self)
  }

  /// Makes the next block of any log; false when none is due.
  private func step() throws(AuditReadError) -> Bool {
    let names = try AuditReadError.reading(directory) { () throws(SystemError) in
      try FileSystem.names(in: directory)
    }.compactMap { LogName(folder: $0) }
    let free = try AuditReadError.reading(directory) { () throws(SystemError) in
      try FileSystem.availableByteCount(at: directory)
    }
    guard free >= Self.spareByteCount else {
      throw AuditReadError(path: directory, finding: "what space is left is for the log")
    }
    var fault: AuditReadError?
    // The newest first: it is the one that is asked about, and the only one that grows.
    for name in names.sorted(by: { $0.begin > $1.begin }) where !finished.contains(name) {
      do throws(AuditReadError) {
        if try step(name, isClosed: name.isClosed(among: names)) { return true }
      } catch {
        fault = error
      }
    }
    if let fault { throw fault }
    return false
  }

  private func step(_ name: LogName, isClosed: Bool) throws(AuditReadError) -> Bool {
    let path = "\(directory)/\(name.folder)"
    let isEmpty = try AuditReadError.reading(path) { () throws(SystemError) in
      try AuditFolder(path).isEmpty
    }
    // A log whose time was over is left as it is.
    guard !isEmpty else { return false }
    // A crash leaves unwritten pages in the log that was written; elsewhere the heads will do.
    let indexer = indexers[name] ?? AuditIndexer(path, isThorough: !isClosed)
    indexers[name] = indexer
    let lock = try AuditReadError.reading(path) { () throws(SystemError) in
      try FileLock(path: "\(path)/\(AuditPaths.indexLock)")
    }
    // Somebody runs `audit index`; what that makes is found later.
    guard let lock else { return false }
    defer { withExtendedLifetime(lock) {} }
    if try indexer.step(isClosed: isClosed) == .madeBlock { return true }
    guard isClosed else { return false }
    indexers[name] = nil
    finished.insert(name)
    return false
  }
}

extension LogName {
  /// Whether nothing will be appended to a log: another one of its kind follows it.
  func isClosed(among names: [LogName]) -> Bool {
    names.contains {
      $0.instance == instance && $0.retention == retention && $0.begin > begin
    }
  }
}

/// `homeward audit index`: makes and repairs the search index of one log, without an edge.
public struct AuditIndexing {
  /// What was done.
  public struct Report: Sendable {
    /// Entries that came into blocks.
    public let indexedCount: UInt64
    /// Blocks that were damaged, or not of this log, and were made again.
    public let removedCount: Int
  }

  /// Makes what is missing of a log's index, after reading all that is there; nil while another
  /// process does. `isAnew` makes everything again.
  public static func run(
    _ folder: AuditFolder, isAnew: Bool
  ) throws(AuditReadError) -> Report? {
    let lock = try AuditReadError.reading(folder.path) { () throws(SystemError) in
      try FileLock(path: "\(folder.path)/\(AuditPaths.indexLock)")
    }
    guard let lock else { return nil }
    defer { withExtendedLifetime(lock) {} }
    if isAnew {
      let files = AuditIndexFiles(disk: folder.disk, folder: folder.path)
      for first in try files.firstIndexes() { try files.remove(first) }
    }
    let indexer = AuditIndexer(folder.path, isThorough: true, disk: folder.disk)
    while try indexer.step(isClosed: folder.isClosed) == .madeBlock {}
    return Report(indexedCount: indexer.indexedCount, removedCount: indexer.removedCount)
  }
}

extension AuditFolder {
  /// Whether a log of its kind follows it in the folder around it.
  var isClosed: Bool {
    guard let slash = path.lastIndex(of: "/"),
      let name = LogName(folder: String(path[path.index(after: slash)...])),
      let names = try? disk.names(in: String(path[..<slash]))
    else { return false }
    return name.isClosed(among: names.compactMap { LogName(folder: $0) })
  }
}
