internal import Base
internal import Control
internal import Policy
internal import Reactor

/// What can be said about the policy of an edge from its files.
struct PolicyStatus {
  private var active: ActivePolicy?
  private var entry: HistoryEntry?
  private var pending: HistoryEntry?
  private var entryCount = 0
  private var edge: EdgeReport?
  private var differences: [String] = []
  private var shadow: ShadowStatus?
  private var waiting: [(version: Int, officers: [String])] = []
  private let required: Int
  /// What is wrong.
  private(set) var faults: [StateFault] = []

  /// Whether a version is in force and nothing is wrong.
  var isGood: Bool {
    active != nil && faults.isEmpty && pending == nil && edge?.fault.isEmpty ?? true
  }

  /// Reads the state and the folder.
  init(_ settings: LifecycleSettings) {
    let files = SystemStorage()
    required = settings.rule.required
    do throws(StateFault) {
      active = try ActivePolicy.read(settings.state, files, settings.rule)
    } catch {
      faults.append(error)
    }
    do throws(StateFault) {
      let history = try settings.state.books(files).history
      entry = history.inForce
      pending = history.pending
      entryCount = history.entries.count
    } catch {
      if !faults.contains(error) { faults.append(error) }
    }
    do throws(StateFault) {
      shadow = try ShadowStatus(settings.state, files, active: active?.version.pointer.hash)
    } catch {
      faults.append(error)
    }
    edge = (try? files.read(settings.state.reportPath, byteCountMax: 4096)).flatMap {
      EdgeReport($0)
    }
    let lines = (try? files.read(settings.state.differencesPath, byteCountMax: 1 << 20)) ?? []
    differences = String(decoding: lines, as: UTF8.self).split(separator: "\n").map(String.init)
    // A folder that is gone is no fault: the edge does not need it.
    let newest = (try? settings.folder.versions(files)) ?? []
    for version in newest where version > entry?.version ?? 0 {
      guard let file = try? VersionFile(settings.folder.path(version), files) else { continue }
      let signers = file.approvals.approvals.filter { $0.content == file.hash }.map(\.officer)
      waiting.append((version, signers))
    }
  }

  /// The facts for people.
  var rows: [[String]] {
    var rows: [[String]] = []
    if let active {
      let (policy, hash) = (active.policy, active.version.pointer.hash)
      rows.append(["in force", "\(policy.name) version \(policy.version) (\(hash.short))"])
      rows.append(["approved by", active.version.officers.joined(separator: ", ")])
      if let until = active.policy.effectiveUntil { rows.append(["until", until.text]) }
    } else {
      rows.append(["in force", "nothing"])
    }
    if let entry { rows.append(["since", "\(entry.time), \(entry.event.rawValue)"]) }
    rows += phaseRows
    if let pending {
      rows.append([
        "interrupted",
        "\(pending.event.rawValue) version \(pending.version) at \(pending.time); the next command"
          + " that changes the policy, or the next start of the edge, goes on",
      ])
    }
    if let edge {
      let isRunning = FileSystem.exists("/proc/\(edge.process)")
      rows.append([
        isRunning ? "running edge" : "last edge",
        "version \(edge.version) (\(edge.hash.short)) since \(edge.since), process \(edge.process)"
          + (isRunning ? "" : ", which is gone"),
      ])
      if !edge.fault.isEmpty { rows.append(["", "it did not change: \(edge.fault)"]) }
    }
    rows += shadow?.rows ?? []
    for (version, officers) in waiting {
      rows.append([
        "in the folder",
        "version \(version), \(officers.count) of \(required) approvals"
          + (officers.isEmpty ? "" : ": \(officers.joined(separator: ", "))"),
      ])
    }
    rows.append(["history", plural(entryCount, "event")])
    return rows
  }

  /// The phases other than `enforce`, and where the version before would differ.
  private var phaseRows: [[String]] {
    guard let policy = active?.policy, policy.needsPredecessor else { return [] }
    var rows = [Phase.shadow, .observe].compactMap { phase -> [String]? in
      let classes = DataClass.allCases.filter { policy.phase(of: $0) == phase }
      return classes.isEmpty
        ? nil : [phase.rawValue, classes.map(\.rawValue).joined(separator: ", ")]
    }
    for (index, line) in differences.enumerated() {
      rows.append([index == 0 ? "differences" : "", line])
    }
    return rows
  }

  /// The facts for programs.
  var json: JSONValue {
    .object([
      ("ok", .boolean(isGood)),
      (
        "active",
        active.map { active in
          .object([
            ("policy", .text(active.policy.name)), ("version", .number(active.policy.version)),
            ("hash", .text("\(active.version.pointer.hash)")),
            ("approvedBy", .list(active.version.officers.map { .text($0) })),
            ("until", .optional(active.policy.effectiveUntil?.text)),
            (
              "phases",
              .object(
                DataClass.allCases.filter { active.policy.phase(of: $0) != .enforce }
                  .map { ($0.rawValue, .text(active.policy.phase(of: $0).rawValue)) })
            ),
            ("differences", .list(differences.map { .text($0) })),
          ])
        } ?? .null
      ),
      ("entry", entry?.json ?? .null), ("interrupted", pending?.json ?? .null),
      (
        "edge",
        edge.map { edge in
          .object([
            ("version", .number(edge.version)), ("hash", .text("\(edge.hash)")),
            ("since", .text(edge.since)), ("process", .number(edge.process)),
            ("fault", edge.fault.isEmpty ? .null : .text(edge.fault)),
          ])
        } ?? .null
      ),
      ("shadow", shadow?.json ?? .null),
      (
        "waiting",
        .list(
          waiting.map { version, officers in
            .object([
              ("version", .number(version)), ("approvedBy", .list(officers.map { .text($0) })),
            ])
          })
      ),
      ("faults", .list(faults.map { .text("\($0)") })),
    ])
  }
}
