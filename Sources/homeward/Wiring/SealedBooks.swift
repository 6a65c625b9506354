internal import Control
internal import Logging
internal import Native
internal import Reactor

/// Keeps the operators' books that this edge signed: beside their history, and where it was told
/// to on its own disk. Confined to the feed that owns it.
struct SealedBooks {
  private let keys: BooksKeys
  private let folder: OperatorFolder
  private let instance: String
  /// The edge's own copy, for a start without the folder; nil for none.
  private let copyPath: String?
  private let logger: Logger
  private var sealed: StoredBooks?
  private var lastWarning: String?
  /// Looks to let pass before a disk that did not take it is asked again.
  private var pauseCount = 0

  /// Looks between two tries: five seconds.
  static let pauseCountMax = 250

  /// The files of the edge of this `instance`; throws when a key cannot be read.
  init(
    _ folder: OperatorFolder, instance: String, copyPath: String?, keyPath: String,
    retiringKeyPath: String?, logger: Logger
  ) throws(TLSError) {
    let signing = try SigningKey(pemFile: keyPath)
    var retiring: VerifyingKey?
    if let retiringKeyPath { retiring = try SigningKey(pemFile: retiringKeyPath).verifyingKey }
    keys = BooksKeys(signing, retiring: retiring)
    self.folder = folder
    self.instance = instance
    self.copyPath = copyPath
    self.logger = logger
  }

  /// What an earlier life of this edge signed last; nil when there is nothing to believe.
  mutating func read() -> StoredBooks? {
    let paths = [folder.signedBooksPath(instance)] + (copyPath.map { [$0] } ?? [])
    var newest: StoredBooks?
    for path in paths {
      switch keys.read(path, SystemStorage()) {
      case .books(let stored):
        let count = newest?.books.state.actCount ?? 0
        if stored.books.state.actCount > count { newest = stored }
      case .nothing: break
      case .refused(let reason): warn("operators' books of an earlier life are refused", reason)
      }
    }
    return newest
  }

  /// Signs what follows from its history, if that is news.
  mutating func keep(_ stored: StoredBooks) {
    guard stored.books.state.actCount > 0, stored.books != sealed?.books else { return }
    guard pauseCount == 0 else {
      pauseCount -= 1
      return
    }
    let bytes = keys.seal(stored)
    do throws(SystemError) {
      try FileSystem.makeDirectory(folder.signedBooksPath)
      try FileSystem.replace(folder.signedBooksPath(instance), with: bytes)
      if let copyPath { try FileSystem.replace(copyPath, with: bytes) }
      // A crash before this leaves older books: the history goes on from them.
      sealed = stored
      lastWarning = nil
    } catch {
      warn("operators' orders are not copied", "\(error)")
      pauseCount = Self.pauseCountMax
    }
  }

  private mutating func warn(_ message: Logger.Message, _ reason: String) {
    if reason != lastWarning { logger.error(message, metadata: ["reason": "\(reason)"]) }
    lastWarning = reason
  }
}
