public import Base

/// The field lines of one message section, in order, in one allocation for all bytes.
///
/// Names are lower case (a codec refuses or folds others before they come here). Values have no
/// leading or trailing white space and no CR, LF or NUL. RFC 9110 section 5.
public struct Fields: Sendable {
  /// One field line: where its name and value lie in the shared bytes.
  public struct Line: Sendable {
    /// Offset of the name's first byte.
    public var nameStart: UInt32
    /// Bytes in the name.
    public var nameCount: UInt32
    /// Offset of the value's first byte.
    public var valueStart: UInt32
    /// Bytes in the value.
    public var valueCount: UInt32
    /// The name, when it is one that the proxy treats specially.
    public var known: KnownField
    /// Whether HPACK must not index the line: credentials, and values that never come again, which
    /// would push those that do out of its table.
    public var isSensitive: Bool
  }

  /// Names and values in the order received; bytes that belong to no line may lie between them.
  public private(set) var bytes: [UInt8] = []
  /// The lines in the order received.
  public private(set) var lines: [Line] = []

  /// Makes an empty section.
  public init() {}

  /// Whether there is no line.
  public var isEmpty: Bool { lines.isEmpty }

  /// Appends a line; `name` must be lower case and both parts already validated.
  public mutating func append(
    name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, isSensitive: Bool = false
  ) {
    unsafe append(
      KnownField(lowercased: name), name: name, value: value, isSensitive: isSensitive)
  }

  /// Appends a line whose name was recognised already.
  @inline(__always)
  mutating func append(
    _ known: KnownField, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer,
    isSensitive: Bool
  ) {
    let start = UInt32(truncatingIfNeeded: bytes.count)
    bytes.append(byteCountMax: name.count + value.count) { text in
      unsafe text.append(name)
      unsafe text.append(value)
    }
    lines.append(
      Line(
        nameStart: start, nameCount: UInt32(truncatingIfNeeded: name.count),
        valueStart: start &+ UInt32(truncatingIfNeeded: name.count),
        valueCount: UInt32(truncatingIfNeeded: value.count), known: known,
        isSensitive: isSensitive || known.isCredential))
  }

  /// Appends a line of the proxy's own with a fixed value.
  @inline(__always)
  public mutating func append(_ name: StaticString, _ value: StaticString) {
    append(name, byteCountMax: value.utf8CodeUnitCount) { $0.append(value) }
  }

