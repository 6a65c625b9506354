import Base
import Native
import Testing

@testable import Directory

private let homes = ["us-west", "us-east"]

/// A directory of `p1` and `p2`, its signer's log, and what is appended to it.
private final class Scene {
  let signer: SigningKey
  let directory: PatientDirectory
  var log: [UInt8]
  var number: UInt64 = 0
  var time = someTime

  init(changesMax: Int = 1_000) throws {
    signer = try makeSigner()
    let snapshot = try readPatients(
      header + "p1,us-west,US-AZ,granted,\np2,us-east,US-NY,granted,part2\n", homes: homes)
    directory = try PatientDirectory(
      open(file(snapshot, signer: signer), signer: signer.verifyingKey), hash: secretHash,
      homeNames: ["us-east", "us-west"], signer: signer.verifyingKey, changesMax: changesMax)
    log = DeltaLog.header(base: 0, keyID: secretHash.keyID, made: someTime, signer: signer)
  }

  /// The next batch.
  func batch(_ changes: [DirectoryChange]) -> [UInt8] {
    number += 1
    time.microseconds += 1_000_000
    return DeltaLog.batch(
      changes, number: number, time: time, homeNames: homes, keyID: secretHash.keyID,
      signer: signer)
  }
}

@Test func deltasAreInForceAtOnce() throws {
  let scene = try Scene()
  scene.log += scene.batch([.consent(key("p1"), .withdrawn)])
  scene.log += scene.batch([
    .upsert(key("p3"), entry(home: 1)), .remove(key("p2")), .consent(key("p9"), .withdrawn),
    .consent(key("p8"), .granted),
  ])
  let progress = scene.directory.receive(scene.log, startsFile: true)
  #expect(progress.consumedCount == scene.log.count)
  #expect((progress.batchCount, progress.changeCount) == (2, 5))
  #expect(!progress.isTorn)
  #expect(progress.fault == nil)
  #expect(scene.directory.find("p1")?.consent == .withdrawn)
  #expect(scene.directory.find("p1")?.homeIndex == 1)
  #expect(scene.directory.find("p2") == nil)
  #expect(scene.directory.find("p3")?.homeIndex == 0)
  #expect(scene.directory.find("p9") == .nothing(but: .withdrawn))
  #expect(scene.directory.find("p8") == nil)
  #expect(scene.directory.deltaState.last == 2)
  #expect(scene.directory.changedCount == 4)
}

@Test func mergesCarryOverWhatProtects() throws {
  let scene = try Scene()
  scene.log += scene.batch([
    .consent(key("p2"), .withdrawn), .merge(key("p2"), into: key("p1")),
  ])
  #expect(scene.directory.receive(scene.log).fault == nil)
  let survivor = try #require(scene.directory.find("p1"))
  #expect(survivor.consent == .withdrawn)
  #expect(survivor.flags == .part2)
  #expect(survivor.homeIndex == 1)
  #expect(scene.directory.find("p2")?.flags == [.part2, .merged])
  #expect(scene.directory.isSame("p1", "p2"))
  // A consent under either id is the person's; circles and merges into oneself change nothing.
  let more = scene.batch([
    .consent(key("p2"), .granted), .merge(key("p1"), into: key("p2")),
    .merge(key("p1"), into: key("p1")), .merge(key("p7"), into: key("p2")),
    .merge(key("p6"), into: key("p5")),
  ])
  #expect(scene.directory.receive(more).changeCount == 5)
  #expect(scene.directory.find("p1")?.consent == .granted)
  #expect(scene.directory.isSame("p7", "p1"))
  #expect(scene.directory.find("p6") == nil)
}

@Test func aTornEndWaits() throws {
  let scene = try Scene()
  let first = scene.batch([.consent(key("p1"), .withdrawn)])
  let second = scene.batch([.consent(key("p1"), .granted)])
  let start = scene.log + first
  for count in 0..<second.count {
    let scene = try Scene()
    var progress = scene.directory.receive(start + second[..<count])
    #expect(progress.consumedCount == start.count)
    #expect(progress.isTorn == (count > 0))
    #expect(progress.fault == nil)
    #expect(scene.directory.find("p1")?.consent == .withdrawn)
    progress = scene.directory.receive(second)
    #expect(progress.batchCount == 1)
    #expect(scene.directory.find("p1")?.consent == .granted)
  }
  for count in 0..<DeltaLog.headerByteCount {
    let progress = try Scene().directory.receive(start[..<count])
    #expect(progress.consumedCount == 0)
    #expect(progress.fault == nil)
  }
}

