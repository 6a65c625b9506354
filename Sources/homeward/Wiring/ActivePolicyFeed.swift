internal import Control
internal import Edge
internal import Logging
internal import Policy
internal import Reactor
internal import Synchronization

/// Watches the pointers in an edge's state, and tells the state what the edge decides by, and what
/// it saw of a version that is shadowed.
///
/// `next` runs on the watch's thread, the rest on the control loop; they share `memory` under a
/// lock, which is never held while a file is read or written.
final class ActivePolicyFeed: PolicyFeed {
  /// What is remembered from one question to the next.
  private struct Memory {
    /// Where to look.
    var state: PolicyState
    /// Who must have approved; as of the last time that the configuration could be read.
    var rule: ApprovalRule
    /// The pointer that was followed last.
    var pointer: ActivePointer?
    /// The version that was followed last to be shadowed.
    var shadow: ContentHash?
    /// What the edge decides by, since when, and why by nothing newer.
    var report: EdgeReport?
    /// Where the versions differ, and whether that is to be written.
    var differences: [String] = []
    var areDifferencesNew = false
    /// What is to be said of the version that is shadowed, and whether that is to be written.
    var shadowReport: ShadowReport?
    var isShadowReportNew = false
    var questionCount = 0
    /// Whether `report` is to be written.
    var isReportNew = false
    /// What was logged last, so that it is not repeated.
    var lastFault: StateFault?
    /// Questions to pass over after a fault.
    var restCount = 0
  }

  private let config: String
  private let logger: Logger
  private let memory: Mutex<Memory>

  /// After a fault, every how many questions the state is looked at again: each five seconds.
  private static let restCountAfterFault = 25
  /// Every how many questions a shadowed version's counts are written: each second. They change
  /// with each request, and a write costs a sync.
  private static let questionCountPerShadowReport = 5

  /// Watches the state that `load` was taken from.
  init?(config: String, active: ActiveVersion, load: ConfigurationLoad, logger: Logger) {
    guard let source = load.configuration?.policy.lifecycle, let rule = load.approvalRule else {
      return nil
    }
    self.config = config
    self.logger = logger
    memory = Mutex(
      Memory(state: PolicyState(source.state), rule: rule, pointer: active.pointer))
  }

  /// A reload has read everything, the pointer included.
  func use(_ load: ConfigurationLoad) {
    guard let source = load.configuration?.policy.lifecycle, let rule = load.approvalRule,
      let active = load.active
    else { return }
    memory.withLock { memory in
      memory.state = PolicyState(source.state)
      memory.rule = rule
      memory.pointer = active.pointer
    }
  }

  func next() -> PolicyPair? {
    writeReport()
    let (state, rule, known, knownShadow, isResting) = memory.withLock { memory in
      memory.restCount = max(0, memory.restCount - 1)
      return (memory.state, memory.rule, memory.pointer, memory.shadow, memory.restCount > 0)
    }
    guard !isResting else { return nil }
    do throws(StateFault) {
      let pointer = try state.pointer(SystemStorage())
      // One that names nothing is none; reading the rest says so.
      let shadow = try? state.shadow(SystemStorage())
      guard pointer != known || shadow != knownShadow else { return nil }
      // Officers may have come since the start; a file in the middle of being edited is no reason
      // to miss a version.
      let current = LifecycleSettings.load(config).0.map(\.rule) ?? rule
      let active = try ActivePolicy.read(state, SystemStorage(), current)
      memory.withLock { memory in
        memory.pointer = active?.version.pointer
        memory.shadow = shadow
        memory.rule = current
        memory.lastFault = nil
      }
      if let fault = active?.shadowFault {
        logger.error("no version is shadowed", metadata: ["reason": "\(fault)"])
      }
      return active?.pair
    } catch {
      note(error)
      return nil
    }
  }

  /// Logs a fault once, and puts it into the report.
  private func note(_ fault: StateFault) {
    let isNew = memory.withLock { memory in
      memory.restCount = Self.restCountAfterFault
      defer { memory.lastFault = fault }
      guard memory.lastFault != fault else { return false }
      memory.report = memory.report.map { $0.with(fault: "\(fault)") }
      memory.isReportNew = memory.report != nil
      return true
    }
    if isNew {
      logger.error(
        "the active policy version cannot be used; the one before stays",
        metadata: ["reason": "\(fault)"])
    }
  }

  func adopted(_ policy: Policy) {
    guard let hash = ContentHash(policy.contentHash) else { return }
    memory.withLock { memory in
      memory.report = EdgeReport(
        hash: hash, version: policy.version, since: Clock.wall().text,
        process: processIdentifier(), fault: "")
      memory.isReportNew = true
      memory.differences = []
      memory.areDifferencesNew = true
    }
  }

  func shadows(_ policy: Policy?) {
    let hash = policy.flatMap { ContentHash($0.contentHash) }
    memory.withLock { memory in
      memory.isShadowReportNew = hash != nil || memory.shadowReport != nil
      memory.shadowReport = hash.map {
        ShadowReport(hash: $0, since: Clock.wall().text, comparedCount: 0, lines: [])
      }
    }
  }

  func differ(_ lines: [String], shadow: [String], comparedCount: UInt64) {
    memory.withLock { memory in
      if memory.differences != lines { memory.areDifferencesNew = true }
      memory.differences = lines
      guard let report = memory.shadowReport, report.comparedCount != comparedCount else { return }
      memory.shadowReport = ShadowReport(
        hash: report.hash, since: report.since, comparedCount: comparedCount, lines: shadow)
      memory.isShadowReportNew = true
    }
  }

  func refused(_ policy: Policy, _ reason: String) {
    memory.withLock { memory in
      let fault = "version \(policy.version) does not fit this configuration: \(reason)"
      memory.report = memory.report.map { $0.with(fault: fault) }
      memory.isReportNew = true
    }
  }

  /// Writes the reports and the differences when they are new. They are for people: when the disk
  /// does not take them, that is logged and nothing else.
  private func writeReport() {
    let (state, report, differences, shadow) = memory.withLock { memory in
      memory.questionCount &+= 1
      let isShadowDue =
        memory.isShadowReportNew
        && memory.questionCount.isMultiple(of: Self.questionCountPerShadowReport)
      defer {
        memory.isReportNew = false
        memory.areDifferencesNew = false
        if isShadowDue { memory.isShadowReportNew = false }
      }
      return (
        memory.state, memory.isReportNew ? memory.report : nil,
        memory.areDifferencesNew ? memory.differences : nil,
        // Nothing more is said of a version that is shadowed no longer.
        isShadowDue ? memory.shadowReport?.bytes ?? [] : nil
      )
    }
    if let report { write(report.bytes, to: state.reportPath) }
    if let shadow { write(shadow, to: state.shadowReportPath) }
    if let differences {
      write(Array(differences.map { $0 + "\n" }.joined().utf8), to: state.differencesPath)
    }
  }

  private func write(_ bytes: [UInt8], to path: String) {
    do throws(SystemError) {
      try FileSystem.replace(path, with: bytes)
    } catch {
      logger.warning("cannot write the policy report", metadata: ["reason": "\(error)"])
    }
  }
}

extension EdgeReport {
  /// The same with a fault.
  fileprivate func with(fault: String) -> EdgeReport {
    EdgeReport(hash: hash, version: version, since: since, process: process, fault: fault)
  }
}
