public import Base
public import HTTP
public import Native
public import Origins
internal import Policy

extension Decider {
  /// Reads what the request says of its session, before its `EHR-*` fields are taken away. Only
  /// where the home is known: a mark means a position in one log.
  func readSession(
    _ head: borrowing RequestHead, _ snapshot: Snapshot, into decision: inout Decision
  ) {
    guard let sealer = sessions, let home = decision.facts.home,
      let (line, isRepeated) = StatedField<Never>.line("ehr-session", head)
    else { return }
    decision.session.isWanted = true
    if isRepeated {
      decision.session.fault = .repeated
    } else {
      let domain = snapshot.names.regions[Int(home.index)]
      let time = decision.time
      let opened = unsafe head.fields.withValue(line) { text in
        unsafe decision.withScope(head) { patient in
          unsafe sealer.open(text, patient: patient, domain: domain, at: time)
        }
      }
      switch opened {
      case .success(let mark): decision.session.mark = mark
      case .failure(let fault): decision.session.fault = fault
      }
    }
    if let fault = decision.session.fault { sealer.note(fault) }
  }

  /// Leaves out what is behind the session's mark, and refuses what was lost.
  func keepSession(_ health: HealthSnapshot, into decision: inout Decision) {
    decision.session.isBehind = false
    guard let mark = decision.session.mark, let home = decision.facts.home else { return }
    // What is stored may be older, and says no position.
    decision.cacheStep = nil
    let isKept = health.keeps(home, epoch: mark.epoch, position: mark.position)
    // A later epoch has begun, and nobody knows where: without a record nobody ever will.
    let isForgotten = isKept == nil && mark.epoch < health.epochs[Int(home.index)] ?? 0
    if isForgotten, health.hasRecord(home) {
      decision.session.isBehind = true
      decision.refusal = .unavailable
      return
    }
    if isKept == false || isForgotten {
      decision.refusal = .lostTail
      return
    }
    let isLeft = decision.narrowed.require(
      epoch: mark.epoch, position: mark.position, home: home, snapshot: health)
    decision.session.isBehind = !isLeft && decision.narrowed.choices.isEmpty
  }
}

extension Decision {
  /// Hands the patient's id to `body`; nothing where the request is about no one patient.
  fileprivate func withScope<Result>(
    _ head: borrowing RequestHead, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    unsafe withPatient(head, body) ?? body(UnsafeRawBufferPointer(start: nil, count: 0))
  }
}

extension JudgedRequest {
  /// Whether an answer of this status carries a token: the client asked for one, or something of a
  /// home was changed.
  public func takesPartInSession(_ status: UInt16) -> Bool {
    guard (200..<400).contains(status), decision.facts.home != nil else { return false }
    return decision.session.isWanted || (isWrite && status < 300)
  }

  /// Whether what a server of the home tells with its answer to a read is behind the session: it
  /// was asked for what its last report said, and lost some of that since.
  public func isBehindSession(
    _ told: SessionMark?, choice index: Int, _ health: HealthSnapshot, _ snapshot: Snapshot
  ) -> Bool {
    guard let mark = decision.session.mark, let told, let home = decision.facts.home, !isWrite,
      !decision.narrowed.choices[index].isMarkedStale,
      snapshot.topology.region(of: decision.endpoint(ofChoice: index)) == home
    else { return false }
    return !health.holds(
      home, epoch: mark.epoch, position: mark.position, toldEpoch: told.epoch,
      toldPosition: told.position)
  }

  /// Appends `EHR-Session`: what the session had seen, and what the origin told with this answer
  /// about the log of the home. Another region's server tells a position in a log of its own.
  public func appendSession(
    _ told: SessionMark?, to response: inout ResponseHead, choice index: Int,
    _ sealer: SessionSealer, nonce: AEADNonce, at time: WallTime, _ snapshot: Snapshot
  ) {
    guard let home = decision.facts.home else { return }
    let isHome = snapshot.topology.region(of: decision.endpoint(ofChoice: index)) == home
    guard var mark = (isHome ? told : nil) ?? decision.session.mark else { return }
    if let seen = decision.session.mark, seen.epoch >= mark.epoch {
      mark.position = seen.epoch == mark.epoch ? max(seen.position, mark.position) : seen.position
      mark.epoch = seen.epoch
    }
    let domain = snapshot.names.regions[Int(home.index)]
    response.fields.append(
      "ehr-session", isUnique: true, byteCountMax: SessionSealer.characterCount
    ) { text in
      unsafe decision.withScope(head) { patient in
        unsafe sealer.seal(
          mark, patient: patient, domain: domain, at: time, nonce: nonce, into: &text)
      }
    }
  }
}

extension ResponseHead {
  /// The position and epoch that an origin tells; nil unless it tells both, each once.
  public var toldMark: SessionMark? {
    guard let epoch = toldEpoch, let position = number(named: "ehr-position") else { return nil }
    return SessionMark(epoch: epoch, position: position)
  }
}
