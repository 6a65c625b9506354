public import Logging

extension Server {
  /// What a server needs beside its first snapshot.
  public struct Options: Sendable {
    /// How many data-plane loops.
    public var loopCount: Int
    /// The audit log.
    public var audit: AuditOptions
    /// The content hash of the configuration, for the record of its coming into force.
    public var configurationHash: String
    /// Start of every random sequence; from the system's generator.
    public var seed: UInt64
    /// Where messages go.
    public var logger: Logger
    /// Tells of other versions of the policy; nil for a policy that changes by reload only.
    public var policies: (any PolicyFeed)?
    /// Tells what operators order; nil when nobody can.
    public var operators: (any OperatorFeed)?
    /// Answers operators and auditors; nil when nobody is to.
    public var admin: AdminService?
    /// The folder on whose disk stored answers may lie; nil when none does.
    public var cacheFolder: String?

    /// Makes options.
    public init(
      loopCount: Int, audit: AuditOptions, configurationHash: String, seed: UInt64,
      logger: Logger, policies: (any PolicyFeed)? = nil, operators: (any OperatorFeed)? = nil,
      admin: AdminService? = nil, cacheFolder: String? = nil
    ) {
      self.loopCount = loopCount
      self.audit = audit
      self.configurationHash = configurationHash
      self.seed = seed
      self.logger = logger
      self.policies = policies
      self.operators = operators
      self.admin = admin
      self.cacheFolder = cacheFolder
    }
  }
}
