/// Bounds on what is read, each with the reason for its value.
enum Limits {
  /// Bytes of a policy file: 5,000 rules are under 2 MiB.
  static let policyByteCountMax = 8 << 20
  /// Bytes of an analysis report: a page for each of thousands of findings.
  static let reportByteCountMax = 64 << 20
  /// Bytes of an approvals file: a hundred signatures of 400 bytes, many times over.
  static let approvalsByteCountMax = 1 << 20
  /// Bytes of an officers file.
  static let officersByteCountMax = 1 << 20
  /// Officers of one file: a k-of-n rule among more is no rule that anybody oversees.
  static let officerCountMax = 100
  /// Bytes of the history: a million events, far more than anyone activates.
  static let historyByteCountMax = 256 << 20
  /// Bytes of a history event's own words; longer reasons are cut.
  static let detailByteCountMax = 1_000
  /// Bytes of the pointer, and of other files of one line.
  static let lineByteCountMax = 4_096
  /// The greatest version number; files have at least four digits.
  static let versionMax = 1_000_000
  /// Bytes of an author's name, a reason or a ticket: each is one field of a record.
  static let wordsByteCountMax = 200
  /// Orders in force at once: some for each region; more is a program that has lost its way.
  static let overrideCountMax = 256
  /// Milliseconds for which an order may be given: a week. Who needs it longer says so again.
  static let overrideMillisecondsMax = 7 * 86_400_000
  /// Bytes of the operators' history: a hundred thousand acts.
  static let operatorHistoryByteCountMax = 64 << 20
  /// Bytes of the operators' snapshot: all runs with all their marks, each of a kilobyte.
  static let operatorSnapshotByteCountMax = 16 << 20
  /// Milliseconds between two acts that move requests: time for what the first
  /// does to be seen.
  static let switchSpacingMilliseconds = 5_000
  /// Milliseconds for which two people may set safety rules aside.
  static let waiverMillisecondsMax = 3_600_000
  /// Waivers at once: each names its rules.
  static let waiverCountMax = 16
  /// Runs of plans that are remembered; those under way always are.
  static let planRunCountMax = 12
  /// Steps of a plan: a switchover of one domain has seven.
  static let planStepCountMax = 128
  /// What is remembered of a run's steps: each begins, ends and may fail some times. Failures and
  /// ways back are remembered beyond it: nothing else lets such a run stop.
  static let planMarkCountMax = 1_024
  /// Agreements of one day.
  static let approvalCountMax = 64
  /// Microseconds for which an agreement counts: a day.
  static let approvalMicrosecondsMax: UInt64 = 86_400_000_000
  /// Microseconds after which an edge that was silent is not current: six of its intervals.
  static let registrationAgeMicrosecondsMax: UInt64 = 10_000_000
  /// Milliseconds for which a promotion waits until the others follow.
  static let followMilliseconds = 1_000
  /// Milliseconds for which a run that has not begun looks again when servers do not answer: five
  /// questions of 300 each, and the pause that a silent server is given.
  static let planSightMilliseconds = 2_500
  /// Milliseconds for which a share stands when nobody goes on with it: then all reads come.
  static let shareMilliseconds = 3_600_000
  /// Bytes of a plan's file.
  static let planByteCountMax = 256 << 10
  /// Beginnings of epochs that a record remembers: positions of older ones count as lost. An
  /// authority moves some times a year.
  static let forkCountMax = 16
  /// Records of write authority: one for each home region.
  static let authorityCountMax = 64
  /// Bytes of an edge's marks of who waits for an operator: a line for each endpoint.
  static let holdOutByteCountMax = 256 << 10
  /// The greatest count in a file that others may have written: sums of some of them fit an `Int`.
  static let countMax = 1 << 53
  /// Bytes of an edge's registration: a line for each domain.
  static let registrationByteCountMax = 64 << 10
  /// Milliseconds after which no lease can be valid still: its 6,000, and what two machines' clocks
  /// may differ by in that time.
  static let fenceWaitMilliseconds: UInt64 = 6_400
}
