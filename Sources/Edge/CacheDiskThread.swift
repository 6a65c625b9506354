internal import Base
internal import Cache
internal import Reactor

/// The file of stored answers, as their worker uses it.
struct CacheFile: DiskStorage {
  let file: UnnamedFile

  var byteCount: Int { file.byteCount }

  func write(_ bytes: [UInt8], at offset: Int) throws(SystemError) {
    try file.write(bytes, at: offset)
  }

  func read(byteCount: Int, at offset: Int) throws(SystemError) -> [UInt8] {
    try file.read(byteCount: byteCount, at: offset)
  }
}

/// Writes stored answers to disk and reads them back, so that no loop waits for a disk.
///
/// Born on its thread and confined to it; woken by the store's tier, and told to stop.
final class CacheDiskThread {
  /// What it is told.
  enum Message: Sendable { case work, stop }

  /// Steps between two looks at the mailbox, so that a stop is heard.
  private static let stepsPerTurn = 64

  private let loop: EventLoop
  private let inbox: Mailbox<Message>
  private let store: CacheStore
  private let loops: [Mailbox<WorkerMessage>]
  private let log: EdgeLog
  private let worker: DiskWorker<CacheFile>

  private init(
    _ store: CacheStore, _ tier: DiskTier, _ file: UnnamedFile, _ inbox: Mailbox<Message>,
    _ loops: [Mailbox<WorkerMessage>], _ log: EdgeLog
  ) throws(SystemError) {
    loop = try EventLoop()
    self.inbox = inbox
    self.store = store
    self.loops = loops
    self.log = log
    worker = DiskWorker(store, tier, CacheFile(file: file))
  }

  /// Starts the thread, and lets the store wake it.
  static func start(
    _ store: CacheStore, _ tier: DiskTier, _ file: UnnamedFile, inbox: Mailbox<Message>,
    loops: [Mailbox<WorkerMessage>], log: EdgeLog
  ) throws(SystemError) -> Thread {
    let thread = try Thread(name: "homeward-cache") {
      do throws(SystemError) {
        let thread = try CacheDiskThread(store, tier, file, inbox, loops, log)
        try inbox.attach(to: thread.loop) { [unowned thread] in thread.received($0) }
        thread.loop.run()
      } catch {
        // Nobody takes what is offered: what is in memory is all there is.
        log.cacheDiskFailed("\(error)")
      }
    }
    tier.attach { inbox.post(.work) }
    return thread
  }

  private func received(_ message: Message) {
    switch message {
    case .stop: loop.stop()
    case .work: work()
    }
  }

  private func work() {
    for _ in 0..<Self.stepsPerTurn {
      switch worker.step(at: Clock.monotonic()) {
      case .idle: return
      case .worked: break
      case .failed(let error): log.cacheDiskFailed("\(error)")
      }
      release()
    }
    inbox.post(.work)
  }

  /// Tells those who wait no longer.
  private func release() {
    for release in store.takeReleases() {
      loops[Int(release.waiter.loop)].post(.released(release))
    }
  }
}
