/// Patients while a snapshot is made of them: rows in any order, then slots in theirs.
public struct PatientRows {
  /// One patient.
  private struct Row {
    var key: PatientKey
    /// The entry; of a merged patient, the index into `merges`.
    var word: EntryWord
    /// Where the patient stands in the source.
    var line: UInt32
  }

  /// One merged patient.
  private struct Merge {
    var survivor: PatientKey
    var line: Int
    var column: Int
  }

  /// A mistake that only all rows together show.
  public struct Mistake: Equatable, Sendable {
    var line: Int
    var column: Int
    var message: String
  }

  private var rows: [Row] = []
  private var merges: [Merge] = []

  /// Makes no rows.
  public init() {}

  /// How many patients there are.
  public var count: Int { rows.count }

  /// Adds a patient.
  public mutating func add(_ key: PatientKey, _ entry: PatientEntry, line: Int = 0) {
    rows.append(Row(key: key, word: EntryWord(entry), line: UInt32(clamping: line)))
  }

  /// Adds an id whose person is `survivor` now.
  mutating func add(
    _ key: PatientKey, mergedInto survivor: PatientKey, line: Int = 0, column: Int = 1
  ) {
    rows.append(
      Row(key: key, word: EntryWord(mergedInto: merges.count), line: UInt32(clamping: line)))
    merges.append(Merge(survivor: survivor, line: line, column: column))
  }

  /// Keeps the place of somebody who was removed, for the ids that were merged into this one.
  mutating func addRemoved(_ key: PatientKey) {
    rows.append(Row(key: key, word: .removed, line: 0))
  }

  /// The snapshot of these patients, or what keeps them from being one.
  ///
  /// The same patients give the same slots, whatever their order. `checksChains` makes a merge over
  /// too many patients a mistake; of live data it is none, and such an id is unknown.
  public consuming func makeSnapshot(
    homeNames: [String], keyID: UInt64, checksChains: Bool = true
  ) -> (snapshot: DirectorySnapshot?, mistakes: [Mistake]) {
    sort()
    var mistakes = repetitions()
    guard mistakes.isEmpty else { return (nil, mistakes) }
    var header = SnapshotHeader()
    (header.homeNames, header.keyID, header.patientCount) = (homeNames, keyID, rows.count)
    header.placeCount = SlotTable.placeCount(for: rows.count)
    let slots = slotNumbers(placeCount: header.placeCount)
    header.slotCount = max(header.placeCount, slots.last + 1)
    header.distanceMax = slots.distanceMax
    let memory = WordMemory(count: header.slotCount * SlotTable.wordCount)
    fill(memory, header)
    let raw = unsafe UnsafeRawBufferPointer(memory.words)
    let bytes = unsafe DirectoryBytes(raw, keeping: memory)
    let snapshot = DirectorySnapshot(header, bytes, contentStart: 0)
    mistakes = link(memory, snapshot.table, checksChains: checksChains)
    return (mistakes.isEmpty ? snapshot : nil, mistakes)
  }

  /// Sorts the rows by key: first by its upper bits into groups, then each small group.
  private mutating func sort() {
    let shift = UInt64(64 - max(1, 64 - rows.count.leadingZeroBitCount - 5))
    var starts = [Int](repeating: 0, count: 1 << (64 - shift) + 1)
    for row in rows { starts[Int(row.key.high >> shift) + 1] += 1 }
    for index in 1..<starts.count { starts[index] += starts[index - 1] }
    var next = starts
    let unsorted = rows
    unsafe rows.withUnsafeMutableBufferPointer { rows in
      for row in unsorted {
        let group = Int(row.key.high >> shift)
        unsafe rows[next[group]] = row
        next[group] += 1
      }
      for group in 0..<(starts.count - 1) where starts[group + 1] - starts[group] > 1 {
        unsafe rows[starts[group]..<starts[group + 1]].sort {
          $0.key == $1.key ? $0.line < $1.line : $0.key < $1.key
        }
      }
    }
  }

  /// Patients who stand on an earlier line too, when there will be no snapshot for other reasons.
  consuming func repetitionsOnly() -> [Mistake] {
    sort()
    return repetitions()
  }

  /// Patients who stand on an earlier line too. The rows are sorted.
  private func repetitions() -> [Mistake] {
    var mistakes: [Mistake] = []
    for index in rows.indices.dropFirst() where rows[index].key == rows[index - 1].key {
      mistakes.append(
        Mistake(
          line: Int(rows[index].line), column: 1,
          message: "this patient stands on an earlier line too; keep one of them"))
    }
    return mistakes
  }

  /// The last slot that is taken, and the greatest distance.
  private func slotNumbers(placeCount: Int) -> (last: Int, distanceMax: Int) {
    var (last, distanceMax) = (-1, 0)
    for row in rows {
      let place = SlotTable.place(of: row.key, among: placeCount)
      last = max(last + 1, place)
      distanceMax = max(distanceMax, last - place)
    }
    return (last, distanceMax)
  }

  /// Writes the rows into their slots.
  private func fill(_ memory: WordMemory, _ header: SnapshotHeader) {
    var last = -1
    for row in rows {
      last = max(last + 1, SlotTable.place(of: row.key, among: header.placeCount))
      let start = last * SlotTable.wordCount
      // In bounds: `slotNumbers` counted the same way before the memory was made.
      unsafe memory.words[start] = row.key.high
      unsafe memory.words[start + 1] = row.key.low
      unsafe memory.words[start + 2] = row.word.bits
    }
  }

  /// Turns indices into `merges` into links to survivors, and looks for what cannot be followed.
  private func link(
    _ memory: WordMemory, _ table: SlotTable, checksChains: Bool
  ) -> [Mistake] {
    guard !merges.isEmpty else { return [] }
    var mistakes: [Mistake] = []
    var merged: [(slot: Int, merge: Merge)] = []
    for slot in 0..<table.slotCount where table.word(at: slot).kind == .merged {
      let merge = merges[table.word(at: slot).link]
      merged.append((slot, merge))
      guard let survivor = table.find(merge.survivor) else {
        mistakes.append(
          Mistake(
            line: merge.line, column: merge.column,
            message: "the patient that this one was merged into has no line"))
        continue
      }
      unsafe memory.words[slot * SlotTable.wordCount + 2] = EntryWord(mergedInto: survivor).bits
    }
    guard checksChains, mistakes.isEmpty else { return mistakes }
    for (slot, merge) in merged {
      var (last, count) = (slot, 0)
      while table.word(at: last).kind == .merged, count <= DirectoryLimits.mergesMax {
        last = table.word(at: last).link
        count += 1
      }
      if count > DirectoryLimits.mergesMax {
        mistakes.append(
          Mistake(
            line: merge.line, column: merge.column,
            message: "this merge leads in a circle, or over more than"
              + " \(DirectoryLimits.mergesMax) patients"))
      }
    }
    return mistakes
  }
}