@Test func anyFlippedBitOfALogIsFound() throws {
  let scene = try Scene()
  scene.log += scene.batch([.consent(key("p1"), .withdrawn)])
  for index in scene.log.indices {
    for bit in 0..<8 as Range<UInt8> {
      let fresh = try Scene()
      var bad = scene.log
      bad[index] ^= 1 << bit
      let progress = fresh.directory.receive(bad)
      #expect(progress.batchCount == 0, "byte \(index)")
      // A length that grew looks like a batch that is not whole yet.
      #expect(progress.fault != nil || progress.isTorn, "byte \(index)")
      #expect(fresh.directory.find("p1")?.consent == .granted)
    }
  }
}

@Test func afterAFaultNothingMoreIsApplied() throws {
  let scene = try Scene()
  let good = scene.log + scene.batch([.consent(key("p1"), .withdrawn)])
  _ = scene.batch([])
  let late = scene.batch([.consent(key("p1"), .granted)])
  #expect(scene.directory.receive(good).fault == nil)
  let age = scene.directory.ageSeconds(at: scene.time)
  #expect(scene.directory.receive(late).fault == .gap(expected: 2, found: 3))
  #expect(scene.directory.receive(late).fault == .gap(expected: 2, found: 3))
  #expect(scene.directory.find("p1")?.consent == .withdrawn)
  #expect(scene.directory.ageSeconds(at: scene.time) == age)
  #expect(scene.directory.deltaState.fault == .gap(expected: 2, found: 3))
  // The file is replaced by a good one: what it repeats is passed over.
  scene.number = 1
  let whole = good + scene.batch([.remove(key("p2"))])
  let progress = scene.directory.receive(whole, startsFile: true)
  #expect(progress.batchCount == 1)
  #expect(progress.consumedCount == whole.count)
  #expect(scene.directory.find("p2") == nil)
}

@Test func logsOfOthersAreRefused() throws {
  let scene = try Scene()
  let other = try makeSigner(2)
  let key = secretHash.keyID
  let foreign = DeltaLog.header(base: 0, keyID: key, made: someTime, signer: other)
  #expect(scene.directory.receive(foreign).fault == .signature)
  let otherKey = DeltaLog.header(base: 0, keyID: 1, made: someTime, signer: scene.signer)
  #expect(scene.directory.receive(otherKey, startsFile: true).fault == .otherKey)
  let late = DeltaLog.header(base: 5, keyID: key, made: someTime, signer: scene.signer)
  #expect(
    scene.directory.receive(late, startsFile: true).fault == .gap(expected: 1, found: 6))
  #expect(
    scene.directory.receive(Array("patient,home\n".utf8), startsFile: true).fault
      == .notThisKind("directory delta log"))
  let stolen = DeltaLog.batch(
    [], number: 1, time: someTime, homeNames: homes, keyID: key, signer: other)
  #expect(scene.directory.receive(scene.log + stolen, startsFile: true).fault == .signature)
}

@Test func aFullOverlayStops() throws {
  let scene = try Scene(changesMax: 10)
  scene.log += scene.batch((0..<5).map { .upsert(key("n\($0)"), entry()) })
  scene.log += scene.batch([.upsert(key("n6"), entry()), .upsert(key("n7"), entry())])
  scene.log += scene.batch((0..<5).map { .upsert(key("m\($0)"), entry()) })
  let progress = scene.directory.receive(scene.log)
  #expect(progress.batchCount == 2)
  #expect(progress.fault == .overlayFull)
  #expect(scene.directory.find("m0") == nil)
}

@Test func heartbeatsKeepItYoung() throws {
  let scene = try Scene()
  let later = WallTime(microseconds: someTime.microseconds + 90_000_000)
  #expect(scene.directory.ageSeconds(at: later) == 90)
  _ = scene.directory.receive(scene.log + scene.batch([]))
  #expect(scene.directory.ageSeconds(at: later) == 89)
  #expect(scene.directory.ageSeconds(at: WallTime(microseconds: 0)) == nil)
  #expect(scene.directory.ageSeconds(at: someTime) == 0)
  let unsigned = try PatientDirectory(try readPatients(header), hash: secretHash)
  #expect(unsigned.ageSeconds(at: later) == nil)
}

@Test(arguments: 0..<300 as Range<UInt64>)
func randomLogsNeverTrap(seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  let scene = try Scene()
  for _ in 0..<3 { scene.log += scene.batch([.remove(key("p\(seed % 4)"))]) }
  for _ in 0..<Int.random(in: 1..<4, using: &random) {
    let index = Int.random(in: 0..<scene.log.count, using: &random)
    scene.log[index] = [0, 0xFF, 1, 0x80].randomElement(using: &random) ?? 0
  }
  var start = 0
  while start < scene.log.count {
    let end = min(scene.log.count, start + Int.random(in: 1..<400, using: &random))
    let progress = scene.directory.receive(scene.log[start..<end])
    #expect(progress.consumedCount <= end - start)
    guard progress.fault == nil else { break }
    start = progress.consumedCount > 0 ? start + progress.consumedCount : end
  }
  #expect(scene.directory.deltaState.last <= 3)
}