  /// Appends a line of the proxy's own; traps on a value that would break the message.
  @_disfavoredOverload
  public mutating func append(_ name: StaticString, _ value: String) {
    var value = value
    value.withUTF8 { text in
      precondition(unsafe text.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "control byte in a field")
      unsafe append(
        name: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount),
        value: UnsafeRawBufferPointer(text))
    }
  }

  /// Appends a line of the proxy's own from bytes that it made itself.
  public mutating func append(_ name: StaticString, bytes: UnsafeRawBufferPointer) {
    unsafe append(
      name: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount),
      value: bytes)
  }

  /// Makes room, so that a section of usual size costs one allocation for each array.
  public mutating func reserveCapacity(byteCount: Int, lineCount: Int) {
    bytes.reserveCapacity(byteCount)
    lines.reserveCapacity(lineCount)
  }

  /// Appends a validated line as it stood on the wire, lower-casing the name on the way.
  ///
  /// `nameCount` bytes at the start of `text` are the name, `value` is the range of the value.
  public mutating func append(
    text: UnsafeRawBufferPointer, nameCount: Int, value: Range<Int>
  ) -> KnownField {
    let start = bytes.count
    bytes.append(byteCountMax: text.count) { unsafe $0.append(text) }
    let known = unsafe bytes.withUnsafeMutableBytes { all in
      let name = unsafe UnsafeMutableRawBufferPointer(rebasing: all[start..<(start + nameCount)])
      for index in 0..<nameCount {
        let byte = unsafe name[index]
        if byte >= 0x41 && byte <= 0x5A { unsafe name[index] = byte | 0x20 }
      }
      return unsafe KnownField(lowercased: UnsafeRawBufferPointer(name))
    }
    lines.append(
      Line(
        nameStart: UInt32(truncatingIfNeeded: start),
        nameCount: UInt32(truncatingIfNeeded: nameCount),
        valueStart: UInt32(truncatingIfNeeded: start &+ value.lowerBound),
        valueCount: UInt32(truncatingIfNeeded: value.count), known: known,
        isSensitive: known.isCredential))
    return known
  }

  /// Takes the last line back, with its bytes.
  public mutating func removeLast() {
    bytes.removeLast(bytes.count - Int(lines.removeLast().nameStart))
  }

  /// Removes every line that `shouldRemove` picks, which may read the section's bytes.
  public mutating func removeLines(
    reading shouldRemove: (Line, UnsafeRawBufferPointer) -> Bool
  ) {
    var keptCount = 0
    for index in 0..<lines.count {
      let line = lines[index]
      if unsafe bytes.withUnsafeBytes({ unsafe shouldRemove(line, $0) }) { continue }
      if keptCount != index { lines[keptCount] = line }
      keptCount += 1
    }
    lines.removeLast(lines.count - keptCount)
  }

  /// Appends a line of the proxy's own whose value `write` writes: at most `byteCountMax` bytes and
  /// no control byte. A value that `isUnique` never comes again.
  @inline(__always)
  public mutating func append(
    _ name: StaticString, isUnique: Bool = false, byteCountMax: Int,
    writing write: (inout ByteWriter) -> Void
  ) {
    let start = bytes.count
    bytes.append(byteCountMax: name.utf8CodeUnitCount + byteCountMax) { text in
      text.append(name)
      write(&text)
    }
    endLine(name, start: start, isUnique: isUnique)
  }

  /// Adds the line whose name and value end the bytes.
  private mutating func endLine(_ name: StaticString, start: Int, isUnique: Bool) {
    let nameCount = name.utf8CodeUnitCount
    let known = unsafe KnownField(
      lowercased: UnsafeRawBufferPointer(start: name.utf8Start, count: nameCount))
    lines.append(
      Line(
        nameStart: UInt32(truncatingIfNeeded: start),
        nameCount: UInt32(truncatingIfNeeded: nameCount),
        valueStart: UInt32(truncatingIfNeeded: start &+ nameCount),
        valueCount: UInt32(truncatingIfNeeded: bytes.count &- start &- nameCount), known: known,
        isSensitive: isUnique || known.isCredential))
  }

  /// Removes every line that `shouldRemove` picks; the bytes stay where they are.
  public mutating func removeLines(where shouldRemove: (Line) -> Bool) {
    lines.removeAll(where: shouldRemove)
  }

  /// Makes room for lines and bytes that are about to come, and for those that the proxy adds, in
  /// one allocation each.
  mutating func reserve(lineCount: Int, byteCount: Int) {
    bytes.reserveCapacity(bytes.count + byteCount + 512)
    lines.reserveCapacity(lines.count + lineCount + 8)
  }

  /// Bytes of memory that names and values hold.
  public var byteCapacity: Int { bytes.capacity }

  /// Forgets all lines and keeps the memory.
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    lines.removeAll(keepingCapacity: true)
  }

  /// Appends a copy of a line of another section.
  public mutating func append(_ line: Line, of other: borrowing Fields) {
    unsafe other.withName(line) { name in
      unsafe other.withValue(line) { value in
        unsafe append(line.known, name: name, value: value, isSensitive: line.isSensitive)
      }
    }
  }

  /// Becomes a copy of `other` and keeps its own memory.
  public mutating func replace(with other: borrowing Fields) {
    removeAll()
    bytes.append(contentsOf: other.bytes)
    lines.append(contentsOf: other.lines)
  }

  /// Whether the line's name is `name`, which is lower case.
  @inline(__always)
  public func isNamed(_ line: Line, _ name: StaticString) -> Bool {
    guard Int(line.nameCount) == name.utf8CodeUnitCount else { return false }
    return unsafe withName(line) { unsafe ByteScan.equalsIgnoringCase($0, name) }
  }

  /// The first line with this name.
  public func first(_ known: KnownField) -> Line? {
    for line in lines where line.known == known { return line }
    return nil
  }

  /// Hands the name's bytes to `body`.
  @inline(__always)
  public func withName<R>(_ line: Line, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    unsafe bytes.withUnsafeBytes {
      unsafe body(
        UnsafeRawBufferPointer(
          rebasing: $0[Int(line.nameStart)..<Int(line.nameStart &+ line.nameCount)]))
    }
  }

  /// Hands the value's bytes to `body`.
  @inline(__always)
  public func withValue<R>(_ line: Line, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    unsafe bytes.withUnsafeBytes {
      unsafe body(
        UnsafeRawBufferPointer(
          rebasing: $0[Int(line.valueStart)..<Int(line.valueStart &+ line.valueCount)]))
    }
  }

  /// The value as text; for slow paths, tests and messages.
  public func value(_ line: Line) -> String {
    unsafe withValue(line) { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// The first value of the field called `name` (lower case) as text; for slow paths and tests.
  public func value(named name: String) -> String? {
    let wanted = Array(name.utf8)
    for line in lines where unsafe withName(line, { unsafe $0.elementsEqual(wanted) }) {
      return value(line)
    }
    return nil
  }
}
