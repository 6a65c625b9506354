internal import Admin
internal import Base
internal import Control
internal import Reactor

/// What each edge that shares a folder of operators says of its endpoints there: a file for each
/// registration, so that none overwrites another's.
struct EdgeReports {
  private let folder: OperatorFolder

  /// Five times the edges' interval: what an older report says may be over.
  private static let ageMicrosecondsMax: UInt64 = 10_000_000
  /// An hour: an edge that ended has left its report, and nobody looks at it any more.
  private static let lifeMicroseconds: UInt64 = 3_600_000_000

  /// Those in `folder`.
  init(_ folder: OperatorFolder) { self.folder = folder }

  /// Replaces an edge's report. It is for people and for the safety rules: one that the disk does
  /// not take, or that a crash of the machine damages, is followed by the next one.
  func write(_ report: RegionReport, of edge: String) {
    let path = folder.reportPath(edge)
    if !FileSystem.exists(path) {
      try? FileSystem.makeDirectory(folder.directory)
      try? FileSystem.makeDirectory(folder.reportsPath)
      removeOld(at: report.time)
    }
    try? replaceUnsynced(path, report.bytes)
  }

  /// Takes an edge's report away, and what it left of the next one: it sees nothing any more.
  func remove(_ edge: String) {
    for path in [folder.reportPath(edge), folder.reportPath(edge) + ".new"] {
      try? FileSystem.remove(path)
    }
  }

  /// The reports of the last seconds, in no order. One from further ahead than edges' clocks differ
  /// was written before some clock was set back: nobody knows its age.
  func recent(at now: WallTime) -> [RegionReport] {
    all.map(\.report).filter { report in
      let ahead = max(now, report.time).microseconds - now.microseconds
      return Self.age(report, at: now) < Self.ageMicrosecondsMax
        && ahead <= Self.ageMicrosecondsMax
    }
  }

  /// Takes away what edges have left that ended.
  private func removeOld(at now: WallTime) {
    for (edge, report) in all where Self.age(report, at: now) > Self.lifeMicroseconds {
      try? FileSystem.remove(folder.reportPath(edge))
    }
  }

  /// Edges' clocks differ a little.
  private static func age(_ report: RegionReport, at now: WallTime) -> UInt64 {
    max(now, report.time).microseconds - report.time.microseconds
  }

  private var all: [(edge: String, report: RegionReport)] {
    let names = (try? FileSystem.names(in: folder.reportsPath)) ?? []
    return names.compactMap { name in
      guard !name.hasSuffix(".new"),
        let bytes = try? FileSystem.read(
          folder.reportPath(name), byteCountMax: AdminLimits.reportByteCountMax),
        let report = RegionReport(bytes)
      else { return nil }
      return (name, report)
    }
  }
}
