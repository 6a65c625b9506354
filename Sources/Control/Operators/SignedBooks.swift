internal import Base
public import Native
internal import Reactor

/// The key by which an edge signs the books that it saw follow from their history, and those by
/// which it believes what it signed. Confined to one thread.
///
/// Whoever acts has no such key: the chain tells that acts follow from each other, and the edge
/// that followed them signs what they came to. So when the history is damaged, it goes on with what
/// it signed itself, and a snapshot that says anything else is refused.
public final class BooksKeys {
  private let signing: SigningKey
  private let believed: [VerifyingKey]

  /// What is signed before the books: no other text of this key begins so.
  private static let domain = "homeward operators' books\n"
  private static let mark = "signed\t"

  /// Signs with `signing`, and believes `retiring`, too, while keys change.
  public init(_ signing: consuming SigningKey, retiring: VerifyingKey? = nil) {
    believed = [signing.verifyingKey] + (retiring.map { [$0] } ?? [])
    self.signing = signing
  }

  /// The books as a file: what a snapshot says, and the signature over that.
  public func seal(_ stored: StoredBooks) -> [UInt8] {
    let bytes = stored.books.bytes
    let signature = signing.sign(Array(Self.domain.utf8) + bytes)
    return bytes + Array("\(Self.mark)\(Base64.encode(signature))\n".utf8)
  }

  /// Reads such a file's bytes; nil for anything that was not sealed by one of the keys.
  public func open(_ bytes: [UInt8]) -> StoredBooks? {
    guard bytes.last == 0x0A, let end = bytes.dropLast().lastIndex(of: 0x0A),
      let line = String(validating: bytes[(end + 1)...].dropLast(), as: UTF8.self),
      line.hasPrefix(Self.mark),
      let signature = Base64.decode(String(line.dropFirst(Self.mark.count)))
    else { return nil }
    let text = Array(bytes[...end])
    let signed = Array(Self.domain.utf8) + text
    guard believed.contains(where: { $0.isValid(signature: signature, for: signed) }),
      let books = OperatorBooks(text)
    else { return nil }
    return StoredBooks(books: books, lines: [], warning: nil, byteCount: 0, start: books)
  }

  /// What a file of sealed books holds.
  public enum Found: Equatable, Sendable {
    /// These.
    case books(StoredBooks)
    /// There is none.
    case nothing
    /// Nothing that is believed, and why.
    case refused(reason: String)
  }

  /// Reads the file at `path`.
  public func read(_ path: String, _ files: some StateFiles) -> Found {
    do throws(SystemError) {
      let bytes = try files.read(path, byteCountMax: Limits.operatorSnapshotByteCountMax)
      if let books = open(bytes) { return .books(books) }
      return .refused(
        reason: "`\(path)` was not signed by `audit.signing_key`, or was changed since")
    } catch {
      return error.isNotFound ? .nothing : .refused(reason: "`\(path)`: \(error)")
    }
  }
}

/// Why an edge does not take what its operators' store says.
public enum OperatorDoubt: Hashable, Sendable, CustomStringConvertible {
  /// The history is damaged, and the snapshot is not what the edge signed, or it signed nothing.
  case snapshotUnsigned
  /// The history does not hold the acts that the edge knows.
  case otherHistory

  /// For people.
  public var description: String {
    switch self {
    case .snapshotUnsigned:
      "the history is damaged, and the snapshot is refused: it is not what this edge signed; look"
        + " for the reason, and put the folder back as it was"
    case .otherHistory:
      "the history does not continue what this edge signed; put the folder back as it was, or, if"
        + " the history is right, remove both files of what this edge signed, its own in `signed`"
        + " and the one that `operators.copy` names, and start it again"
    }
  }
}

extension StoredBooks {
  /// Why an edge that knows `known` does not take this; nil when it does. Without anything that it
  /// knows, a history that follows from its beginning is believed, and a snapshot is not.
  public func doubt(knowing known: StoredBooks?) -> OperatorDoubt? {
    if case .snapshotUsed? = warning {
      return known?.books == books ? nil : .snapshotUnsigned
    }
    return known.map { continues($0.books) } ?? true ? nil : .otherHistory
  }

  /// Whether these books came to be from `known`, act by act.
  private func continues(_ known: OperatorBooks) -> Bool {
    let count = known.state.actCount
    guard start.state.actCount <= count, count <= books.state.actCount else { return false }
    if books == known { return true }
    if start == OperatorBooks() {
      return count == 0 || lines[count - 1].chain == known.chain
    }
    var replayed = start
    for line in lines where line.number <= count {
      guard replayed.take(line) else { return false }
    }
    return replayed == known
  }
}
