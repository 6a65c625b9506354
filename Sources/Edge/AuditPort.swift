internal import Base
internal import Reactor
final class AuditPort {
  init(loop: Int, committer: Mailbox<Int>, pendingMax: Int) {}
  func append(decisionOf exchange: Exchange) {}
  func append(outcomeOf exchange: Exchange) {}
  func await(_ exchange: Exchange) {}
  func becameDurable(_ sequence: UInt64) {}
  func failed() {}
  func flush() {}
  func turnEnded(at: Instant) {}
}
public struct AuditOptions: Sendable {}
final class AuditCommitter {
  let inbox: Mailbox<Int>
  init(_ options: AuditOptions, workers: [Mailbox<WorkerMessage>], log: EdgeLog) throws { inbox = try Mailbox() }
  func start() throws -> Thread { try Thread(name: "x") {} }
  func stop() {}
}
