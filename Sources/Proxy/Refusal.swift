public import HTTP

/// Why the edge answers by itself. Each means something else to client, officer and SRE.
public enum Refusal: String, CaseIterable, Sendable {
  /// An invariant or a deny rule of the policy says no.
  case forbidden
  /// No rule of the policy covers the request.
  case noRule = "no-rule"
  /// The patient's home region is not known, and the plan needs it.
  case homeUnknown = "home-region-unknown"
  /// Lawful, but nothing healthy and fresh enough is left.
  case unavailable
  /// The write authority moved for longer than writes may wait, or too many wait.
  case authorityMoving = "write-authority-moving"
  /// Nobody takes writes until a person has decided who does.
  case authorityStopped = "write-authority-stopped"
  /// What the client wrote before was lost when the write authority moved.
  case lostTail = "lost-tail"
  /// The decision could not be recorded, so nothing may be disclosed.
  case auditUnavailable = "audit-unavailable"
  /// Too much is under way already.
  case overloaded
  /// Requests of this latency class have their share of the places already.
  case classLimit = "class-limit-reached"
  /// The request contradicts itself or breaks FHIR's rules.
  case invalid
  /// What arrived is not HTTP, or contradicts itself.
  case malformed = "malformed-request"
  /// Two readers could take the request's target differently.
  case targetNotCanonical = "target-not-canonical"
  /// The request's target is longer than granted.
  case targetTooLong = "target-too-long"
  /// The request's header section is larger than granted.
  case fieldsTooLarge = "fields-too-large"
  /// TRACE would send a client's credentials back through whoever stands between; a method may
  /// also be too long to be one.
  case methodRefused = "method-refused"
  /// CONNECT: nobody gets a tunnel.
  case tunnelRefused = "tunnel-refused"
  /// `Expect` names something other than `100-continue`.
  case expectationRefused = "expectation-refused"
  /// The body's transfer coding is not known.
  case codingRefused = "coding-refused"
  /// The version of HTTP is not spoken here.
  case versionRefused = "version-refused"
  /// The client held back the rest of its request for too long.
  case requestTimeout = "request-timeout"
  /// One request concerns patients that may not be joined.
  case severalPatients = "several-patients"
  /// The client left before the body that decides was complete.
  case bodyIncomplete = "body-incomplete"
  /// The answer's labels say more than the request, and it may not be asked for anew.
  case answerWithheld = "answer-withheld"
  /// The request has been here before.
  case loop
  /// Who asks could not be established.
  case unauthenticated
  /// Who asks must prove himself better (RFC 9470).
  case stepUpRequired = "step-up-required"
  /// The request must say why it asks.
  case reasonRequired = "reason-required"
  /// The request names a purpose for which its token was not given.
  case purposeNotGranted = "purpose-not-granted"
  /// Tokens cannot be verified now.
  case identityUnavailable = "identity-unavailable"
  /// The policy demands something that this edge cannot do.
  case obligationUnmet = "obligation-unmet"
  /// No connection to any lawful endpoint.
  case originConnect = "origin-connect"
  /// The origin did not answer in time.
  case originTimeout = "origin-timeout"
  /// The origin's connection ended before it answered.
  case originReset = "origin-reset"
  /// The origin's answer was not HTTP.
  case originMalformed = "origin-malformed"
  /// The client wants a stored answer only, and there is none (RFC 9111 section 5.2.1.7).
  case notStored = "not-stored"

  /// The status code that carries the refusal.
  public var status: UInt16 {
    switch self {
    case .unauthenticated, .stepUpRequired: 401
    case .forbidden, .noRule, .reasonRequired, .purposeNotGranted, .answerWithheld: 403
    case .homeUnknown, .unavailable, .auditUnavailable, .overloaded, .classLimit,
      .originConnect, .identityUnavailable, .authorityMoving, .authorityStopped:
      503
    case .lostTail: 409
    case .invalid, .malformed, .targetNotCanonical, .bodyIncomplete: 400
    case .tunnelRefused: 405
    case .requestTimeout: 408
    case .targetTooLong: 414
    case .expectationRefused: 417
    case .fieldsTooLarge: 431
    case .methodRefused, .codingRefused, .obligationUnmet: 501
    case .versionRefused: 505
    case .severalPatients: 422
    case .loop: 508
    case .originReset, .originMalformed: 502
    case .originTimeout, .notStored: 504
    }
  }

  /// What FHIR calls the issue (`http://hl7.org/fhir/issue-type`).
  public var issueType: StaticString {
    switch self {
    case .unauthenticated, .stepUpRequired: "login"
    case .forbidden, .noRule, .purposeNotGranted: "forbidden"
    case .answerWithheld: "suppressed"
    case .reasonRequired: "required"
    case .homeUnknown, .unavailable, .auditUnavailable, .overloaded, .classLimit,
      .originConnect, .identityUnavailable, .authorityMoving, .authorityStopped:
      "transient"
    case .lostTail: "conflict"
    case .invalid: "invalid"
    case .malformed, .bodyIncomplete: "structure"
    case .targetNotCanonical: "value"
    case .targetTooLong, .fieldsTooLarge: "too-long"
    case .methodRefused, .tunnelRefused, .expectationRefused, .codingRefused, .versionRefused,
      .obligationUnmet:
      "not-supported"
    case .severalPatients: "business-rule"
    case .loop: "processing"
    case .originReset, .originMalformed: "exception"
    case .originTimeout, .requestTimeout: "timeout"
    case .notStored: "not-found"
    }
  }

