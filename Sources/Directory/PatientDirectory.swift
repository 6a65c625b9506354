public import Base
public import Native
internal import Synchronization

/// Patients with home region, residency, consent and marks: a snapshot, and what changed since.
///
/// Any thread may look up; one at a time hands in deltas. What a delta says holds for every look-up
/// that begins after `receiveDeltas` returned, on every thread, without a message or a lock.
public final class PatientDirectory: Sendable {
  /// The home regions that `PatientEntry.homeIndex` counts.
  public let homeNames: [String]
  /// The snapshot underneath.
  public let snapshot: DirectorySnapshot
  /// The file that deltas are appended to; nil when none is followed.
  public let deltasPath: String?
  /// What turns ids into keys.
  private let hash: PatientHash
  /// Each home of the snapshot as an index of `homeNames`.
  private let homes: [UInt8]
  /// What deltas changed.
  private let overlay: Overlay
  /// Microseconds of the newest time that a signer vouched for; 0 when there is no signer.
  private let newest: Atomic<UInt64>
  /// Who reads the delta log; nil without one. Taken by the thread that hands in deltas only.
  private let follower: Mutex<DeltaFollower?>
  /// What `deltaPosition` gives.
  private let position = Mutex(DeltaPosition())

  /// Joins a snapshot and the log that follows it.
  ///
  /// - `homeNames`: the regions that may be homes, in the order that `homeIndex` counts; empty
  ///   takes the snapshot's own.
  /// - `signer`: whose snapshot and deltas are believed; nil for a directory of this process.
  /// - `changesMax`: how many patients deltas may change.
  public init(
    _ snapshot: DirectorySnapshot, hash: PatientHash, homeNames: [String] = [],
    signer: VerifyingKey? = nil, deltasPath: String? = nil,
    changesMax: Int = DirectoryLimits.overlayPatientsMax
  ) throws(DirectoryFault) {
    let names = homeNames.isEmpty ? snapshot.header.homeNames : homeNames
    var homes: [UInt8] = []
    for name in snapshot.header.homeNames {
      guard let index = names.firstIndex(of: name) else { throw .unknownHome(name) }
      homes.append(UInt8(index))
    }
    self.homes = homes
    self.homeNames = names
    self.snapshot = snapshot
    self.hash = hash
    self.deltasPath = deltasPath
    overlay = Overlay(patientsMax: changesMax)
    newest = Atomic(signer == nil ? 0 : snapshot.header.built.microseconds)
    follower = Mutex(
      signer.map {
        DeltaFollower(signer: $0, keyID: hash.keyID, after: snapshot.header.lastDelta)
      })
  }

  /// How many patients the snapshot has.
  public var count: Int { snapshot.header.patientCount }

  /// How many patients deltas have changed since.
  public var changedCount: Int { overlay.count }

  /// The number of the last batch in force, and why the log is not read any further.
  public var deltaState: (last: UInt64, fault: DirectoryFault?) {
    follower.withLock { ($0?.last ?? snapshot.header.lastDelta, $0?.fault) }
  }

  /// Whole seconds since a signer last vouched for the content: the newest of the snapshot and of
  /// the batches in force, heartbeats included. Nil when nobody signed it, or when the signer's
  /// clock is so far ahead that it says nothing.
  public func ageSeconds(at time: WallTime) -> UInt64? {
    let newest = newest.load(ordering: .relaxed)
    guard newest > 0 else { return nil }
    if newest > time.microseconds {
      let ahead = (newest - time.microseconds) / 1_000_000
      return ahead <= DirectoryLimits.clockSkewSecondsMax ? 0 : nil
    }
    return (time.microseconds - newest) / 1_000_000
  }

  /// The entry of the patient with this id, or of the one that the id was merged into (marked
  /// `merged` then); nil when the directory does not know it.
  ///
  /// Allocates nothing. A hostile id costs one hash and one probe run.
  public func lookup(_ id: UnsafeRawBufferPointer) -> PatientEntry? {
    guard let key = unsafe hash.key(of: id) else { return nil }
    return lookup(key)
  }

