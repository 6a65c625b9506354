internal import Base
public import HTTP

/// Why a request went to an origin (RFC 9211 section 2.2).
public enum ForwardReason: String, Sendable, CaseIterable {
  case bypass, method, miss, request, stale
  case uriMiss = "uri-miss"
  case varyMiss = "vary-miss"
}

extension ForwardReason {
  /// Why an origin is asked though something may be stored; `reason` is nil when nothing is.
  public init(_ reason: CacheBypass?) {
    switch reason {
    case nil: self = .uriMiss
    case .age, .staleness: self = .stale
    case .requestDirective: self = .request
    default: self = .miss
    }
  }
}

/// What the cache did for one answer: the content of `Cache-Status` (RFC 9211). It never holds a
/// key.
public struct CacheStatus: Sendable, Equatable {
  /// Whether a stored answer was served without asking an origin.
  public var isHit = false
  /// Why an origin was asked; nil for hits.
  public var forward: ForwardReason?
  /// What the origin answered, if that is not the status of this answer.
  public var forwardStatus: UInt16?
  /// How many seconds it stays fresh; negative for how long it is stale.
  public var ttlSeconds: Int64?
  /// Whether the answer was stored.
  public var isStored = false
  /// Whether it waited for another request's answer.
  public var isCollapsed = false
  /// Why it was not stored or not served.
  public var detail: NotStored?
  /// Why a stored answer was passed by.
  public var bypass: CacheBypass?

  /// Makes a status that says nothing.
  public init() {}

  /// The status of a hit.
  public static func hit(ttlMilliseconds: Int64) -> CacheStatus {
    var status = CacheStatus()
    status.isHit = true
    status.ttlSeconds = ttlMilliseconds / 1000
    return status
  }

  /// The status of a forwarded request.
  public static func forwarded(_ reason: ForwardReason) -> CacheStatus {
    var status = CacheStatus()
    status.forward = reason
    return status
  }

  /// Appends `Cache-Status`. The line goes to clients that the policy permitted only.
  public func append(to fields: inout Fields) {
    fields.append("cache-status", isUnique: ttlSeconds != nil, byteCountMax: 192) { text in
      text.append("homeward")
      if isHit { text.append("; hit") }
      if let forward {
        text.append("; fwd=")
        text.append(Self.words[Int(ordinal(forward))])
      }
      if let forwardStatus {
        text.append("; fwd-status=")
        text.append(decimal: UInt64(forwardStatus))
      }
      if let ttlSeconds {
        text.append("; ttl=")
        if ttlSeconds < 0 { text.append(0x2D) }
        text.append(decimal: ttlSeconds.magnitude)
      }
      if isStored { text.append("; stored") }
      if isCollapsed { text.append("; collapsed") }
      if let word = detail.map({ Array($0.rawValue.utf8) })
        ?? bypass.map({ Array($0.rawValue.utf8) })
      {
        text.append("; detail=")
        text.append(word)
      }
    }
  }

  /// The words of `ForwardReason` as bytes.
  private static let words: [[UInt8]] = ForwardReason.allCases.map { Array($0.rawValue.utf8) }
}

/// Why the cache was not asked, or what it holds was not served. The raw value is the word in
/// records and `Cache-Status`.
public enum CacheBypass: String, Sendable, CaseIterable {
  // No key.
  case method, requestBody = "request-body", stateCondition = "state-condition"
  case tenantUnknown = "tenant-unknown", roleUnknown = "role-unknown"
  case purposeUnknown = "purpose-unknown", userUnknown = "user-unknown"
  case patientUnknown = "patient-unknown", consentUnknown = "consent-unknown"
  case viewUnknown = "view-unknown", queryParameter = "query-parameter"
  case unkeyedField = "unkeyed-field"
  case classOfRow = "class", reader, region
  // An entry that this request must not get.
  case row, policy, tenant, sourceRegion = "source-region", consent, staleness, sealed
  case invalidated, age
  /// It is fresh, and the request asks for something newer.
  case requestDirective = "request-directive"
}