  /// What RFC 9209 section 2.3 calls the error; nil when the proxy worked as told.
  public var proxyError: StaticString? {
    switch self {
    case .forbidden, .noRule, .unauthenticated, .stepUpRequired, .reasonRequired,
      .purposeNotGranted, .answerWithheld, .lostTail:
      "http_request_denied"
    case .unavailable, .authorityMoving, .authorityStopped: "destination_unavailable"
    case .homeUnknown: "destination_not_found"
    case .auditUnavailable, .identityUnavailable: "proxy_internal_error"
    case .obligationUnmet: "proxy_configuration_error"
    case .overloaded, .classLimit: "connection_limit_reached"
    case .invalid, .severalPatients, .malformed, .targetNotCanonical, .targetTooLong,
      .fieldsTooLarge, .methodRefused, .tunnelRefused, .expectationRefused, .codingRefused,
      .versionRefused, .requestTimeout, .bodyIncomplete:
      "http_request_error"
    case .loop: "proxy_loop_detected"
    case .originConnect: "connection_refused"
    case .originTimeout: "http_response_timeout"
    case .originReset: "connection_terminated"
    case .originMalformed: "http_protocol_error"
    case .notStored: "proxy_internal_response"
    }
  }

  /// Whether trying again later may help, and after how many seconds.
  public var retryAfterSeconds: Int? {
    switch self {
    case .homeUnknown, .authorityStopped: 30
    case .authorityMoving, .unavailable, .originConnect, .originReset, .originTimeout: 2
    case .auditUnavailable, .overloaded, .identityUnavailable: 1
    case .classLimit: 5
    default: nil
    }
  }

  /// One sentence for the person in front of the screen.
  public var sentence: StaticString {
    switch self {
    case .forbidden: "the routing policy forbids this request"
    case .noRule: "no rule of the routing policy covers this request"
    case .homeUnknown: "the patient's home region is not known yet; try again later"
    case .unavailable: "no lawful server is healthy and fresh enough; try again shortly"
    case .authorityMoving:
      "the servers that take changes are being switched; nothing was changed; try again shortly"
    case .authorityStopped: "no server takes changes of these records now; nothing was changed"
    case .lostTail:
      "the last changes of this session were lost in a failover; read the record again and check it"
    case .auditUnavailable: "the decision could not be recorded, so nothing is disclosed"
    case .overloaded: "the edge is at its limit; try again shortly"
    case .classLimit: "too many requests of this kind are under way; try again shortly"
    case .invalid: "the request is not valid"
    case .malformed: "the request is not valid HTTP"
    case .targetNotCanonical: "the request's target can be read in more than one way"
    case .targetTooLong: "the request's target is too long; search by POST instead"
    case .fieldsTooLarge: "the request's header fields are too large"
    case .methodRefused: "the edge does not serve this method"
    case .tunnelRefused: "the edge opens no tunnels"
    case .expectationRefused: "the edge meets no expectation but 100-continue"
    case .codingRefused: "the edge knows no transfer coding but chunked"
    case .versionRefused: "the edge does not speak this version of HTTP"
    case .requestTimeout: "the rest of the request did not come in time"
    case .severalPatients: "the request concerns several patients that may not be joined"
    case .bodyIncomplete: "the request's body ended before it was complete"
    case .answerWithheld:
      "the answer holds protected records and is kept back; a change that was asked for may be made"
    case .loop: "the request came back to the edge that forwarded it"
    case .unauthenticated: "who asks could not be established; sign in again"
    case .stepUpRequired: "this needs a stronger sign-in; sign in again with a second factor"
    case .reasonRequired: "this needs a reason; state it in the field EHR-Reason"
    case .purposeNotGranted: "the sign-in was not given for this purpose of use"
    case .identityUnavailable: "the sign-in cannot be verified now; try again shortly"
    case .obligationUnmet: "the policy demands something that this edge cannot do"
    case .originConnect: "no lawful server could be reached"
    case .originTimeout: "the server did not answer in time"
    case .originReset: "the server closed the connection before it answered"
    case .originMalformed: "the server's answer could not be understood"
    case .notStored: "the edge keeps no such answer, and may not ask a server for it"
    }
  }
}

extension Refusal {
  /// The refusal of a request that a codec could not hand on.
  public init(_ fault: RequestFault) {
    self =
      switch fault {
      case .malformed: .malformed
      case .target: .targetNotCanonical
      case .targetTooLong: .targetTooLong
      case .fieldsTooLarge: .fieldsTooLarge
      case .method: .methodRefused
      case .connect: .tunnelRefused
      case .expectation: .expectationRefused
      case .coding: .codingRefused
      case .version: .versionRefused
      }
  }
}
