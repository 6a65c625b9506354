public import Admin
internal import Base
public import Proxy
internal import Reactor

/// The admin API of an edge: a thread with a listener of its own. No request of an edge's client
/// ever waits for it, and it goes on while everything else fails.
public final class AdminService: Sendable {
  /// Where it listens, and to whom.
  public struct Definition: Sendable {
    /// The address, with TLS.
    public var listener: ListenerDefinition
    /// Who may call.
    public var rules: CallerRules

    /// Joins them.
    public init(listener: ListenerDefinition, rules: CallerRules) {
      self.listener = listener
      self.rules = rules
    }
  }

  /// What the thread is told.
  enum Message: Sendable {
    /// Something about the edge.
    case news(AdminNews)
    /// Certificates, callers or the address have changed.
    case adopt(Definition)
    /// An answer that took a while.
    case answered(Int, AdminAnswer)
    /// End.
    case stop
  }

  /// The edge around a desk; parts of the edge that can be asked something stand here.
  public struct Surroundings {
    /// What is known of the edge.
    public let view: EdgeView
    /// Who may call.
    public let rules: CallerRules
    /// How the audit log stands.
    public let account: () -> AuditAccount
    /// The cache; nil when nothing is kept.
    public let cache: CacheOperations?
    /// Tells something about the edge. Any thread.
    public let tell: @Sendable (AdminNews) -> Void
    /// When the thread begins.
    public let moment: AdminDesk.Moment
  }

  /// Makes the desk, on its thread.
  public typealias Furnish = @Sendable (Surroundings) -> EdgeWatcher

  let inbox: Mailbox<Message>
  let definition: Definition
  let furnish: Furnish

  /// Nothing listens before the edge runs. Throws when no descriptor is left.
  public init(_ definition: Definition, furnish: @escaping Furnish) throws {
    self.definition = definition
    self.furnish = furnish
    inbox = try Mailbox()
  }

  /// Goes on with another definition. Any thread.
  public func adopt(_ definition: Definition) { inbox.post(.adopt(definition)) }

  /// Tells something about the edge. Any thread.
  func tell(_ news: AdminNews) { inbox.post(.news(news)) }

  /// Starts the thread. `makeView` is called there.
  func start(
    audit: AuditLog, log: EdgeLog, cache: CacheOperations?,
    makeView: @escaping @Sendable () -> EdgeView
  ) throws(SystemError) -> Thread {
    try Thread(name: "homeward-admin") { [self] in
      do throws(SystemError) {
        try AdminThread(self, audit: audit, log: log, cache, makeView()).run()
      } catch {
        log.adminEnded("\(error)")
      }
    }
  }
}
