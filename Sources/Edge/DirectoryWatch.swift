internal import Base
internal import Cache
internal import Directory
internal import Proxy
internal import Reactor

/// Follows the delta logs of all directories in use, on a thread of its own: a consent that is
/// withdrawn must not wait for a reload, a probe or a busy loop.
///
/// Looks every few milliseconds whether a log grew: that works on every file system, and costs two
/// system calls. What it applies is in force on every loop at once; nothing is sent to them.
final class DirectoryWatch: TimerTarget {
  /// What other threads tell it.
  enum Message: Sendable {
    /// This directory is, or will be, in use; it is followed until nobody uses it any more.
    case follow(PatientDirectory)
    /// The process ends.
    case stop
  }

  /// One directory, and what its log looked like when it was read last.
  private struct Followed {
    weak var directory: PatientDirectory?
    let path: String
    var seen: FileVersion?
    var tornSince: Instant?
    /// Whether this state of affairs was told already.
    var isTold = false
  }

  /// How often logs are looked at: a fifth of the time in which a delta must be in force.
  private static let tickMilliseconds: UInt64 = 10
  /// A batch that is not whole after this time will not become so by itself.
  private static let tornMilliseconds: UInt64 = 2_000

  private let loop: EventLoop
  private let log: EdgeLog
  /// Where answers are kept, which end with a patient's consent; nil for an edge that keeps none.
  private let cache: CacheStore?
  private var followed: [Followed] = []

  /// Makes the watch on its thread.
  init(log: EdgeLog, inbox: Mailbox<Message>, cache: CacheStore? = nil) throws(SystemError) {
    loop = try EventLoop()
    self.log = log
    self.cache = cache
    try inbox.attach(to: loop) { [unowned self] in received($0) }
  }

  /// Follows until it is told to stop.
  func run() { loop.run() }

  private func received(_ message: Message) {
    switch message {
    case .follow(let directory):
      // Another policy comes with the directory that is in use already.
      guard let path = directory.deltasPath,
        !followed.contains(where: { $0.directory === directory })
      else { return }
      followed.append(Followed(directory: directory, path: path))
      if followed.count == 1 { timerFired(token: 0) }
    case .stop: loop.stop()
    }
  }

  func timerFired(token: Int) {
    followed.removeAll { $0.directory == nil }
    for index in followed.indices { look(&followed[index]) }
    guard !followed.isEmpty else { return }
    loop.schedule(at: loop.now.adding(milliseconds: Self.tickMilliseconds), self)
  }

  /// Reads a log that changed.
  private func look(_ entry: inout Followed) {
    guard let directory = entry.directory else { return }
    do throws(SystemError) {
      let version = try FileSystem.version(of: entry.path)
      if version == entry.seen { return tellIfTorn(&entry) }
      // After a fault only another file can help; the same one was refused for good.
      let isOther = entry.seen.map { !$0.isSameFile(as: version) } ?? true
      if directory.deltaState.fault != nil, !isOther { return }
      if isOther { entry.isTold = false }
      let progress = try directory.readDeltas { person in cache?.patientChanged(person.bytes) }
      entry.seen = version
      if progress.batchCount > 0 {
        log.deltasApplied(progress.batchCount, progress.changeCount, directory.deltaState.last)
      }
      if let fault = progress.fault, !entry.isTold {
        entry.isTold = true
        log.deltasStopped("\(fault)")
      }
      entry.tornSince = progress.isTorn ? entry.tornSince ?? loop.now : nil
    } catch {
      // A log that is being replaced is away for a moment; one that stays away lets the age grow.
      if !entry.isTold { log.deltasStopped("\(error)") }
      entry.isTold = true
      entry.seen = nil
    }
  }

  /// Says once that the log ends inside a batch.
  private func tellIfTorn(_ entry: inout Followed) {
    guard let since = entry.tornSince, !entry.isTold,
      loop.now.milliseconds(since: since) >= Self.tornMilliseconds
    else { return }
    entry.isTold = true
    log.deltasTorn()
  }
}
