internal import Base
internal import HTTP
internal import Origins
internal import Policy
internal import Proxy

/// A write, or a read that only a primary may serve, that waits until the authority over its data
/// has moved, or may not leave just now.
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
    /// Whether its server carries it out once, however often it comes.
    var isKeyed = false
    /// What that server said it is when the write was sent first.
    var claim = RoleClaim.unknown
  }

  /// Holds back what was just decided and not recorded; false when it need not wait, or may not:
  /// too many do.
  func awaitsAuthority() -> Bool {
    guard request.decision.refusal == .authorityMoving || !worker.heldWrites.isEmpty else {
      return false
    }
    if let domain = request.awaitedDomain {
      // Reads of one patient need not follow each other.
      let patient = request.isWrite ? request.patientHash : nil
      return hold(HeldPlace(domain: domain, patient: patient))
    }
    // Other writes about this patient wait: none overtakes them.
    guard request.isWrite, request.decision.refusal == nil, write.heldUntil == .never else {
      return false
    }
    let patient = request.patientHash
    guard worker.heldWrites.mustFollow(patient) else { return false }
    let place = HeldPlace(domain: request.domain(ofChoice: 0, snapshot), patient: patient)
    if !hold(place) { request.refuse(.authorityMoving) }
    return write.isHeld
  }

  private func hold(_ place: HeldPlace) -> Bool {
    let countMax = snapshot.limits.heldCountMax(isWrite: request.isWrite)
    guard worker.heldWrites.hold(self, place, countMax: countMax) else { return false }
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
    if generation !== worker.generation, !joins(worker.generation) { return }
    worker.decideAgain(self)
    if awaitsAuthority() { return }
    machine = ExchangeMachine()
    start(hasRoom: true)
  }

  /// Another snapshot came into force while the write waited: it goes on under that. What is not
  /// yet made fit for an origin is judged anew from the start, as if it came now; the rest can go
  /// on where the policy is the same. False when nothing is left to do.
  private func joins(_ next: Generation) -> Bool {
    let isSame =
      next.snapshot.policy.contentHash == snapshot.policy.contentHash
      && next.snapshot.topology.regionNames == snapshot.topology.regionNames
    if write.isPrepared || upload.check != nil {
      guard isSame else {
        // A decision of its own: the one before may have been recorded.
        worker.decideAgain(self)
        endHold(.authorityMoving)
        return false
      }
      binding.generation = next
      return true
    }
    binding.generation = next
    request.startOver()
    request.came(from: client.facts(request))
    machine = ExchangeMachine()
    if isIdentified() { proceed(nil, hasRoom: true) }
    return false
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
    if write.isKeyed {
      // Only who took it first may get it again, in the same epoch: nobody else knows the key.
      let claim = health.statuses[Int(request.decision.endpoint(ofChoice: choice).index)].role
      if let doubt = machine.doubt, claim != write.claim {
        declineOrigin()
        answer(doubt)
        return true
      }
      write.claim = claim
    }
    if let gate = worker.gate {
      let name = snapshot.topology.regionNames[Int(domain.index)]
      guard
        health.mayWrite(domain, request.decision.endpoint(ofChoice: choice), epoch: epoch),
        gate.begin(
          name, hasRecord: health.hasRecord(domain), revision: health.authorities.revision)
      else {
        declineOrigin()
        holdOrAnswer(HeldPlace(domain: domain, patient: request.patientHash))
        return true
      }
      write.domain = name
    }
    write.epoch = epoch
    if let epoch { request.stamp(epoch: epoch) }
    return false
  }

  /// Gives back a connection that was not used.
  private func declineOrigin() {
    origin?.decline()
    origin = nil
    // Now, while the machine knows the class under which the place was taken.
    givePlaceBack()
  }

  /// The write is under way no longer.
  func endWrite() {
    guard let domain = write.domain.take() else { return }
    worker.gate?.end(domain)
  }

  /// Whether the origin refused the write because it knows a later epoch: then it did nothing, and
  /// the write waits until this edge knows that epoch, too. No client hears of it.
  func holdsStaleWrite(isEnd: Bool) -> Bool {
    guard held.head.status == 412, let epoch = write.epoch, let told = held.head.toldEpoch,
      told > epoch
    else { return false }
    if isEnd { detachOrigin() }
    releaseOrigin(.succeeded)
    let domain = request.domain(ofChoice: machine.choice, snapshot)
    let place = HeldPlace(domain: domain, patient: request.patientHash, epochMin: told)
    if isReplayable { holdOrAnswer(place) } else { answer(.authorityMoving) }
    return true
  }

  /// Whoever takes the writes next does not know whether this one was carried out before.
  private func holdOrAnswer(_ place: HeldPlace) {
    if let doubt = machine.doubt { return answer(doubt) }
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
      let names = exchange.snapshot.topology.regionNames
      guard
        let domain = exchange.generation === generation
          ? place.domain
          : snapshot.topology.regionNames.firstIndex(of: names[Int(place.domain.index)])
            .map({ RegionID(UInt8($0)) })
      else { return true }
      let health = generation.health
      guard health.isConfirmed(domain, epochMin: place.epochMin) else { return false }
      return gate?.isOpen(
        hasRecord: health.hasRecord(domain), revision: health.authorities.revision) ?? true
    }
    for exchange in ready { exchange.releaseWrite() }
  }
}
