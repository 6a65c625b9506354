internal import Admin
internal import Audit
internal import HTTP
internal import Logging
internal import Origins

/// What the edge tells its operator. Messages are constant and details are metadata; neither holds
/// a patient, a credential or anything else that a client sent.
struct EdgeLog: Sendable {
  let logger: Logger

  /// Tells nobody anything; for measurements.
  static var silent: EdgeLog {
    EdgeLog(logger: Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() })
  }

  func listening(_ address: String) {
    logger.notice("listening", metadata: ["address": "\(address)"])
  }

  func listenFailed(_ address: String, _ reason: String) {
    logger.error("cannot listen", metadata: ["address": "\(address)", "reason": "\(reason)"])
  }

  func acceptFailed(_ reason: String) {
    logger.error("cannot accept clients", metadata: ["reason": "\(reason)"])
  }

  func clientsShed() {
    logger.warning("descriptor table full: waiting clients are turned away; raise `ulimit -n`")
  }

  func clientsDropped(_ count: Int) {
    logger.warning(
      "too many client connections: new ones are dropped", metadata: ["dropped": "\(count)"])
  }

  func sessionsIgnored(_ counts: [(String, Int)]) {
    logger.info(
      "session tokens taken for none",
      metadata: Logger.Metadata(uniqueKeysWithValues: counts.map { ($0.0, "\($0.1)") }))
  }

  func clientBroke(_ reason: String) {
    logger.debug("client connection broke", metadata: ["reason": "\(reason)"])
  }

  func clientFault(_ fault: ConnectionFault) {
    switch fault {
    case .closed: break
    case .malformed(let reason):
      logger.debug("client broke the protocol", metadata: ["reason": "\(reason)"])
    case .abuse(let reason):
      logger.warning("client passed a bound", metadata: ["reason": "\(reason)"])
    }
  }

  func originConnectFailed(_ endpoint: String, _ reason: String) {
    logger.debug(
      "cannot connect to origin", metadata: ["endpoint": "\(endpoint)", "reason": "\(reason)"])
  }

  func originFault(_ endpoint: String, _ fault: ConnectionFault) {
    guard case .closed = fault else {
      logger.warning(
        "origin broke the protocol", metadata: ["endpoint": "\(endpoint)", "fault": "\(fault)"])
      return
    }
  }

  func originSilent(_ endpoint: String) {
    logger.warning(
      "origin answers no PING: connection given up", metadata: ["endpoint": "\(endpoint)"])
  }

  func health(_ endpoint: String, from old: EndpointStatus, to new: EndpointStatus) {
    var metadata: Logger.Metadata = [
      "endpoint": "\(endpoint)", "reach": "\(old.reach.rawValue) -> \(new.reach.rawValue)",
      "freshness": "\(old.freshness.rawValue) -> \(new.freshness.rawValue)",
      "role": "\(old.role.name) -> \(new.role.name)",
    ]
    if new.isSuppressed { metadata["suppressed"] = "fell too often; serves only as the last one" }
    if new.isHeldOut { metadata["held_out"] = "was down; waits until an operator lets it in" }
    if let hold = new.ejectionHold { metadata["not_ejected"] = "\(hold.rawValue)" }
    logger.notice("endpoint changed", metadata: metadata)
  }

  /// The edge began, or ceased, to doubt itself.
  func selfDoubt(_ isDoubting: Bool) {
    if isDoubting {
      logger.critical(
        """
        most endpoints of several regions look dead: this edge is more likely to be cut off; \
        nobody is ejected meanwhile
        """)
    } else {
      logger.notice("most endpoints answer again")
    }
  }

  func auditFailed(_ reason: String) {
    logger.critical(
      """
      the audit log cannot be written: until a restart, only what policy lets go unrecorded is \
      served
      """,
      metadata: ["reason": "\(reason)"])
  }

  /// The only place where the account stands once the log has failed.
  func auditAccount(_ sums: AuditCounters) {
    logger.error(
      "the account of the failed audit log",
      metadata: [
        "decided": "\(sums.decided)", "committed": "\(sums.committed)",
        "refused": "\(sums.refused)", "lost": "\(sums.lost)", "dropped": "\(sums.dropped)",
      ])
  }

  func indexFailed(_ reason: String) {
    logger.warning(
      "the audit log's search index does not grow: searches read the log instead",
      metadata: ["reason": "\(reason)"])
  }

  func identityRead(_ path: String) {
    logger.notice("keys or revocations in force", metadata: ["file": "\(path)"])
  }

  func identityFailed(_ path: String, _ reason: String) {
    logger.error(
      "keys or revocations cannot be read: what was read before stays for the grace period",
      metadata: ["file": "\(path)", "reason": "\(reason)"])
  }

  func identityEnded(_ reason: String) {
    logger.critical("tokens can no longer be verified", metadata: ["reason": "\(reason)"])
  }

  func adopted(policy: String, version: Int) {
    logger.notice("policy in force", metadata: ["policy": "\(policy)", "version": "\(version)"])
  }

  func shadows(policy: String?, version: Int?) {
    guard let policy, let version else { return logger.notice("no policy version is shadowed") }
    logger.notice("policy shadowed", metadata: ["policy": "\(policy)", "version": "\(version)"])
  }

  func ordered(_ record: OperatorNews.Record) {
    logger.notice(
      "operator's order",
      metadata: [
        "order": "\(record.subject)", "author": "\(record.author)", "detail": "\(record.detail)",
      ])
  }

  func adminEnded(_ reason: String) {
    logger.critical("the admin API has ended", metadata: ["reason": "\(reason)"])
  }

  func adminClientBroke(_ peer: String, _ reason: String) {
    logger.debug("admin connection broke", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
  }

  func adminRecorded(_ record: AdminRecord) {
    logger.notice(
      "admin API",
      metadata: [
        "what": "\(record.subject)", "author": "\(record.author)", "scope": "\(record.scope)",
        "detail": "\(record.detail)",
      ])
  }

  func deltasApplied(_ batches: Int, _ changes: Int, _ last: UInt64) {
    logger.info(
      "directory deltas in force",
      metadata: ["batches": "\(batches)", "changes": "\(changes)", "last": "\(last)"])
  }

  func deltasStopped(_ reason: String) {
    logger.error(
      "directory deltas are not read: the last good state stays and ages",
      metadata: ["reason": "\(reason)"])
  }

  func cacheEnded(_ act: String, _ scope: String, _ author: String) {
    logger.notice(
      "stored answers are ended by an operator",
      metadata: ["act": "\(act)", "scope": "\(scope)", "author": "\(author)"])
  }

  func cacheDiskFailed(_ reason: String) {
    logger.error(
      "the disk of stored answers failed: what lay there is dropped, and memory is used alone",
      metadata: ["reason": "\(reason)"])
  }

  func sealBroken() {
    logger.critical(
      "a stored answer does not open under its key: memory or disk was changed; it is dropped")
  }

  func deltasTorn() {
    logger.warning("the directory's delta log ends inside a batch that does not become whole")
  }

  func policyRefused(policy: String, version: Int, _ reason: String) {
    logger.error(
      "policy version does not fit; the one before stays",
      metadata: ["policy": "\(policy)", "version": "\(version)", "reason": "\(reason)"])
  }

  func draining(_ seconds: UInt64) {
    logger.notice("draining", metadata: ["seconds at most": "\(seconds)"])
  }

  func ended() { logger.notice("ended") }
}
