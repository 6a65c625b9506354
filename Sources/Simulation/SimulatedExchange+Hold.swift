internal import Base
internal import Origins
internal import Policy
internal import Proxy

/// A write that waits until the authority over its data has moved, or may not leave just now:
/// stands for `Edge/Exchange+Hold`.
extension SimulatedExchange {
  /// What an exchange knows of its write.
  struct Write {
    /// Whether it waits.
    var isHeld = false
    /// Whether it is a read that waits for newer health instead, or did once.
    var awaitsSample = false
    var hasAwaitedSample = false
    /// When it gives up waiting, however often it was let go in between.
    var heldUntil = Instant.never
    /// Whether the decision as it stands was recorded.
    var isRecorded = false
    /// The domain under which it counts as under way; nil while it does not.
    var domain: String?
    /// The epoch that its origin was told.
    var epoch: UInt64?
    /// What its server said it is when the write was sent first.
    var claim = RoleClaim.unknown
  }

  private var isWrite: Bool { !decision.facts.operation.isSafe }

  private var patientHash: UInt64? { request.patient.id.utf8.reduce(7) { $0 * 31 + UInt64($1) } }

  private func domain(ofChoice index: Int) -> RegionID {
    decision.facts.home ?? edge.snapshot.topology.region(of: choices[index].endpoint)
  }

  /// Holds back what was just decided; false when it need not wait, or may not.
  func awaitsAuthority() -> Bool {
    guard decision.refusal == .authorityMoving || !edge.heldWrites.isEmpty else { return false }
    if decision.refusal == .authorityMoving,
      case .moving(let domain) = decision.narrowed.authorityWait
    {
      return hold(HeldPlace(domain: domain, patient: isWrite ? patientHash : nil))
    }
    guard isWrite, decision.refusal == nil, write.heldUntil == .never,
      edge.heldWrites.mustFollow(patientHash)
    else { return false }
    return hold(HeldPlace(domain: domain(ofChoice: 0), patient: patientHash))
  }

  private func hold(_ place: HeldPlace) -> Bool {
    let countMax = edge.snapshot.limits.heldCountMax(isWrite: isWrite)
    guard edge.heldWrites.hold(self, place, countMax: countMax) else { return false }
    if write.heldUntil == .never {
      write.heldUntil = now.adding(
        milliseconds: edge.snapshot.timeouts.authorityMilliseconds)
    }
    write.isHeld = true
    deadline = write.heldUntil
    edge.world.trace.note("hold", request.number, at: now)
    return true
  }

  /// The authority is where it shall be, as far as is known: decides once more.
  func releaseWrite() {
    guard write.isHeld else { return }
    write.isHeld = false
    deadline = .never
    if write.isRecorded {
      edge.audit.appendOutcome(of: decision)
      write.isRecorded = false
    }
    decideAgain()
  }

  /// The wait is over, for want of an authority.
  func endHold(_ refusal: Refusal) {
    write.isHeld = false
    if !write.isRecorded { record() }
    answer(refusal)
  }

  /// The client left while its write waited: every request leaves a decision.
  func recordLostWrite() {
    if write.isHeld, !write.isRecorded { record() }
  }

  /// Whether the write for which a connection is there must not leave: it waits, or was answered.
  func keepsWriteBack() -> Bool {
    guard isWrite else { return false }
    let choice = choices[machine.choice]
    let domain = domain(ofChoice: machine.choice)
    let health = edge.health
    let name = edge.snapshot.topology.regionNames[Int(domain.index)]
    if request.isKeyed {
      let claim = health[choice.endpoint].role
      if let doubt = machine.doubt, claim != write.claim {
        declineOrigin()
        answer(doubt)
        return true
      }
      write.claim = claim
    }
    guard health.mayWrite(domain, choice.endpoint, epoch: choice.epoch),
      edge.mayBegin(
        name, hasRecord: health.hasRecord(domain), revision: health.authorities.revision)
    else {
      declineOrigin()
      holdOrAnswer(HeldPlace(domain: domain, patient: patientHash))
      return true
    }
    write.domain = name
    write.epoch = choice.epoch
    return false
  }

  /// Gives back a connection that was not used; see `Exchange.declineOrigin`.
  private func declineOrigin() {
    if let wire { edge.release(wire) }
    wire = nil
    // Now, while the machine knows the class under which the place was taken.
    givePlaceBack()
  }

  /// The write is under way no longer.
  func endWrite() {
    guard let domain = write.domain.take() else { return }
    edge.gate.end(domain)
  }

  /// Whether the origin refused the write because it knows a later epoch: it did nothing, and the
  /// write waits until this edge knows that epoch, too.
  func holdsStaleWrite(_ answer: Answer, isEnd: Bool) -> Bool {
    guard let epoch = write.epoch, answer.epoch > epoch else { return false }
    if isEnd { detachOrigin() }
    releaseOrigin(.succeeded)
    holdOrAnswer(
      HeldPlace(
        domain: domain(ofChoice: machine.choice), patient: patientHash, epochMin: answer.epoch))
    return true
  }

  private func holdOrAnswer(_ place: HeldPlace) {
    if let doubt = machine.doubt { return answer(doubt) }
    if !hold(place) { answer(.authorityMoving) }
  }
}

extension SimulatedEdge {
  /// Lets writes go whose authority is where it shall be, some at once; see
  /// `Worker.releaseHeldWrites`.
  func releaseHeldWrites() {
    guard !heldWrites.isEmpty, !isReleasing else { return }
    isReleasing = true
    defer { isReleasing = false }
    let health = health
    let ready = heldWrites.release(atOnceMax: snapshot.limits.releasedWritesMax) { _, place in
      guard health.isConfirmed(place.domain, epochMin: place.epochMin) else { return false }
      return gate.mayBegin(
        hasRecord: health.hasRecord(place.domain), revision: health.authorities.revision, at: now)
    }
    for exchange in ready { exchange.releaseWrite() }
  }
}