  /// The same for an id's key.
  @inline(__always)
  func lookup(_ key: PatientKey) -> PatientEntry? {
    guard case (let end, var entry)? = resolve(key) else { return nil }
    if end != key { entry.flags.insert(.merged) }
    return entry
  }

  /// Whether both ids are known and belong to one person.
  public func isSamePerson(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
  ) -> Bool {
    guard let first = unsafe hash.key(of: first).flatMap({ resolve($0) }),
      let second = unsafe hash.key(of: second).flatMap({ resolve($0) })
    else { return false }
    return first.key == second.key
  }

  /// The key of an id; nil unless it has the length of one.
  public func key(of id: String) -> PatientKey? { hash.key(of: id) }

  /// The same for an id's bytes.
  func key(of id: UnsafeRawBufferPointer) -> PatientKey? { unsafe hash.key(of: id) }

  /// Follows merges from `key` to the present record. Bounded: nil after too many.
  func resolve(_ start: PatientKey) -> (key: PatientKey, entry: PatientEntry)? {
    var key = start
    let changed = overlay.table
    for _ in 0...DirectoryLimits.mergesMax {
      var word = changed?.word(of: key) ?? .empty
      var isMapped = true
      var slot = -1
      if word == .empty {
        guard let found = snapshot.table.find(key) else { return nil }
        (word, slot, isMapped) = (snapshot.table.word(at: found), found, false)
      }
      switch word.kind {
      case .patient:
        var entry = word.entry
        if !isMapped { entry.homeIndex = home(entry.homeIndex) }
        return (key, entry)
      case .merged:
        if slot < 0, let changed {
          key = changed.key(at: word.link)
        } else {
          guard word.link < snapshot.table.slotCount else { return nil }
          key = snapshot.table.key(at: word.link)
        }
      case .removed, .empty: return nil
      }
    }
    return nil
  }

  /// The snapshot's home as an index of `homeNames`.
  @inline(__always)
  private func home(_ index: UInt8) -> UInt8 {
    Int(index) < homes.count ? homes[Int(index)] : PatientEntry.homeUnknown
  }

  // MARK: Deltas

  /// How far the delta log was read: bytes of the file with this identity.
  public struct DeltaPosition: Equatable, Sendable {
    /// What tells files apart; zero before the first one.
    public var device: UInt64 = 0
    /// The same within a device.
    public var inode: UInt64 = 0
    /// Bytes that are done.
    public var offset = 0

    /// Makes the position before everything.
    public init() {}
  }

  /// How far the log was read, kept here so that who reads next goes on where the last one ended.
  public var deltaPosition: DeltaPosition {
    get { position.withLock { $0 } }
    set { position.withLock { $0 = newValue } }
  }

  /// What a call of `receiveDeltas` did.
  public struct DeltaProgress: Equatable, Sendable {
    /// Bytes of the file that need not be handed in again.
    public var consumedCount = 0
    /// Batches that are in force now.
    public var batchCount = 0
    /// Changes in them.
    public var changeCount = 0
    /// Whether the file ends inside a batch, which may still become whole.
    public var isTorn = false
    /// Why the file is not read any further; what was applied before stays in force.
    public var fault: DirectoryFault?

    /// Makes the progress of nothing.
    public init() {}
  }

  /// Takes the next bytes of the delta log, from where the last call's consumed bytes ended.
  /// `startsFile` begins anew, at the first byte of a file. `changed` hears of each person about
  /// whom something else is in force now. One thread at a time.
  public func receiveDeltas(
    _ raw: UnsafeRawBufferPointer, startsFile: Bool = false,
    changed: (PatientKey) -> Void = { _ in }
  ) -> DeltaProgress {
    follower.withLock { follower in
      guard var reading = follower else { return DeltaProgress() }
      if startsFile { reading.begin() }
      let step = unsafe reading.receive(
        raw,
        apply: { changes, names in
          apply(changes, homeNames: names)
          for change in changes { tell(change, changed) }
        }, hasRoom: { overlay.hasRoom(for: $0) },
        finish: { time in
          newest.max(time.microseconds, ordering: .relaxed)
        })
      follower = reading
      var progress = DeltaProgress()
      (progress.consumedCount, progress.isTorn) = (step.consumedCount, step.isTorn)
      (progress.batchCount, progress.changeCount) = (step.batchCount, step.changeCount)
      progress.fault = reading.fault
      return progress
    }
  }

