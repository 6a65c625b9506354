public import Base

/// Counts failed attempts to prove who calls, by address: who guesses is told to wait, and does not
/// fill the audit log. Whoever proves who he is is never kept waiting by others' failures.
public struct FailureMeter: Sendable {
  /// What to do about one failed attempt.
  public struct Verdict: Equatable, Sendable {
    /// Whether the address has failed too often: answer 429, not 401.
    public let isTooMany: Bool
    /// How many failures the record of this moment stands for; 0: none is due yet.
    public let recordCount: Int
  }

  /// What is known of one address.
  private struct Account {
    let address: IPAddress
    var tokens: UInt64
    var at: Instant
  }

  private var accounts: [Account] = []
  private var unrecordedCount = 0
  private var recordAt = Instant(nanoseconds: 0)

  /// Makes an empty meter.
  public init() {}

  /// An attempt from `address` failed.
  public mutating func failed(_ address: IPAddress, at now: Instant) -> Verdict {
    let isTooMany = !take(address, now)
    unrecordedCount += 1
    guard now >= recordAt else { return Verdict(isTooMany: isTooMany, recordCount: 0) }
    recordAt = now.adding(milliseconds: AdminLimits.failureRecordMilliseconds)
    defer { unrecordedCount = 0 }
    return Verdict(isTooMany: isTooMany, recordCount: unrecordedCount)
  }

  /// Takes one of the address's tokens, of which one comes back each second.
  private mutating func take(_ address: IPAddress, _ now: Instant) -> Bool {
    let burst = AdminLimits.failureBurst
    let index = accounts.firstIndex { $0.address == address }
    var account =
      index.map { accounts.remove(at: $0) } ?? Account(address: address, tokens: burst, at: now)
    let seconds = now.milliseconds(since: account.at) / 1_000
    if seconds > 0 {
      account.tokens = min(burst, account.tokens + seconds)
      account.at = account.at.adding(milliseconds: seconds * 1_000)
    }
    let isThere = account.tokens > 0
    if isThere { account.tokens -= 1 }
    if accounts.count == AdminLimits.failureAddressCountMax { accounts.removeFirst() }
    accounts.append(account)
    return isThere
  }
}
