public import Directory
public import Reactor

extension PatientDirectory {
  /// Bytes read at once: two batches of the greatest length.
  private static let pieceByteCount = 2 * DirectoryLimits.batchBytesMax

  /// Reads the delta log as far as it goes now and puts it in force; nothing without a log.
  ///
  /// A file that took the log's place, or that became shorter, is read from its start: what it
  /// repeats is passed over. `changed` hears of each person about whom something else is in force
  /// now. One thread at a time. Throws when the file cannot be read.
  public func readDeltas(
    changed: (PatientKey) -> Void = { _ in }
  ) throws(SystemError) -> DeltaProgress {
    var total = DeltaProgress()
    guard let path = deltasPath else { return total }
    while true {
      var position = deltaPosition
      var isNew = false
      let (bytes, _) = try FileSystem.read(path, byteCountMax: Self.pieceByteCount) { file in
        isNew =
          file.device != position.device || file.inode != position.inode
          || file.byteCount < position.offset
        if isNew {
          (position.device, position.inode, position.offset) = (file.device, file.inode, 0)
        }
        return position.offset
      }
      let progress = unsafe bytes.withUnsafeBytes {
        unsafe receiveDeltas($0, startsFile: isNew, changed: changed)
      }
      position.offset += progress.consumedCount
      deltaPosition = position
      total.consumedCount += progress.consumedCount
      total.batchCount += progress.batchCount
      total.changeCount += progress.changeCount
      (total.isTorn, total.fault) = (progress.isTorn, progress.fault)
      // A full piece may have more behind it, and always holds a whole batch.
      let mayHaveMore = bytes.count == Self.pieceByteCount && progress.consumedCount > 0
      guard mayHaveMore, progress.fault == nil else { return total }
    }
  }
}
