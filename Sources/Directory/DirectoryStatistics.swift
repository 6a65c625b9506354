public import Base

/// How many patients of which kind a directory has. Counts only; nobody can be told apart.
public struct DirectoryStatistics: Equatable, Sendable {
  /// Patients with facts of their own.
  public var patientCount = 0
  /// Ids that were merged into another one.
  public var mergedCount = 0
  /// Patients by home region, in the order of `homeNames`.
  public var homeCounts: [Int] = []
  /// Patients whose home is not known.
  public var homelessCount = 0
  /// Patients by consent.
  public var consentCounts: [Consent: Int] = [:]
  /// Patients by mark, in the order of `PatientFlags.words`.
  public var flagCounts = [Int](repeating: 0, count: PatientFlags.words.count)
  /// Patients by residency.
  public var residencyCounts: [Place: Int] = [:]

  /// Counts all of a directory, deltas included.
  public init(_ directory: PatientDirectory) {
    homeCounts = [Int](repeating: 0, count: directory.homeNames.count)
    directory.forEach { _, word, survivor in
      if survivor != nil {
        mergedCount += 1
        return
      }
      guard word.kind == .patient else { return }
      let entry = word.entry
      patientCount += 1
      consentCounts[entry.consent, default: 0] += 1
      residencyCounts[entry.residency, default: 0] += 1
      for (index, word) in PatientFlags.words.enumerated() where entry.flags.contains(word.1) {
        flagCounts[index] += 1
      }
      if Int(entry.homeIndex) < homeCounts.count {
        homeCounts[Int(entry.homeIndex)] += 1
      } else {
        homelessCount += 1
      }
    }
  }
}
