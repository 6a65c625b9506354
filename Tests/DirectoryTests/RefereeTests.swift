import Base
import Native
import Testing

@testable import Directory

/// The plain dictionary that says what must be found.
private struct Referee {
  enum Record { case patient(PatientEntry), merged(String) }
  var records: [String: Record] = [:]

  /// The present id and its entry.
  func resolve(_ id: String) -> (id: String, entry: PatientEntry)? {
    var id = id
    for _ in 0...DirectoryLimits.mergesMax {
      switch records[id] {
      case .patient(let entry): return (id, entry)
      case .merged(let next): id = next
      case nil: return nil
      }
    }
    return nil
  }

  func lookup(_ id: String) -> PatientEntry? {
    guard case (let end, var entry)? = resolve(id) else { return nil }
    if end != id { entry.flags.insert(.merged) }
    return entry
  }

  mutating func merge(_ id: String, into survivor: String) {
    let (old, end) = (resolve(id), resolve(survivor))
    guard id != survivor, old == nil || old?.id != end?.id else { return }
    guard case (let end, var entry)? = end else {
      records[id] = nil
      return
    }
    if let old = old?.entry {
      entry.flags.formUnion(old.flags.subtracting([.deceased, .merged]))
      if old.consent == .withdrawn { entry.consent = .withdrawn }
    }
    records[end] = .patient(entry)
    records[id] = .merged(end)
  }

  mutating func set(_ consent: Consent, of id: String) {
    if case (let end, var entry)? = resolve(id) {
      entry.consent = consent
      records[end] = .patient(entry)
    } else if consent == .withdrawn {
      records[id] = .patient(.nothing(but: .withdrawn))
    }
  }
}

private let ids = (0..<60).map { "p\($0)" }
private let homes = ["us-west", "us-east"]

private func randomEntry(_ random: inout SplitMix64) -> PatientEntry {
  PatientEntry(
    homeIndex: UInt8.random(in: 0..<2, using: &random),
    residency: ["US-AZ", "DE", "GB-ENG", "??"].randomElement(using: &random).flatMap { Place($0) }
      ?? .unknown,
    consent: Consent.allCases.randomElement(using: &random) ?? .unknown,
    flags: PatientFlags(rawValue: UInt16.random(in: 0..<128, using: &random))
      .subtracting(.merged))
}

/// Random snapshots and deltas, with new snapshots made of them in between, find what a dictionary
/// finds.
@Test(arguments: 0..<60 as Range<UInt64>)
func directoriesFindWhatADictionaryFinds(seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  var referee = Referee()
  var rows = PatientRows()
  for id in ids where Bool.random(using: &random) {
    let entry = randomEntry(&random)
    rows.add(key(id), entry)
    referee.records[id] = .patient(entry)
  }
  let signer = try makeSigner()
  var number: UInt64 = 0
  for round in 0..<4 as Range<UInt64> {
    let made = rows.makeSnapshot(
      homeNames: homes, keyID: secretHash.keyID, checksChains: false)
    #expect(made.mistakes.isEmpty)
    let bytes = file(try #require(made.snapshot), lastDelta: number, signer: signer)
    let directory = try PatientDirectory(
      open(bytes, signer: signer.verifyingKey), hash: secretHash, homeNames: homes,
      signer: signer.verifyingKey)
    var log = DeltaLog.header(
      base: number, keyID: secretHash.keyID, made: someTime, signer: signer)
    for _ in 0..<Int.random(in: 0..<6, using: &random) {
      let changes = (0..<Int.random(in: 0..<20, using: &random)).map { _ in
        randomChange(&random, &referee)
      }
      number += 1
      log += DeltaLog.batch(
        changes, number: number, time: someTime, homeNames: homes, keyID: secretHash.keyID,
        signer: signer)
    }
    let progress = directory.receive(log)
    #expect(progress.fault == nil)
    #expect(progress.consumedCount == log.count)
    for id in ids { #expect(directory.find(id) == referee.lookup(id), "\(id), round \(round)") }
    for (one, other) in zip(ids, ids.shuffled(using: &random)) {
      let (left, right) = (referee.resolve(one)?.id, referee.resolve(other)?.id)
      #expect(directory.isSame(one, other) == (left != nil && left == right))
    }
    rows = directory.rows()
  }
}

/// A random change; the referee makes it too.
private func randomChange(
  _ random: inout SplitMix64, _ referee: inout Referee
) -> DirectoryChange {
  let id = ids.randomElement(using: &random) ?? ""
  switch Int.random(in: 0..<6, using: &random) {
  case 0, 1:
    let entry = randomEntry(&random)
    referee.records[id] = .patient(entry)
    return .upsert(key(id), entry)
  case 2:
    referee.records[id] = nil
    return .remove(key(id))
  case 3:
    let survivor = ids.randomElement(using: &random) ?? ""
    referee.merge(id, into: survivor)
    return .merge(key(id), into: key(survivor))
  case 4:
    referee.set(.withdrawn, of: id)
    return .consent(key(id), .withdrawn)
  default:
    referee.set(.granted, of: id)
    return .consent(key(id), .granted)
  }
}
