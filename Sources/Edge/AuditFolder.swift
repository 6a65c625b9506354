public import Audit
internal import Base
internal import Native
internal import Reactor

/// What is wrong with a log that is read, and where.
public struct AuditReadError: Error, Equatable, CustomStringConvertible {
  /// The file or folder.
  public let path: String
  /// What is wrong.
  public let finding: String

  /// Makes an error.
  public init(path: String, finding: String) {
    self.path = path
    self.finding = finding
  }

  /// Both.
  public var description: String { "`\(path)`: \(finding)" }

  /// Runs `body`; what a call on `path` fails with is what is wrong there.
  static func reading<R>(
    _ path: String, _ body: () throws(SystemError) -> R
  ) throws(AuditReadError) -> R {
    do throws(SystemError) { return try body() } catch {
      throw AuditReadError(path: path, finding: "\(error)")
    }
  }
}

/// Where a frame starts in its segment, and the index of its first entry.
struct FramePlace: Equatable {
  var offset: Int
  var index: UInt64
}

/// One log's folder, for reading: of a running edge or a copy. Changes nothing.
public struct AuditFolder {
  /// The folder.
  public let path: String
  /// The segments' names, in order.
  let segments: [String]
  /// Whether its time was over and its entries were removed.
  public let isExpired: Bool
  let disk: any AuditDisk

  /// The logs in a folder, oldest first: the folder itself, or those in it.
  public static func logs(in directory: String) throws(AuditReadError) -> [AuditFolder] {
    try logs(in: directory, disk: SystemDisk())
  }

  /// The same on `disk`.
  static func logs(
    in directory: String, disk: any AuditDisk
  ) throws(AuditReadError) -> [AuditFolder] {
    var folders: [AuditFolder] = []
    do throws(SystemError) {
      let names = try disk.names(in: directory)
      if names.contains(where: {
        $0 == AuditPaths.expired || AuditPaths.firstIndex(ofSegment: $0) != nil
      }) {
        return [try AuditFolder(directory, disk: disk)]
      }
      for name in names.compactMap({ LogName(folder: $0) }).sorted(by: { $0.begin < $1.begin }) {
        folders.append(try AuditFolder("\(directory)/\(name.folder)", disk: disk))
      }
    } catch {
      throw AuditReadError(path: directory, finding: "\(error)")
    }
    if folders.isEmpty { throw AuditReadError(path: directory, finding: "holds no audit log") }
    return folders
  }

  init(_ path: String, disk: any AuditDisk = SystemDisk()) throws(SystemError) {
    self.path = path
    self.disk = disk
    let names = try disk.names(in: path)
    isExpired = names.contains(AuditPaths.expired)
    // What an interrupted removal has left is no log any more.
    segments = isExpired ? [] : names.filter { AuditPaths.firstIndex(ofSegment: $0) != nil }
  }

  /// The logs by instance and class, each chain oldest first: a log follows the one before it.
  public static func chains(
    _ folders: [AuditFolder]
  ) throws(AuditReadError) -> [[(name: LogName, folder: AuditFolder)]] {
    var chains: [[(name: LogName, folder: AuditFolder)]] = []
    for folder in folders {
      guard let name = try folder.name() else { continue }
      let place = chains.firstIndex {
        $0[0].name.instance == name.instance && $0[0].name.retention == name.retention
      }
      if let place { chains[place].append((name, folder)) } else { chains.append([(name, folder)]) }
    }
    return chains.map { $0.sorted { $0.name.begin < $1.name.begin } }
  }

  /// The log's name, as its own files say it: a copy's folder may have another. Nil while it is
  /// just being begun.
  public func name() throws(AuditReadError) -> LogName? {
    var origin = try checkpoint()?.value.origin
    if origin == nil, let first = segments.first {
      // Its first entry is synced before its first checkpoint is signed, and no other before that.
      var count = 0
      try unsafe forEachEntry { _, _ throws(AuditReadError) in
        count += 1
        return count < 2
      }
      guard count > 1 else { return nil }
      origin = try scanner(first, isLast: segments.count == 1)?.header.origin
    }
    guard let origin else { return nil }
    guard let name = LogName(origin: origin) else {
      throw AuditReadError(path: path, finding: "`\(origin)` is no log's origin")
    }
    return name
  }

  /// Whether no segment is there: its time was over, or it is just being begun.
  public var isEmpty: Bool { segments.isEmpty }

  /// The signed checkpoint; nil when there is none yet.
  public func checkpoint() throws(AuditReadError) -> (note: SignedNote, value: Checkpoint)? {
    guard let text = try smallFile(AuditPaths.checkpoint) else { return nil }
    return try Self.checkpoint(text, path: "\(path)/\(AuditPaths.checkpoint)")
  }

  /// Reads a checkpoint's file.
  public static func checkpoint(
    _ text: String, path: String
  ) throws(AuditReadError) -> (note: SignedNote, value: Checkpoint) {
    guard let note = SignedNote(parsing: text), let checkpoint = Checkpoint(text: note.text) else {
      throw AuditReadError(path: path, finding: "it is no signed checkpoint")
    }
    return (note, checkpoint)
  }

  /// The key that the log itself publishes: good for finding damage, no proof against a forger.
  public func publishedKey() throws(AuditReadError) -> NoteKey? {
    try smallFile(AuditPaths.verifierKey).flatMap { NoteKey(text: $0.dropLast()) }
  }

