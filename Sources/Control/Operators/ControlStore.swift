public import Base
internal import Reactor

/// Where operators' acts are kept: one history that everybody sees in one order, with
/// compare-and-set on its end. Small enough for a file and for etcd.
public protocol ControlStore {
  /// What is in force, as of the last act.
  func read() throws(StateFault) -> StoredBooks
  /// Appends the act that follows `books`; durable when it returns. Nil when another act came
  /// first: read and judge again.
  func append(
    _ act: OperatorAct, at time: WallTime, to books: StoredBooks
  ) throws(StateFault) -> OperatorLine?
}

/// What a store gave, and how far it can be trusted.
public struct StoredBooks: Equatable, Sendable {
  /// The books.
  public let books: OperatorBooks
  /// The acts since the history's begin, oldest first.
  public let lines: [OperatorLine]
  /// What is wrong with the store; the books are the last good ones.
  public let warning: OperatorWarning?
  /// Bytes of the history's whole lines; what follows was cut short by a crash.
  let byteCount: Int

  /// Whether no act can be missing: a snapshot is as new as the last act, what stands before a
  /// damage may not be.
  public var isComplete: Bool {
    if case .prefixUsed? = warning { return false }
    return true
  }

  /// The books at which the history begins.
  let start: OperatorBooks

  /// Joins what was read.
  init(
    books: OperatorBooks, lines: [OperatorLine], warning: OperatorWarning?, byteCount: Int,
    start: OperatorBooks = OperatorBooks()
  ) {
    self.books = books
    self.start = start
    self.lines = lines
    self.warning = warning
    self.byteCount = byteCount
  }
}

/// What is wrong with the operators' files, and what is used instead.
public enum OperatorWarning: Hashable, Sendable, CustomStringConvertible {
  /// A line of the history does not follow; the snapshot counts.
  case snapshotUsed(path: String, line: Int)
  /// A line does not follow, and no snapshot tells more than the lines before.
  case prefixUsed(path: String, line: Int)
  /// The snapshot is damaged; the history counts.
  case snapshotDamaged(path: String)

  /// For people.
  public var description: String {
    switch self {
    case .snapshotUsed(let path, let line):
      "`\(path)`: line \(line) does not follow from the lines before; the last good snapshot is"
        + " in force, and the next act begins a new history"
    case .prefixUsed(let path, let line):
      "`\(path)`: line \(line) does not follow from the lines before, and there is no newer"
        + " snapshot; the acts before that line are in force; look whether an order is missing"
    case .snapshotDamaged(let path):
      "`\(path)` is damaged; the history beside it is whole and in force"
    }
  }
}

/// The folder in which an edge's operators act.
///
///     history           every act, chained; an act is done once its line is on disk
///     snapshot          the books after the last act, replaced by a rename
///     base              the books at which `history` begins, when an earlier one was damaged
///     history.damaged   that one
///     lock              held by the one writer
///     edges/NAME        an edge that follows the folder, its registration
///     reports/NAME      what the edge of that registration sees
///     signed/NAME       the books as the edge of that `instance` saw them follow, signed by it
///     held-out/NAME     who waits for an operator at the edge of that `instance`
public struct OperatorFolder: Hashable, Sendable {
  /// The folder.
  public let directory: String

  /// Names a folder; nothing is read.
  public init(_ directory: String) { self.directory = directory }

  /// The history's path.
  public var historyPath: String { directory + "/history" }
  /// The snapshot's path.
  public var snapshotPath: String { directory + "/snapshot" }
  /// The folder of the edges' reports.
  public var reportsPath: String { directory + "/reports" }
  /// Where the edge of a registration reports.
  public func reportPath(_ edge: String) -> String { reportsPath + "/" + edge }
  /// The folder of the books that edges signed.
  public var signedBooksPath: String { directory + "/signed" }
  /// Where the edge of an `instance` keeps those that it signed.
  public func signedBooksPath(_ instance: String) -> String { signedBooksPath + "/" + instance }
  /// The folder of the edges' marks of who waits.
  public var holdOutsPath: String { directory + "/held-out" }
  /// Where the edge of an `instance` keeps its own.
  public func holdOutPath(_ instance: String) -> String { holdOutsPath + "/" + instance }
  /// The path of the books at which the history begins.
  var basePath: String { directory + "/base" }
  /// The lock's path.
  var lockPath: String { directory + "/lock" }
  /// Where a damaged history goes.
  var damagedPath: String { directory + "/history.damaged" }

  /// What is in force, as of the last act. Needs no lock: a line is there whole or not.
  ///
  /// Whoever does not believe the snapshot gets what stands before a damage.
  public func read(
    _ files: any StateFiles, believesSnapshot: Bool = true
  ) throws(StateFault) -> StoredBooks {
    var books = OperatorBooks()
    if let bytes = try optional(files, basePath, Limits.operatorSnapshotByteCountMax),
      let base = OperatorBooks(bytes)
    {
      books = base
    }
    let start = books
    let snapshot: OperatorBooks?
    let found = try optional(files, snapshotPath, Limits.operatorSnapshotByteCountMax)
    snapshot = found.flatMap { believesSnapshot ? OperatorBooks($0) : nil }
    let bytes = try optional(files, historyPath, Limits.operatorHistoryByteCountMax) ?? []
    var lines: [OperatorLine] = []
    var (rest, byteCount) = (bytes[...], 0)
    while let end = rest.firstIndex(of: 0x0A) {
      guard let text = String(validating: rest[..<end], as: UTF8.self),
        let line = OperatorLine(text[...], after: books), books.take(line)
      else { return damaged(books, lines, snapshot, byteCount, start) }
      lines.append(line)
      rest = rest[(end + 1)...]
      byteCount = end + 1
    }
    // A history that ends before its snapshot was shortened.
    if let snapshot, snapshot.state.actCount > books.state.actCount {
      return damaged(books, lines, snapshot, byteCount, start)
    }
    return StoredBooks(
      books: books, lines: lines,
      warning: found != nil && snapshot == nil ? .snapshotDamaged(path: snapshotPath) : nil,
      byteCount: byteCount, start: start)
  }

