public import Base
public import HTTP
internal import Origins
internal import Policy

/// What a write's authority means for the request that carries it.
extension JudgedRequest {
  /// Whether the request may change what is stored, by its facts.
  public var isWrite: Bool { !decision.facts.operation.isSafe }

  /// The region whose data the write at this choice changes.
  public func domain(ofChoice index: Int, _ snapshot: Snapshot) -> RegionID {
    decision.facts.home ?? snapshot.topology.region(of: decision.endpoint(ofChoice: index))
  }

  /// The region whose authority the decision waits for; nil unless it does.
  public var awaitedDomain: RegionID? {
    guard decision.refusal == .authorityMoving,
      case .moving(let domain) = decision.narrowed.authorityWait
    else { return nil }
    return domain
  }

  /// The epoch in which the endpoint of a choice takes the write.
  public func epoch(ofChoice index: Int) -> UInt64? { decision.narrowed.choices[index].epoch }

  /// Whether it is a write with one `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header)
  /// that its server is configured to honour. The server has the key as the client sent it.
  public func isKeyed(_ snapshot: Snapshot) -> Bool {
    guard isWrite, let first = decision.narrowed.choices.first,
      snapshot.topology[first.endpoint].definition.honoursKeys,
      let key = head.fields.first(.idempotencyKey)
    else { return false }
    let count = head.fields.lines.count { $0.known == .idempotencyKey }
    return count == 1 && (1...Self.keyBytesMax).contains(Int(key.valueCount))
  }

  /// As long as Stripe's; a longer one names no write.
  private static let keyBytesMax = 255

  /// Refuses what was not recorded yet.
  public mutating func refuse(_ refusal: Refusal) { decision.refusal = refusal }

  /// A hash of the one patient that the request is about; nil when there is none. Good within one
  /// process only.
  public var patientHash: UInt64? {
    let hash = unsafe decision.withPatient(head) { id -> UInt64 in
      var hasher = Hasher()
      unsafe hasher.combine(bytes: id)
      return UInt64(bitPattern: Int64(hasher.finalize()))
    }
    return hash ?? nil
  }

  /// Tells the origin in which epoch the write was decided, in place of an earlier word about it.
  /// It refuses one that is over.
  public mutating func stamp(epoch: UInt64) {
    unsafe head.fields.removeLines { line, bytes in
      let range = Int(line.nameStart)..<Int(line.nameStart &+ line.nameCount)
      return unsafe UnsafeRawBufferPointer(rebasing: bytes[range]).equalsFolded("ehr-epoch")
    }
    head.fields.append("ehr-epoch", byteCountMax: 20) { $0.append(decimal: epoch) }
  }
}

extension ResponseHead {
  /// The epoch that an origin tells with its answer; nil when it tells none, or not one number.
  public var toldEpoch: UInt64? { number(named: "ehr-epoch") }

  /// The one field of this name, as a number.
  func number(named name: StaticString) -> UInt64? {
    var found: UInt64?
    for index in 0..<fields.lines.count where fields.isNamed(fields.lines[index], name) {
      guard found == nil else { return nil }
      found = unsafe fields.withValue(fields.lines[index]) { bytes -> UInt64? in
        guard (1...19).contains(bytes.count) else { return nil }
        var value: UInt64 = 0
        for index in 0..<bytes.count {
          let byte = unsafe bytes[index]
          guard (0x30...0x39).contains(byte) else { return nil }
          value = value * 10 + UInt64(byte - 0x30)
        }
        return value
      }
      if found == nil { return nil }
    }
    return found
  }
}