  /// The log's keys, by the operator's key that seals them; nil when they were shredded.
  public func keys(operatorKey: [UInt8]) throws(AuditReadError) -> LogKeys? {
    guard let slash = path.lastIndex(of: "/"), let (_, checkpoint) = try checkpoint() else {
      return nil
    }
    let file = "\(path[..<slash])/\(AuditPaths.keys)/\(path[path.index(after: slash)...])"
    let bytes: [UInt8]?
    do throws(SystemError) { bytes = try disk.readSmall(file) } catch {
      throw AuditReadError(path: file, finding: "\(error)")
    }
    guard let bytes else { return nil }
    guard
      let secret = LogKeyFile.unwrap(bytes, origin: checkpoint.origin, operatorKey: operatorKey)
    else { throw AuditReadError(path: file, finding: "the key does not open it") }
    return LogKeys(secret: secret, opening: 0)
  }

  private func smallFile(_ name: String) throws(AuditReadError) -> String? {
    do throws(SystemError) {
      return try disk.readSmall("\(path)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    } catch {
      throw AuditReadError(path: "\(path)/\(name)", finding: "\(error)")
    }
  }

  /// Hands the entries from `first` on to `body`, in order, until it says false or the log ends. A
  /// torn end is a write under way, or one that the next start cuts off.
  public func forEachEntry(
    from first: UInt64 = 0,
    _ body: (_ index: UInt64, _ entry: UnsafeRawBufferPointer) throws(AuditReadError) -> Bool
  ) throws(AuditReadError) {
    for (number, name) in segments.enumerated() {
      let isLast = number == segments.count - 1
      if !isLast, let next = AuditPaths.firstIndex(ofSegment: segments[number + 1]), next <= first {
        continue
      }
      guard var scanner = try scanner(name, isLast: isLast) else { return }
      var goesOn = true
      try unsafe scan(&scanner, name) { index, entry throws(AuditReadError) in
        if goesOn, index >= first { goesOn = try unsafe body(index, entry) }
        return goesOn
      }
      if !goesOn { return }
    }
  }

  /// Opens a segment, at its first frame or where another one is known to start; nil for the stump
  /// of one that is just being begun.
  func scanner(
    _ name: String, isLast: Bool, from place: FramePlace? = nil
  ) throws(AuditReadError) -> SegmentScanner<DiskSource>? {
    let file = "\(path)/\(name)"
    let source: DiskSource
    do throws(SystemError) { source = try DiskSource(disk, file) } catch {
      throw AuditReadError(path: file, finding: "\(error)")
    }
    do throws(SegmentFault) {
      if isLast, try SegmentScanner.isStump(source) { return nil }
      let scanner = try SegmentScanner(source, isLast: isLast)
      guard let place else { return scanner }
      return SegmentScanner(source, header: scanner.header, at: place.offset, index: place.index)
    } catch {
      throw AuditReadError(path: file, finding: error.finding)
    }
  }

  /// Hands the entries of a segment to `body` until it says false.
  func scan(
    _ scanner: inout SegmentScanner<DiskSource>, _ name: String,
    _ body: (_ index: UInt64, _ entry: UnsafeRawBufferPointer) throws(AuditReadError) -> Bool
  ) throws(AuditReadError) {
    while true {
      switch scanner.next() {
      case .end, .torn: return
      case .corrupt(let fault):
        throw AuditReadError(path: "\(path)/\(name)", finding: fault.finding)
      case .frame(let frame):
        var goesOn = true
        var failure: AuditReadError?
        let isWhole = unsafe frame.body.withUnsafeBytes { bytes in
          unsafe frame.header.forEachEntry(in: bytes) { index, entry in
            guard goesOn else { return }
            do throws(AuditReadError) { goesOn = try unsafe body(index, entry) } catch {
              failure = error
              goesOn = false
            }
          }
        }
        if let failure { throw failure }
        guard isWhole else {
          let fault = SegmentFault(
            kind: .damagedFrame, offset: frame.offset, index: frame.header.firstIndex)
          throw AuditReadError(path: "\(path)/\(name)", finding: fault.finding)
        }
        if !goesOn { return }
      }
    }
  }

  /// A hash of a level, from its file.
  func hash(level: Int, index: UInt64) throws(AuditReadError) -> SHA256Digest {
    let file = "\(path)/\(AuditPaths.level(level))"
    do throws(SystemError) {
      if let hash = try AuditLevels.hash(disk, folder: path, level: level, index: index) {
        return hash
      }
    } catch {
      throw AuditReadError(path: file, finding: "\(error)")
    }
    throw AuditReadError(path: file, finding: "it ends before hash \(index)")
  }

  /// Shows that an entry is in the tree of the newest checkpoint; nil when it is too new for that.
  /// Who has read the entry hands it in, and spares looking for it.
  public func proof(
    of index: UInt64, entry known: [UInt8]? = nil
  ) throws(AuditReadError) -> InclusionProof? {
    guard let (note, checkpoint) = try checkpoint(), index < checkpoint.size else { return nil }
    var found = known
    if found == nil {
      try unsafe forEachEntry(from: index) { _, entry in
        found = unsafe [UInt8](entry)
        return false
      }
    }
    guard let entry = found else { return nil }
    let hashes = try MerkleProofs.inclusion(index: index, size: checkpoint.size) {
      height, number throws(AuditReadError) in
      try Tiles.subtree(height: height, index: number) {
        level, place throws(AuditReadError) in try hash(level: level, index: place)
      }
    }
    return InclusionProof(entry: entry, index: index, path: hashes, note: note)
  }
}