  /// Puts changes in force, in their order. The numbers of homes are those of `names`.
  func apply(_ changes: some Sequence<DirectoryChange>, homeNames names: [String]) {
    let numbers = names.map { name in
      homeNames.firstIndex(of: name).map { UInt8($0) } ?? PatientEntry.homeUnknown
    }
    for change in changes {
      switch change {
      case .upsert(let key, var entry):
        let index = Int(entry.homeIndex)
        entry.homeIndex = index < numbers.count ? numbers[index] : PatientEntry.homeUnknown
        overlay.set(key, EntryWord(entry))
      case .remove(let key): overlay.set(key, .removed)
      case .merge(let key, let survivor): merge(key, into: survivor)
      case .consent(let key, let consent): set(consent, of: key)
      }
    }
  }

  /// The first id's person is the second one's, with what stays true of both.
  private func merge(_ key: PatientKey, into survivor: PatientKey) {
    let target = resolve(survivor)
    // The ids are one person's already, or the merge would close a circle.
    if let target, resolve(key)?.key == target.key { return }
    guard key != survivor else { return }
    if case (let end, var entry)? = target {
      if let old = resolve(key)?.entry { entry = entry.absorbing(old) }
      overlay.set(end, EntryWord(entry))
      overlay.merge(key, into: end)
    } else {
      // Nothing is known of the survivor: then nothing is known of the merged id either.
      overlay.set(key, .removed)
    }
  }

  /// The person's consent is this now; a withdrawal holds for somebody unknown too.
  private func set(_ consent: Consent, of key: PatientKey) {
    if case (let end, var entry)? = resolve(key) {
      entry.consent = consent
      overlay.set(end, EntryWord(entry))
    } else if consent == .withdrawn {
      overlay.set(key, EntryWord(.nothing(but: .withdrawn)))
    }
  }

  // MARK: All of it

  /// Everything that is said of any id, in no order: its own entry, not the one that it leads to,
  /// and for a merged id the key that it was merged into.
  func forEach(_ body: (PatientKey, EntryWord, _ survivor: PatientKey?) -> Void) {
    let changed = overlay.table
    for index in 0..<snapshot.table.slotCount {
      let word = snapshot.table.word(at: index)
      let key = snapshot.table.key(at: index)
      if word == .empty || (changed?.word(of: key) ?? .empty) != .empty { continue }
      switch word.kind {
      case .patient:
        var entry = word.entry
        entry.homeIndex = home(entry.homeIndex)
        body(key, EntryWord(entry), nil)
      case .merged where word.link < snapshot.table.slotCount:
        body(key, word, snapshot.table.key(at: word.link))
      case .merged, .removed, .empty: body(key, .removed, nil)
      }
    }
    overlay.forEach { key, word in
      body(key, word, word.kind == .merged ? changed?.key(at: word.link) : nil)
    }
  }

  /// All that is known now, as rows of a new snapshot.
  public func rows() -> PatientRows {
    var rows = PatientRows()
    var survivors: Set<PatientKey> = []
    var removed: Set<PatientKey> = []
    forEach { key, word, survivor in
      if let survivor {
        rows.add(key, mergedInto: survivor)
        survivors.insert(survivor)
      } else if word.kind == .patient {
        rows.add(key, word.entry)
      } else {
        removed.insert(key)
      }
    }
    // Whose survivor was removed leads nowhere, until the survivor comes back.
    for key in survivors where removed.contains(key) { rows.addRemoved(key) }
    return rows
  }
}
