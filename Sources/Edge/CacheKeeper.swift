internal import Base
internal import Cache
internal import Native
internal import Origins
internal import Proxy
internal import Reactor

/// Looks after the store on the control loop: ends what another authority or policy makes useless,
/// and frees what is of no use any more. Has the file on disk, and the thread that uses it.
final class CacheKeeper: TimerTarget {
  private let context: LoopContext
  let store: CacheStore
  /// What lies on disk; nil: nothing.
  private let disk: (tier: DiskTier, file: UnnamedFile)?
  private let diskInbox: Mailbox<CacheDiskThread.Message>
  private var diskThread: Thread?
  /// The write authority's epoch of each region, as far as it was heard of.
  private var epochs: [String: UInt64] = [:]

  /// How often: what ended keeps its memory no longer than a few passes over all entries.
  private static let tickMilliseconds: UInt64 = 1_000

  /// Takes the disk's room, in `folder`, if the store has a tier there.
  init(context: LoopContext, store: CacheStore, folder: String?) throws {
    self.context = context
    self.store = store
    diskInbox = try Mailbox()
    disk = try store.disk.map { tier in
      let folder = folder ?? "."
      do throws(SystemError) {
        try FileSystem.makeDirectory(folder)
        return (tier, try UnnamedFile(in: folder, byteCount: tier.byteCountMax))
      } catch {
        throw ServerError(
          reason: "`cache.disk`: no file of \(tier.byteCountMax) bytes in `\(folder)`: \(error)")
      }
    }
  }

  /// Starts, and goes on until the loop ends. `loops` are told when the disk answers.
  func run(loops: [Mailbox<WorkerMessage>], log: EdgeLog) throws(SystemError) {
    if let disk {
      diskThread = try CacheDiskThread.start(
        store, disk.tier, disk.file, inbox: diskInbox, loops: loops, log: log)
    }
    timerFired(token: 0)
  }

  /// Ends the disk's thread, once no loop runs any more.
  func stop() {
    guard let thread = diskThread.take() else { return }
    diskInbox.post(.stop)
    thread.join()
  }

  func timerFired(token: Int) {
    store.sweep(at: context.loop.now)
    context.loop.schedule(
      at: context.loop.now.adding(milliseconds: Self.tickMilliseconds), self)
  }

  /// What came from a region whose authority changed may lack what the new one has, or hold what it
  /// never had.
  func sees(_ health: HealthSnapshot) {
    for (index, epoch) in health.epochs.enumerated() {
      guard let epoch else { continue }
      let name = health.topology.regionNames[index]
      let before = epochs.updateValue(epoch, forKey: name)
      guard let before, before != epoch, let region = store.names.region(name) else { continue }
      store.generations.bumpFailover(region)
    }
  }

  /// The loops have another snapshot: entries of rows that say something else now are of no use.
  /// Look-ups pass them by already.
  func adopted(_ snapshot: Snapshot) {
    store.keepOnly(rows: Set(snapshot.cacheRowFingerprints))
  }
}
