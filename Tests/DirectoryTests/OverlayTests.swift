import Base
import Dispatch
import Synchronization
import Testing

@testable import Directory

private func key(_ number: Int) -> PatientKey {
  PatientKey(high: UInt64(number) &* 0x9E37_79B9_7F4A_7C15, low: UInt64(number))
}

@Test func anOverlayGrowsAndKeepsItsLinks() {
  let overlay = Overlay(patientsMax: 1 << 20)
  for number in 0..<30_000 {
    overlay.set(key(number), EntryWord(entry(home: UInt8(number % 200))))
    if number % 10 == 9 { overlay.merge(key(number), into: key(number - 5)) }
  }
  #expect(overlay.count == 30_000)
  for number in 0..<30_000 {
    let word = overlay.table?.word(of: key(number)) ?? .empty
    if number % 10 == 9 {
      #expect(word.kind == .merged)
      #expect(overlay.table?.key(at: word.link) == key(number - 5))
    } else {
      #expect(word.entry.homeIndex == UInt8(number % 200))
    }
  }
  #expect(overlay.table?.word(of: key(30_000)) == .empty)
  var seen = 0
  overlay.forEach { _, _ in seen += 1 }
  #expect(seen == 30_000)
}

/// Readers on other threads see each patient's changes in their order, and never a half of one,
/// while the table grows under them.
@Test func readersSeeWholeEntriesInOrder() {
  let overlay = Overlay(patientsMax: 1 << 20)
  let isDone = Atomic(false)
  let mistakes = Atomic(0)
  DispatchQueue.concurrentPerform(iterations: 3) { thread in
    if thread == 0 {
      for round in 0..<100 {
        for number in 0..<200 {
          let home = UInt8(round)
          overlay.set(
            key(number), EntryWord(entry(home: home, round % 2 == 0 ? .granted : .withdrawn)))
          overlay.set(key(1_000 + round * 200 + number), EntryWord(entry()))
        }
      }
      isDone.store(true, ordering: .releasing)
      return
    }
    var last = [Int](repeating: -1, count: 200)
    while !isDone.load(ordering: .acquiring) {
      for number in 0..<200 {
        guard let word = overlay.table?.word(of: key(number)), word != .empty else { continue }
        let entry = word.entry
        let isWhole = entry.consent == (entry.homeIndex % 2 == 0 ? .granted : .withdrawn)
        if !isWhole || Int(entry.homeIndex) < last[number] { mistakes.add(1, ordering: .relaxed) }
        last[number] = Int(entry.homeIndex)
      }
    }
  }
  #expect(mistakes.load(ordering: .relaxed) == 0)
  #expect(overlay.count == 20_200)
}
