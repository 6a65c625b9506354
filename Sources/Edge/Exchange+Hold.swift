internal import Base
internal import HTTP
internal import Origins
internal import Proxy

/// A write that waits until the authority over its data has moved, or may not leave just now.
extension Exchange {
  /// What an exchange knows of its write.
  struct Write {
    /// Whether it waits.
    var isHeld = false
    /// Whether it is a read that waits for newer health, and whether it did before.
    var awaitsSample = false
    var hasAwaitedSample = false
    /// When it gives up waiting, however often it was let go in between.
    var heldUntil = Instant.never
    /// Whether its head was made fit for an origin already.
    var isPrepared = false
    /// Whether the decision as it stands was recorded.
    var isRecorded = false
    /// The domain under which it counts as under way; nil while it does not.
    var domain: String?
    /// The epoch that its origin was told.
    var epoch: UInt64?
  }

  /// Holds back a write that was just decided and not recorded; false when it need not wait, or may
  /// not: too many do.
  func holdsWrite() -> Bool {
    guard request.decision.refusal == .authorityMoving || !worker.heldWrites.isEmpty,
      request.isWrite
    else { return false }
    if let domain = request.awaitedDomain {
      return hold(HeldPlace(domain: domain, patient: request.patientHash))
    }
    // Others about this patient wait: none overtakes them.
    guard request.decision.refusal == nil, write.heldUntil == .never else { return false }
    let patient = request.patientHash
    guard worker.heldWrites.mustFollow(patient) else { return false }
    let place = HeldPlace(domain: request.domain(ofChoice: 0, snapshot), patient: patient)
    if !hold(place) { request.refuse(.authorityMoving) }
    return write.isHeld
  }

  private func hold(_ place: HeldPlace) -> Bool {
    guard worker.heldWrites.hold(self, place, countMax: snapshot.limits.heldWritesMax) else {
      return false
    }
    if write.heldUntil == .never {
      write.heldUntil = now.adding(milliseconds: snapshot.timeouts.authorityMilliseconds)
    }
    write.isHeld = true
    deadline = write.heldUntil
    return true
  }

  /// The authority is where it shall be, as far as is known: decides once more.
  func releaseWrite() {
    guard write.isHeld else { return }
    write.isHeld = false
    deadline = .never
    if write.isRecorded {
      // The first decision is over; what comes has a record of its own.
      outcome.refusal = .authorityMoving
      outcome.end = .refused
      outcome.endedAt = now
      outcome.status = 0
      worker.recordOutcome(of: self)
      outcome = outcome.next(at: now)
      write.isRecorded = false
    }
    worker.decideAgain(self)
    if holdsWrite() { return }
    machine = ExchangeMachine()
    start(hasRoom: true)
  }

  /// The wait is over, for want of an authority or of a client.
  func endHold(_ refusal: Refusal) {
    write.isHeld = false
    if !write.isRecorded {
      request.refuse(refusal)
      record()
      guard mayGoOn else { return answer(.auditUnavailable) }
    }
    answer(refusal)
  }

  /// Nothing came that was waited for.
  func holdTimedOut() {
    if write.awaitsSample { sampleCame(isNew: false) } else { endHold(.authorityMoving) }
  }

  /// The client left while its write waited: nobody hears the answer, but every request leaves a
  /// decision.
  func recordLostWrite() {
    guard write.isHeld, !write.isRecorded else { return }
    if !write.awaitsSample { request.refuse(.authorityMoving) }
    record()
  }

  // MARK: Sending

  /// Whether the write for which a connection is there must not leave: it waits, or was answered.
  /// Otherwise it counts as under way, and its origin will be told the epoch.
  func keepsWriteBack() -> Bool {
    guard request.isWrite else { return false }
    let choice = machine.choice
    let domain = request.domain(ofChoice: choice, snapshot)
    let health = generation.health
    let epoch = request.epoch(ofChoice: choice)
    if let gate = worker.gate {
      let name = snapshot.topology.regionNames[Int(domain.index)]
      guard
        health.mayWrite(domain, request.decision.endpoint(ofChoice: choice), epoch: epoch),
        gate.begin(
          name, hasRecord: health.hasRecord(domain), revision: health.authorities.revision)
      else {
        origin?.decline()
        origin = nil
        // Now, while the machine knows the class under which the place was taken.
        givePlaceBack()
        holdOrAnswer(HeldPlace(domain: domain, patient: request.patientHash))
        return true
      }
      write.domain = name
    }
    write.epoch = epoch
    if let epoch { request.stamp(epoch: epoch) }
    return false
  }

  /// The write is under way no longer.
  func endWrite() {
    guard let domain = write.domain.take() else { return }
    worker.gate?.end(domain)
  }

  /// Whether the origin refused the write because it knows a later epoch: then it did nothing, and
  /// the write waits until this edge knows that epoch, too. No client hears of it.
  func holdsStaleWrite(isEnd: Bool) -> Bool {
    guard heldHead.status == 412, let epoch = write.epoch, let told = heldHead.toldEpoch,
      told > epoch
    else { return false }
    if isEnd { detachOrigin() }
    releaseOrigin(.succeeded)
    let domain = request.domain(ofChoice: machine.choice, snapshot)
    let place = HeldPlace(domain: domain, patient: request.patientHash, epochMin: told)
    if isReplayable { holdOrAnswer(place) } else { answer(.authorityMoving) }
    return true
  }

  private func holdOrAnswer(_ place: HeldPlace) {
    if !hold(place) { answer(.authorityMoving) }
  }
}

extension Worker {
  /// Lets writes go whose authority is where it shall be, some at once.
  func releaseHeldWrites() {
    guard !heldWrites.isEmpty, !isReleasing else { return }
    isReleasing = true
    defer { isReleasing = false }
    let ready = heldWrites.release(atOnceMax: snapshot.limits.releasedWritesMax) {
      exchange, place in
      // Regions are numbered by the snapshot that the exchange began with.
      let health = exchange.generation.health
      guard health.isConfirmed(place.domain, epochMin: place.epochMin) else { return false }
      return gate?.isOpen(
        hasRecord: health.hasRecord(place.domain), revision: health.authorities.revision) ?? true
    }
    for exchange in ready { exchange.releaseWrite() }
  }
}
