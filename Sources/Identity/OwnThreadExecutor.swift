internal import Synchronization

/// Runs asynchronous code to its end on the thread that asks, with no other thread involved.
///
/// jwt-kit hands out its keys through an actor; the threads that read key files are our own and
/// wait for nobody. Jobs queue here and the caller works them off.
final class OwnThreadExecutor: TaskExecutor {
  private let jobs = Mutex<[UnownedJob]>([])

  /// Queues a job; called by the runtime.
  func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    jobs.withLock { $0.append(unowned) }
  }

  /// The result of `body`, which may suspend only for actors: there is nobody else to wait for.
  static func run<R: Sendable>(
    _ body: @escaping @Sendable () async -> R
  ) -> R {
    let executor = OwnThreadExecutor()
    let box = ResultBox<R>()
    Task(executorPreference: executor) {
      let value = await body()
      box.value.withLock { $0 = value }
    }
    while true {
      if let value = box.value.withLock({ $0 }) { return value }
      let job = executor.jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
      guard let job else { preconditionFailure("asynchronous code waits for another thread") }
      unsafe job.runSynchronously(on: executor.asUnownedTaskExecutor())
    }
  }

  /// Where the task leaves its result.
  private final class ResultBox<R: Sendable>: Sendable {
    let value = Mutex<R?>(nil)
  }
}
