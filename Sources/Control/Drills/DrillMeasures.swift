/// What a drill's samples come to. Pure.
public struct DrillMeasures: Sendable {
  /// The requests of one class.
  public struct Group: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// How many were sent.
    public fileprivate(set) var count = 0
    /// How many were refused, failed or broke.
    public fileprivate(set) var failedCount = 0
    /// How many took longer than `heldMilliseconds`, and were done.
    public fileprivate(set) var heldCount = 0
    /// Of those that failed, by status; 0 stands for no answer.
    public fileprivate(set) var statuses: [UInt16: Int] = [:]
    /// The longest that one took, milliseconds.
    public fileprivate(set) var longest: Double = 0
    /// From the first failed or held request's begin to the first success after the last of them;
    /// nil when all were done at once. Without such a success, to the end of the drill.
    public fileprivate(set) var outage: Double?
    /// Whether requests of the class were done again in the end.
    public fileprivate(set) var hasRecovered = true
  }

  /// By class, in the order of the names.
  public let groups: [Group]
  /// Canaries that were acknowledged.
  public let acknowledgedCount: Int
  /// Acknowledged canaries that are not there, in order.
  public let lost: [Int]
  /// Milliseconds between the first lost canary's begin and the fault; nil when none is lost.
  public let lossMilliseconds: Double?
  /// When the first write was done after the old authority was fenced or, without a run, after the
  /// fault; milliseconds since the drill began.
  public let firstGoodWrite: Double?

  /// Requests that took longer were held: several times what one takes, less than a person notices.
  public static let heldMilliseconds = 400.0

  /// Joins samples; `present` are the canaries that were found afterwards.
  public init(_ samples: [DrillSample], _ times: DrillTimes, present: Set<Int>) {
    let names = Set(samples.map(\.name)).sorted()
    let end = samples.map(\.ended).max() ?? 0
    groups = names.map { name in
      Self.group(name, samples.filter { $0.name == name }.sorted { $0.begun < $1.begun }, end)
    }
    let writes = samples.filter { $0.canary != nil }
    let acknowledged = writes.filter(\.isGood)
    acknowledgedCount = acknowledged.count
    let missing = acknowledged.filter { !present.contains($0.canary ?? -1) }
    lost = missing.compactMap(\.canary).sorted()
    let begin = times.fault ?? times.decide
    lossMilliseconds = missing.map(\.begun).min().map { max(0, (begin ?? end) - $0) }
    firstGoodWrite = (times.fenced ?? begin).flatMap { begin in
      acknowledged.filter { $0.ended >= begin }.map(\.ended).min()
    }
  }

  private static func group(_ name: String, _ samples: [DrillSample], _ end: Double) -> Group {
    var group = Group(name: name)
    var first: Double?
    var last = 0.0
    for sample in samples {
      group.count += 1
      let took = sample.ended - sample.begun
      group.longest = max(group.longest, took)
      let isHeld = sample.isGood && took > Self.heldMilliseconds
      if isHeld { group.heldCount += 1 }
      if !sample.isGood {
        group.failedCount += 1
        if case .answered(let status) = sample.end {
          group.statuses[status, default: 0] += 1
        } else {
          group.statuses[0, default: 0] += 1
        }
      }
      guard isHeld || !sample.isGood else { continue }
      first = min(first ?? sample.begun, sample.begun)
      last = max(last, isHeld ? sample.ended : sample.begun)
    }
    guard let first else { return group }
    // A held one ended well: that is a success at its end.
    let recovery = samples.filter { $0.isGood && $0.ended >= last }.map(\.ended).min()
    group.hasRecovered = recovery != nil
    group.outage = (recovery ?? end) - first
    return group
  }

  /// All safe requests that failed.
  public var failedReadCount: Int {
    groups.filter { $0.name != Self.writeName }.map(\.failedCount).reduce(0, +)
  }

  /// The class of the canaries.
  public static let writeName = "writes"

  /// What was missed of a plan's targets, for people; empty when all were met.
  public func misses(rtoMilliseconds: Int?, rpoMilliseconds: Int) -> [String] {
    var misses: [String] = []
    for group in groups {
      if !group.hasRecovered { misses.append("\(group.name) did not come back") }
      if let rto = rtoMilliseconds, let outage = group.outage, outage > Double(rto) {
        misses.append("\(group.name) took \(Int(outage)) ms, the target is \(rto) ms")
      }
    }
    if let loss = lossMilliseconds, rpoMilliseconds == 0 || loss > Double(rpoMilliseconds) {
      misses.append(
        "\(lost.count) acknowledged writes are lost, back to \(Int(loss)) ms before the fault; the"
          + " target is \(rpoMilliseconds) ms")
    }
    return misses
  }
}
