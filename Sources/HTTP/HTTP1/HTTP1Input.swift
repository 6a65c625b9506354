import Base

/// What looking for a line found.
@safe
enum HTTP1Line {
  /// A complete line without its CR LF; valid until the next `receive`.
  case line(UnsafeRawBufferPointer)
  /// The line's end is not there yet.
  case needsMore
  /// The line is longer than allowed, complete or not, or ends with LF alone.
  case refused(HTTP1Refusal)
}

/// Received bytes that are not parsed yet.
///
/// They are read where the driver put them; only what remains after a drain (the beginning of a
/// line, or a request that has to wait) is copied.
///
/// INVARIANT (one source): `held` and `current` are never both non-empty, and `held` grows in
/// `receive` and `stash` only. So a pointer into either stays valid until the next `receive`.
@safe
struct HTTP1Input: ~Copyable {
  /// The driver's bytes, valid until it has drained the events.
  private var current = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  /// Copied bytes that came earlier.
  private var held = ByteQueue()
  /// How many of the readable bytes were searched for a line feed already.
  private var scannedCount = 0

  /// Bytes not yet parsed.
  var count: Int { unsafe current.count + held.count }
  /// Whether everything is parsed.
  var isEmpty: Bool { count == 0 }

  /// Adds bytes that stay where they are until they are parsed or stashed.
  mutating func receive(_ bytes: UnsafeRawBufferPointer) {
    stash()
    if held.isEmpty {
      unsafe current = bytes
    } else {
      unsafe held.append(bytes)
    }
  }

  /// Copies what remains of the driver's bytes.
  mutating func stash() {
    guard unsafe !current.isEmpty else { return }
    unsafe held.append(current)
    unsafe current = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// Forgets everything.
  mutating func removeAll() {
    unsafe current = UnsafeRawBufferPointer(start: nil, count: 0)
    held.removeAll()
    scannedCount = 0
  }

  /// Gives memory back when nothing is held.
  mutating func releaseIfEmpty() { held.releaseIfEmpty() }

  /// All bytes not yet parsed; see INVARIANT (one source) for how long.
  private var readable: UnsafeRawBufferPointer {
    // The pointer may leave the closure: `consume` never moves bytes.
    unsafe held.isEmpty ? current : held.withReadable { unsafe $0 }
  }

  /// Takes `byteCount` bytes from the front.
  @inline(__always)
  mutating func take(_ byteCount: Int) -> UnsafeRawBufferPointer {
    let bytes = unsafe readable
    let taken = unsafe ByteScan.slice(bytes, 0..<byteCount)
    if held.isEmpty {
      unsafe current = ByteScan.slice(bytes, byteCount..<bytes.count)
    } else {
      held.consume(byteCount)
    }
    scannedCount = 0
    return unsafe taken
  }

  /// Takes the next line if it is complete and has at most `byteCountMax` bytes before its CR LF;
  /// a longer one is `tooLong`.
  ///
  /// No byte is searched twice, however the line is cut into pieces, and the answer depends on the
  /// bytes alone, not on the pieces.
  mutating func takeLine(byteCountMax: Int, _ tooLong: HTTP1Refusal) -> HTTP1Line {
    let bytes = unsafe readable
    guard let end = unsafe ByteScan.firstLineFeed(bytes, from: scannedCount) else {
      scannedCount = bytes.count
      return bytes.count > byteCountMax + 1 ? .refused(tooLong) : .needsMore
    }
    guard end <= byteCountMax + 1 else { return .refused(tooLong) }
    let line = unsafe take(end + 1)
    guard unsafe end > 0 && line[end - 1] == 0x0D else {
      return .refused(.bareLineFeed)
    }
    return unsafe .line(ByteScan.slice(line, 0..<(end - 1)))
  }
}
