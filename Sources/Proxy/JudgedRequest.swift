public import Audit
public import Base
internal import Clinical
public import HTTP
public import Origins

/// A request and what was decided about it, from the client's head to the outcome.
///
/// Two large values that live as long as an exchange: held in one that cannot be copied, they are
/// worked on where they lie, without a reference count for each of their arrays.
public struct JudgedRequest: ~Copyable, Sendable {
  /// The client's head; made fit for the origin by `prepareRequest`.
  public internal(set) var head: RequestHead
  /// The decision; empty until `decide`.
  public var decision: Decision

  /// Makes a place for one request after the other.
  public init() {
    head = RequestHead()
    decision = Decision(client: .unknown)
  }

  /// Takes a request that came from no codec; for tests and simulations.
  public init(head: consuming RequestHead, client: ClientFacts) {
    self.head = head
    decision = Decision(client: client)
  }

  /// Takes the head that `codec` announced, whoever sent it.
  public mutating func take(_ stream: StreamID, from codec: any ServerCodec) {
    codec.takeRequest(stream, into: &head)
  }

  /// Notes who sent it.
  public mutating func came(from client: consuming ClientFacts) {
    decision.client = client
  }

  /// Forgets the decision: the request is judged anew, as it came.
  public mutating func startOver() { decision.removeAll() }

  /// Forgets request and decision. Keeps the memory for the next ones, unless it is unusually much.
  public mutating func removeAll() {
    if head.byteCapacity <= Self.keptBytesMax { head.removeAll() } else { head = RequestHead() }
    decision.removeAll()
  }

  /// Heads are seldom larger; larger ones must not pile up in memory.
  private static let keptBytesMax = 8_192

  /// See `Decider.decide`.
  public mutating func decide(
    by decider: inout Decider, snapshot: Snapshot, health: HealthSnapshot, loads: EndpointLoads,
    now: Instant, time: WallTime
  ) {
    decider.decide(
      head, snapshot: snapshot, health: health, loads: loads, now: now, time: time,
      into: &decision)
  }

  /// Writes the decision to `record`, with the one patient's id, which is sealed before it is
  /// stored; see `Decision.fill`.
  public func fill(_ record: inout DecisionRecord, loop: UInt16, snapshot: Snapshot) {
    decision.fill(&record, loop: loop, method: head.method, snapshot: snapshot)
    let id = unsafe decision.withPatient(head) { id in
      unsafe PatientIdentifier(
        UnsafeRawBufferPointer(rebasing: id.prefix(AuditLimits.patientBytesMax)))
    }
    if let id = id ?? nil { record.patientID = id }
  }

  /// See `Decider.reconsider`.
  public mutating func reconsider(
    _ finding: LabelFinding, mayAskAgain: Bool, by decider: inout Decider, snapshot: Snapshot,
    health: HealthSnapshot, loads: EndpointLoads, now: Instant, time: WallTime
  ) {
    decider.reconsider(
      head, finding, mayAskAgain: mayAskAgain, snapshot: snapshot, health: health, loads: loads,
      now: now, time: time,
      into: &decision)
  }

  /// See `Decider.decideAgain`.
  public mutating func decideAgain(
    by decider: inout Decider, snapshot: Snapshot, health: HealthSnapshot, loads: EndpointLoads,
    now: Instant, time: WallTime
  ) {
    decider.decideAgain(
      head, snapshot: snapshot, health: health, loads: loads, now: now, time: time,
      into: &decision)
  }

  /// Asks origins for an answer without a content coding, which could not be read.
  mutating func askForPlainAnswer() {
    unsafe head.fields.removeLines { line, bytes in
      let range = Int(line.nameStart)..<Int(line.nameStart &+ line.nameCount)
      return unsafe UnsafeRawBufferPointer(rebasing: bytes[range]).equalsFolded("accept-encoding")
    }
  }

  /// Lets the head's fields be changed on the way to an origin.
  @inline(__always)
  mutating func changeFields(_ change: (inout Fields) -> Void) { change(&head.fields) }

  /// Lets the head be changed on the way to an origin.
  mutating func changeHead(_ change: (inout RequestHead) -> Void) { change(&head) }

  /// See `Decision.prepareRequest`.
  public mutating func prepareRequest(
    peer: IPAddress, isPeerTrusted: Bool, received: ReceivedProtocol, limits: HTTPLimits
  ) -> Refusal? {
    decision.prepareRequest(
      &head, peer: peer, isPeerTrusted: isPeerTrusted, received: received, limits: limits)
  }

  /// What the exchange's machine needs to know.
  public var machineRequest: ExchangeMachine.Request { decision.machineRequest(head) }

  /// Starts the request on an origin's connection.
  public func open(on codec: any ClientCodec, isEnd: Bool) -> StreamID {
    codec.open(head, isEnd: isEnd)
  }

  /// See `Decision.describeResponse`.
  public func describeResponse(
    _ response: inout ResponseHead, choice index: Int, snapshot: Snapshot
  ) {
    decision.describeResponse(&response, choice: index, snapshot: snapshot)
  }

  /// See `Outcome.fill`.
  public func fill(
    _ record: inout OutcomeRecord, with outcome: borrowing Outcome, loop: UInt16,
    snapshot: Snapshot
  ) {
    outcome.fill(&record, of: decision, loop: loop, snapshot: snapshot)
  }
}
