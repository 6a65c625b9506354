internal import Audit
public import Base
public import Cache
internal import Directory
internal import HTTP
public import Identity
internal import Origins
public import Proxy
internal import Reactor
internal import Synchronization

/// What operators ask of a running edge's cache: figures, purges, what would become of a request.
///
/// Any thread. Whatever ends something is recorded in the audit log, with its author.
public final class CacheOperations: Sendable {
  /// What a purge ends.
  public enum Purge: Sendable {
    /// Everything.
    case all
    /// All of a tenant, by name.
    case tenant(String)
    /// A FHIR type (`ValueSet`) or one resource (`ValueSet/123`).
    case tag(String)
    /// Everything on an authority whose path begins so.
    case prefix(authority: String, path: String)
    /// All that depends on a patient, by one of his ids.
    case patient(String)
  }

  /// What an operator named is not there: nothing was ended, and nothing recorded.
  public enum Unknown: Error, Equatable {
    /// No tenant has this name; these are known.
    case tenant(String, known: [String])
    /// Neither a FHIR type nor a resource.
    case tag(String)
    /// No host, or host and port.
    case authority(String)
  }

  /// The store's figures, with the names of tenants.
  public struct Figures: Sendable {
    /// The figures.
    public var statistics: CacheStatistics
    /// The tenants that take something, by name; the empty name stands for nobody in particular.
    public var tenants: [(name: String, share: CacheStatistics.Share)]
    /// Bytes that entries may take.
    public var byteCountMax: Int
    /// Bytes that entries may take on disk.
    public var diskByteCountMax: Int
  }

  private struct State {
    var snapshot: Snapshot
    var health: HealthSnapshot?
  }

  private let store: CacheStore
  private let auditLog: AuditLog
  private let log: EdgeLog
  private let vouching: Vouching
  private let state: Mutex<State>

  init(
    store: CacheStore, auditLog: AuditLog, log: EdgeLog, vouching: Vouching, snapshot: Snapshot
  ) {
    self.store = store
    self.auditLog = auditLog
    self.log = log
    self.vouching = vouching
    state = Mutex(State(snapshot: snapshot))
  }

  /// The loops decide by this snapshot now.
  func adopted(_ snapshot: Snapshot) { state.withLock { $0.snapshot = snapshot } }

  /// The endpoints are so now.
  func sees(_ health: HealthSnapshot) { state.withLock { $0.health = health } }

  // MARK: Figures

  /// The store at this moment.
  public func cacheStatistics() -> Figures {
    let statistics = store.statistics()
    let tenants = statistics.tenants.map { tenant, share in
      (name: store.names.name(of: tenant) ?? "", share: share)
    }
    return Figures(
      statistics: statistics, tenants: tenants.sorted { $0.name < $1.name },
      byteCountMax: store.limits.byteCountMax, diskByteCountMax: store.disk?.byteCountMax ?? 0)
  }

  // MARK: Ends

  /// Ends what is meant, on all loops at once, and what is being fetched of it. Gives how many
  /// entries were taken out by it; nil where that is not counted, since they go as they are met.
  @discardableResult
  public func cachePurge(
    _ purge: Purge, author: String, reason: String = ""
  ) throws(Unknown) -> Int? {
    var count: Int?
    switch purge {
    case .all:
      store.purgeAll()
      record("purge", scope: "all", author, reason)
    case .tenant(let name):
      store.purge(tenant: try tenant(name))
      record("purge", scope: "tenant \(name)", author, reason)
    case .tag(let text):
      guard store.purge(tag: text) else { throw .tag(text) }
      record("purge", scope: "tag \(text)", author, reason)
    case .prefix(let authority, let path):
      var canonical: [UInt8] = []
      let isRead = unsafe Array(authority.utf8).withUnsafeBytes {
        unsafe CanonicalAuthority.canonicalize($0, into: &canonical)
      }
      guard isRead else { throw .authority(authority) }
      count = store.purge(authority: canonical, pathPrefix: Array(path.utf8))
      record("purge", scope: "a path prefix", author, reason)
    case .patient(let id):
      store.purge(patient: id, state.withLock { $0.snapshot })
      // Whom it was about is nobody's business who reads this.
      record("purge", scope: "a patient", author, reason)
    }
    return count
  }

