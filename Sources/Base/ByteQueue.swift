/// A first-in, first-out run of bytes that owns its memory.
///
/// Empty queues own nothing: an idle connection costs no buffer. Not thread-safe; owned by one
/// loop.
@safe
public struct ByteQueue: ~Copyable {
  /// The start of the allocation; nil when the queue owns no memory.
  @usableFromInline var base: UnsafeMutableRawPointer?
  /// Bytes allocated at `base`.
  private var capacity = 0
  /// Offset of the first readable byte.
  @usableFromInline var head = 0
  /// Offset one past the last readable byte.
  @usableFromInline var tail = 0

  /// The smallest allocation: the largest that the C library hands out from its fast per-thread
  /// bins, and enough for most heads and small bodies.
  private static let byteCountMin = 1024

  /// Makes an empty queue that owns no memory.
  public init() {}

  deinit { unsafe base?.deallocate() }

  /// How many bytes wait to be read.
  @inline(__always) public var count: Int { tail - head }

  /// Whether nothing waits to be read.
  @inline(__always) public var isEmpty: Bool { tail == head }

  /// Appends a copy of `bytes`.
  @inline(__always)
  public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    let room = unsafe reserve(bytes.count)
    unsafe room.copyMemory(from: source, byteCount: bytes.count)
    tail += bytes.count
  }

  /// Appends a copy of `bytes`.
  public mutating func append(_ bytes: borrowing [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe append($0) }
  }

  /// Appends the UTF-8 of a literal.
  @inline(__always)
  public mutating func append(_ literal: StaticString) {
    unsafe append(
      UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }

  /// Appends the UTF-8 of `text`. Literals take the other way, without a reference count.
  @_disfavoredOverload
  public mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { unsafe append(UnsafeRawBufferPointer($0)) }
  }

  /// Appends one byte.
  @inline(__always)
  public mutating func append(_ byte: UInt8) {
    unsafe reserve(1).storeBytes(of: byte, as: UInt8.self)
    tail += 1
  }

  /// Appends `value` in decimal digits.
  public mutating func append(decimal value: UInt64) {
    append(byteCountMax: 20) { $0.append(decimal: value) }
  }

  /// Appends the last `digits` lower-case hexadecimal digits of `value`.
  public mutating func append(hexadecimal value: UInt64, digits: Int = 16) {
    append(byteCountMax: 16) { $0.append(hexadecimal: value, digits: digits) }
  }

  /// Makes room for `byteCount` more bytes and returns where they go; `advance` makes them
  /// readable.
  ///
  /// The pointer is valid until the next mutation of the queue.
  @inline(__always)
  public mutating func reserve(_ byteCount: Int) -> UnsafeMutableRawPointer {
    if let base = unsafe base, capacity - tail >= byteCount { return unsafe base + tail }
    return unsafe grow(byteCount)
  }

  /// Bytes that can be appended before the queue must grow.
  public var spare: Int { capacity - tail }

  /// Makes `byteCount` bytes readable that were written where `reserve` pointed.
  @inline(__always)
  public mutating func advance(_ byteCount: Int) {
    precondition(byteCount >= 0 && tail + byteCount <= capacity, "advance past the reservation")
    tail += byteCount
  }

  /// Hands the readable bytes to `body`; the pointer is valid inside `body` only.
  @inlinable @inline(__always)
  public func withReadable<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    guard let base = unsafe base else {
      return try unsafe body(UnsafeRawBufferPointer(start: nil, count: 0))
    }
    return try unsafe body(UnsafeRawBufferPointer(start: base + head, count: tail - head))
  }

  /// Drops the first `byteCount` readable bytes.
  @inline(__always)
  public mutating func consume(_ byteCount: Int) {
    precondition(byteCount >= 0 && byteCount <= count, "consume past the end")
    head += byteCount
    if head == tail {
      head = 0
      tail = 0
    }
  }

  /// Takes the last readable byte out; traps when there is none.
  public mutating func removeLast() -> UInt8 {
    precondition(tail > head, "no byte to remove")
    tail -= 1
    return unsafe base.unsafelyUnwrapped.load(fromByteOffset: tail, as: UInt8.self)
  }

  /// Drops all bytes and keeps the memory.
  public mutating func removeAll() {
    head = 0
    tail = 0
  }

  /// Gives the memory back when the queue is empty; an idle connection calls this.
  public mutating func releaseIfEmpty() {
    guard isEmpty, let owned = unsafe base else { return }
    unsafe owned.deallocate()
    unsafe base = nil
    capacity = 0
    head = 0
    tail = 0
  }

  /// A copy of the readable bytes; for tests and slow paths.
  public func copyToArray() -> [UInt8] { unsafe withReadable { unsafe [UInt8]($0) } }

  /// Moves the readable bytes to the front, or to a larger allocation, so that `byteCount` fit.
  @inline(never)
  private mutating func grow(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let used = count
    if let base = unsafe base, capacity >= used + byteCount, head >= capacity / 2 {
      unsafe base.copyMemory(from: base + head, byteCount: used)
    } else {
      var wanted = max(capacity, Self.byteCountMin)
      while wanted < used + byteCount { wanted *= 2 }
      let larger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
      if let old = unsafe base {
        unsafe larger.copyMemory(from: old + head, byteCount: used)
        unsafe old.deallocate()
      }
      unsafe base = larger
      capacity = wanted
    }
    head = 0
    tail = used
    return unsafe base.unsafelyUnwrapped + used
  }
}

// The queue is the only owner of its memory and cannot be copied: whoever holds it holds all of it.
extension ByteQueue: @unchecked Sendable {}
