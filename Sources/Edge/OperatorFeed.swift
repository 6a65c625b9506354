internal import Audit
public import Origins
internal import Reactor

/// Where a running edge learns what operators order.
public protocol OperatorFeed: AnyObject, Sendable {
  /// Other orders than the last that were given, or nil. Called on the main thread once at the
  /// start, and from then on some fifty times a second on a thread of its own.
  func next() -> OperatorNews?
  /// What the edge knows of its endpoints, orders included. Called on the control loop with every
  /// change; must not wait.
  func sees(_ health: HealthSnapshot)
  /// What writes have to pass while there may be records of write authority.
  var gate: WriteGate { get }
  /// Who waits for an operator since an earlier life of the edge. Called once, on the main thread,
  /// before anything is probed.
  func heldOut() -> HoldOuts
  /// The edge has served its last request. Called once, on the main thread.
  func ended()
  /// What one loop has counted of its endpoints. Called on the control loop about once a second;
  /// must not wait.
  func sees(_ traffic: [EndpointTraffic], loop: Int)
}

/// Orders that are in force from now on, and what the audit log says of that.
public struct OperatorNews: Sendable {
  /// One act that takes effect, or ends.
  public struct Record: Sendable {
    /// `drain us-west`, or `end of drain us-west`.
    public var subject: String
    /// Who did it; of an order that ran out, who gave it.
    public var author: String
    /// The servers that it is about.
    public var scope: String
    /// Number, ticket, end and reason; no patient's data.
    public var detail: String
    /// Whether something ends.
    public var isDone: Bool

    /// Makes a record.
    public init(subject: String, author: String, scope: String, detail: String, isDone: Bool) {
      self.subject = subject
      self.author = author
      self.scope = scope
      self.detail = detail
      self.isDone = isDone
    }
  }

  /// All orders.
  public var orders: RegionOrders
  /// What is new of them.
  public var records: [Record]

  /// Makes news.
  public init(orders: RegionOrders, records: [Record]) {
    self.orders = orders
    self.records = records
  }
}

extension OperatorFeed {
  /// Time between two looks: orders are in force on every loop within 50 ms.
  private static var intervalMilliseconds: UInt64 { 20 }

  /// Starts a thread that asks until it is stopped, and tells what is new there.
  func watch(
    stop: Mailbox<WatchStop>, tell: @escaping @Sendable (OperatorNews) -> Void
  ) throws(SystemError) -> Thread {
    try FeedWatch.start(
      name: "homeward-orders", intervalMilliseconds: Self.intervalMilliseconds, stop: stop,
      next: { self.next() }, tell: tell)
  }
}

extension AuditLog {
  /// Says what operators ordered, and what ended; the edge's own log hears it, too.
  func append(_ news: OperatorNews, _ log: EdgeLog) {
    for record in news.records {
      var event = EventRecord(kind: .operatorAction, time: Clock.wall())
      event.subject = .text(record.subject)
      event.author = .text(record.author)
      event.scope = .text(record.scope)
      event.detail = .text(record.detail)
      event.isDone = record.isDone
      append(event)
      log.ordered(record)
    }
  }
}
