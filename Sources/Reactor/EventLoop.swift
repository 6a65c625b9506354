public import Base
internal import CLinux
internal import Glibc

/// What the kernel said about a descriptor since it was last asked.
public struct Readiness: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt8

  /// Makes the set with these bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Bytes, an end, or an error can be read.
  public static let readable = Readiness(rawValue: 1)
  /// Bytes can be written.
  public static let writable = Readiness(rawValue: 2)
  /// The peer closed its side, or the connection failed.
  public static let hangUp = Readiness(rawValue: 4)
}

/// An object that waits for a descriptor.
public protocol Pollable: AnyObject {
  /// The descriptor became ready. Edge-triggered: told once per change.
  func becameReady(_ readiness: Readiness)
}

/// Where a `Pollable` is registered: a slot and the generation that made it.
public struct Registration: Sendable {
  let index: Int
  let generation: UInt32
}

/// One thread's epoll loop: readiness, timers, and work deferred to the end of the turn.
///
/// Owns its epoll descriptor and every registration. Born on the thread that runs it, and touched
/// by that thread only; other threads reach it through a `Mailbox`.
public final class EventLoop {
  /// A registered object; nil when the slot is free.
  private struct Slot {
    var target: (any Pollable)?
    var generation: UInt32 = 0
  }

  private let epoll: Descriptor
  private var slots: [Slot] = []
  private var freeSlots: [Int] = []
  private var timers = TimerHeap()
  private var again: [(Registration, Readiness)] = []
  private var isStopping = false
  /// Called once after each turn's events: the owner writes out what the turn produced.
  public var endOfTurn: (() -> Void)?
  /// The time this turn began; read once per turn.
  public private(set) var now: Instant

  /// Events taken from the kernel at once: bounds a turn's length.
  private static let eventCountMax = 256

  /// Makes a loop on the calling thread. Throws when the kernel has no descriptor left.
  public init() throws(SystemError) {
    epoll = Descriptor(
      owning: Int32(try blockingCall("epoll_create1") { Int(epoll_create1(Int32(EPOLL_CLOEXEC))) }))
    now = Clock.monotonic()
  }

  /// Watches `descriptor` for reading, writing and hang-up, edge-triggered.
  func register(_ descriptor: Int32, _ target: any Pollable) throws(SystemError) -> Registration {
    let index = freeSlots.popLast() ?? slots.count
    if index == slots.count { slots.append(Slot()) }
    slots[index].target = target
    let registration = Registration(index: index, generation: slots[index].generation)
    var event = unsafe epoll_event()
    unsafe event.events = Self.interest
    unsafe event.data.u64 = UInt64(registration.generation) << 32 | UInt64(index)
    do {
      _ = try blockingCall("epoll_ctl") {
        unsafe Int(epoll_ctl(epoll.number, EPOLL_CTL_ADD, descriptor, &event))
      }
    } catch {
      forget(registration)
      throw error
    }
    return registration
  }

  private static let interest =
    EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue

  /// Stops watching. Events of the old registration still in flight are recognised by their
  /// generation and dropped, even when the kernel gave the number away again. The kernel forgets
  /// the descriptor when its owner closes it.
  public func forget(_ registration: Registration) {
    guard slots[registration.index].generation == registration.generation else { return }
    slots[registration.index].target = nil
    slots[registration.index].generation &+= 1
    freeSlots.append(registration.index)
  }

  /// Calls the target again in the next turn: for who stopped before the kernel had no more.
  public func pollAgain(_ registration: Registration, _ readiness: Readiness) {
    again.append((registration, readiness))
  }

  /// Wakes `target` at `deadline`, or a little later. The target is held until then.
  public func schedule(at deadline: Instant, _ target: any TimerTarget, token: Int = 0) {
    timers.schedule(at: deadline, target, token: token)
  }

  /// Ends `run` after the current turn.
  public func stop() { isStopping = true }

  /// Serves events until `stop`.
  public func run() {
    unsafe withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.eventCountMax) {
      events in
      while !isStopping {
        let count = unsafe wait(events)
        now = Clock.monotonic()
        for index in 0..<count { unsafe dispatch(events[index]) }
        dispatchAgain()
        while let due = timers.popDue(now) { due.target.timerFired(token: due.token) }
        endOfTurn?()
      }
    }
  }

  private func wait(_ events: UnsafeMutableBufferPointer<epoll_event>) -> Int {
    let timeout = again.isEmpty ? waitMilliseconds() : 0
    let result = try? systemCall("epoll_wait") {
      unsafe Int(epoll_wait(epoll.number, events.baseAddress, Int32(events.count), timeout))
    }
    guard case .value(let count)? = result else { preconditionFailure("epoll_wait failed") }
    return count
  }

  /// Milliseconds until the earliest timer, rounded up; -1 when there is none.
  private func waitMilliseconds() -> Int32 {
    let earliest = timers.earliest
    guard earliest != .never else { return -1 }
    let current = Clock.monotonic()
    guard earliest > current else { return 0 }
    return Int32(clamping: (earliest.nanoseconds - current.nanoseconds) / 1_000_000 + 1)
  }

  private func dispatch(_ event: epoll_event) {
    let registration = Registration(
      index: unsafe Int(event.data.u64 & 0xFFFF_FFFF),
      generation: unsafe UInt32(truncatingIfNeeded: event.data.u64 >> 32))
    var readiness: Readiness = []
    if unsafe event.events & EPOLLIN.rawValue != 0 { readiness.insert(.readable) }
    if unsafe event.events & EPOLLOUT.rawValue != 0 { readiness.insert(.writable) }
    if unsafe event.events & (EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 {
      readiness.insert([.readable, .hangUp])
    }
    deliver(registration, readiness)
  }

  private func dispatchAgain() {
    guard !again.isEmpty else { return }
    let pending = again
    again.removeAll(keepingCapacity: true)
    for (registration, readiness) in pending { deliver(registration, readiness) }
  }

  private func deliver(_ registration: Registration, _ readiness: Readiness) {
    let slot = slots[registration.index]
    guard slot.generation == registration.generation else { return }
    slot.target?.becameReady(readiness)
  }
}
