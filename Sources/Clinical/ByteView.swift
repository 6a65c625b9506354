/// A bounds-checked view of bytes that somebody else owns.
///
/// Valid only while the call that made it lasts; it never leaves this target. Any index outside
/// traps, in release too, so a parsing mistake cannot become a read of foreign memory.
@safe
struct ByteView {
  /// The first byte; nil only when there is none.
  private let base: UnsafeRawPointer?
  /// How many bytes there are.
  let count: Int

  /// Views `bytes`, which must outlive the view.
  @inline(__always)
  init(_ bytes: UnsafeRawBufferPointer) {
    unsafe base = bytes.baseAddress
    count = bytes.count
  }

  /// The byte at `index`.
  @inline(__always)
  subscript(index: Int) -> UInt8 {
    precondition(index >= 0 && index < count, "byte outside the view")
    // In bounds by the line above; `base` is not nil because `count` is positive.
    return unsafe base.unsafelyUnwrapped.load(fromByteOffset: index, as: UInt8.self)
  }

  /// The eight bytes from `index` on, the first one lowest.
  @inline(__always)
  func word(at index: Int) -> UInt64 {
    precondition(index >= 0 && index <= count - 8, "word outside the view")
    // In bounds by the line above.
    let word = unsafe base.unsafelyUnwrapped.loadUnaligned(fromByteOffset: index, as: UInt64.self)
    return UInt64(littleEndian: word)
  }

  /// The bytes of `range`.
  @inline(__always)
  subscript(range: Range<Int>) -> ByteView {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside the view")
    guard let base = unsafe base else { return self }
    return unsafe ByteView(
      UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
  }

  /// Whether there is no byte.
  @inline(__always) var isEmpty: Bool { count == 0 }

  /// The same bytes for a callee that takes a raw buffer.
  @inline(__always) var raw: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base, count: count)
  }

  /// Where `byte` first stands at or after `start`; `count` when nowhere.
  @inline(__always)
  func index(of byte: UInt8, from start: Int = 0) -> Int {
    var index = start
    while index < count, self[index] != byte { index += 1 }
    return index
  }

  /// Whether these are exactly the bytes of `text`.
  @inline(__always)
  func equals(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    return starts(with: text)
  }

  /// Whether these bytes begin with those of `text`.
  @inline(__always)
  func starts(with text: StaticString) -> Bool {
    guard count >= text.utf8CodeUnitCount else { return false }
    for index in 0..<text.utf8CodeUnitCount {
      // In bounds: a StaticString has `utf8CodeUnitCount` bytes at `utf8Start`.
      guard unsafe self[index] == text.utf8Start[index] else { return false }
    }
    return true
  }

  /// Whether both views hold the same bytes.
  @inline(__always)
  func equals(_ other: ByteView) -> Bool {
    guard count == other.count else { return false }
    var index = 0
    while index + 8 <= count {
      if word(at: index) != other.word(at: index) { return false }
      index += 8
    }
    while index < count {
      if self[index] != other[index] { return false }
      index += 1
    }
    return true
  }

  /// Whether these bytes are those of `array`.
  @inline(__always)
  func starts(with array: [UInt8]) -> Bool {
    guard count >= array.count else { return false }
    for index in 0..<array.count where self[index] != array[index] { return false }
    return true
  }

  /// Whether these bytes are a FHIR id: `[A-Za-z0-9\-.]{1,64}`.
  var isID: Bool {
    guard count >= 1, count <= ClinicalLimits.idBytesMax else { return false }
    for index in 0..<count {
      switch self[index] {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E: continue
      default: return false
      }
    }
    return true
  }
}
