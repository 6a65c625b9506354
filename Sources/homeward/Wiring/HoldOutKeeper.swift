internal import Control
internal import Logging
internal import Origins
internal import Reactor

/// Keeps on disk which endpoints wait for an operator, beside the operators' history. Confined to
/// the feed that owns it.
///
/// Written when it changes, and durable then: a mark that is not on disk is lost with the process.
struct HoldOutKeeper {
  private let folder: OperatorFolder
  private let instance: String
  private let logger: Logger
  /// What is on disk; nil while nobody knows.
  private var written: Set<String>?
  private var lastWarning: String?
  /// Looks to let pass before a disk that did not take it is asked again.
  private var pauseCount = 0

  /// The marks of the edge of this `instance`.
  init(_ folder: OperatorFolder, instance: String, logger: Logger) {
    self.folder = folder
    self.instance = instance
    self.logger = logger
  }

  /// What an earlier life left.
  mutating func read() -> HoldOuts {
    switch HoldOutMarks.read(folder.holdOutPath(instance), SystemStorage()) {
    case .names(let names):
      written = names
      return HoldOuts(names)
    case .nothing:
      written = []
      return HoldOuts()
    case .unknown(let reason):
      logger.error(
        """
        nobody knows who waits for an operator: whoever is configured so and does not answer at \
        once waits; look at `homeward region status`
        """, metadata: ["reason": "\(reason)"])
      return HoldOuts(isKnown: false)
    }
  }

  /// Writes who waits, if that is news.
  mutating func keep(_ health: HealthSnapshot) {
    let names = health.holdOuts.names
    guard names != written else { return }
    guard pauseCount == 0 else {
      pauseCount -= 1
      return
    }
    // What nobody knew is known once everybody was asked.
    if written == nil, health.statuses.contains(where: { $0.reach == .unknown }) { return }
    do throws(SystemError) {
      try FileSystem.makeDirectory(folder.directory)
      try FileSystem.makeDirectory(folder.holdOutsPath)
      try FileSystem.replace(folder.holdOutPath(instance), with: HoldOutMarks.bytes(names))
      // A crash before this leaves the older marks: whoever was let in since waits once more, and
      // whoever fell is down still, or has to fall again.
      written = names
      lastWarning = nil
    } catch {
      let warning = "\(error)"
      if warning != lastWarning {
        logger.error(
          "who waits for an operator is not kept over a restart",
          metadata: ["reason": "`\(folder.holdOutPath(instance))`: \(warning)"])
      }
      lastWarning = warning
      pauseCount = SealedBooks.pauseCountMax
    }
  }
}
