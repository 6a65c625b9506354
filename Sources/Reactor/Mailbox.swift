internal import CLinux
internal import Glibc
internal import Synchronization

/// Messages from any thread to one loop: a locked queue, and an eventfd that wakes the loop.
///
/// The only door into a loop. `post` may be called from any thread; messages arrive in the order
/// posted by each thread.
public final class Mailbox<Message: Sendable>: Sendable {
  private let queue = Mutex<[Message]>([])
  private let wake: Descriptor

  /// Makes an empty mailbox. Throws when the kernel has no descriptor left.
  public init() throws(SystemError) {
    wake = Descriptor(
      owning: Int32(
        try blockingCall("eventfd") { Int(eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))) }))
  }

  /// Queues a message and wakes the loop if it may be asleep.
  public func post(_ message: Message) {
    let wasEmpty = queue.withLock { queue in
      queue.append(message)
      return queue.count == 1
    }
    guard wasEmpty else { return }
    var one: UInt64 = 1
    // Would block only when the counter is full: the loop is awake then.
    _ = try? systemCall("write") { unsafe write(wake.number, &one, 8) }
  }

  /// Delivers messages to `receive` on `loop`'s thread until the loop ends.
  public func attach(
    to loop: EventLoop, _ receive: @escaping (Message) -> Void
  ) throws(SystemError) {
    let reader = MailboxReader(mailbox: self, receive: receive)
    _ = try loop.register(wake.number, reader)
  }

  /// Takes everything that waits, without a loop; for threads that poll.
  public func takeAll() -> [Message] {
    var count: UInt64 = 0
    _ = try? systemCall("read") { unsafe read(wake.number, &count, 8) }
    return queue.withLock { queue in
      let messages = queue
      queue.removeAll(keepingCapacity: true)
      return messages
    }
  }
}

/// The loop's side of a mailbox; confined to the loop's thread.
private final class MailboxReader<Message: Sendable>: Pollable {
  private let mailbox: Mailbox<Message>
  private let receive: (Message) -> Void

  init(mailbox: Mailbox<Message>, receive: @escaping (Message) -> Void) {
    self.mailbox = mailbox
    self.receive = receive
  }

  func becameReady(_ readiness: Readiness) {
    guard readiness.contains(.readable) else { return }
    for message in mailbox.takeAll() { receive(message) }
  }
}