  /// The newer of the snapshot and the lines before the damage.
  private func damaged(
    _ books: OperatorBooks, _ lines: [OperatorLine], _ snapshot: OperatorBooks?, _ byteCount: Int,
    _ start: OperatorBooks
  ) -> StoredBooks {
    if let snapshot, snapshot.state.actCount >= books.state.actCount {
      return StoredBooks(
        books: snapshot, lines: lines,
        warning: .snapshotUsed(path: historyPath, line: lines.count + 1), byteCount: byteCount,
        start: start)
    }
    return StoredBooks(
      books: books, lines: lines,
      warning: .prefixUsed(path: historyPath, line: lines.count + 1), byteCount: byteCount,
      start: start)
  }

  private func optional(
    _ files: any StateFiles, _ path: String, _ byteCountMax: Int
  ) throws(StateFault) -> [UInt8]? {
    do throws(SystemError) {
      return try files.read(path, byteCountMax: byteCountMax)
    } catch {
      if error.isNotFound { return nil }
      throw .storage(path: path, error)
    }
  }
}

/// The store in a folder of one edge.
public struct FileControlStore<Files: Storage>: ControlStore {
  /// The folder.
  public let folder: OperatorFolder
  private let storage: Files

  /// Names the folder; it is made with the first act.
  public init(_ folder: OperatorFolder, _ storage: Files) {
    self.folder = folder
    self.storage = storage
  }

  /// What is in force.
  public func read() throws(StateFault) -> StoredBooks { try folder.read(storage) }

  /// Appends an act. One writer at a time, by a lock on the folder. One that would not read back as
  /// it is, in the history or in the snapshot after it, is refused and nothing written.
  public func append(
    _ act: OperatorAct, at time: WallTime, to seen: StoredBooks
  ) throws(StateFault) -> OperatorLine? {
    try storing(folder.directory) { () throws(SystemError) in
      try storage.makeDirectory(folder.directory)
    }
    let lock = try storing(folder.lockPath) { () throws(SystemError) in
      try storage.lock(folder.lockPath)
    }
    guard let lock else { throw .busy(path: folder.lockPath) }
    defer { withExtendedLifetime(lock) {} }
    let present = try folder.read(storage)
    var after = present.books
    let line = OperatorLine(act, at: time, after: present.books)
    guard present.books == seen.books else { return nil }
    // What is written here once and does not read would stop every edge, and for good.
    guard after.take(line), OperatorLine(line.text[...], after: present.books) == line,
      after.isReadable
    else { throw .unreadableAct(path: folder.historyPath) }
    do throws(StateFault) {
      try storing(folder.historyPath) { () throws(SystemError) in
        try write(line, after: present)
      }
    } catch {
      // What may have reached the file is cut off again: an error means that nothing is done.
      if present.byteCount > 0, !present.isHistoryDamaged {
        try? storage.append([], to: folder.historyPath, at: present.byteCount)
      }
      throw error
    }
    // A crash before this leaves the old state, perhaps with a cut line that the next act removes.
    // The act is done: a snapshot that cannot be written is only an older one.
    try? storage.replace(folder.snapshotPath, after.bytes)
    return line
  }

  /// Makes a line the history's last.
  private func write(
    _ line: OperatorLine, after present: StoredBooks
  ) throws(SystemError) {
    let bytes = Array((line.text + "\n").utf8)
    if present.isHistoryDamaged { try restart(present) }
    if present.byteCount == 0 || present.isHistoryDamaged {
      try storage.replace(folder.historyPath, bytes)
    } else {
      try storage.append(bytes, to: folder.historyPath, at: present.byteCount)
    }
  }

  /// Does something with the file at `path`.
  private func storing<Value>(
    _ path: String, _ body: () throws(SystemError) -> Value
  ) throws(StateFault) -> Value {
    do throws(SystemError) { return try body() } catch { throw .storage(path: path, error) }
  }

  /// Puts a damaged history aside, and lets a new one begin at the last good books.
  private func restart(_ present: StoredBooks) throws(SystemError) {
    try storage.replace(folder.basePath, present.books.bytes)
    // A crash here leaves a history that does not follow from its base: still damaged.
    try storage.replace(folder.snapshotPath, present.books.bytes)
    try storage.rename(folder.historyPath, to: folder.damagedPath)
    try storage.synchronizeDirectory(folder.directory)
    // A crash here leaves the base without a history: the last good books.
  }
}

extension StoredBooks {
  /// Whether the history cannot go on.
  fileprivate var isHistoryDamaged: Bool {
    switch warning {
    case .snapshotUsed, .prefixUsed: true
    case .snapshotDamaged, nil: false
    }
  }
}
