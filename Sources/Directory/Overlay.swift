internal import Synchronization

/// What deltas have changed since the snapshot: a table that one thread writes and all loops read.
///
/// Readers take no lock: an entry is one atomic word, written after its key, and a slot's key never
/// changes. A reader sees a change at its next look-up after `set` returned. When the table is half
/// full the writer publishes one of twice the size; the older ones stay until the directory is
/// gone, since a reader may still be looking at them (together they are smaller than the last).
@safe
final class Overlay: Sendable {
  /// One size of the table.
  @safe
  struct Table {
    /// The keys; one is valid once its entry is not empty.
    fileprivate let keys: UnsafeMutablePointer<PatientKey>
    /// The entries.
    fileprivate let words: UnsafeMutablePointer<Atomic<UInt64>>
    /// Slots minus one; the number of slots is a power of two.
    fileprivate let mask: Int

    /// Allocates an empty table.
    fileprivate init(slotCount: Int) {
      unsafe keys = .allocate(capacity: slotCount)
      unsafe keys.initialize(repeating: PatientKey(high: 0, low: 0), count: slotCount)
      unsafe words = .allocate(capacity: slotCount)
      for index in 0..<slotCount { unsafe (words + index).initialize(to: Atomic(0)) }
      mask = slotCount - 1
    }

    /// Frees the memory; nobody may look any more.
    fileprivate func free() {
      unsafe keys.deallocate()
      unsafe words.deallocate()
    }

    /// The slot of `key`, or the empty one where it would stand.
    @inline(__always)
    fileprivate func slot(of key: PatientKey) -> (index: Int, word: EntryWord) {
      var index = Int(truncatingIfNeeded: key.high) & mask
      while true {
        // Half of the slots are empty, so this ends; acquiring the entry makes its key visible.
        let word = unsafe EntryWord(bits: words[index].load(ordering: .acquiring))
        if word == .empty { return (index, word) }
        if unsafe keys[index] == key { return (index, word) }
        index = (index + 1) & mask
      }
    }

    /// What is known of `key`; empty when no delta named it.
    @inline(__always)
    func word(of key: PatientKey) -> EntryWord { slot(of: key).word }

    /// The key in slot `index`, which a link named.
    @inline(__always)
    func key(at index: Int) -> PatientKey { unsafe keys[index & mask] }
  }

  /// The sizes so far; entries up to `current` are valid.
  nonisolated(unsafe) private let tables: UnsafeMutablePointer<Table>
  /// Which size is in use; -1 before the first change.
  private let current = Atomic<Int>(-1)
  /// Slots that are taken.
  private let taken = Atomic<Int>(0)
  /// How many patients it may hold.
  private let patientsMax: Int

  /// Slots of the first size.
  private static let firstSlotCount = 1 << 12
  /// Sizes: from the first to more than any directory's patients.
  private static let sizesMax = 32

  /// Makes an empty overlay; memory is taken with the first change.
  init(patientsMax: Int) {
    self.patientsMax = patientsMax
    unsafe tables = .allocate(capacity: Self.sizesMax)
  }

  deinit {
    let last = current.load(ordering: .acquiring)
    if last >= 0 { for index in 0...last { unsafe tables[index].free() } }
    unsafe tables.deallocate()
  }

  /// The table as it is now; nil while nothing was changed.
  @inline(__always)
  var table: Table? {
    let index = current.load(ordering: .acquiring)
    return index < 0 ? nil : unsafe tables[index]
  }

  /// How many patients were changed.
  var count: Int { taken.load(ordering: .relaxed) }

  /// Whether `count` more patients surely fit.
  func hasRoom(for count: Int) -> Bool { self.count + count <= patientsMax }

  /// Says what is true of `key` from now on, for every reader. One thread at a time.
  func set(_ key: PatientKey, _ word: EntryWord) {
    precondition(word != .empty, "an entry never becomes empty again")
    let table = tableWithRoom()
    let (index, old) = table.slot(of: key)
    if old == .empty {
      unsafe table.keys[index] = key
      taken.add(1, ordering: .relaxed)
    }
    unsafe table.words[index].store(word.bits, ordering: .releasing)
  }

  /// Says that `key` is another id of `survivor`, of whom something was said before.
  func merge(_ key: PatientKey, into survivor: PatientKey) {
    // Growing now, so that the link stays true until `set` has written it.
    let table = tableWithRoom()
    let (index, word) = table.slot(of: survivor)
    precondition(word != .empty, "a survivor is in the overlay before it is linked to")
    set(key, EntryWord(mergedInto: index))
  }

  /// Every key and entry. Writer's thread.
  func forEach(_ body: (PatientKey, EntryWord) -> Void) {
    guard let table else { return }
    for index in 0...table.mask {
      let word = unsafe EntryWord(bits: table.words[index].load(ordering: .acquiring))
      if word != .empty { body(table.key(at: index), word) }
    }
  }

  /// The table, with an empty slot that may be taken.
  private func tableWithRoom() -> Table {
    let last = current.load(ordering: .relaxed)
    guard last >= 0 else {
      unsafe (tables + 0).initialize(to: Table(slotCount: Self.firstSlotCount))
      current.store(0, ordering: .releasing)
      return unsafe tables[0]
    }
    let table = unsafe tables[last]
    guard (count + 1) * 2 > table.mask + 1 else { return table }
    precondition(last + 1 < Self.sizesMax, "the overlay is bounded")
    let next = copy(table)
    unsafe (tables + (last + 1)).initialize(to: next)
    current.store(last + 1, ordering: .releasing)
    return next
  }

  /// A table of twice the size with the same content; nobody sees it yet.
  private func copy(_ old: Table) -> Table {
    let next = Table(slotCount: (old.mask + 1) * 2)
    // Links name slots: they follow once every key has its new one.
    for isLinking in [false, true] {
      for index in 0...old.mask {
        var word = unsafe EntryWord(bits: old.words[index].load(ordering: .relaxed))
        guard word != .empty, isLinking == (word.kind == .merged) else { continue }
        let key = unsafe old.keys[index]
        if isLinking {
          word = EntryWord(mergedInto: place(unsafe old.keys[word.link & old.mask], in: next))
        }
        let slot = place(key, in: next)
        unsafe next.words[slot].store(word.bits, ordering: .relaxed)
      }
    }
    return next
  }

  /// The slot of `key` in a table that nobody sees yet; takes one when it has none.
  private func place(_ key: PatientKey, in table: Table) -> Int {
    let (index, word) = table.slot(of: key)
    if word == .empty {
      unsafe table.keys[index] = key
      unsafe table.words[index].store(EntryWord.removed.bits, ordering: .relaxed)
    }
    return index
  }
}