  /// Destroys a tenant's keys: what they sealed cannot be opened by anybody, whatever memory it
  /// lies in. Gives how many keys there were.
  @discardableResult
  public func cacheShred(
    tenant name: String, author: String, reason: String = ""
  ) throws(Unknown) -> Int {
    let tenant = try tenant(name)
    let count = store.keys?.drop(tenant: tenant) ?? 0
    store.purge(tenant: tenant)
    record("shred", scope: "tenant \(name)", author, reason)
    return count
  }

  /// The tenant of a name that some policy in force has had.
  private func tenant(_ name: String) throws(Unknown) -> TenantNumber {
    guard let tenant = store.names.knownTenant(name) else {
      throw .tenant(name, known: store.names.tenantNames)
    }
    return tenant
  }

  private func record(_ act: String, scope: String, _ author: String, _ reason: String) {
    var event = EventRecord(kind: .operatorAction, time: Clock.wall())
    event.subject = .text("cache \(act)")
    event.author = .text(author)
    event.scope = .text(scope)
    event.detail = .text(reason)
    event.isDone = true
    auditLog.append(event)
    log.cacheEnded(act, scope, author)
  }

  // MARK: Explanations

  /// A request that somebody describes, to be explained and not sent.
  public struct Question: Sendable {
    /// Its head, as HTTP/1.1 writes it.
    public var head: [UInt8]
    /// On whose behalf.
    public var sender = Sender.nobody
    /// Where he is; nil: not known.
    public var client: IPAddress?

    /// Asks about a head.
    public init(head: [UInt8]) { self.head = head }
  }

  /// Who would send a request.
  public enum Sender: Sendable {
    /// Somebody who proves nothing.
    case nobody
    /// Whoever has this token.
    case bearer([UInt8])
    /// Somebody of whom this is known.
    case stated(SubjectFacts)
  }

  /// What would become of a request; nil when its head is not one request's.
  public func cacheExplain(_ question: Question) -> CacheAdvice? {
    let (snapshot, health) = state.withLock { ($0.snapshot, $0.health) }
    guard let health else { return nil }
    let codec = HTTP1ServerCodec(limits: snapshot.limits.http, isSecure: true)
    unsafe question.head.withUnsafeBytes { unsafe codec.receive($0) }
    guard case .head(let stream, _)? = codec.nextEvent() else { return nil }
    var request = JudgedRequest()
    request.take(stream, from: codec)
    let time = Clock.wall()
    if let client = question.client {
      let place = snapshot.place(of: client)
      request.came(
        from: ClientFacts(
          address: ClientAddress(address: client, provenance: .connection), place: place.place,
          placeProvenance: place.provenance, subject: nil,
          certified: nil))
    }
    if snapshot.identity != nil {
      request.decision.identification = identification(of: question.sender, at: time)
    }
    // Nothing hangs on its choices: no origin is asked.
    var decider = Decider(seed: 1)
    let now = Clock.monotonic()
    return snapshot.cacheAdvice(
      &request, by: &decider, health: health,
      loads: EndpointLoads(
        topology: snapshot.topology, limits: snapshot.limits.origins, at: now),
      now: now, time: time)
  }

  /// What is proved of who would ask, or taken as if it were.
  private func identification(of sender: Sender, at time: WallTime) -> Identification {
    switch sender {
    case .nobody: return .anonymous
    case .stated(let facts): return .proven(Subject(stated: facts))
    case .bearer(let token):
      switch vouching.identify(token, at: time) {
      case .success(let subject): return .proven(subject)
      case .failure(let fault): return .refused(fault)
      }
    }
  }
}
