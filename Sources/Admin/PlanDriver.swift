public import Base
public import Control

/// A plan that somebody wants run or judged.
public struct PlanRequest: Sendable {
  /// Its text.
  public let text: [UInt8]
  /// Whether its way back is meant.
  public let isBack: Bool
  /// What whoever runs it accepts by name, such as `S3`.
  public let accepts: [String]
  /// The regions as they are, and what the policy in force allows.
  public let outline: RegionOutline
  /// Who wants that, and why.
  public let warrant: Warrant
}

/// Carries runs of plans: asks servers, calls hooks, waits. Its calls take a while; none is made on
/// the desk's thread.
public protocol PlanDriver: AnyObject, Sendable {
  /// What the rules say about a plan now, and what would move: the document `PlanPreview`.
  func preview(_ request: PlanRequest) throws(Problem) -> JSONValue
  /// Begins a run, and carries it on a thread of its own, which tells its end.
  func begin(_ request: PlanRequest) throws(Problem) -> PlanRun
  /// Goes on with a run that waits, or that nobody carries.
  func resume(
    _ number: Int, _ outline: RegionOutline, _ warrant: Warrant, isConfirmed: Bool
  ) throws(Problem) -> PlanRun
  /// Turns a run back, and carries it there unless somebody does; whether this driver does.
  func abort(
    _ number: Int, _ outline: RegionOutline, _ warrant: Warrant
  ) throws(Problem) -> (run: PlanRun, isCarried: Bool)
  /// Closes a run where it stands, unless somebody carries it; needs no file of its plan.
  func abandon(_ number: Int, _ warrant: Warrant) throws(Problem) -> PlanRun
  /// Whether it carries this run now. Any thread, at once.
  func carries(_ number: Int) -> Bool
  /// What a plan's steps do; nil when its file is not kept any more.
  func works(of plan: PlanName) -> [String]?
}

/// What a driver tells of a run that it carries.
public struct PlanProgress: Sendable {
  /// The run.
  public let run: Int
  /// What happens, for people; empty at a quiet end.
  public let words: String
  /// Whether the driver carries it no more: it is over, or waits for people.
  public let isOver: Bool
  /// Why it could not go on, as a stable word; nil when nothing broke.
  public let code: String?

  /// Joins what is told.
  public init(run: Int, words: String, isOver: Bool = false, code: String? = nil) {
    self.run = run
    self.words = words
    self.isOver = isOver
    self.code = code
  }

  /// What `json` holds.
  static let schema = Schema.object([
    .init("run", .text, "such as R-12"), .init("words", .text, "what happens"),
    .init("over", .boolean, "whether the edge carries it no more"),
    .init("code", .optional(.text), "why it could not go on; null: nothing broke"),
  ])

  /// The document.
  public var json: JSONValue {
    .object([
      ("run", .text("R-\(run)")), ("words", .text(words)), ("over", .boolean(isOver)),
      ("code", .optional(code)),
    ])
  }
}
