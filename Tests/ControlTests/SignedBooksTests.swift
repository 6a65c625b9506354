import Native
import Testing

@testable import Control

@Suite struct SignedBooksTests {
  private static let secret = [UInt8](repeating: 7, count: 32)
  private static let other = [UInt8](repeating: 8, count: 32)

  private func keys(_ secret: [UInt8], retiring: [UInt8]? = nil) throws -> BooksKeys {
    var former: VerifyingKey?
    if let retiring { former = try SigningKey(rawBytes: retiring).verifyingKey }
    return BooksKeys(try SigningKey(rawBytes: secret), retiring: former)
  }

  /// A store with a prefer order on each region but the last.
  private func make() throws -> (MemoryStorage, FileControlStore<MemoryStorage>) {
    let storage = MemoryStorage()
    let store = FileControlStore(OperatorFolder("ops"), storage)
    try act(store, Shift.order(.prefer, "west"), 0)
    try act(store, Shift.order(.prefer, "central"), 1)
    return (storage, store)
  }

  private func act(
    _ store: FileControlStore<MemoryStorage>, _ act: OperatorAct, _ seconds: Int
  ) throws {
    #expect(try store.append(act, at: Shift.at(seconds), to: store.read()) != nil)
  }

  @Test func whatWasSealedIsOpened() throws {
    let (storage, store) = try make()
    let stored = try store.read()
    let keys = try keys(Self.secret)
    #expect(keys.open(keys.seal(stored))?.books == stored.books)
    #expect(keys.read("ops/signed/edge", storage) == .nothing)
    storage.tamper("ops/signed/edge", keys.seal(stored))
    guard case .books(let found) = keys.read("ops/signed/edge", storage) else {
      Issue.record("refused")
      return
    }
    #expect(found.books == stored.books)
  }

  @Test func eachChangedOrMissingByteIsRefused() throws {
    let (storage, store) = try make()
    let keys = try keys(Self.secret)
    let good = keys.seal(try store.read())
    for index in good.indices {
      var bad = good
      bad[index] ^= 1
      #expect(keys.open(bad) == nil, "byte \(index)")
      #expect(keys.open(Array(good[..<index])) == nil, "cut at \(index)")
    }
    #expect(keys.open(good + [0x0A]) == nil)
    // A snapshot with a right hash, and somebody else's signature, or none.
    storage.tamper("ops/signed/edge", storage.files["ops/snapshot"])
    guard case .refused(let reason) = keys.read("ops/signed/edge", storage) else {
      Issue.record("believed")
      return
    }
    #expect(reason.contains("`ops/signed/edge` was not signed by `audit.signing_key`"))
    #expect(keys.open(try self.keys(Self.other).seal(try store.read())) == nil)
  }

  @Test func aRetiringKeyIsBelievedAndDoesNotSign() throws {
    let (_, store) = try make()
    let stored = try store.read()
    let (old, new) = (try keys(Self.secret), try keys(Self.other, retiring: Self.secret))
    #expect(new.open(old.seal(stored))?.books == stored.books)
    #expect(old.open(new.seal(stored)) == nil)
  }

  // MARK: What an edge takes

  @Test func actsThatFollowAreTaken() throws {
    let (_, store) = try make()
    let known = try store.read()
    #expect(known.doubt(knowing: nil) == nil)
    #expect(known.doubt(knowing: known) == nil)
    try act(store, Shift.release(1), 2)
    #expect(try store.read().doubt(knowing: known) == nil)
    // What was known is more than what is there now.
    #expect(known.doubt(knowing: try store.read()) == .otherHistory)
    // An edge believes the newer of its two files: the way out names both.
    for file in ["`signed`", "`operators.copy`"] {
      #expect("\(OperatorDoubt.otherHistory)".contains(file))
    }
  }

  @Test func aSnapshotIsTakenOnlyAsItWasSigned() throws {
    let (storage, store) = try make()
    let known = try store.read()
    storage.tamper("ops/history", Array("nonsense\n".utf8))
    let fallen = try store.read()
    #expect(fallen.warning == .snapshotUsed(path: "ops/history", line: 1))
    #expect(fallen.doubt(knowing: known) == nil)
    #expect(fallen.doubt(knowing: nil) == .snapshotUnsigned)
    // A whole snapshot with as many acts, and other ones.
    let (others, otherStore) = try make()
    try act(otherStore, Shift.release(2), 5)
    storage.tamper("ops/snapshot", others.files["ops/snapshot"])
    #expect(try store.read().doubt(knowing: known) == .snapshotUnsigned)
    // Without it, what stands before the damage is all there is.
    let prefix = try store.folder.read(storage, believesSnapshot: false)
    #expect(prefix.warning == .prefixUsed(path: "ops/history", line: 1))
    #expect(prefix.books == OperatorBooks())
    #expect(prefix.doubt(knowing: known) == .otherHistory)
    // The next act makes that snapshot a history's begin: it is not taken either.
    try act(store, Shift.order(.prefer, "east"), 9)
    let restarted = try store.read()
    #expect(restarted.warning == nil)
    #expect(restarted.doubt(knowing: known) == .otherHistory)
  }

  @Test func aHistoryThatBeginsAtWhatWasSignedGoesOn() throws {
    let (storage, store) = try make()
    let known = try store.read()
    storage.tamper("ops/history", Array("nonsense\n".utf8))
    try act(store, Shift.order(.prefer, "east"), 9)
    let restarted = try store.read()
    #expect(restarted.doubt(knowing: known) == nil)
    try act(store, Shift.release(1), 10)
    #expect(try store.read().doubt(knowing: restarted) == nil)
    // The same acts behind a begin that was changed.
    let base = try #require(storage.files["ops/base"])
    let text = String(decoding: base, as: UTF8.self).replacing("Ana", with: "Eva")
    let body = text.split(separator: "\n").dropLast().joined(separator: "\n") + "\n"
    storage.tamper("ops/base", Array((body + "\(SHA256.hash(Array(body.utf8)))\n").utf8))
    let changed = try store.read()
    #expect(changed.warning == nil && changed.books != restarted.books)
    #expect(changed.doubt(knowing: restarted) == .otherHistory)
  }
}
